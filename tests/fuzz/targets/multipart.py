"""Bodies with parts: the first line is the Content-Type, the rest the body."""

from __future__ import annotations

from sidecar.calls.bodies import description
from sidecar.sip.headers import Headers
from sidecar.sip.message import Request
from sidecar.sip.sdp import SdpError, SessionDescription
from tests.fuzz import oracle


def attempt(data: bytes) -> None:
    """Look for the session description; what was not found must not be there to others."""
    line, _, body = data.partition(b"\n")
    text = line.decode("utf-8", "surrogateescape")
    kind, _, disposition = text.partition("|")
    items = [("Content-Type", kind)] + [("Content-Disposition", disposition)] * bool(disposition)
    try:
        headers = Headers(items)
    except ValueError:
        return
    try:
        found = description(Request("INVITE", "sip:a@b", headers, body))
    except SdpError as error:
        oracle.demand(400 <= error.status <= 499, "no refusal", error.status)
        return
    if found is None:
        return
    oracle.demand(found in body, "a description that nobody sent", found)
    try:
        SessionDescription.parse(found)
    except SdpError:
        return
    rest = body.replace(found, b"", 1)
    oracle.demand(b"m=audio" not in rest.splitlines(), "a second description", rest)
