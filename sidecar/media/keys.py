"""The keys that a party sends as telephone events (RFC 4733): heard always, withheld on demand.

While keys are collected, and to the end of a key that was down when collecting ended, none of its
packets may be passed on. A key is known by its timestamp: each of its packets bears that of its
beginning, however late or often it comes.
"""

from __future__ import annotations

from collections.abc import Callable

from sidecar.rtp.packet import HEADER, MARKER, payload_span
from sidecar.rtp.silence import CLOCK_RATE
from sidecar.rtp.telephone_event import (
    DIGITS,
    MAX_DURATION,
    DigitDecoder,
    EventPacket,
    KeyPress,
)

from .reactor import Reactor

_REMEMBERED = 16
"""So many keys that were withheld are remembered, to know their late packets."""

LATE_S = 1.0
"""So long after the last packet of a key that was withheld others of it may still come."""

Tell = Callable[[str, int], None]
"""Told each key that has ended: the digit, and for how many milliseconds it was pressed."""


class KeyListener:
    """The telephone events of one party in one stream."""

    __slots__ = (
        "_agreed",
        "_decoder",
        "_overdue",
        "_rate",
        "_rates",
        "_reactor",
        "_tell",
        "_withheld",
        "_withheld_at",
        "collecting",
        "marked",
    )

    def __init__(self, reactor: Reactor, tell: Tell) -> None:
        self._reactor = reactor
        self._tell: Tell | None = tell
        self._decoder: DigitDecoder | None = None
        self._overdue = False
        self._agreed = False
        self._rate = CLOCK_RATE
        self._rates: dict[int, int] = {}
        self._withheld: list[int] = []
        self._withheld_at = 0.0
        self.collecting = False
        self.marked = bytes(256)
        """For each second byte of an RTP packet whether it is a telephone event."""

    def mark(self, rates: dict[int, int], *, agreed: bool) -> None:
        """Note which payload types are telephone events, and their clock rates.

        agreed: the party said that it sends any. Else they are withheld like keys, but are none.
        """
        self._agreed = agreed
        if rates == self._rates:
            return
        self._rates = rates
        marked = bytearray(256)
        for number in rates:
            marked[number] = marked[number | 0x80] = 1
        self.marked = bytes(marked)

    def lingers(self, now: float) -> bool:
        """Whether packets of a key that was withheld could still come."""
        return bool(self._withheld) and now - self._withheld_at < LATE_S

    def hear(self, packet: memoryview, now: float) -> bool:
        """Take in a marked packet. Returns True where it must not be passed on.

        Events that are no keys (flash, the tones of a fax) are nobody's code, and pass.
        """
        start, end = payload_span(packet, len(packet))
        if start < 0:
            return self.collecting
        _, second, sequence, timestamp, ssrc = HEADER.unpack_from(packet)
        if self._agreed:
            if self._decoder is None:
                self._decoder = DigitDecoder()
            place = EventPacket(ssrc, sequence, timestamp, bool(second & MARKER))
            rate = self._rates.get(second & 0x7F, CLOCK_RATE)
            self._report(self._decoder.feed(place, packet[start:end], now, rate), rate)
            self._await_end(self._decoder, rate)
        if end > start and packet[start] >= len(DIGITS):
            return False
        if not self.collecting and not self._is_withheld(timestamp):
            return False
        self._withheld_at = now
        if timestamp not in self._withheld:
            self._withheld = [*self._withheld[1 - _REMEMBERED :], timestamp]
        return True

    def close(self) -> None:
        """Tell nothing more."""
        self._tell = None

    def _is_withheld(self, timestamp: int) -> bool:
        """Whether it is a key's of which packets were withheld, or of that key's next segment."""
        before = (timestamp - MAX_DURATION) & 0xFFFFFFFF
        return timestamp in self._withheld or before in self._withheld

    def _await_end(self, decoder: DigitDecoder, rate: int) -> None:
        if not self._overdue and (deadline := decoder.deadline) is not None:
            self._overdue = True
            self._rate = rate
            self._reactor.schedule(deadline, self._on_overdue)

    def _on_overdue(self, now: float) -> None:
        """Look whether the end of a key press was lost."""
        self._overdue = False
        if self._decoder is None or self._tell is None:
            return
        self._report(self._decoder.expire(now), self._rate)
        self._await_end(self._decoder, self._rate)

    def _report(self, keys: list[KeyPress], rate: int) -> None:
        for key in keys:
            if self._tell is not None:
                self._tell(key.digit, key.duration * 1000 // rate)
