"""Requests that belong to no call: REGISTER, SUBSCRIBE, NOTIFY, MESSAGE, PUBLISH and others.

Each is sent on by a client transaction of our own, its responses come back. Call-ID, CSeq and the
tags cross as they came, so registrations stay in order and subscriptions keep their dialog; Via
and Route are ours, From and To are written anew. A Contact is replaced by one of ours in which the
original is sealed: a request to it, an INVITE from the registrar for one, finds its way back
without any state here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidecar.calls.crossing.bodies import crossing
from sidecar.calls.crossing.contact_seal import PARAMETER, Sealed
from sidecar.calls.crossing.header_policy import passed, phrase
from sidecar.calls.identifiers import new_tag
from sidecar.errors import PeerError
from sidecar.sip.address import Address
from sidecar.sip.canonical import written_header_parameters, written_user
from sidecar.sip.errors import ParseError
from sidecar.sip.headers import Headers
from sidecar.sip.message import Request, Response, respond
from sidecar.sip.uri import Uri

if TYPE_CHECKING:
    from sidecar.calls.b2bua import B2bua
    from sidecar.calls.routing import Peer, Route
    from sidecar.sip.flow import Flow
    from sidecar.sip.transactions import ClientTransaction, ServerTransaction

# A tag is often more than a token, but nothing in it needs quotes.
_TAG = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3d\x3f-\x7e]{1,256}+")
_CALL_ID = re.compile(r"[\x21-\x7e]{1,512}+")
_OF_CONTACTS = frozenset(
    """q expires methods audio automata class duplex data control mobility description events
    priority schemes application video language type isfocus actor text extensions +*""".split()
)
"""Parameters of a Contact that cross: those of RFC 3261 and features (RFC 3840 section 9)."""


class Relay:
    """One relayed request; the owner of its client transaction."""

    call = None

    __slots__ = ("_agent", "_back", "_destination", "_on", "_request", "_server", "_source")

    def __init__(
        self, agent: B2bua, server: ServerTransaction, request: Request, source: Peer, flow: Flow
    ) -> None:
        self._agent = agent
        self._server = server
        self._request = request
        self._source = source
        self._back = flow
        self._on: Flow | None = None
        self._destination: Peer | None = None

    def start(self) -> None:
        """Send the request on, or answer why it can't be."""
        agent, request = self._agent, self._request
        route = agent.router.route(request, self._source)
        if route is None:
            self._answer(respond(request, 404, None, new_tag()))
            return
        self._destination = route.destination
        target = route.destination.uris[0]
        contact = route.contact
        if contact is not None and not agent.reaches(contact, route.destination):
            contact = None
        flow = (agent.flow_to(contact.uri) if contact is not None else None) or agent.flow_to(
            target
        )
        if flow is None:
            response = respond(request, 503, None, new_tag())
            response.headers.add("Retry-After", "5")
            self._answer(response)
            return
        self._on = flow
        try:
            headers = self._headers(route, target, flow)
        except PeerError as error:
            agent.refuse_reference(self._server, request, self._source, error)
            return
        about, body = crossing(request)
        for name, value in about:
            headers.add(name, value)
        uri = contact.uri if contact is not None else agent.router.request_uri(route, target)
        out = Request(request.method, str(uri), headers, body)
        agent.send_request(out, flow, route.destination, self)

    def _headers(self, route: Route, target: Uri, flow: Flow) -> Headers:
        """Return the headers that go on; raises PeerError."""
        agent, request, names = self._agent, self._request, self._agent.identities
        to_trunk = route.destination.kind == "trunk"
        tag = request.from_tag
        if not _CALL_ID.fullmatch(request.call_id) or not _TAG.fullmatch(tag or "-"):
            raise PeerError(400, "Malformed Call-ID Or Tag")
        headers = Headers(
            [
                ("Max-Forwards", str(agent.hops_left(request))),
                ("From", names.calling(request.from_, to_trunk=to_trunk, flow=flow, tag=tag)),
                ("To", names.called(request, route, target)),
                ("Call-ID", request.call_id),
                ("CSeq", str(request.cseq)),
                *agent.mapped(request, route.source, route.destination, flow),
            ]
        )
        try:
            self._cross(request, headers, self._source, self._back, flow)
        except ParseError:
            raise PeerError(400, "Contact Too Long") from None
        return headers

    def on_response(self, _transaction: ClientTransaction, response: Response) -> None:
        """Pass a response back."""
        assert self._destination is not None
        assert self._on is not None
        tag = response.to_tag
        if tag is not None and _TAG.fullmatch(tag) is None:
            tag = None
        out = respond(self._request, response.status, phrase(response))
        if tag is not None and self._request.to_tag is None:
            out.headers.set("To", f"{self._request.headers.get('To')};tag={tag}")
        try:
            self._cross(response, out.headers, self._destination, self._on, self._back)
        except ParseError:
            out = respond(self._request, 502, None, new_tag())
        self._answer(out)

    def on_failure(self, _transaction: ClientTransaction) -> None:
        """The other side stays silent."""
        self._answer(respond(self._request, 408, None, new_tag()))

    def _cross(
        self,
        message: Request | Response,
        headers: Headers,
        sender: Peer,
        came: Flow,
        goes: Flow,
    ) -> None:
        """Add what crosses; raises ParseError for a Contact that is too long."""
        for name, value in passed(message.headers, trusted=sender.trusted, site=sender.site):
            headers.add(name, value)
        if isinstance(message, Response) and 300 <= message.status < 400:
            contacts = self._agent.identities.redirected(message, sender, goes)
        else:
            values = message.headers.values("Contact")
            contacts = [
                ("Contact", self._contact(message, each, sender, came, goes)) for each in values
            ]
        for name, value in contacts:
            if value:
                headers.add(name, value)

    def _contact(
        self, message: Request | Response, value: str, sender: Peer, came: Flow, goes: Flow
    ) -> str:
        """Seal a Contact of the sender's; "" for one that is no telephone's.

        A registrar's list of bindings has those that were sealed for it before.
        """
        if value == "*":
            return value
        address = Address.parse(value)
        if address.uri.scheme not in ("sip", "sips"):
            return ""
        receiver = self._destination if sender is self._source else self._source
        assert receiver is not None
        registered = None
        if isinstance(message, Response) and message.cseq.method == "REGISTER":
            registered = self._agent.router.contact(address.uri, sender)
        if registered is not None and (registered.kind, registered.name) == receiver[:2]:
            uri = registered.uri
        else:
            uri = self._sealed(address.uri, sender, came, goes)
        parameters = written_header_parameters(address.parameters, _OF_CONTACTS)
        return str(Address(None, uri, parameters))

    def _sealed(self, uri: Uri, sender: Peer, came: Flow, goes: Flow) -> Uri:
        """Return a URI of ours that holds another one."""
        agent = self._agent
        inner = uri.with_(headers=()) if uri.headers else uri
        reachable = agent.speaks_sip_at(inner, sender, came)
        token = agent.router.seal.seal(Sealed(sender.kind, sender.name, reachable, inner))
        host, _, port = goes.sent_by.rpartition(":")
        user = written_user(uri, with_parameters=False)
        parameters = ((PARAMETER, token),)
        return Uri("sip", user, None, host.strip("[]"), int(port), parameters)

    def _answer(self, response: Response) -> None:
        self._agent.respond(self._server, response, self._source)
