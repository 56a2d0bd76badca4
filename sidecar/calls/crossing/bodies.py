"""Message bodies that cross a call: read, and written anew by the table of what crosses.

What a body is called, and everything else that stands about it in Content-Type and its like, is
written here too: no spelling of a peer's goes on.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sidecar.calls.crossing.header_policy import HeaderLines
from sidecar.calls.crossing.table import SDP, body_row
from sidecar.calls.legs.session import End, Sessions
from sidecar.sip.errors import ParseError
from sidecar.sip.media_type import MediaType
from sidecar.sip.message import Message, Request, Response
from sidecar.sip.offer_answer import Carrier, State, Unasked
from sidecar.sip.sdp import SdpError, SessionDescription, sdp_part
from sidecar.sip.sdp.body import handling

UNSUPPORTED_TYPE = 415
NO_TYPE = MediaType("")
_DESCRIPTION = re.compile(rb"^[ \t\v\f]*+v=", re.MULTILINE)
"""How a session description begins, wherever it stands."""
_CHARSET = re.compile(r"[A-Za-z0-9_.:+-]{1,40}")
_ONCE = frozenset(("Content-Type", "Content-Disposition", "Content-Encoding"))
_ANSWERS_ONLY = (Carrier.ACK, Carrier.PRACK_OK, Carrier.UPDATE_OK)
"""Messages that carry a description only where an offer waits for it."""


class Content(NamedTuple):
    """A body as it is sent, and the header fields about it."""

    headers: HeaderLines
    body: bytes


NOTHING = Content([], b"")


def content_type(message: Message) -> MediaType:
    """Return what a message says its body is; `NO_TYPE` where it says nothing.

    Raises SdpError where that can't be read, is said twice, or the body is encoded: nobody could
    be sure then that others read it as we do.
    """
    headers = message.headers
    repeated = headers.repeated(_ONCE)
    if repeated is not None:
        raise SdpError(f"Repeated {repeated}")
    encoding = headers.get("Content-Encoding")
    if encoding is not None and encoding.lower() != "identity":
        raise SdpError("Unsupported Content-Encoding", status=UNSUPPORTED_TYPE)
    text = headers.get("Content-Type")
    if text is None:
        return NO_TYPE
    try:
        return MediaType.parse(text)
    except ParseError as error:
        raise SdpError("Malformed Content-Type", status=UNSUPPORTED_TYPE) from error


def description(message: Request | Response) -> bytes | None:
    """Return the session description in a message, None where there is none.

    Raises SdpError, also for one that goes by another type or none, or lies elsewhere in the body
    (a second one, one of an early session): whoever sent it would take it to be agreed.
    """
    if not message.body:
        return None
    kind = content_type(message)
    disposition = message.headers.get("Content-Disposition")
    found = sdp_part(kind, disposition, message.body)
    rest = message.body if found is None else message.body.replace(found, b"", 1)
    if rest and _DESCRIPTION.search(rest):
        raise SdpError("Session description of another type", status=UNSUPPORTED_TYPE)
    if found is None and isinstance(message, Request) and handling(disposition) != "optional":
        raise SdpError("Unsupported Media Type", status=UNSUPPORTED_TYPE)
    return found


def answers_unasked(end: End, message: Request | Response) -> bool:
    """Tell whether an ACK or a 2xx answers what nobody has offered.

    One that repeats what is agreed does not: some peers send that with every ACK.
    """
    if not message.body or end.session.state is not State.STABLE:
        return False
    try:
        found = description(message)
        said = SessionDescription.parse(found) if found is not None else None
    except SdpError:
        return True
    return said is None or said != end.session.remote


def described(body: bytes) -> HeaderLines:
    """Return the header fields of a session description of ours; none for an empty body."""
    return [("Content-Type", SDP)] if body else []


def cross(
    sessions: Sessions, source: End, target: End, carrier: Carrier, message: Request | Response
) -> bytes:
    """Return the description that carries on to `target` what `source` sent; b"" for none.

    Raises SdpError or OfferAnswerError; Unasked where it answers what nobody has offered, however
    it is written.
    """
    if carrier in _ANSWERS_ONLY and answers_unasked(source, message):
        raise Unasked(f"Description in {carrier.value} without an offer before it")
    repeats = carrier in _ANSWERS_ONLY and source.session.state is State.STABLE
    sdp = None if repeats else description(message)
    if sdp is None:
        source.session.received(carrier, None)
        target.session.sent(carrier, None)
        return b""
    return sessions.across(source, target, carrier, sdp)


def crossing(request: Request) -> Content:
    """Return what goes on of the body of a request that offers nothing and answers nothing.

    Only for one that `crossing.refusal` has let through.
    """
    if not request.body:
        return NOTHING
    kind = content_type(request)
    row = body_row(request.method, kind)
    body = row.write(kind, request.body) if row is not None else None
    if body is None:
        return NOTHING
    charset = kind.param("charset") or ""
    kept = kind.kind == "text" and _CHARSET.fullmatch(charset) is not None
    parameters = (("charset", charset.lower()),) if kept else ()
    return Content([("Content-Type", str(MediaType(kind.name, parameters)))], body)
