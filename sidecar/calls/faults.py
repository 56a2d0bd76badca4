"""What a fault of ours costs: the call in whose step it was, an answer 500, nothing else."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from sidecar.calls.call import Call
from sidecar.calls.call_base import Phase
from sidecar.calls.identifiers import new_tag
from sidecar.calls.legs.forwarding import Forwarding
from sidecar.calls.legs.relay import Relay
from sidecar.records.record import Disposition, EndedBy
from sidecar.sip.message import respond
from sidecar.sip.transactions import ClientTransaction, RequestArrived, ServerTransaction

if TYPE_CHECKING:
    from sidecar.calls.agent import Agent

log = structlog.get_logger(__name__)


class Faults:
    """Takes the faults of all steps of one agent."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def take(self, error: Exception, call: Call | None, arguments: tuple[Any, ...]) -> None:
        """Tell of a fault, answer whoever waits because of it, and end the call."""
        # The text of an error may hold what a peer sent: the default log says where, no more.
        frames = traceback.extract_tb(error.__traceback__)[-3:]
        log.error(
            "internal_error",
            call=call.id if call is not None else None,
            error=type(error).__name__,
            at=" < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames)),
        )
        log.debug("internal_error_traceback", exc_info=error)
        self._agent.metrics.sip_rejected("internal_error")
        self._agent.turns.do(self._answer, arguments)
        if call is not None:
            self._fail(call)

    def _answer(self, arguments: tuple[Any, ...]) -> None:
        """Answer the request whose handling went wrong, unless the end of its call will."""
        at = arguments[0] if arguments else None
        transaction = at.transaction if isinstance(at, RequestArrived) else at
        if isinstance(transaction, ServerTransaction):
            if not transaction.finished and not isinstance(transaction.owner, Call):
                response = respond(transaction.request, 500, None, new_tag())
                self._agent.layer.respond(transaction, response, self._agent.now)
        elif isinstance(transaction, ClientTransaction):
            owner = transaction.owner
            if transaction.finished and isinstance(owner, Relay | Forwarding):
                owner.on_failure(transaction)

    def _fail(self, call: Call) -> None:
        """End a call that we can't be sure of any more; by force where even that goes wrong."""
        if call.id not in self._agent.calls:
            self._strike(call)
        elif call.failing or call.over:
            self._force(call)
        else:
            call.failing = True
            self._agent.turns.do(call.fail_closed, "internal_error", of=call)

    def _force(self, call: Call) -> None:
        agent = self._agent
        agent.calls.pop(call.id, None)
        for leg in tuple(call.legs):
            parting = leg.over
            agent.turns.do(agent.part, leg, [], of=call)
            if parting:  # that may be what went wrong: nothing would end it any more
                agent.forget(leg)
        call.phase = Phase.ENDED
        for release in call.releases():
            agent.turns.do(release, of=call)
        call.ledger.ended(Disposition.FAILED, EndedBy.SIDECAR)
        call.ledger.close()

    def _strike(self, call: Call) -> None:
        """Forget the dialogs of a call that is over: the farewell of one of them went wrong."""
        for leg in tuple(call.legs):
            self._agent.forget(leg)
