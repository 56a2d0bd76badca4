"""The leg to the PBX as its recorder may use it: INFO, a re-INVITE of ours, digits."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from sidecar.calls.legs.own_invite import Outcome, OwnInvite
from sidecar.sip.message import Response
from sidecar.sip.sdp import SessionDescription
from sidecar.sip.sdp.recording import says_recording

if TYPE_CHECKING:
    from sidecar.calls.call import Call
    from sidecar.calls.legs.leg import Leg
    from sidecar.sip.transactions import ClientTransaction

NO_ANSWER = 408


class CallPbxLeg:
    """See `sidecar.recorders.recorder.PbxLeg`."""

    __slots__ = ("_call", "call_id")

    def __init__(self, call: Call, call_id: str) -> None:
        self._call = call
        self.call_id = call_id

    def info(self, record: str, on_status: Callable[[int], None]) -> None:
        """See `PbxLeg.info`."""
        leg = self._leg()
        if leg is None:
            on_status(NO_ANSWER)
            return
        request = leg.dialog.request("INFO", [("Record", record)])
        self._call.agent.send_in_dialog(leg, request, OwnInfo(leg.call, on_status))

    def offer_recordpref(self, preference: str, on_state: Callable[[bool | None], None]) -> None:
        """See `PbxLeg.offer_recordpref`."""
        leg = self._leg()
        if leg is None:
            on_state(None)
            return
        call: Call = leg.call
        offer = partial(call.sessions.offer_again, leg.end, preference)
        OwnInvite(call, leg, offer, partial(_tell_state, on_state)).send()

    def press(self, digits: str, on_done: Callable[[bool], None]) -> None:
        """See `PbxLeg.press`."""
        self._call.pressing.press(self._call.pbx_side, digits, on_done)

    def _leg(self) -> Leg | None:
        return self._call.leg_at(self._call.pbx_side)


def _tell_state(on_state: Callable[[bool | None], None], outcome: Outcome) -> None:
    """Tell what the answer to a re-INVITE says of recording; None where nothing does."""
    answer = outcome.answer
    on_state(says_recording(SessionDescription.parse(answer)) if answer is not None else None)


def _nobody(_status: int) -> None:
    """Nobody waits for this answer."""


class OwnInfo:
    """The owner of an INFO, or of another request of ours, that asks for nothing but a status."""

    __slots__ = ("_on_status", "call")

    def __init__(self, call: Call, on_status: Callable[[int], None] = _nobody) -> None:
        self.call = call
        self._on_status = on_status

    def on_response(self, _transaction: ClientTransaction, response: Response) -> None:
        """Tell the final status."""
        if response.status >= 200:
            self._on_status(response.status)

    def on_failure(self, _transaction: ClientTransaction) -> None:
        """Tell that there was no answer."""
        self._on_status(NO_ANSWER)
