"""A session description (RFC 8866) as a value: read, looked at, written.

Reading is lenient: whatever isn't understood is left out. Writing is strict: what leaves is
written anew from what was understood, in one spelling, `v o s c t` and then the media, and
nothing on the session's level has an effect but the address. So a peer with another reader than
ours still reads what we read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise

from sidecar.sip.sdp.errors import SdpError
from sidecar.sip.sdp.fields import (
    DIRECTIONS,
    MAX_ATTRIBUTES,
    RECORDING,
    Connection,
    Lent,
    Line,
    Origin,
    port_of,
    read_attribute,
)
from sidecar.sip.sdp.media import MediaDescription

MAX_SIZE = 32_768
MAX_LINES = 1_000
MAX_MEDIA = 32


@dataclass(frozen=True)
class SessionDescription:
    """A whole description. What the session's lines say of media is in the media themselves.

    `connection` is the session's own `c=`; a media line is written with one only where its
    differs.
    """

    origin: Origin
    connection: Connection | None
    media: tuple[MediaDescription, ...]

    @classmethod
    def parse(cls, data: bytes) -> SessionDescription:
        """Read a body of type application/sdp.

        Line ends may be CRLF or LF (RFC 8866 section 5). Strict in what media depends on
        (version, origin, connection, media lines), careless of all else: of lines that may be
        there once the first counts, unknown ones are passed over. Raises SdpError.
        """
        return _parse(data)

    @classmethod
    def _parse(cls, data: bytes) -> SessionDescription:
        lines = _read_lines(data)
        if lines[0][0] != "v" or lines[0][1].rstrip() != "0":
            raise SdpError("SDP must begin with v=0")
        starts = [index for index, (letter, _) in enumerate(lines) if letter == "m"]
        if len(starts) > MAX_MEDIA:
            raise SdpError("Too many media lines in SDP")
        edges = [*starts, len(lines)]
        origin, lent = _read_session(lines[: edges[0]])
        media = tuple(MediaDescription.parse(lines[i:j], lent) for i, j in pairwise(edges))
        if any(each.live and each.connection is None for each in media):
            raise SdpError("SDP media without a connection line")
        return cls(origin, lent.connection, media)

    def encode(self) -> bytes:
        """The description as a message body."""
        return self._written

    @cached_property
    def _written(self) -> bytes:
        connection = "" if self.connection is None else f"c={self.connection}\r\n"
        media = "".join(each.written(self.connection) for each in self.media)
        text = f"v=0\r\no={self.origin}\r\ns=-\r\n{connection}t=0 0\r\n{media}"
        return text.encode("utf-8", "surrogateescape")

    def with_origin(self, origin: Origin) -> SessionDescription:
        """A copy under another `o=` line."""
        return replace(self, origin=origin)


# One message is looked at several times on its way.
_parse = lru_cache(maxsize=8)(SessionDescription._parse)


def _read_lines(data: bytes) -> list[Line]:
    if len(data) > MAX_SIZE:
        raise SdpError("SDP too large", status=413)
    text = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n").rstrip("\n ")
    if "\r" in text or "\0" in text:
        raise SdpError("Stray control character in SDP")
    if text.count("\n") >= MAX_LINES:
        raise SdpError("Too many lines in SDP")
    lines = []
    for line in text.split("\n"):
        if line[1:2] != "=" or not (line[0].isascii() and line[0].isalpha()):
            raise SdpError("Malformed line in SDP")
        lines.append((line[0], line[2:]))
    return lines


def _read_session(lines: list[Line]) -> tuple[Origin, Lent]:
    """The origin, and what the session's lines say for its media; raises SdpError."""
    origin = next((value for letter, value in lines if letter == "o"), None)
    if origin is None:
        raise SdpError("SDP needs an origin line")
    connection = next((Connection.parse(value) for letter, value in lines if letter == "c"), None)
    attributes = [read_attribute(value) for letter, value in lines if letter == "a"]
    if len(attributes) > MAX_ATTRIBUTES:
        raise SdpError("Too many attributes in SDP")
    read = [each for each in attributes if each is not None]
    lent = Lent(
        connection,
        next((name for name, _ in read if name in DIRECTIONS), None),
        next((port_of(value) for name, value in read if name == "rtcp"), None),
        tuple((name, value.lower()) for name, value in read if name in RECORDING),
    )
    return Origin.parse(origin), lent
