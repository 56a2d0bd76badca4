"""Dialogs: the lasting relation between two user agents (RFC 3261 section 12).

A dialog knows how to write a request that reaches the peer, how to answer one, and whether a
request comes in order. What the requests mean is the call's business.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from sidecar.sip.address import Address
from sidecar.sip.cseq import CSeq
from sidecar.sip.errors import ParseError
from sidecar.sip.flow import Flow
from sidecar.sip.headers import Headers
from sidecar.sip.message import Request, Response, respond
from sidecar.sip.uri import Uri

DialogId = tuple[str, str, str]
"""(Call-ID, local tag, remote tag); a peer of RFC 2543 may have no tag: "" stands for it."""

DialogState = Literal["early", "confirmed", "terminated"]
HeaderItems = Iterable[tuple[str, str]]

MAX_FORWARDS = "70"

REFRESHES_TARGET = frozenset({"INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER"})
"""Requests that carry a Contact, which becomes where the peer sends to (12.2, RFC 3311, 6665)."""

MAKES_DIALOG = frozenset({"INVITE", "SUBSCRIBE", "REFER"})
"""Requests whose success makes a dialog; the response repeats their Record-Route (12.1.1)."""

_CREDENTIALS = ("Authorization", "Proxy-Authorization")


class Dialog:
    """One dialog, seen from our end.

    `local` and `remote` are the From and To of our requests, tags included. `route_set` holds
    Route values, the first hop first. `local_contact` is our Contact value, `<sip:...>`.
    `flow` is where requests go. All of them may be set by the owner.
    """

    __slots__ = (
        "call_id",
        "flow",
        "local",
        "local_contact",
        "local_seq",
        "remote",
        "remote_seq",
        "remote_target",
        "route_set",
        "secure",
        "state",
    )

    def __init__(
        self,
        call_id: str,
        local: Address,
        remote: Address,
        *,
        remote_target: Uri,
        local_contact: str,
        flow: Flow,
        route_set: tuple[str, ...] = (),
        local_seq: int = 0,
        remote_seq: int | None = None,
        secure: bool = False,
        state: DialogState = "early",
    ) -> None:
        self.call_id = call_id
        self.local = local
        self.remote = remote
        self.remote_target = remote_target
        self.local_contact = local_contact
        self.flow = flow
        self.route_set = route_set
        self.local_seq = local_seq
        self.remote_seq = remote_seq
        self.secure = secure
        self.state: DialogState = state

    @classmethod
    def as_uas(cls, request: Request, local_tag: str, contact: str, flow: Flow) -> Dialog:
        """Make the early dialog that a request of the peer's opens (12.1.1).

        Raises ParseError where the request has no Contact to send to.
        """
        target = request.contact
        if target is None or target.wildcard:
            message = f"the {request.method} has no Contact to send to"
            raise ParseError(message)
        return cls(
            request.call_id,
            request.to.with_tag(local_tag),
            request.from_,
            remote_target=target.uri,
            local_contact=contact,
            flow=flow,
            route_set=tuple(request.headers.values("Record-Route")),
            remote_seq=request.cseq.number,
            secure=_is_secure(request, flow),
        )

    @classmethod
    def as_uac(cls, request: Request, response: Response, contact: str, flow: Flow) -> Dialog:
        """Make the dialog that a response to our request opens (12.1.2); early for a 1xx.

        A response without Contact (some 180s) leaves the Request-URI as target for the time being.
        """
        target = response.contact
        return cls(
            request.call_id,
            request.from_,
            response.to,
            remote_target=request.target if target is None or target.wildcard else target.uri,
            local_contact=contact,
            flow=flow,
            route_set=_reversed_route(response),
            local_seq=request.cseq.number,
            secure=_is_secure(request, flow),
            state="early" if response.status < 200 else "confirmed",
        )

    @property
    def id(self) -> DialogId:
        """What messages of this dialog are known by."""
        return (self.call_id, self.local.tag or "", self.remote.tag or "")

    def confirm(self, response: Response | None = None) -> None:
        """Note the 2xx: ours as UAS, or the peer's, whose route set and Contact then hold.

        A route set learnt from a provisional is replaced (13.2.2.4).
        """
        if response is not None and self.state == "early":
            self.route_set = _reversed_route(response)
        self.state = "confirmed"
        if response is not None:
            self.refresh_target(response)

    def refresh_target(self, message: Request | Response) -> None:
        """Take over the Contact of a target refresh request, or of a 2xx to one (12.2.1.2).

        Of provisionals only reliable ones count (RFC 6141 section 4.7). Any other message is
        ignored, so every message of the dialog may be given.
        """
        if message.cseq.method not in REFRESHES_TARGET:
            return
        if isinstance(message, Response) and not (
            200 <= message.status < 300 or (message.status < 200 and "RSeq" in message.headers)
        ):
            return
        contact = message.contact
        if contact is not None and not contact.wildcard:
            self.remote_target = contact.uri

    def accepts(self, request: Request) -> bool:
        """Check the order of a request of the peer's (12.2.2); False is to be answered 500.

        ACK and CANCEL have the number of their INVITE and are never out of order.
        """
        number, method = request.cseq
        if method in ("ACK", "CANCEL"):
            return True
        if self.remote_seq is not None and number < self.remote_seq:
            return False
        self.remote_seq = number
        return True

    def request(
        self,
        method: str,
        headers: HeaderItems = (),
        body: bytes = b"",
        *,
        cseq: int | None = None,
    ) -> Request:
        """Write a request to the peer (12.2.1.1) with the next CSeq, or with `cseq`.

        `headers` are added; a Max-Forwards or Contact among them takes the place of ours.
        """
        if cseq is None:
            self.local_seq += 1
            cseq = self.local_seq
        uri, routes = self._way()
        items = Headers()
        for route in routes:
            items.add("Route", route)
        items.add("Max-Forwards", MAX_FORWARDS)
        items.add("From", str(self.local))
        items.add("To", str(self.remote))
        items.add("Call-ID", self.call_id)
        items.add("CSeq", str(CSeq(cseq, method)))
        if method in REFRESHES_TARGET:
            items.add("Contact", self.local_contact)
        _extend(items, headers)
        return Request(method, uri, items, body)

    def ack(self, invite: Request, headers: HeaderItems = (), body: bytes = b"") -> Request:
        """Write the ACK to a 2xx to `invite` (13.2.2.4); credentials are repeated (22.1)."""
        ack = self.request("ACK", headers, body, cseq=invite.cseq.number)
        for name in _CREDENTIALS:
            for value in invite.headers.get_all(name):
                ack.headers.add(name, value)
        return ack

    def response(
        self,
        request: Request,
        status: int,
        reason: str | None = None,
        headers: HeaderItems = (),
        body: bytes = b"",
    ) -> Response:
        """Answer a request of this dialog, or the one that opens it, with our tag (12.1.1).

        Contact and Record-Route are written where the response makes a dialog or refreshes the
        target; `headers` are added, a Contact among them takes the place of ours.
        """
        tag = None if status == 100 else self.local.tag
        response = respond(request, status, reason, to_tag=tag)
        response.body = body
        method = request.method
        if 100 < status < 300:
            if method in MAKES_DIALOG:
                for route in request.headers.get_all("Record-Route"):
                    response.headers.add("Record-Route", route)
            if method in REFRESHES_TARGET:
                response.headers.add("Contact", self.local_contact)
        _extend(response.headers, headers)
        return response

    def _way(self) -> tuple[str, tuple[str, ...]]:
        """Give Request-URI and Route values (12.2.1.1), for strict routers (RFC 2543) too."""
        if not self.route_set:
            return _request_uri(self.remote_target), ()
        first = Address.parse(self.route_set[0]).uri
        if first.param("lr") is not None:
            return _request_uri(self.remote_target), self.route_set
        return _request_uri(first), (*self.route_set[1:], f"<{self.remote_target}>")


def id_of_request(request: Request) -> DialogId:
    """Give the id of the dialog, at our end, that a request of the peer's belongs to."""
    return (request.call_id, request.to_tag or "", request.from_tag or "")


def id_of_response(response: Response) -> DialogId:
    """Give the id of the dialog, at our end, that a response to our request belongs to."""
    return (response.call_id, response.from_tag or "", response.to_tag or "")


def _reversed_route(response: Response) -> tuple[str, ...]:
    return tuple(reversed(response.headers.values("Record-Route")))


def _is_secure(request: Request, flow: Flow) -> bool:
    return flow.transport == "TLS" and request.target.scheme == "sips"


def _request_uri(uri: Uri) -> str:
    """Write a URI as Request-URI, where headers and `method` may not stand (19.1.1, table 1)."""
    if uri.headers or uri.param("method") is not None:
        kept = tuple(item for item in uri.parameters if item[0].lower() != "method")
        uri = uri.with_(headers=(), parameters=kept)
    return str(uri)


def _extend(target: Headers, headers: HeaderItems) -> None:
    for name, value in headers:
        if name.lower() in {"max-forwards", "contact", "m"}:
            target.set(name, value)
        else:
            target.add(name, value)
