"""Requests outside of calls, relayed statefully: REGISTER, SUBSCRIBE, NOTIFY, PUBLISH and others.

From, To, Call-ID and CSeq cross as they came, so registrations stay in order and subscriptions
keep their dialog; Via and Route are ours. A Contact is replaced by one of ours that holds the
original in a URI parameter: a request to it, an INVITE from the registrar for one, finds its way
back without any state here.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from sidecar.calls.bodies import crossing
from sidecar.calls.header_policy import passed, phrase
from sidecar.calls.identifiers import new_tag
from sidecar.sip.address import Address
from sidecar.sip.errors import ParseError
from sidecar.sip.headers import Headers
from sidecar.sip.message import Request, Response, respond
from sidecar.sip.uri import Uri

if TYPE_CHECKING:
    from sidecar.calls.agent import Agent
    from sidecar.calls.routing import Peer
    from sidecar.sip.flow import Flow
    from sidecar.sip.transactions import ClientTransaction, ServerTransaction

PARAMETER = "csc"
LONGEST = 512


def wrapped_contact(uri: Uri, sent_by: str) -> Uri:
    """Return a URI of ours that holds another one."""
    host, _, port = sent_by.rpartition(":")
    token = base64.urlsafe_b64encode(str(uri).encode("utf-8", "surrogateescape"))
    return Uri(
        scheme="sip",
        user=uri.user,
        password=None,
        host=host.strip("[]"),
        port=int(port),
        parameters=((PARAMETER, token.decode().rstrip("=")),),
        headers=(),
    )


def unwrapped_contact(uri: Uri) -> Uri | None:
    """Return the URI that one of ours holds, None where it holds none that can be read."""
    token = uri.param(PARAMETER)
    if not token or len(token) > LONGEST or not token.isascii():
        return None
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        return Uri.parse(text.decode("utf-8", "surrogateescape"))
    except (ParseError, binascii.Error):
        return None


class Relay:
    """One relayed request; the owner of its client transaction."""

    call = None

    __slots__ = ("_agent", "_back", "_destination", "_request", "_server", "_source")

    def __init__(
        self, agent: Agent, server: ServerTransaction, request: Request, source: Peer, flow: Flow
    ) -> None:
        self._agent = agent
        self._server = server
        self._request = request
        self._source = source
        self._back = flow
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
        inner = unwrapped_contact(request.target)
        hop = inner if inner is not None and agent.belongs(inner, route.destination) else target
        flow = agent.flow_to(hop) or agent.flow_to(target)
        if flow is None:
            response = respond(request, 503, None, new_tag())
            response.headers.add("Retry-After", "5")
            self._answer(response)
            return
        if inner is not None and hop is inner:
            uri = str(inner)
        else:
            uri = agent.router.request_uri(request.uri, route.destination, target)
        headers = Headers([("Max-Forwards", str(agent.hops_left(request)))])
        for name in ("From", "To", "Call-ID", "CSeq"):
            headers.add(name, request.headers.get(name) or "")
        self._cross(request, headers, self._source, flow)
        about, body = crossing(request)
        for name, value in about:
            headers.add(name, value)
        out = Request(request.method, uri, headers, body)
        agent.send_request(out, flow, route.destination, self)

    def on_response(self, _transaction: ClientTransaction, response: Response) -> None:
        """Pass a response back."""
        assert self._destination is not None
        out = respond(self._request, response.status, phrase(response))
        out.headers.set("To", response.headers.get("To") or "")
        self._cross(response, out.headers, self._destination, self._back)
        self._answer(out)

    def on_failure(self, _transaction: ClientTransaction) -> None:
        """The other side stays silent."""
        self._answer(respond(self._request, 408, None, new_tag()))

    def _cross(
        self, message: Request | Response, headers: Headers, sender: Peer, flow: Flow
    ) -> None:
        for name, value in passed(message.headers, trusted=sender.trusted, site=sender.site):
            headers.add(name, value)
        for value in message.headers.values("Contact"):
            headers.add("Contact", _contact_across(value, flow.sent_by))

    def _answer(self, response: Response) -> None:
        self._agent.respond(self._server, response, self._source)


def _contact_across(value: str, sent_by: str) -> str:
    """Wrap a Contact of the sender's; unwrap one that we wrapped for the other side before."""
    if value.strip() == "*":
        return value
    address = Address.parse(value)
    if address.uri.scheme not in ("sip", "sips"):
        return value
    uri = unwrapped_contact(address.uri) or wrapped_contact(address.uri, sent_by)
    return str(Address(address.display, uri, address.parameters))
