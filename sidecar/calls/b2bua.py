"""The back-to-back user agent: messages in, calls and relays carried on, messages out.

No socket and no clock of its own: bytes and time come by `receive`, and after each event
`transmit` and `wake_at` tell the shell what to send and when to come again. Whatever comes from
outside (datagrams, media events, a record written, a timer) enters through `Turns.run`.
"""

from __future__ import annotations

from typing import Any, Protocol, cast

import structlog

from sidecar.calls.agent import Agent
from sidecar.calls.call import Call
from sidecar.calls.crossing.bodies import answers_unasked, content_type
from sidecar.calls.crossing.header_policy import ALLOW, EXTENSIONS, reasons, tags
from sidecar.calls.crossing.methods import Way, refusal, writes
from sidecar.calls.faults import Faults
from sidecar.calls.identifiers import new_tag
from sidecar.calls.legs import alone
from sidecar.calls.legs.forwarding import Forwarding, take_prack
from sidecar.calls.legs.leg import Leg
from sidecar.calls.legs.relay import Relay
from sidecar.calls.routing import Peer
from sidecar.calls.setup.admission import admit
from sidecar.calls.turns import Moment
from sidecar.consent.decision import Decision
from sidecar.errors import PeerError
from sidecar.sip import dtmf_info
from sidecar.sip.dialog import id_of_request
from sidecar.sip.errors import ParseError
from sidecar.sip.flow import Flow
from sidecar.sip.message import Request, Response, respond
from sidecar.sip.parser import MessageError, parse_message
from sidecar.sip.transactions import (
    AckArrived,
    CancelArrived,
    ClientTransaction,
    Event,
    RequestArrived,
    ResponseArrived,
    ServerTransaction,
    TimedOut,
    TransportFailed,
)

log = structlog.get_logger(__name__)

NO_DIALOG = 481
KEEP_ALIVE = b"\r\n\0"
"""What telephones send over UDP, alone, to keep a NAT binding: no message and no mistake."""
LONGEST_KEEP_ALIVE = 4


class Owner(Protocol):
    """Whoever sent a request and waits for what becomes of it."""

    @property
    def call(self) -> Call | None:
        """The call that the request belongs to."""

    def on_response(self, transaction: ClientTransaction, response: Response) -> None:
        """A response came: any provisional but 100, a final one, a further 2xx of an INVITE."""

    def on_failure(self, transaction: ClientTransaction) -> None:
        """No final response will come: timer B or F, or the transport failed."""


