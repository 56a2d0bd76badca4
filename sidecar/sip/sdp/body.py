"""Finding the session description in a message body (RFC 3261 section 7.4.1).

A body is application/sdp itself or a multipart that holds it, possibly one level deeper, beside
parts that are nobody's business here (ISUP, location, SIPREC metadata): those stay behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sidecar.sip.errors import ParseError
from sidecar.sip.media_type import MediaType
from sidecar.sip.sdp.errors import SdpError

MAX_PARTS = 16
MAX_DEPTH = 3
UNSUPPORTED = 415
SDP = "application/sdp"
NO_TYPE = MediaType("text/plain")
"""What a part without Content-Type is (RFC 2046 section 5.1)."""

_PLAIN_ENCODINGS = ("7bit", "8bit", "binary")

PartHeaders = dict[str, str]


def sdp_part(kind: MediaType, disposition: str | None, body: bytes) -> bytes | None:
    """Return the session description in `body`, None where there is none.

    `kind` and `disposition` are those of the whole body. A description of another disposition
    than "session" (early-session, RFC 3959) is not it. Raises SdpError for a multipart body that
    can't be taken apart, or that holds a part which the sender calls required and which can't be
    carried (RFC 3261 section 8.2.3).
    """
    if not body or not is_session(disposition):
        return None
    return _find(kind, body, MAX_DEPTH)


def is_session(disposition: str | None) -> bool:
    """Tell whether a Content-Disposition is the one of a session description, said or not."""
    return disposition is None or _words(disposition)[0] == "session"


def handling(disposition: str | None) -> str:
    """Return what is to be done with a body that is not understood; "" where it is not said."""
    for word in _words(disposition or "")[1:]:
        name, _, value = word.partition("=")
        if name.strip() == "handling":
            return value.strip()
    return ""


def _words(disposition: str) -> list[str]:
    return [word.strip(" \t") for word in disposition.lower().split(";")]


def _find(kind: MediaType, body: bytes, depth: int) -> bytes | None:
    if kind.name == SDP:
        return body
    if kind.kind != "multipart":
        return None
    boundary = (kind.param("boundary") or "").encode("utf-8", "surrogateescape")
    if not 0 < len(boundary) <= 70:
        raise SdpError("Multipart body without a boundary")
    if depth == 0:
        raise SdpError("Multipart body nested too deep")
    found: bytes | None = None
    for header, content in _parts(body, boundary):
        headers = _headers(header)
        disposition = headers.get("content-disposition")
        if found is None and is_session(disposition):
            found = _find(_kind(headers), content, depth - 1)
            if found is not None:
                continue
        if handling(disposition) == "required":
            raise SdpError("Part of a body that is required", status=UNSUPPORTED)
    return found


def _kind(headers: PartHeaders) -> MediaType:
    encoded = headers.get("content-encoding", "identity").lower() != "identity"
    transfer = headers.get("content-transfer-encoding", "binary").lower()
    if encoded or transfer not in _PLAIN_ENCODINGS:
        raise SdpError("Encoded part of a body", status=UNSUPPORTED)
    text = headers.get("content-type")
    if text is None:
        return NO_TYPE
    try:
        return MediaType.parse(text)
    except ParseError:
        return NO_TYPE


def _parts(body: bytes, boundary: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield header and content of the parts between the delimiter lines (RFC 2046 5.1.1)."""
    pattern = re.compile(rb"^--" + re.escape(boundary) + rb"(--)?[ \t]*\r?$", re.MULTILINE)
    delimiters = pattern.finditer(body)
    begin = next(delimiters, None)
    for _ in range(MAX_PARTS):
        if begin is None or begin[1]:
            return
        end = next(delimiters, None)
        if end is None:
            raise SdpError("Multipart body without a closing delimiter")
        yield _split(body, begin.end() + 1, end.start())
        begin = end
    raise SdpError("Too many parts in a multipart body")


def _split(body: bytes, start: int, next_delimiter: int) -> tuple[bytes, bytes]:
    """Return a part's header and content; the line end before the delimiter belongs to that."""
    stop = next_delimiter - (2 if body[next_delimiter - 2 : next_delimiter] == b"\r\n" else 1)
    for blank in (b"\r\n", b"\n"):
        if body.startswith(blank, start, stop):
            return b"", body[start + len(blank) : stop]
    ends = [
        (at, at + len(gap))
        for gap in (b"\r\n\r\n", b"\n\n")
        if (at := body.find(gap, start, stop)) >= 0
    ]
    header_stop, content_start = min(ends, default=(stop, stop))
    return body[start:header_stop], body[content_start:stop]


def _headers(data: bytes) -> PartHeaders:
    """Read a part's header. Raises SdpError where a line of it is there twice."""
    found: PartHeaders = {}
    text = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    for line in text.replace("\n ", " ").replace("\n\t", " ").split("\n"):
        name, colon, value = line.partition(":")
        if not colon:
            continue
        key = name.strip().lower()
        key = "content-type" if key == "c" else key
        if key in found:
            raise SdpError("Repeated header in a part of a body")
        found[key] = value.strip()
    return found
