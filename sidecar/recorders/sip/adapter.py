"""The adapter `sip`: what SIP itself can say of recording (RFC 7866, `Record` in INFO).

A PBX that says by `a=record` whether it records can be asked by `a=recordpref`, and its answer is
the proof. Else there is INFO with `Record: on` or `off`. Asterisk takes either for a press of a
button that toggles: it is sent only where the PBX is known to do the opposite of what is ordered,
and nothing is confirmed by the answer to it, but by what the PBX says afterwards.
"""

from __future__ import annotations

from sidecar.recorders.kind import RecorderTable, Surroundings
from sidecar.recorders.recorder import (
    EventCallback,
    Order,
    PbxLeg,
    Proof,
    Status,
    Violated,
)
from sidecar.recorders.sip.settings import SIP
from sidecar.recorders.told import ToldSession


def build(_table: RecorderTable, _surroundings: Surroundings) -> SipRecorder:
    """Make it: there is nothing to set."""
    return SipRecorder()


class SipRecorder:
    """See Recorder."""

    kind = SIP.word
    controls = SIP.controls
    holds = SIP.can_hold
    obeys = SIP.can_stop
    sees = SIP.sees_people
    problem = ""

    async def start(self) -> None:
        """See Recorder."""

    async def close(self) -> None:
        """See Recorder."""

    def open(self, leg: PbxLeg, told: Order, on_event: EventCallback) -> SipSession:
        """See Recorder."""
        return SipSession(leg, told, on_event)


class SipSession(ToldSession):
    """See RecorderSession. `told` stays what the set-up said until the PBX says otherwise."""

    def __init__(self, leg: PbxLeg, told: Order, on_event: EventCallback) -> None:
        super().__init__(told, on_event)
        self._leg = leg
        self._order: Order | None = None
        self._asked = 0
        self._confirmed = False
        self._kept = True
        self._says: bool | None = None
        self._released = told is Order.RELEASE
        """Whether the PBX may have begun to record on our word."""

    def give(self, order: Order) -> None:
        """See ToldSession."""
        self._order = order
        self._asked += 1
        self._confirmed = False
        self._kept = True
        wanted = order is Order.RELEASE
        if self._says is wanted:
            self.confirm(order, Proof.READ_BACK)
        elif self._says is not None:
            self._ask_by_sdp(order)
        elif self.agrees(order) and (wanted or not self._released):
            self.confirm(order, Proof.TOLD)
        else:
            self._ask_by_sdp(order)

    def status(self) -> None:
        """See RecorderSession."""
        self.tell(Status(None if self._says is None else int(self._says), self._proof))

    def sdp_says(self, recording: bool) -> None:
        """See RecorderSession."""
        before, self._says = self._says, recording
        order = self._order
        if order is None or before is recording:
            return
        if (order is Order.RELEASE) == recording:
            self.confirm(order, Proof.READ_BACK)
        elif self._confirmed and order is not Order.RELEASE:
            self._asked += 1
            self._confirmed = self._kept = False
            self.tell(Violated())
            self._ask_by_sdp(order)

    def confirm(self, order: Order, proof: Proof) -> None:
        """See ToldSession. What is confirmed already is not confirmed again."""
        self._released |= order is Order.RELEASE
        if not self._confirmed:
            self._confirmed = True
            super().confirm(order, proof)

    def rung(self) -> Proof:
        """See ToldSession."""
        return Proof.STAYED if self._kept and self._proof >= Proof.READ_BACK else self._proof

    def _ask_by_sdp(self, order: Order) -> None:
        asked = self._asked
        preference = "on" if order is Order.RELEASE else "off"
        self._leg.offer_recordpref(
            preference, lambda state: self._sdp_answered(order, asked, state)
        )

    def _sdp_answered(self, order: Order, asked: int, state: bool | None) -> None:
        if asked != self._asked or self.closed:
            return
        wanted = order is Order.RELEASE
        if state is wanted:
            self._says = state
            self.confirm(order, Proof.READ_BACK)
        elif state is None and self._says is None:
            self.fail(order, "unproven")
        else:
            self._says = self._says if state is None else state
            self._released |= wanted
            self._leg.info(
                "on" if wanted else "off", lambda status: self._info_answered(order, asked, status)
            )

    def _info_answered(self, order: Order, asked: int, status: int) -> None:
        """A 2xx says only that the button was pressed: ask the PBX what came of it."""
        if asked != self._asked or self.closed:
            return
        if not 200 <= status < 300:
            self.fail(order, "timed_out" if status == 408 else "refused")
            return
        self._leg.offer_recordpref(
            "on" if order is Order.RELEASE else "off",
            lambda state: self._verified(order, asked, state),
        )

    def _verified(self, order: Order, asked: int, state: bool | None) -> None:
        if asked != self._asked or self.closed:
            return
        self._says = state
        if state is (order is Order.RELEASE):
            self.confirm(order, Proof.READ_BACK)
        elif state is None:
            self.fail(order, "unproven")
        else:
            self.fail(order, "still_recording" if state else "unproven")
