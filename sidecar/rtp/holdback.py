"""Audio that is held back until it is known whether a key sounds in it.

Each packet waits until 60 ms more of the audio were listened to, by when a key that begins in it is
known; then it is given out, as silence if any of it belongs to a key. The wait is counted in audio,
not in time, so that jitter on the way opens no gap; a packet after which too little comes is given
out after a while all the same.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from G722 import G722

from .g711 import decode_alaw, decode_ulaw
from .inband import RATE, HeardKey, Samples, ToneDetector
from .packet import payload_span
from .silence import SILENCE

HELD_MS = 60
"""After the end of a packet."""

PATIENCE_S = 0.15
"""A packet is held, and a key taken to sound, no longer than this without more audio."""

MAX_HELD = 64
"""Packets. Nobody sends so many in the time that they are held."""

_BYTES = bytes(range(256))
_TABLES = {
    "PCMU": np.array(decode_ulaw(_BYTES), dtype=np.float64),
    "PCMA": np.array(decode_alaw(_BYTES), dtype=np.float64),
}


class _Held(NamedTuple):
    """A packet and the samples, counted from the first ever heard, that it is made of."""

    packet: bytearray
    codec: str
    start: int
    end: int
    at: float


class HoldBack:
    """The audio of one party. Times are seconds of one monotonic clock."""

    __slots__ = ("_detector", "_fed_at", "_g722", "_held")

    def __init__(self) -> None:
        self._detector = ToneDetector()
        self._g722 = G722(RATE, 64_000)
        self._held: deque[_Held] = deque()
        self._fed_at = 0.0

    def __len__(self) -> int:
        """How many packets are held."""
        return len(self._held)

    @property
    def sounds(self) -> bool:
        """Whether a key is down."""
        return self._detector.sounds

    @property
    def deadline(self) -> float | None:
        """When `expire` and `release` have something to do, unless more comes."""
        ends = self._fed_at + PATIENCE_S if self._detector.listening else None
        if not self._held:
            return ends
        due = self._held[0].at + PATIENCE_S
        return due if ends is None else min(due, ends)

    def hear(self, packet: memoryview, codec: str, now: float, *, keep: bool) -> list[HeardKey]:
        """Listen to a packet and, if it is to be kept, hold it. Returns the keys that have ended.

        codec: of the payload; others than PCMU, PCMA and G722 are held but not listened to.
        """
        detector = self._detector
        start = detector.position
        keys = self.expire(now)
        first, last = payload_span(packet, len(packet))
        if first >= 0 and codec in SILENCE:
            self._fed_at = now
            keys += detector.feed(self._decode(bytes(packet[first:last]), codec))
        if keep and len(self._held) < MAX_HELD:
            self._held.append(_Held(bytearray(packet), codec, start, detector.position, now))
        return keys

    def release(self, now: float, *, everything: bool = False) -> list[bytearray]:
        """The packets that have been held for long enough, or all; keys are silence in them."""
        released: list[bytearray] = []
        heard = self._detector.position - HELD_MS * RATE // 1000
        held = self._held
        while held and (everything or held[0].end <= heard or now >= held[0].at + PATIENCE_S):
            packet, codec, start, end, _ = held.popleft()
            if codec in SILENCE and self._detector.spoils(start, end):
                first, last = payload_span(packet, len(packet))
                packet[first:last] = bytes([SILENCE[codec]]) * (last - first)
            released.append(packet)
        return released

    def drop(self) -> int:
        """Forget all packets that are held. Returns how many they were."""
        dropped = len(self._held)
        self._held.clear()
        return dropped

    def expire(self, now: float) -> list[HeardKey]:
        """The key that sounded last, if no audio came since for too long."""
        if self._detector.listening and now >= self._fed_at + PATIENCE_S:
            return self._detector.end()
        return []

    def _decode(self, payload: bytes, codec: str) -> Samples:
        if codec == "G722":
            return np.array(self._g722.decode(payload), dtype=np.float64)
        return _TABLES[codec][np.frombuffer(payload, dtype=np.uint8)]
