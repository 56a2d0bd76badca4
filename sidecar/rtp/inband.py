"""Keys in the audio: the two tones of ITU-T Q.23, found as Q.24 asks for.

Windows of 205 samples (25.6 ms), one every 10 ms, are measured at the eight frequencies, each a
little below, at and above its nominal value, since telephones may be off by 1.5 %. A window holds a
key where one low and one high tone together make up nearly all of its power: speech, music and
noise never do for long. Two windows on end are a key, so tones of 36 ms and more are found, and
those up to 25 ms are none (Q.24: 40 ms must be, 20 to 24 ms must not be).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .tone import COLUMNS_HZ, KEYPAD, ROWS_HZ

RATE = 8000
WINDOW = 205
HOP = 80
CONFIRMED_BY = 2
"""Windows on end with the same key."""
ENDED_BY = 4
"""Windows on end without it: an interruption of 10 ms spoils three at most, a pause of 40 ms
five at least."""

PURITY = 0.8
"""Share of a window's power that the two tones must hold."""
WEAKEST = 510.0**2 / 2
"""Mean square of a sine of -33 dBm0: each tone must be stronger."""
MOST_TWIST, MOST_REVERSE_TWIST = 10**0.8, 10**1.0
"""By so much the high tone may be stronger than the low one, or weaker: 8 dB and 10 dB."""

_OFFSETS = (0.985, 1.0, 1.015)
_REMEMBERED = 4

Samples = NDArray[np.float64]
Spectrum = NDArray[np.float64]


def _matrix() -> Spectrum:
    hertz = np.outer([*ROWS_HZ, *COLUMNS_HZ], _OFFSETS).reshape(-1)
    angles = 2 * np.pi / RATE * np.outer(np.arange(WINDOW), hertz)
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1)


_MATRIX = _matrix()


@dataclass(frozen=True, slots=True)
class HeardKey:
    """A key that has ended, and how long its tones lasted."""

    digit: str
    duration_ms: int


class ToneDetector:
    """Listens to one party: samples in, keys out. Places are counted in samples."""

    __slots__ = ("_count", "_digit", "_end", "_missed", "_rest", "_spans", "_start", "position")

    def __init__(self) -> None:
        self._rest: Samples = np.zeros(0)
        """The samples that later windows begin with."""
        self.position = 0
        """Samples fed in."""
        self._digit = ""
        self._count = self._missed = 0
        self._start = self._end = 0
        """Of the windows that held the key."""
        self._spans: list[tuple[int, int]] = []

    @property
    def sounds(self) -> bool:
        """Whether a key is down, as far as is known."""
        return self._count >= CONFIRMED_BY

    @property
    def listening(self) -> bool:
        """Whether `end` could have something to tell."""
        return self._count > 0

    def feed(self, samples: Samples) -> list[HeardKey]:
        """Take in the next samples (16-bit values). Returns the keys that have ended."""
        audio = np.concatenate([self._rest, samples])
        first = self.position - len(self._rest)
        self.position += len(samples)
        if len(audio) < WINDOW:
            self._rest = audio
            return []
        keys: list[HeardKey] = []
        digits = _digits(audio)
        for number, digit in enumerate(digits):
            keys += self._judge(digit, first + number * HOP)
        self._rest = audio[len(digits) * HOP :]
        return keys

    def end(self) -> list[HeardKey]:
        """No more samples come for now: a key that sounds has ended."""
        self._rest = np.zeros(0)
        return self._finish()

    def spoils(self, start: int, end: int) -> bool:
        """Whether any sample of a range belongs to a key."""
        spans = self._spans
        if self.sounds:
            spans = [*spans, (self._start - HOP, self._end + HOP)]
        return any(start < last and first < end for first, last in spans)

    def _judge(self, digit: str, start: int) -> list[HeardKey]:
        """Take in what the window that starts there holds."""
        if digit and digit == self._digit:
            self._count, self._missed, self._end = self._count + 1, 0, start + WINDOW
            return []
        if self._count:
            self._missed += 1
            if not digit and self.sounds and self._missed < ENDED_BY:
                return []
        keys = self._finish()
        if digit:
            self._digit, self._count, self._missed = digit, 1, 0
            self._start, self._end = start, start + WINDOW
        return keys

    def _finish(self) -> list[HeardKey]:
        keys: list[HeardKey] = []
        if self.sounds:
            self._spans = [*self._spans, (self._start - HOP, self._end + HOP)][-_REMEMBERED:]
            keys.append(HeardKey(self._digit, (self._end - self._start) * 1000 // RATE))
        self._digit, self._count, self._missed = "", 0, 0
        return keys


def _digits(audio: Samples) -> list[str]:
    """What key each window holds; empty for none."""
    windows = np.lib.stride_tricks.sliding_window_view(audio, WINDOW)[::HOP]
    energy = np.einsum("ij,ij->i", windows, windows)
    squares = (windows @ _MATRIX) ** 2
    half = squares.shape[1] // 2
    power = (squares[:, :half] + squares[:, half:]).reshape(-1, 8, len(_OFFSETS)).max(axis=2)
    power *= 2 / WINDOW  # of a pure sine: all of the window's energy
    found: list[str] = []
    for tones, total in zip(power.tolist(), energy.tolist(), strict=True):
        lows, highs = tones[:4], tones[4:]
        low, high = max(lows), max(highs)
        holds = (
            min(low, high) > WEAKEST * WINDOW
            and low + high > PURITY * total
            and high < MOST_TWIST * low
            and low < MOST_REVERSE_TWIST * high
        )
        found.append(KEYPAD[lows.index(low)][highs.index(high)] if holds else "")
    return found