class B2bua(Agent):
    """All calls and relays of one sidecar."""

    accepting = True
    _retransmitted = 0

    # The ways in.

    def receive(self, data: bytes, flow: Flow, at: Moment) -> None:
        """Take one datagram, or one message of a stream."""
        self.run(self._receive, data, flow, at=at)

    def wake(self, at: Moment) -> None:
        """Do what is due by then."""
        self.run(lambda: None, at=at)

    def transport_failed(self, flow: Flow, at: Moment) -> None:
        """Take note that nothing reaches the peer of a flow."""
        self.run(lambda: self.layer.transport_failed(flow, self.now), at=at)

    def close(self) -> None:
        """End every call; new ones are refused from now on."""
        self.accepting = False
        for call in tuple(self.calls.values()):
            self.turns.enter(call.give_up, "shutting_down", None, 503, of=call)
        self.challenges.close()

    @property
    def unfinished(self) -> int:
        """Calls, legs and transactions that still live: zero once all is said and done."""
        return len(self.calls) + len(self.legs) + len(self.layer) + len(self.challenges)

    # What turns are taken for: see `sidecar.calls.turns.Host`.

    def follow(self) -> bool:
        """Take what the transactions tell to whoever it is for; send what is to be sent."""
        if events := self.layer.take_events():
            for event in events:
                self.turns.do(self._dispatch, event)
            return True
        if outbox := self.layer.take_outbox():
            self.ports.transmit(outbox)
            return True
        return False

    def rest(self) -> None:
        """Say when to wake, and count what was sent again."""
        self.ports.wake_at(self.timers.next_deadline())
        seen = self.layer.counters.retransmitted
        for _ in range(seen - self._retransmitted):
            self.metrics.sip_retransmission()
        self._retransmitted = seen

    def failed(self, error: Exception, of: Call | None, arguments: tuple[Any, ...]) -> None:
        """End the call whose step went wrong, and no other."""
        Faults(self).take(error, of, arguments)

    # Messages in.

    def _receive(self, data: bytes, flow: Flow) -> None:
        peer = self.ports.source_of(flow.remote)
        if peer is None:
            self.metrics.sip_rejected("unknown_source")
            return
        if len(data) <= LONGEST_KEEP_ALIVE and not data.strip(KEEP_ALIVE):
            return
        try:
            message = parse_message(data)
        except MessageError as error:
            self._malformed(error, peer, flow)
            return
        self.layer.receive(message, flow, self.now, len(data))

    def _malformed(self, error: MessageError, peer: Peer, flow: Flow) -> None:
        self.metrics.sip_rejected("malformed")
        self.complaints.tell(peer, "sip_message_malformed", problem=error.reason)
        if error.request is not None:
            response = respond(error.request, error.status, error.reason, new_tag())
            self.metrics.sip_response(error.status, peer.kind)
            self.layer.transmit(response.encode(), flow)

    def _dispatch(self, event: Event) -> None:
        match event:
            case ResponseArrived(transaction, response):
                if transaction.owner is not None:
                    owner = cast(Owner, transaction.owner)
                    self.turns.do(owner.on_response, transaction, response, of=owner.call)
            case RequestArrived(transaction, request, flow):
                self._count(request, flow)
                self._request(transaction, request, flow)
            case AckArrived(request, flow, _transaction):
                self._count(request, flow)
                self._ack(request)
            case CancelArrived(transaction, request):
                self._count(request, transaction.flow)
                self._cancel(transaction, request)
            case TimedOut(transaction) | TransportFailed(transaction):
                if isinstance(transaction, ClientTransaction) and transaction.owner is not None:
                    owner = cast(Owner, transaction.owner)
                    self.turns.do(owner.on_failure, transaction, of=owner.call)

    def _count(self, request: Request, flow: Flow) -> None:
        peer = self.ports.source_of(flow.remote)
        self.metrics.sip_request(request.method, peer.kind if peer is not None else "unknown")

    def _request(self, transaction: ServerTransaction, request: Request, flow: Flow) -> None:
        peer = self.ports.source_of(flow.remote)
        if peer is None:
            return
        hops = request.headers.get("Max-Forwards")
        if hops is not None and int(hops) == 0 and request.method != "OPTIONS":
            self._reject(transaction, request, peer, 483, "too_many_hops")
        elif request.to_tag is not None:
            self._within(transaction, request, peer, flow)
        else:
            self._outside(transaction, request, peer, flow)

    # Requests outside of dialogs.

    def _outside(
        self, transaction: ServerTransaction, request: Request, peer: Peer, flow: Flow
    ) -> None:
        refused = refusal(request, self._way(request, peer))
        if refused is not None and not writes(request):
            self._reject(transaction, request, peer, *refused)
        elif request.method == "INVITE":
            self._invite(transaction, request, peer, flow)
        elif request.method == "OPTIONS":
            self.respond(transaction, self._options(request, flow), peer)
        elif request.method == "BYE":
            self._reject(transaction, request, peer, NO_DIALOG, "no_dialog")
        elif writes(request) and not self._message_allowed(request, peer):
            self._deny_message(transaction, request, peer)
        elif refused is not None:
            self._reject(transaction, request, peer, *refused)
        elif not self.accepting:
            self._reject(transaction, request, peer, 503, "shutting_down")
        else:
            Relay(self, transaction, request, peer, flow).start()

    def _invite(
        self, transaction: ServerTransaction, request: Request, peer: Peer, flow: Flow
    ) -> None:
        if not self.accepting:
            self._reject(transaction, request, peer, 503, "shutting_down", [("Retry-After", "10")])
            return
        contact = request.contact
        nowhere = contact is None or contact.wildcard
        if nowhere or request.target.scheme not in ("sip", "sips", "tel"):
            status = 400 if nowhere else 416
            self._reject(transaction, request, peer, status, "unusable_invite")
            return
        route = self.router.route(request, peer, self.wall())
        if route is None:
            self._reject(transaction, request, peer, 404, "no_destination")
            return
        try:
            references = self.mapped(request, route.source, route.destination, flow)
        except PeerError as error:
            self.refuse_reference(transaction, request, peer, error)
            return
        admit(self, transaction, request, flow, route, references)

    def _options(self, request: Request, flow: Flow) -> Response:
        response = respond(request, 200, None, new_tag())
        response.headers.add("Allow", ALLOW)
        response.headers.add("Accept", "application/sdp")
        response.headers.add("Supported", ", ".join(sorted(EXTENSIONS)))
        response.headers.add("Contact", self.contact(flow))
        return response

    def _way(self, request: Request, peer: Peer) -> Way:
        """Return whom a request outside of calls concerns."""
        if peer.kind == "trunk" or request.method == "INVITE":
            return Way(peer.trusted, peer.trusted)
        route = self.router.route(request, peer)
        return Way(peer.trusted, route is not None and route.destination.trusted)

    def _message_allowed(self, request: Request, peer: Peer) -> bool:
        route = self.router.route(request, peer, self.wall())
        return self._count_message(self.rules.decide(route.facts) if route is not None else None)

    def _count_message(self, decision: Decision | None) -> bool:
        """Tell whether an instant message may pass, and count it (promise 5)."""
        allowed = decision is not None and decision.messages == "allow"
        self.metrics.message("allowed" if allowed else "denied")
        return allowed

    def _deny_message(self, transaction: ServerTransaction, request: Request, peer: Peer) -> None:
        phrase = "Instant messages are not allowed"  # telephones show it to whoever wrote one
        self._reject(transaction, request, peer, 403, "message_denied", phrase=phrase)

    # Requests within dialogs.

    def _within(
        self, transaction: ServerTransaction, request: Request, peer: Peer, flow: Flow
    ) -> None:
        leg = self.legs.get(id_of_request(request))
        if leg is None:
            self._within_relayed(transaction, request, peer, flow)
        else:
            self.turns.do(self._within_leg, transaction, request, peer, leg, of=leg.call)

    def _within_leg(
        self, transaction: ServerTransaction, request: Request, peer: Peer, leg: Leg
    ) -> None:
        if leg.peer is not peer:
            self._reject(transaction, request, peer, NO_DIALOG, "foreign_dialog")
        elif not leg.dialog.accepts(request):
            self._reject(transaction, request, peer, 500, "out_of_order")
        elif request.method == "BYE":
            self._bye(transaction, request, leg)
        elif leg.over:
            self._reject(transaction, request, peer, NO_DIALOG, "no_dialog")
        elif "Record" in request.headers and request.method == "INFO":
            status = leg.call.requests.info(leg, request.headers.get("Record") or "")
            self.respond(transaction, leg.dialog.response(request, status), leg.peer)
        elif writes(request) and not self._count_message(leg.call.decision):
            self._deny_message(transaction, request, peer)
        elif (refused := refusal(request, _way_of(leg))) is not None:
            self._reject(transaction, request, peer, *refused)
        elif request.method == "PRACK":
            self._prack(transaction, request, leg)
        elif request.method != "INFO" or not self._key(transaction, request, leg):
            self._pass_on(transaction, request, leg)

    def _within_relayed(
        self, transaction: ServerTransaction, request: Request, peer: Peer, flow: Flow
    ) -> None:
        """Take a request of a dialog that is not ours, such as a subscription's."""
        if request.method == "INVITE" or self.router.contact(request.target, peer) is None:
            self._reject(transaction, request, peer, NO_DIALOG, "no_dialog")
        elif writes(request) and not self._message_allowed(request, peer):
            self._deny_message(transaction, request, peer)
        elif (refused := refusal(request, self._way(request, peer))) is not None:
            self._reject(transaction, request, peer, *refused)
        else:
            Relay(self, transaction, request, peer, flow).start()

    def refuse_reference(
        self, transaction: ServerTransaction, request: Request, peer: Peer, error: PeerError
    ) -> None:
        """Refuse a request that refers to a dialog or to somebody that it can't lead to."""
        status, phrase = error.status, error.reason
        self._reject(transaction, request, peer, status, "reference_refused", phrase=phrase)

    def _bye(self, transaction: ServerTransaction, request: Request, leg: Leg) -> None:
        self.respond(transaction, leg.dialog.response(request, 200), leg.peer)
        if leg.awaits_ack is not None:
            leg.awaits_ack.stop()
        if leg.over:
            if leg.bye_waits:
                self.forget(leg)
            return  # ours crossed theirs
        if leg.ack_owed is not None:
            self.send_ack(leg)
        self.forget(leg)
        leg.call.hung_up(leg, reasons(request.headers))

    def _prack(self, transaction: ServerTransaction, request: Request, leg: Leg) -> None:
        try:
            headers = take_prack(leg, request)
        except ParseError:
            self._reject(transaction, request, leg.peer, 400, "malformed")
            return
        if headers is None or leg.other is None:
            self._reject(transaction, request, leg.peer, NO_DIALOG, "no_dialog")
        else:
            Forwarding(self, transaction, request, leg, leg.other).start(headers)

    def _key(self, transaction: ServerTransaction, request: Request, leg: Leg) -> bool:
        """Take an INFO that brings a key which the sidecar waits for."""
        if not request.body:
            return False
        kind = content_type(request).name
        key = dtmf_info.parse(kind, request.body)
        if key is None or not leg.call.keys.informed(leg.side, kind, key):
            return False
        self.respond(transaction, leg.dialog.response(request, 200), leg.peer)
        return True

    def _pass_on(self, transaction: ServerTransaction, request: Request, leg: Leg) -> None:
        other = leg.other
        leg.call.parties.look_at(leg, request)  # also where it is refused and comes again later
        if leg.over:
            self._reject(transaction, request, leg.peer, NO_DIALOG, "no_dialog")
        elif other is None or other.over:
            self._answer_for_nobody(transaction, request, leg)
        elif request.method == "INVITE" and (leg.invited or leg.awaits_ack is not None):
            self._reject(transaction, request, leg.peer, 491, "glare")
        elif alone.takes(request, other):
            alone.answer(leg, transaction, request)
        elif request.method == "INVITE" and "100rel" in tags(request.headers, "Require"):
            lacking = [("Unsupported", "100rel")]
            self._reject(transaction, request, leg.peer, 420, "bad_extension", lacking)
        elif request.method == "INVITE" and leg.inviting is not None:
            again = [("Retry-After", "3")]
            self._reject(transaction, request, leg.peer, 500, "overlapping_invite", again)
        elif request.method == "INVITE" and other.invited:
            self._reject(transaction, request, leg.peer, 491, "glare")
        else:
            try:
                mapped = self.mapped(request, leg.peer, other.peer, other.dialog.flow)
            except PeerError as error:
                self.refuse_reference(transaction, request, leg.peer, error)
                return
            forwarding = Forwarding(self, transaction, request, leg, other)
            transaction.owner = forwarding
            forwarding.start(mapped)

    def _answer_for_nobody(
        self, transaction: ServerTransaction, request: Request, leg: Leg
    ) -> None:
        """Answer a caller whose call has no other leg yet (the notice before connecting)."""
        if request.method in ("OPTIONS", "INFO"):
            self.respond(transaction, leg.dialog.response(request, 200), leg.peer)
        elif request.method in ("INVITE", "UPDATE"):
            alone.answer(leg, transaction, request)
        else:
            self._reject(transaction, request, leg.peer, 480, "no_other_leg")

    def _ack(self, ack: Request) -> None:
        leg = self.legs.get(id_of_request(ack))
        if leg is None or leg.awaits_ack is None or ack.cseq.number != leg.answered_cseq:
            return
        leg.awaits_ack.stop()
        leg.awaits_ack = None
        self.turns.do(self._acknowledged, leg, ack, of=leg.call)

    def _acknowledged(self, leg: Leg, ack: Request) -> None:
        if leg.other is not None and leg.other.ack_owed is not None:
            leg.call.pass_ack_on(leg, leg.other, ack)
        elif answers_unasked(leg.end, ack) and not leg.over:
            leg.call.fail_closed("answer_unasked")
        if leg.bye_waits:
            self.hang_up(leg)
        else:
            leg.call.acknowledged(leg, ack)

    def _cancel(self, transaction: ServerTransaction, cancel: Request) -> None:
        owner = transaction.owner
        if isinstance(owner, Call):
            self.turns.do(owner.cancelled, cancel, of=owner)
        elif isinstance(owner, Forwarding):
            self.turns.do(owner.cancel, of=owner.call)

    def _reject(
        self,
        transaction: ServerTransaction,
        request: Request,
        peer: Peer,
        status: int,
        reason: str,
        headers: list[tuple[str, str]] | None = None,
        phrase: str | None = None,
    ) -> None:
        """Answer a request that goes no further, and say why: one counter, one log line."""
        self.metrics.sip_rejected(reason)
        method = request.method if request.method.isalpha() else "other"
        self.complaints.tell(
            peer, "sip_request_rejected", reason=reason, method=method, status=status
        )
        tag = new_tag() if request.to_tag is None else None
        response = respond(request, status, phrase, tag)
        for name, value in headers or []:
            response.headers.add(name, value)
        self.respond(transaction, response, peer)


def _way_of(leg: Leg) -> Way:
    route = leg.call.route
    trunk = route.source if route.inbound else route.destination
    return Way(leg.peer.trusted, trunk.trusted)
