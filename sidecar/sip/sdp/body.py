"""Finding and replacing the session description in a message body (RFC 3261 section 7.4.1).

A body is application/sdp itself or a multipart that holds it, possibly one level deeper, beside
parts that aren't ours to touch (ISUP, location, SIPREC metadata).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from sidecar.sip.sdp.errors import SdpError

MAX_PARTS = 16
MAX_DEPTH = 3


class _Part(NamedTuple):
    """A part of a multipart body: where its header and its content lie in the whole body."""

    header: slice
    content: slice


def sdp_part(content_type: str | None, body: bytes) -> bytes | None:
    """The session description in `body`, None where there is none.

    A description of another disposition than "session" (early-session, RFC 3959) is not it.
    Raises SdpError for a multipart body that can't be taken apart.
    """
    if not body:
        return None
    part = _find(content_type, body, slice(0, len(body)), MAX_DEPTH)
    return None if part is None else body[part.content]


def replace_sdp_part(content_type: str | None, body: bytes, new: bytes) -> bytes:
    """`body` with the description that `sdp_part` finds replaced by `new`, all else untouched.

    Raises SdpError where there is none.
    """
    part = _find(content_type, body, slice(0, len(body)), MAX_DEPTH)
    if part is None:
        raise SdpError("No SDP in the message body")
    header = _with_length(body[part.header], len(new))
    between = body[part.header.stop : part.content.start]
    return body[: part.header.start] + header + between + new + body[part.content.stop :]


def _find(content_type: str | None, body: bytes, where: slice, depth: int) -> _Part | None:
    media_type, parameters = _content_type(content_type or "")
    if media_type == "application/sdp":
        return _Part(slice(where.start, where.start), where)
    if not media_type.startswith("multipart/"):
        return None
    boundary = parameters.get("boundary", "").encode("utf-8", "surrogateescape")
    if not 0 < len(boundary) <= 70:
        raise SdpError("Multipart body without a boundary")
    if depth == 0:
        raise SdpError("Multipart body nested too deep")
    for part in _parts(body, where, boundary):
        headers = _headers(body[part.header])
        if headers.get("content-disposition", "session").partition(";")[0].strip() != "session":
            continue
        inner = _find(headers.get("content-type"), body, part.content, depth - 1)
        if inner is not None:
            return part if inner.content == part.content else inner
    return None


def _parts(body: bytes, where: slice, boundary: bytes) -> Iterator[_Part]:
    """The parts between the delimiter lines (RFC 2046 section 5.1.1)."""
    pattern = re.compile(rb"^--" + re.escape(boundary) + rb"(--)?[ \t]*\r?$", re.MULTILINE)
    delimiters = pattern.finditer(body, where.start, where.stop)
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


def _split(body: bytes, start: int, next_delimiter: int) -> _Part:
    """A part's header and content; the line end before the next delimiter belongs to that."""
    stop = next_delimiter - (2 if body[next_delimiter - 2 : next_delimiter] == b"\r\n" else 1)
    for blank in (b"\r\n", b"\n"):
        if body.startswith(blank, start, stop):
            return _Part(slice(start, start), slice(start + len(blank), stop))
    ends = [
        (at, at + len(gap))
        for gap in (b"\r\n\r\n", b"\n\n")
        if (at := body.find(gap, start, stop)) >= 0
    ]
    header_stop, content_start = min(ends, default=(stop, stop))
    return _Part(slice(start, header_stop), slice(content_start, stop))


def _headers(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    text = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    for line in text.replace("\n ", " ").replace("\n\t", " ").split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            key = name.strip().lower()
            found.setdefault("content-type" if key == "c" else key, value.strip())
    return found


def _with_length(header: bytes, length: int) -> bytes:
    """The part's header with its Content-Length, where it has one, made right."""
    lines = header.split(b"\n")
    for index, line in enumerate(lines):
        name, colon, _ = line.partition(b":")
        if colon and name.strip().lower() in (b"content-length", b"l"):
            end = b"\r" if line.endswith(b"\r") else b""
            lines[index] = name + b": " + str(length).encode() + end
    return b"\n".join(lines)


def _content_type(value: str) -> tuple[str, dict[str, str]]:
    media_type, *parameters = value.split(";")
    found: dict[str, str] = {}
    for parameter in parameters:
        name, _, text = parameter.partition("=")
        found.setdefault(name.strip().lower(), text.strip().strip('"'))
    return media_type.strip().lower().replace(" ", ""), found
