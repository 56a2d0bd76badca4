"""What the transaction layer writes by itself: Via, ACK to a failure, CANCEL, some answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from zlib import crc32

from sidecar.sip.flow import Flow
from sidecar.sip.headers import Headers
from sidecar.sip.message import Request, Response, respond

MAX_FORWARDS = "70"

_TO_TAG = re.compile(rb"\r\nTo: [^\r]*;tag=([A-Za-z0-9.!%*_+`'~-]+)")


def own_via(flow: Flow, branch: str) -> str:
    """Our Via for a request on this flow, asking for RFC 3581's rport."""
    return f"SIP/2.0/{flow.transport} {flow.sent_by};branch={branch};rport"


def encode_with_via(request: Request, via: str) -> bytes:
    """Write a request with `via` on top of its headers; the request itself stays as it is."""
    start_line, rest = request.encode().split(b"\r\n", 1)
    return b"%b\r\nVia: %b\r\n%b" % (start_line, via.encode(), rest)


def own_answer(request: Request, status: int, tag: str, headers: Mapping[str, str]) -> Response:
    """Build an answer that the user is not asked for: 481, 482, 503, and 200 to CANCEL."""
    response = respond(request, status, to_tag=tag)
    for name, value in headers.items():
        response.headers.add(name, value)
    return response


def derived_tag(request: Request) -> str:
    """Make a To tag out of the request, so that its repetition gets the same (RFC 3261 8.2.7)."""
    via = request.headers.get("Via") or ""
    return format(crc32(f"{via} {request.call_id}".encode("utf-8", "surrogateescape")), "08x")


def tag_in(response: bytes) -> str:
    """Read the To tag out of an encoded response; "" where it has none."""
    found = _TO_TAG.search(response)
    return found[1].decode("ascii") if found else ""


def ack_to_failure(invite: Request, via: str, response: Response) -> Request:
    """Build the ACK to a 3xx-6xx (RFC 3261 17.1.1.3).

    Request-URI, Route and the one Via are the INVITE's, so that it takes the INVITE's way; the To
    is the response's. Credentials are repeated (22.1).
    """
    headers = _same_way(invite, via)
    headers.add("To", response.headers.get("To") or "")
    headers.add("CSeq", f"{invite.cseq.number} ACK")
    for name in ("Authorization", "Proxy-Authorization"):
        for value in invite.headers.get_all(name):
            headers.add(name, value)
    return Request("ACK", invite.uri, headers)


def cancel_of(invite: Request, via: str, extra: Iterable[tuple[str, str]]) -> Request:
    """Build the CANCEL of an INVITE (RFC 3261 9.1), with `extra` headers such as Reason."""
    headers = _same_way(invite, via)
    headers.add("To", invite.headers.get("To") or "")
    headers.add("CSeq", f"{invite.cseq.number} CANCEL")
    for name, value in extra:
        headers.add(name, value)
    return Request("CANCEL", invite.uri, headers)


def _same_way(invite: Request, via: str) -> Headers:
    headers = Headers()
    headers.add("Via", via)
    for route in invite.headers.get_all("Route"):
        headers.add("Route", route)
    headers.add("Max-Forwards", MAX_FORWARDS)
    headers.add("From", invite.headers.get("From") or "")
    headers.add("Call-ID", invite.call_id)
    return headers
