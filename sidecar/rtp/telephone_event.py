"""Digits in RTP (RFC 4733): each key is reported once, however many packets tell of it.

A key press is a run of packets with one timestamp and a growing duration; the last one has the end
bit and is sent three times. Packets are lost, repeated and reordered, so an event is known by its
source, timestamp and digit: it ends with the first end bit, with the start of another event, or
when nothing was heard of it for `END_TIMEOUT_S` (all three end packets lost).

A key is believed when `BELIEVED` packets of it agree: whoever presses one sends five or more, and
octets that happen to look like an event, such as encrypted ones, don't agree with each other.

Some devices give each packet of a key a timestamp of its own, some 20 ms later than the last. A key
can't be followed by the same one so soon: it is one.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

from .packet import sequence_ahead

DIGITS = "0123456789*#ABCD"
"""Events 0 to 15 (RFC 4733, section 3.2). Others, such as flash, are no digits."""

END_TIMEOUT_S = 0.25
"""Senders update an event every 20 to 50 ms; after this long without a packet it has ended."""

MAX_DURATION = 0xFFFF
"""An event longer than this goes on in a new segment with a new timestamp (section 2.5.1.3)."""

BELIEVED = 2
"""So many packets of a key must agree with each other."""

MAX_LEAP_S = 0.5
"""So much longer than the time since a key's last packet its duration may have grown (jitter)."""

MAX_CREEP_S = 0.06
"""Timestamps this close are one key's: a key and the pause after it last longer."""

_PAYLOAD = Struct("!BBH")
_MASK32 = 0xFFFFFFFF
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
        """None where it is not one event of four octets (section 2.3)."""
        if len(payload) != _PAYLOAD.size:
            return None
        event, flags, duration = _PAYLOAD.unpack(payload)
        return cls(event=event, end=bool(flags & 0x80), volume=flags & 0x3F, duration=duration)

    def encode(self) -> bytes:
        """The four bytes of the payload."""
        return _PAYLOAD.pack(self.event, (0x80 if self.end else 0) | self.volume, self.duration)


@dataclass(frozen=True, slots=True)
class KeyPress:
    """A digit that has ended. Duration is in timestamp units."""

    digit: str
    duration: int


class EventPacket(NamedTuple):
    """Where a telephone event's packet stands: what its RTP header says."""

    ssrc: int
    sequence: int
    timestamp: int
    marker: bool = False


class _Press:
    """A key that is down, or was a while ago. Timestamps of its first and its last packet."""

    __slots__ = (
        "base",
        "count",
        "digit",
        "duration",
        "first",
        "heard_at",
        "last",
        "packet",
        "rate",
    )

    def __init__(
        self, digit: str, packet: EventPacket, duration: int, rate: int, now: float
    ) -> None:
        self.digit = digit
        self.packet = packet
        self.first = self.last = packet.timestamp
        self.duration = duration
        self.base = 0
        self.rate = rate
        self.count = 1
        self.heard_at = now

    def has(self, digit: str, packet: EventPacket, duration: int) -> bool:
        """Whether a packet is one of this key's."""
        if digit != self.digit or packet.ssrc != self.packet.ssrc:
            return False
        span = (self.last - self.first) & _MASK32
        if (packet.timestamp - self.first) & _MASK32 <= span:
            return True
        creep = (packet.timestamp - self.last) & _MASK32
        return creep <= MAX_CREEP_S * self.rate and duration >= self.duration and not packet.marker

    def continued_by(self, digit: str, packet: EventPacket) -> bool:
        """Whether a packet begins the next segment of this key."""
        next_one = (self.last + MAX_DURATION) & _MASK32
        same = digit == self.digit and packet.ssrc == self.packet.ssrc
        return same and self.duration == MAX_DURATION and packet.timestamp == next_one

    def agrees(self, packet: EventPacket, duration: int, now: float) -> bool:
        """Whether the duration that a packet of this key tells can be true."""
        ahead = sequence_ahead(packet.sequence, self.packet.sequence)
        if ahead <= 0:
            return duration <= self.duration
        most = self.duration + (now - self.heard_at + MAX_LEAP_S) * self.rate
        return self.duration <= duration <= most

    def add(self, packet: EventPacket, duration: int, now: float) -> None:
        """Take one more packet of it."""
        self.count += 1
        self.heard_at = now
        self.duration = max(self.duration, duration)
        if sequence_ahead(packet.sequence, self.packet.sequence) > 0:
            self.packet = packet
        self.creep(packet)

    def creep(self, packet: EventPacket) -> None:
        """Note the timestamp of its last packet."""
        if 0 < (packet.timestamp - self.last) & _MASK32 < 0x80000000:
            self.last = packet.timestamp

    def go_on(self, packet: EventPacket, duration: int, now: float) -> None:
        """Begin the next segment."""
        self.count += 1
        self.base += MAX_DURATION
        self.first = self.last = packet.timestamp
        self.packet, self.duration, self.heard_at = packet, duration, now


class DigitDecoder:
    """Turns the telephone-event packets of one party into key presses."""

    __slots__ = ("_down", "_ended", "_over")

    def __init__(self) -> None:
        self._down: _Press | None = None
        self._over = False
        """Whether an end bit was seen of the key that is down: it only waits to be believed."""
        self._ended: list[_Press] = []

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do unless more is heard; None while no key is down."""
        return self._down.heard_at + END_TIMEOUT_S if self._down is not None else None

    def feed(
        self,
        packet: EventPacket,
        payload: bytes | bytearray | memoryview,
        now: float,
        rate: int = 8000,
    ) -> list[KeyPress]:
        """Take one packet in. Returns the keys that have ended by it: none, one or two.

        rate: timestamp units a second; now: seconds of the clock that `expire` is called with.
        """
        event = TelephoneEvent.parse(payload)
        if event is None or event.event >= len(DIGITS):
            return []
        digit, duration = DIGITS[event.event], event.duration
        for ended in self._ended:
            if ended.has(digit, packet, duration):
                ended.creep(packet)
                return []
        down, pressed = self._down, []
        if down is not None and down.has(digit, packet, duration):
            if down.agrees(packet, duration, now):
                down.add(packet, duration, now)
            elif down.count < BELIEVED:
                down = None  # one of both is rubbish
            else:
                return []
        elif down is not None and down.continued_by(digit, packet):
            self._remember(down)
            down.go_on(packet, duration, now)
        else:
            pressed, down = self._end(), None
        if down is None:
            self._down = down = _Press(digit, packet, duration, rate, now)
            self._over = False
        self._over = self._over or event.end
        if self._over and down.count >= BELIEVED:
            pressed += self._end()
        return pressed

    def expire(self, now: float) -> list[KeyPress]:
        """The key whose end was never heard, once it is overdue."""
        deadline = self.deadline
        return self._end() if deadline is not None and now >= deadline else []

    def _end(self) -> list[KeyPress]:
        """Forget the key that is down, if any: it has ended, if it is believed."""
        down, self._down = self._down, None
        if down is None or down.count < BELIEVED:
            return []
        self._remember(down)
        return [KeyPress(down.digit, down.base + down.duration)]

    def _remember(self, press: _Press) -> None:
        self._ended.append(copy(press))
        del self._ended[:-_REMEMBERED]
