"""The leg to the PBX as its recorder may use it: INFO, a re-INVITE of ours, digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from sidecar.calls.bodies import description
from sidecar.sip.message import Response
from sidecar.sip.offer_answer import Carrier, OfferAnswerError, State
from sidecar.sip.sdp import SdpError, SessionDescription
from sidecar.sip.sdp.recording import says_recording

if TYPE_CHECKING:
    from sidecar.calls.call import Call
    from sidecar.calls.leg import Leg
    from sidecar.sip.transactions import ClientTransaction

log = structlog.get_logger(__name__)

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
        if leg is None or not _free(leg):
            on_state(None)
            return
        _Reoffer(leg.call, leg, on_state).send(preference)

    def press(self, digits: str, on_done: Callable[[bool], None]) -> None:
        """See `PbxLeg.press`."""
        self._call.pressing.press(self._call.pbx_side, digits, on_done)

    def _leg(self) -> Leg | None:
        return self._call.leg_at(self._call.pbx_side)


def _free(leg: Leg) -> bool:
    """Whether nobody is in the middle of an offer and its answer (RFC 3261 section 14.1)."""
    busy = leg.inviting is not None or leg.invited or leg.awaits_ack is not None
    return not busy and leg.end.session.state is State.STABLE


def _nobody(_status: int) -> None:
    """Nobody waits for this answer."""


class OwnInfo:
    """The owner of an INFO of ours."""

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


class _Reoffer:
    """A re-INVITE of ours with what is agreed already, and a recording preference in it."""

    __slots__ = ("_done", "_leg", "_on_state", "call")

    def __init__(self, call: Call, leg: Leg, on_state: Callable[[bool | None], None]) -> None:
        self.call = call
        self._leg = leg
        self._on_state = on_state
        self._done = False

    def send(self, preference: str) -> None:
        leg = self._leg
        try:
            offer = self.call.sessions.offer_again(leg.end, preference)
        except (SdpError, OfferAnswerError) as error:
            log.info("recordpref_not_offered", call=self.call.id, problem=error.reason)
            self._on_state(None)
            return
        leg.invited = True
        request = leg.dialog.request("INVITE", [("Content-Type", "application/sdp")], offer)
        self.call.agent.send_in_dialog(leg, request, self)

    def on_response(self, transaction: ClientTransaction, response: Response) -> None:
        if response.status < 200:
            return
        leg = self._leg
        if response.status >= 300:
            self._over(None)
            return
        if self._done:
            self.call.agent.repeat_ack(leg)
            return
        leg.dialog.refresh_target(response)
        leg.ack_owed = transaction.request
        self.call.agent.send_ack(leg)
        self._answered(response)

    def on_failure(self, _transaction: ClientTransaction) -> None:
        self._over(None)

    def _answered(self, response: Response) -> None:
        try:
            answer = description(response)
            if answer is None:
                raise SdpError("No answer in 200")
            other = self._leg.other
            agreed = other.end if other is not None else None
            self.call.sessions.take_answer(self._leg.end, Carrier.FINAL, answer, agreed)
            state = says_recording(SessionDescription.parse(answer))
        except (SdpError, OfferAnswerError) as error:
            log.info("recordpref_answer_unusable", call=self.call.id, problem=error.reason)
            state = None
        self._over(state)

    def _over(self, state: bool | None) -> None:
        if self._done:
            return
        self._done = True
        self._leg.invited = False
        if self._leg.end.session.state is not State.STABLE:
            self._leg.end.session.reject()
        self._on_state(state)
