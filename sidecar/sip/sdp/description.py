"""A session description (RFC 8866) as a value: read, looked at, written.

The lines stay the truth: a description holds them as they came, in their order, unknown ones
too, and everything else is a view of them. So what is not deliberately rewritten passes through
unchanged, byte for byte but for line ends, which are always written as CRLF.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from sidecar.sip.sdp.errors import SdpError
from sidecar.sip.sdp.fields import (
    Attribute,
    Connection,
    Line,
    Origin,
    attributes_of,
    check_section,
    connection_of,
    direction_of,
)
from sidecar.sip.sdp.media import MediaDescription

MAX_SIZE = 32_768
MAX_LINES = 1_000
MAX_MEDIA = 32


@dataclass(frozen=True)
class SessionDescription:
    """A whole description: the session's own lines, then its media."""

    lines: tuple[Line, ...]
    media: tuple[MediaDescription, ...]

    @classmethod
    def of(cls, lines: Iterable[Line], media: Iterable[MediaDescription]) -> SessionDescription:
        """Put a description together; the media inherit what the session's lines lend them."""
        own = tuple(lines)
        connection = connection_of(own)
        direction = direction_of(attributes_of(own))
        return cls(
            own,
            tuple(
                replace(each, session_connection=connection, session_direction=direction)
                for each in media
            ),
        )

    @classmethod
    def parse(cls, data: bytes) -> SessionDescription:
        """Read a body of type application/sdp.

        Line ends may be CRLF or LF (RFC 8866 section 5). Strict in what media depends on
        (version, origin, connection, media lines), careless of what only people or later
        protocols read: such lines are kept as they came. Raises SdpError.
        """
        lines = _read_lines(data)
        if lines[0] != ("v", "0"):
            raise SdpError("SDP must begin with v=0")
        starts = [index for index, (letter, _) in enumerate(lines) if letter == "m"]
        if len(starts) > MAX_MEDIA:
            raise SdpError("Too many media lines in SDP")
        edges = [*starts, len(lines)]
        own = lines[: edges[0]]
        _check_session(own)
        described = cls.of(own, (MediaDescription.parse(lines[i:j]) for i, j in pairwise(edges)))
        if any(media.live and media.connection is None for media in described.media):
            raise SdpError("SDP media without a connection line")
        return described

    def encode(self) -> bytes:
        """The description as a message body."""
        lines = [f"{letter}={value}\r\n" for letter, value in self.lines]
        for each in self.media:
            lines.append(f"m={each}\r\n")
            lines.extend(f"{letter}={value}\r\n" for letter, value in each.lines)
        return "".join(lines).encode("utf-8", "surrogateescape")

    @cached_property
    def origin(self) -> Origin:
        """The `o=` line."""
        return Origin.parse(next(value for letter, value in self.lines if letter == "o"))

    @property
    def name(self) -> str:
        """The `s=` line, "-" where there is none."""
        return next((value for letter, value in self.lines if letter == "s"), "-")

    @cached_property
    def connection(self) -> Connection | None:
        """The session's own `c=`."""
        return connection_of(self.lines)

    @cached_property
    def attributes(self) -> tuple[Attribute, ...]:
        """The session's own attributes as (name, value)."""
        return attributes_of(self.lines)

    def with_origin(self, origin: Origin) -> SessionDescription:
        """A copy under another `o=` line."""
        return replace(
            self,
            lines=tuple((c, str(origin)) if c == "o" else (c, value) for c, value in self.lines),
        )


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


def _check_session(lines: list[Line]) -> None:
    origins = [value for letter, value in lines if letter == "o"]
    if len(origins) != 1:
        raise SdpError("SDP needs exactly one origin line")
    Origin.parse(origins[0])
    check_section(lines)
