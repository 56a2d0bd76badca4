"""The boundary of the agent: one step after the other, and what goes wrong stays with its call."""

from __future__ import annotations

import traceback
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from sidecar.calls.agent import Agent
from sidecar.calls.call import Call
from sidecar.calls.call_base import Phase
from sidecar.calls.identifiers import new_tag
from sidecar.records.record import Disposition, EndedBy
from sidecar.sip.message import respond
from sidecar.sip.transactions import Event, RequestArrived

log = structlog.get_logger(__name__)


class Boundary(Agent):
    """An agent that can be entered from outside."""

    _running = False
    _retransmitted = 0

    def run(self, step: Callable[..., None], *arguments: Any) -> None:
        """Do one step and all that follows from it, then say what to send and when to wake.

        A mistake of ours in any of it ends the call that it concerns, and nothing else. What is
        told of within a step (by a recorder that answers at once) is a step of its own after it.
        """
        self._steps.append((step, arguments))
        if self._running:
            return
        self._running = True
        try:
            self.now = self.ports.clock.monotonic()
            self._guard(self.timers.run, self.now)
            self._do_all()
        finally:
            self._running = False
        self.ports.wake_at(self.timers.next_deadline())
        self._count_retransmissions()

    def _do_all(self) -> None:
        while True:
            while self._steps:
                step, arguments = self._steps.popleft()
                self._guard(step, *arguments)
            if events := self.layer.take_events():
                for event in events:
                    self._guard(self._dispatch, event)
            elif outbox := self.layer.take_outbox():
                self.ports.transmit(outbox)
            else:
                return

    @abstractmethod
    def _dispatch(self, event: Event) -> None:
        """Take what the transactions tell to whoever it is for."""

    def _guard(self, step: Callable[..., None], *arguments: Any) -> None:
        try:
            step(*arguments)
        except Exception as error:
            call = self.concerned
            # The text of an error may hold what a peer sent: the default log says where, no more.
            frames = traceback.extract_tb(error.__traceback__)[-3:]
            log.error(
                "internal_error",
                call=call.id if call is not None else None,
                error=type(error).__name__,
                at=" < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames)),
            )
            log.debug("internal_error_traceback", exc_info=True)
            self.metrics.sip_rejected("internal_error")
            self._answer_failed(arguments)
            if call is not None and call.id in self.calls:
                self._fail(call)
        finally:
            self.concerned = None

    def _answer_failed(self, arguments: tuple[Any, ...]) -> None:
        """Answer the request whose handling went wrong, unless its call will."""
        event = arguments[0] if arguments else None
        if isinstance(event, RequestArrived) and not isinstance(event.transaction.owner, Call):
            response = respond(event.request, 500, None, new_tag())
            self.layer.respond(event.transaction, response, self.now)

    def _fail(self, call: Call) -> None:
        """End a call that we can't be sure of any more; by force where even that goes wrong."""
        if call.failing or call.over:
            self.calls.pop(call.id, None)
            for leg in tuple(call.legs):
                self._guard(self.part, leg, [])
                if not leg.over:
                    self.forget(leg)
            call.phase = Phase.ENDED
            for release in call.releases():
                self._guard(release)
            call.record.disposition = Disposition.FAILED
            call.record.ended_by = EndedBy.SIDECAR
            self.finish(call.record)
            return
        call.failing = True

        def end() -> None:
            self.concerned = call
            call.fail_closed("internal_error")

        self._guard(end)

    def _count_retransmissions(self) -> None:
        seen = self.layer.counters.retransmitted
        for _ in range(seen - self._retransmitted):
            self.metrics.sip_retransmission()
        self._retransmitted = seen
