"""Whether a request may go on, judged by what it is alone: method, header fields, body.

The first thing that is wrong with it is answered; a BYE is never kept back, since a call that is to
end must end.
"""

from __future__ import annotations

from typing import NamedTuple

from sidecar.calls.crossing.bodies import UNSUPPORTED_TYPE, content_type
from sidecar.calls.crossing.header_policy import HeaderLines, flaw, unsupported
from sidecar.calls.crossing.table import (
    EVENTS,
    SDP,
    Senders,
    accepted,
    allowed,
    body_row,
    is_text,
    method_senders,
    methods_for,
)
from sidecar.sip.grammar import is_token
from sidecar.sip.media_type import MediaType
from sidecar.sip.message import Request
from sidecar.sip.sdp import SdpError
from sidecar.sip.sdp.body import handling


class Refusal(NamedTuple):
    """How a request is answered that does not go on."""

    status: int
    reason: str
    """What is counted and logged."""
    headers: HeaderLines
    phrase: str | None = None


class Way(NamedTuple):
    """On whose way a request is: whether its sender is trusted, and the trunk on that way."""

    sender_trusted: bool
    trunk_trusted: bool


def refusal(request: Request, way: Way) -> Refusal | None:
    """Return why a request does not go on; None where nothing speaks against it.

    What people write is not refused here, but by the rules: see `writes`.
    """
    return _method(request, way) or (
        None if request.method == "BYE" else _headers(request, way) or _body(request, way)
    )


def writes(request: Request) -> bool:
    """Tell whether a request carries what people write, by whatever method (promise 5)."""
    if request.method == "MESSAGE":
        return True
    if not request.body or request.method in ("INVITE", "BYE"):
        return False  # an INVITE with a text is refused as such, a BYE goes without its body
    try:
        return is_text(content_type(request))
    except SdpError:
        return False


def refused_type(method: str, way: Way, phrase: str | None = None) -> Refusal:
    """Return the 415 to a body that does not cross (RFC 3261 section 21.4.13)."""
    types = accepted(method, sender_trusted=way.sender_trusted, trunk_trusted=way.trunk_trusted)
    headers = [("Accept", types), ("Accept-Encoding", "identity")]
    return Refusal(UNSUPPORTED_TYPE, "unsupported_body", headers, phrase)


def _method(request: Request, way: Way) -> Refusal | None:
    if not request.method.isupper():
        # To us "invite" is no INVITE (RFC 3261 section 7.1), but to many a PBX it is.
        return Refusal(501, "unknown_method", [])
    senders = method_senders(request.method)
    if senders is not None and _may(senders, way):
        return None
    methods = methods_for(sender_trusted=way.sender_trusted, trunk_trusted=way.trunk_trusted)
    return Refusal(405, "unknown_method", [("Allow", methods)])


def _headers(request: Request, way: Way) -> Refusal | None:
    headers = request.headers
    problem = flaw(headers)
    if problem is not None:
        return Refusal(400, "malformed", [], problem)
    lacking = unsupported(headers, trusted=way.sender_trusted)
    if lacking:
        named = ", ".join(filter(is_token, lacking))
        return Refusal(420, "bad_extension", [("Unsupported", named)] if named else [])
    if "Info-Package" in headers:
        return Refusal(469, "bad_info_package", [("Recv-Info", "")])
    event = headers.get("Event")
    if event is not None and not way.sender_trusted:
        package = event.partition(";")[0].strip(" \t").lower()
        if package not in EVENTS:
            return Refusal(489, "bad_event", [("Allow-Events", ", ".join(EVENTS))])
    return None


def _body(request: Request, way: Way) -> Refusal | None:
    if not request.body or request.method == "INVITE":
        return None  # the body of an INVITE is looked at where its call is admitted
    try:
        kind = content_type(request)
    except SdpError as error:
        if error.status == UNSUPPORTED_TYPE:
            return refused_type(request.method, way)
        return Refusal(error.status, "malformed", [], error.reason)
    return None if _may_carry(request, kind, way) else refused_type(request.method, way)


def _may_carry(request: Request, kind: MediaType, way: Way) -> bool:
    row = body_row(request.method, kind)
    if row is None:
        multipart = kind.kind == "multipart" and body_row(request.method, MediaType(SDP))
        optional = handling(request.headers.get("Content-Disposition")) == "optional"
        return bool(multipart) or optional
    if not _may(row.senders, way):
        return False
    return row.name == SDP or row.write(kind, request.body) is not None


def _may(senders: Senders, way: Way) -> bool:
    return allowed(senders, sender_trusted=way.sender_trusted, trunk_trusted=way.trunk_trusted)
