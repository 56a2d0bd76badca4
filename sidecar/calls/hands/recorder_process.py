"""The recorder of one call: orders out, confirmations in, how sure it all is, and the books of it.

It opens with the leg to the PBX; an order given before that waits for it. The time to confirm
(`confirm_within` of the rule) runs from when both are up, and anew with each order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from sidecar.calls.legs.pbx_leg import CallPbxLeg
from sidecar.consent.events import (
    RecorderConfirmed,
    RecorderDoubted,
    RecorderFailed,
    RecorderOverdue,
    RecorderReady,
    RecorderViolated,
)
from sidecar.consent.order import Order
from sidecar.fair_time import FairTimer
from sidecar.recorders.recorder import (
    Answerer,
    AnswererCallback,
    BackAgain,
    Confirmed,
    Doubted,
    Failed,
    Finished,
    InRoom,
    MailboxReached,
    NobodyThere,
    OnHold,
    Proof,
    Recorder,
    RecorderEvent,
    RecorderSession,
    SomeoneNew,
    Status,
    StrangerInRoom,
    Violated,
)

if TYPE_CHECKING:
    from sidecar.calls.call import Call
    from sidecar.consent.state import State
    from sidecar.timers import Timer

log = structlog.get_logger(__name__)

Answer = Callable[[bool], None]

CHECK_EVERY_S = 5.0
"""How often the recorder of a call that is up is looked at, whatever it has told."""


class RecorderProcess:
    """The recorder session of one call, joined to the consent machine, record and metrics."""

    __slots__ = (
        "_call",
        "_check",
        "_confirms",
        "_deadline",
        "_ledger",
        "_order",
        "_recorder",
        "_session",
        "_waiting",
        "leg",
    )

    def __init__(self, call: Call, recorder: Recorder, call_id: str) -> None:
        self._call = call
        self._ledger = call.ledger
        self._recorder = recorder
        self.leg = CallPbxLeg(call, call_id)
        self._session: RecorderSession | None = None
        self._order: Order | None = None
        self._confirms = False
        """Whether it has confirmed the order that stands, and has not taken that back."""
        self._deadline: FairTimer | None = None
        self._check: Timer | None = None
        self._waiting: list[Answer] = []
        """Whoever waits for the confirmation of the order that stands."""

    @property
    def kind(self) -> str:
        """The adapter's name."""
        return self._recorder.kind

    @property
    def controls(self) -> bool:
        """Whether there is anything that obeys, confirmed or not."""
        return self._recorder.controls

    @property
    def obeys(self) -> bool:
        """Whether it is known to take orders in mid-call."""
        return self._recorder.obeys

    @property
    def sees(self) -> bool:
        """Whether it tells who is on the PBX's side."""
        return self._recorder.sees

    def open(self) -> None:
        """The PBX is about to learn of the call, or has: the recorder takes orders from now on."""
        if self._session is not None:
            return
        told = Order.RELEASE if self._call.consent.tells_on else Order.STOP
        tell = self._call.as_step(self._on_event)
        self._session = self._recorder.open(self.leg, told, tell)
        self._ledger.recorder_opened(self.kind)
        if self._order is not None:
            self._give(self._order)
        self._call.consent.handle(RecorderReady())

    def instruct(self, order: Order) -> None:
        """Give an order; whoever waits for another one waits in vain."""
        if order is not self._order:
            self._answer(False)
        self._order, self._confirms = order, False
        self._cancel_deadline()
        if self._session is not None:
            self._give(order)

    def request(self, answer: Answer) -> None:
        """Have `answer` told whether the order that stands was confirmed."""
        self._waiting.append(answer)

    def watch(self, state: State) -> None:
        """Keep the time to confirm, where the machine waits for the recorder."""
        if state.both_up and self._check is None and self.controls and not self._call.over:
            self._check = self._in(CHECK_EVERY_S, self._look_again)
        if not state.waits_for_recorder or self._call.over:
            self._cancel_deadline()
        elif self._deadline is None:
            self._deadline = self._unless_confirmed(self._overdue)

    def gave_up(self) -> None:
        """The order that stands was not confirmed in time."""
        self._answer(False)

    def sdp_says(self, recording: bool) -> None:
        """Take note of what the PBX's session description says."""
        if self._session is not None:
            self._session.sdp_says(recording)

    def ask_who_answered(self, then: AnswererCallback) -> None:
        """Have `then` told who has answered, once all is known that the recorder saw before.

        One that does not say within `confirm_within` can't be relied on: what it has confirmed is
        in doubt until it does. What it has not, is not confirmed by that.
        """
        if self._session is None or not self._recorder.sees:
            then(Answerer.UNKNOWN)
            return
        waiting = [then]

        def settle(answerer: Answerer) -> None:
            limit.cancel()
            if self._call.over:
                return
            if waiting:
                waiting.pop()(answerer)
            elif answerer is not Answerer.UNKNOWN and self._confirms and self._order is not None:
                self._call.consent.handle(RecorderConfirmed(self._order))

        def overdue(_now: float) -> None:
            self._ledger.recorder_silent()
            self._call.consent.handle(RecorderDoubted())
            waiting.pop()(Answerer.UNKNOWN)

        limit = self._unless_confirmed(overdue)
        self._session.answered(self._call.as_step(settle))

    def close(self) -> None:
        """The call is over."""
        self._cancel_deadline()
        if self._check is not None:
            self._check.cancel()
        self._answer(False)
        session, self._session = self._session, None
        if session is not None:
            session.close()

    # Orders out.

    def _give(self, order: Order) -> None:
        session = self._session
        assert session is not None, "orders wait until the recorder is open"
        self._ledger.ordered()
        match order:
            case Order.HOLD:
                session.hold()
            case Order.RELEASE:
                session.release()
            case Order.STOP:
                session.stop()

    # Confirmations in.

    def _on_event(self, event: RecorderEvent) -> None:
        call = self._call
        self._confirms = self._confirms and not isinstance(event, Failed | Doubted | Violated)
        match event:
            case Confirmed(order, proof):
                self._confirmed(order, proof)
            case Failed(order, reason):
                self._ledger.order_failed(self.kind, order, reason)
                call.consent.handle(RecorderFailed(order))
            case Doubted(reason):
                self._ledger.doubted(reason)
                call.consent.handle(RecorderDoubted())
            case Violated():
                self._ledger.violated(self.kind, self._order)
                self._cancel_deadline()
                call.consent.handle(RecorderViolated())
            case Status(recordings, _proof):
                log.debug("recorder_status", call=call.id, recordings=recordings)
            case Finished(proof, seconds):
                self._ledger.recording_proven(self.kind, proof, seconds)
            case MailboxReached():
                call.voicemail.reached()
            case SomeoneNew() | NobodyThere() | BackAgain() | OnHold():
                call.parties.seen(event)
            case InRoom(room):
                call.member.seen(room)
            case StrangerInRoom():
                call.member.stranger()

    def _confirmed(self, order: Order, proof: Proof) -> None:
        last = order is self._order
        self._ledger.confirmed(self.kind, order, proof, last=last)
        self._confirms = self._confirms or last
        self._call.consent.handle(RecorderConfirmed(order))
        if order is self._order:
            self._answer(True)

    def _overdue(self, _now: float) -> None:
        self._deadline = None
        call = self._call
        if self._order is not None:
            self._ledger.unconfirmed(self.kind, self._order)
        call.consent.handle(RecorderOverdue())

    def _look_again(self, _now: float) -> None:
        """Have the recorder looked at anew: it may record without having told anybody."""
        self._check = self._in(CHECK_EVERY_S, self._look_again)
        if self._session is not None:
            self._session.status()

    def _in(self, seconds: float, callback: Callable[[float], None]) -> Timer:
        agent = self._call.agent
        return self._call.later(agent.now + seconds, callback)

    def _unless_confirmed(self, verdict: Callable[[float], None]) -> FairTimer:
        """Have `verdict` called when the time to confirm is over.

        While this process could not read what the recorder has answered, it does not run: nothing
        is loosened meanwhile, and a machine that got no CPU ends no call by that.
        """
        now, within = self._call.now, self._call.decision.confirm_within
        return FairTimer(self._at, now, within, verdict)

    def _at(self, when: float, callback: Callable[[float], None]) -> Timer:
        return self._in(when - self._call.now, callback)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _answer(self, confirmed: bool) -> None:
        waiting, self._waiting = self._waiting, []
        for answer in waiting:
            answer(confirmed)
