"""Digits in RTP (RFC 4733): each key is reported once, however many packets tell of it.

A key press is a run of packets with one timestamp and a growing duration; the last one has the end
bit and is sent three times. Packets are lost, repeated and reordered, so an event is known by its
timestamp and digit alone: it ends with the first end bit, with the start of another event, or when
nothing was heard of it for `END_TIMEOUT_S` (all three end packets lost).
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

DIGITS = "0123456789*#ABCD"
"""Events 0 to 15 (RFC 4733, section 3.2). Others, such as flash, are no digits."""

END_TIMEOUT_S = 0.25
"""Senders update an event every 20 to 50 ms; after this long without a packet it has ended."""

MAX_DURATION = 0xFFFF
"""An event longer than this goes on in a new segment with a new timestamp (section 2.5.1.3)."""

_PAYLOAD = Struct("!BBH")
_REMEMBERED = 8
"""So many ended events are remembered, to know their late packets."""


@dataclass(frozen=True, slots=True)
class TelephoneEvent:
    """One packet's payload. Duration is in timestamp units; volume in -dBm0."""

    event: int
    end: bool
    volume: int
    duration: int

    @classmethod
    def parse(cls, payload: bytes | bytearray | memoryview) -> TelephoneEvent | None:
        """None where the payload is too short (section 2.3: four bytes)."""
        if len(payload) < _PAYLOAD.size:
            return None
        event, flags, duration = _PAYLOAD.unpack_from(payload)
        return cls(event=event, end=bool(flags & 0x80), volume=flags & 0x3F, duration=duration)

    def encode(self) -> bytes:
        """The four bytes of the payload."""
        return _PAYLOAD.pack(self.event, (0x80 if self.end else 0) | self.volume, self.duration)


@dataclass(frozen=True, slots=True)
class KeyPress:
    """A digit that has ended. Duration is in timestamp units."""

    digit: str
    duration: int


class DigitDecoder:
    """Turns the telephone-event packets of one source into key presses."""

    __slots__ = ("_base", "_digit", "_duration", "_ended", "_heard_at", "_timestamp")

    def __init__(self) -> None:
        self._digit = ""
        self._timestamp = 0
        self._base = 0
        self._duration = 0
        self._heard_at = 0.0
        self._ended: list[tuple[int, str]] = []

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do unless more is heard; None while no key is down."""
        return self._heard_at + END_TIMEOUT_S if self._digit else None

    def feed(
        self, timestamp: int, payload: bytes | bytearray | memoryview, now: float
    ) -> list[KeyPress]:
        """Take one packet in. Returns the keys that have ended by it: none, one or two.

        timestamp: of the RTP header; now: seconds of the clock that `expire` is called with.
        """
        event = TelephoneEvent.parse(payload)
        if event is None or event.event >= len(DIGITS):
            return []
        digit = DIGITS[event.event]
        if (timestamp, digit) in self._ended:
            return []
        pressed: list[KeyPress] = []
        if self._digit and (timestamp, digit) != (self._timestamp, self._digit):
            if not self._continues(timestamp, digit):
                pressed.append(self._end())
            else:
                self._remember()
                self._base += MAX_DURATION
                self._timestamp, self._duration = timestamp, 0
        if not self._digit:
            self._digit, self._timestamp, self._base, self._duration = digit, timestamp, 0, 0
        self._heard_at = now
        self._duration = max(self._duration, event.duration)
        if event.end:
            pressed.append(self._end())
        return pressed

    def expire(self, now: float) -> list[KeyPress]:
        """The key whose end was never heard, once it is overdue."""
        deadline = self.deadline
        return [self._end()] if deadline is not None and now >= deadline else []

    def _continues(self, timestamp: int, digit: str) -> bool:
        """Whether this is the next segment of the key that is down."""
        return (
            digit == self._digit
            and self._duration == MAX_DURATION
            and timestamp == (self._timestamp + MAX_DURATION) & 0xFFFFFFFF
        )

    def _end(self) -> KeyPress:
        key = KeyPress(self._digit, self._base + self._duration)
        self._remember()
        self._digit = ""
        return key

    def _remember(self) -> None:
        self._ended.append((self._timestamp, self._digit))
        del self._ended[:-_REMEMBERED]
