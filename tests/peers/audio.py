"""What was heard and when: tones and prompts in G.711 and 16-bit PCM, to 10 ms.

All sound here is 8 kHz mono, as numpy arrays of int16; times are seconds.
"""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RATE = 8000
BLOCK = RATE // 100  # 10 ms
Samples = NDArray[np.int16]


class Span(NamedTuple):
    """From start to end, in seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Length of the span."""
        return self.end - self.start


@dataclass(frozen=True)
class Found:
    """Where a known sound lies in another one, and how alike they are (1.0: the same)."""

    span: Span
    likeness: float


def tone(hertz: float, seconds: float, amplitude: int = 8000) -> Samples:
    """A sine that begins at phase 0."""
    times = np.arange(round(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * hertz * times)).astype(np.int16)


def read_wav(path: Path) -> Samples:
    """A WAV of 8 kHz, mono, 16 bit. Raises ValueError on any other."""
    with wave.open(str(path), "rb") as file:
        form = (file.getframerate(), file.getnchannels(), file.getsampwidth())
        if form != (RATE, 1, 2):
            raise ValueError(f"{path}: rate, channels, bytes are {form}, not (8000, 1, 2)")
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int16)


def _ulaw_table() -> Samples:
    code = ~np.arange(256) & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _alaw_table() -> Samples:
    code = np.arange(256) ^ 0x55
    segment = (code & 0x70) >> 4
    low = ((code & 0x0F) << 4) + 8
    magnitude = np.where(segment == 0, low, (low + 0x100) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


_TABLES = {0: _ulaw_table(), 8: _alaw_table()}


def decode(payload_type: int, payload: bytes) -> Samples:
    """G.711 of RFC 3551's static types 0 (PCMU) and 8 (PCMA). Raises KeyError on others."""
    return _TABLES[payload_type][np.frombuffer(payload, dtype=np.uint8)]


def _blocks(samples: Samples) -> NDArray[np.float64]:
    whole = len(samples) // BLOCK * BLOCK
    return samples[:whole].reshape(-1, BLOCK).astype(np.float64)


def _runs(present: NDArray[np.bool_], gap: int, least: int) -> list[Span]:
    """Runs of true blocks; gaps of at most `gap` blocks are bridged, runs under `least` dropped."""
    spans: list[list[int]] = []
    for index in np.flatnonzero(present):
        if spans and index - spans[-1][1] <= gap:
            spans[-1][1] = int(index) + 1
        else:
            spans.append([int(index), int(index) + 1])
    return [Span(a / 100, b / 100) for a, b in spans if b - a >= least]


def tone_spans(
    samples: Samples, hertz: float, *, purity: float = 0.7, least_rms: float = 200.0
) -> list[Span]:
    """Where a tone sounds: 10 ms blocks with most of their energy at that frequency.

    A single-bin DFT a block; spans under 50 ms are left out, since a vowel can be that pure
    for a block or two, and gaps up to 30 ms (a concealed packet) do not end a span.
    """
    blocks = _blocks(samples)
    phase = 2 * np.pi * hertz / RATE * np.arange(BLOCK)
    bins = blocks @ np.exp(-1j * phase)
    energy = np.mean(blocks**2, axis=1)
    share = 2 * np.abs(bins / BLOCK) ** 2 / np.maximum(energy, 1.0)
    return _runs((share > purity) & (energy > least_rms**2), gap=3, least=5)


def sound_spans(
    samples: Samples, *, least_rms: float = 100.0, gap_seconds: float = 0.3
) -> list[Span]:
    """Where anything is to be heard; pauses up to gap_seconds do not end a span."""
    rms = np.sqrt(np.mean(_blocks(samples) ** 2, axis=1))
    return _runs(rms > least_rms, gap=round(gap_seconds * 100), least=2)


def find(sound: Samples, within: Samples) -> Found:
    """The place where a known sound (a prompt) fits best, by normalised cross-correlation.

    Raises ValueError if `within` is shorter than the sound.
    """
    if len(within) < len(sound):
        raise ValueError(f"{len(within)} samples cannot hold {len(sound)}")
    size = 1 << (len(within) + len(sound)).bit_length()
    wanted = sound.astype(np.float64)
    heard = within.astype(np.float64)
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size))
    raw = np.fft.irfft(product, size)[: len(heard) - len(wanted) + 1]
    power = np.concatenate(([0.0], np.cumsum(heard**2)))
    local = power[len(wanted) :] - power[: len(heard) - len(wanted) + 1]
    norm = np.sqrt(np.maximum(local, 1.0) * np.sum(wanted**2))
    scores = raw / norm
    best = int(np.argmax(scores))
    return Found(Span(best / RATE, (best + len(wanted)) / RATE), float(scores[best]))
