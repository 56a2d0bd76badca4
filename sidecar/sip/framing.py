"""Messages out of a byte stream (RFC 3261 section 18.3, RFC 5626 section 4.4.1)."""

from __future__ import annotations

import re
from typing import NamedTuple

from sidecar.sip.errors import ParseError
from sidecar.sip.parser import MAX_HEAD, MAX_MESSAGE

# Finds what `Headers.parse` would call Content-Length, so that both agree on where a message
# ends: a line that begins with the name, whose value may stand on continuation lines.
_CONTENT_LENGTH = re.compile(
    rb"\r\n(?:content-length|l)[ \t]*+:((?:[^\r\n]++|\r\n(?=[ \t]))*+)", re.IGNORECASE
)
_NUMBER = re.compile(rb"[ \t\r\n]*+([0-9]{1,10}+)[ \t\r\n]*+")


class FramingError(ParseError):
    """A stream in which the next message can't be found any more: it has to be closed."""


class Arrived(NamedTuple):
    """What a read brought: whole messages, and how many CRLFs to send back for pings."""

    messages: list[bytes]
    pongs: int


class StreamFramer:
    """Cuts one connection's bytes into messages by their Content-Length.

    Holds one unfinished message at the most, bounded by the parser's limits. After a
    FramingError the connection is to be closed and the framer thrown away.
    """

    __slots__ = ("_buffer", "_line_ends", "_needed", "_searched")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0  # bytes of the buffer in which no end of a head was found
        self._needed = 0  # length of the whole message once its head is there, else 0
        self._line_ends = 0  # CRLFs since the last message or ping

    @property
    def pending(self) -> bool:
        """True while the rest of a message is awaited."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> Arrived:
        """Take what was read and return what is complete.

        Raises FramingError where a head is too long, or its Content-Length is missing,
        repeated, no number or too large.
        """
        buffer = self._buffer
        buffer += data
        messages: list[bytes] = []
        pongs = 0
        start = 0
        while True:
            if not self._needed:
                start, pings = self._skip_line_ends(start)
                pongs += pings
                self._needed = self._message_length(start)
            if not self._needed or len(buffer) - start < self._needed:
                break
            messages.append(bytes(buffer[start : start + self._needed]))
            start += self._needed
            self._needed = self._searched = self._line_ends = 0
        del buffer[:start]
        return Arrived(messages, pongs)

    def _skip_line_ends(self, start: int) -> tuple[int, int]:
        """Pass over CRLFs between messages; two in a row are a ping, one alone is a pong."""
        pings = 0
        while self._buffer.startswith(b"\r\n", start):
            start += 2
            self._line_ends += 1
            if self._line_ends == 2:
                self._line_ends = 0
                pings += 1
        return start, pings

    def _message_length(self, start: int) -> int:
        """Return the length of the message that begins here, 0 while its head is unfinished."""
        end = self._buffer.find(b"\r\n\r\n", start + self._searched)
        length = (len(self._buffer) if end < 0 else end) - start
        if length > MAX_HEAD:
            raise FramingError("Head Too Long")
        if end < 0:
            self._searched = max(0, length - 3)
            return 0
        values = _CONTENT_LENGTH.findall(self._buffer, start, end)
        if len(values) != 1:
            raise FramingError("Missing Or Repeated Content-Length")
        number = _NUMBER.fullmatch(values[0])
        if number is None:
            raise FramingError("Malformed Content-Length")
        whole = length + 4 + int(number[1])
        if whole > MAX_MESSAGE:
            raise FramingError("Message Too Large")
        return whole
