"""A request within a call on its way from one leg to the other, and its responses back.

Every method but ACK, BYE and CANCEL goes this way: re-INVITE, UPDATE, PRACK, INFO, REFER, NOTIFY
and those nobody has thought of yet. Session descriptions are rewritten, header fields cross by
the header policy, everything else stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.calls.crossing.bodies import UNSUPPORTED_TYPE, cross, crossing, described, description
from sidecar.calls.crossing.header_policy import passed, phrase, without
from sidecar.calls.crossing.table import SDP
from sidecar.calls.legs import alone
from sidecar.calls.legs.leg import Leg
from sidecar.calls.legs.message_streams import warnings
from sidecar.calls.legs.refreshing import NO_UPDATE, TOO_SMALL_HEADERS
from sidecar.calls.setup.progress import with_early_answer
from sidecar.sip.message import Request, Response
from sidecar.sip.offer_answer import Carrier, Glare, OfferAnswerError, State, Unasked
from sidecar.sip.sdp import SdpError

if TYPE_CHECKING:
    from sidecar.calls.agent import Agent
    from sidecar.calls.call import Call
    from sidecar.sip.transactions import ClientTransaction, ServerTransaction

CARRIERS = {"INVITE": Carrier.INVITE, "UPDATE": Carrier.UPDATE, "PRACK": Carrier.PRACK}
ANSWERS = {
    "INVITE": Carrier.FINAL,
    "UPDATE": Carrier.UPDATE_OK,
    "PRACK": Carrier.PRACK_OK,
}
REQUEST_TERMINATED = 487
OVERLAP = 500
INTERVAL_TOO_SMALL = 422


class Forwarding:
    """One request under way; the owner of its client transaction on the other leg."""

    __slots__ = (
        "_agent",
        "_client",
        "_headers",
        "_request",
        "_server",
        "_source",
        "_taken",
        "_target",
    )

    def __init__(
        self, agent: Agent, server: ServerTransaction, request: Request, source: Leg, target: Leg
    ) -> None:
        self._agent = agent
        self._server = server
        self._request = request
        self._source = source
        self._target = target
        self._client: ClientTransaction | None = None
        self._headers: list[tuple[str, str]] = []
        self._taken = False
        """Whether the 2xx to a re-INVITE was taken, and has gone on."""

    @property
    def call(self) -> Call:
        """The call that it belongs to."""
        return self._source.call

    def start(self, headers: list[tuple[str, str]]) -> None:
        """Send the request on; `headers` are those that had to be mapped for the other leg."""
        self._headers = headers
        self._source.learn(self._request)
        if self.call.refreshing.too_short(self._request):
            self._answer(INTERVAL_TOO_SMALL, None, TOO_SMALL_HEADERS)
            return
        if self._request.method == "INVITE":
            self._source.inviting = self
            self._target.invited = True
        try:
            sdp = description(self._request) if self._request.method in CARRIERS else None
            lacking = self._source.call.sessions.lacking(sdp) if sdp is not None else 0
            self._check_heard(sdp)
        except (SdpError, OfferAnswerError) as error:
            self._refuse(error)
            return
        if lacking:
            self._source.call.when_ports(lacking, self._send, self._source.peer)
        else:
            self._send()

    def _check_heard(self, sdp: bytes | None) -> None:
        """Have an offer without audio (a fax) come again after what is being said. Raises Glare."""
        call = self._source.call
        if sdp is not None and call.consent.speaks and not call.sessions.can_be_heard_by(sdp):
            raise Glare("Something is being said")

    def cancel(self) -> None:
        """The neighbour cancels its re-INVITE; the 487 comes from the other leg if it was asked."""
        if self._client is not None:
            self._agent.layer.cancel(self._client, self._agent.now)
        else:
            self._finish(REQUEST_TERMINATED)

    def abandon(self) -> None:
        """The call is over: nobody waits for the other leg's answer any more."""
        self._finish(REQUEST_TERMINATED)

    def on_response(self, transaction: ClientTransaction, response: Response) -> None:
        """Pass a response back."""
        request = self._request
        if self._too_late(response):
            self._end_late(transaction, response)
            return
        self._target.call.parties.look_at(self._target, response)
        self._target.dialog.refresh_target(response)
        if response.status == INTERVAL_TOO_SMALL and self.call.refreshing.apart:
            self._ask_for_longer(response)
            return
        if response.status in NO_UPDATE and self.call.refreshing.refreshes(request):
            self._settle(rejected=True)
            alone.answer(self._source, self._server, request)
            return
        if request.method == "INVITE" and 200 <= response.status < 300:
            self._accepted(transaction, response)
            return
        try:
            body = self._body_back(response)
        except Unasked:
            self._answered_unasked()
            return
        except (SdpError, OfferAnswerError) as error:
            self._finish(error.status, error.reason)
            return
        out = self._response_back(response, body)
        if response.status >= 200:
            self._settle(rejected=response.status >= 300)
        self._agent.respond(self._server, out, self._source.peer)
        if request.method == "UPDATE" and 200 <= response.status < 300:
            self._note_timers(response, out)

    def on_failure(self, _transaction: ClientTransaction) -> None:
        """The other leg stays silent (RFC 3261 12.2.1.2: as if it had answered 408)."""
        self._finish(408)

    def _send(self) -> None:
        request, target = self._request, self._target
        if self._server.finished:
            return  # cancelled, or the call has ended, while ports were being opened
        if target.over:
            self._finish(481)
            return
        carrier = CARRIERS.get(request.method)
        try:
            if carrier is None:
                about, body = crossing(request)
            else:
                sessions = self._source.call.sessions
                body = cross(sessions, self._source.end, target.end, carrier, request)
                about = described(body)
        except (SdpError, OfferAnswerError) as error:
            self._refuse(error)
            return
        self._source.dialog.refresh_target(request)
        headers = self._passed(self._source, request) + about + self._headers
        headers = self.call.refreshing.crossing(target, request.method, headers)
        if request.method == "INVITE":
            headers = _unreliable(headers)
        out = target.dialog.request(request.method, headers, body)
        self._client = self._agent.send_in_dialog(target, out, self)

    def _too_late(self, response: Response) -> bool:
        """Whether a description would come from, or for, a leg that was given up meanwhile."""
        over = self._source.over or self._target.over
        describes = self._request.method in CARRIERS and response.status < 300
        return over and describes and not self._taken

    def _end_late(self, transaction: ClientTransaction, response: Response) -> None:
        if response.status < 200:
            return
        if self._request.method == "INVITE":
            self._target.ack_owed = transaction.request
            self._agent.send_ack(self._target)
        self._finish(REQUEST_TERMINATED)

    def _accepted(self, transaction: ClientTransaction, response: Response) -> None:
        """Take the 2xx to a re-INVITE; one that comes again gets its ACK again."""
        target = self._target
        if self._source.inviting is not self:
            if target.ack:
                self._agent.repeat_ack(target)
            return
        self._taken = True
        target.ack = b""
        target.ack_owed = transaction.request
        try:
            with_early_answer(target, response)
            body = self._body_back(response)
        except (SdpError, OfferAnswerError) as error:
            self._agent.send_ack(target)
            self._finish(error.status, error.reason)
            return
        if target.end.session.state is State.STABLE:
            self._agent.send_ack(target)
        out = self._response_back(response, body)
        self._settle(rejected=False)
        self._agent.answer_invite(self._source, self._server, out)
        self._note_timers(response, out)

    def _response_back(self, response: Response, body: bytes) -> Response:
        """Write the response of the other leg in the dialog of the one that asked."""
        headers = self._passed(self._target, response) + described(body)
        headers = self.call.refreshing.crossing_back(self._request, response, headers)
        return self._source.dialog.response(
            self._request, response.status, phrase(response), headers, body
        )

    def _note_timers(self, response: Response, out: Response) -> None:
        """Keep what this exchange has agreed about session timers, on either leg."""
        self.call.refreshing.agreed(self._target, response, asked_by_us=True)
        self.call.refreshing.agreed(self._source, out, asked_by_us=False)

    def _ask_for_longer(self, response: Response) -> None:
        """The interval that the other leg refuses is ours: ask again with what it wants."""
        if not self.call.refreshing.wants_more(self._target, response):
            self._finish(500)
            return
        self._source.end.session.reject()
        self._target.end.session.reject()
        self._send()

    def _body_back(self, response: Response) -> bytes:
        carrier = ANSWERS.get(self._request.method)
        if carrier is Carrier.FINAL and response.status < 200:
            carrier = Carrier.PROVISIONAL
        if carrier is None or response.status >= 300:
            return b""  # what a refusal says about media is about the other leg's
        call = self._source.call
        return cross(call.sessions, self._target.end, self._source.end, carrier, response)

    def _answered_unasked(self) -> None:
        """Somebody has answered an offer that we have not sent: it did not come through us."""
        self._finish(REQUEST_TERMINATED)
        self.call.fail_closed("answer_unasked")

    @staticmethod
    def _passed(leg: Leg, message: Request | Response) -> list[tuple[str, str]]:
        return passed(message.headers, trusted=leg.peer.trusted, site=leg.peer.site)

    def _settle(self, *, rejected: bool) -> None:
        """The exchange on both legs is over; a refused offer leaves what was agreed before."""
        if self._request.method == "INVITE":
            self._source.inviting = None
            self._target.invited = False
        if rejected and self._request.method in CARRIERS:
            self._source.end.session.reject()
            self._target.end.session.reject()

    def _refuse(self, error: SdpError | OfferAnswerError) -> None:
        """Refuse a request that the other leg has not seen."""
        if self._request.method == "INVITE":
            self._source.inviting = None
            self._target.invited = False
        headers = warnings(error)
        if error.status == UNSUPPORTED_TYPE:
            headers.append(("Accept", SDP))
        self._answer(error.status, error.reason, headers)

    def _finish(self, status: int, reason: str | None = None) -> None:
        if not self._server.finished:
            self._settle(rejected=True)
            self._answer(status, reason)

    def _answer(
        self, status: int, reason: str | None, headers: list[tuple[str, str]] | None = None
    ) -> None:
        headers = [("Retry-After", "3")] if status == OVERLAP else headers or []
        response = self._source.dialog.response(self._request, status, reason, headers)
        self._agent.respond(self._server, response, self._source.peer)


def take_prack(leg: Leg, prack: Request) -> list[tuple[str, str]] | None:
    """Return the RAck header for the other leg; None where the PRACK matches nothing (481).

    A PRACK may also come after the final response that ended the repetitions (RFC 3262 section 3).
    Raises ParseError for a malformed RAck (400).
    """
    if leg.provisionals is None:
        return None
    leg.provisionals.acknowledge(prack)
    rseq, *of_invite = (prack.headers.get("RAck") or "").split()
    if of_invite != str(leg.call.request.cseq).split():
        return None
    original = leg.racks.pop(int(rseq), None)
    return [("RAck", original)] if original is not None else None


def _unreliable(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers of a re-INVITE without 100rel: nobody answers one reliably through us."""
    kept = without(headers, "supported")
    for name, value in headers:
        if name.lower() == "supported":
            offered = [tag for tag in value.split(", ") if tag != "100rel"]
            kept += [(name, ", ".join(offered))] if offered else []
    return kept
