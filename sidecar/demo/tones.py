"""Tones to send, and when they are heard again: one second of a sine, and Goertzel's filter.

Sound is 8 kHz mono. A block is 20 ms; a tone is in it where that frequency alone holds most of
its power, which neither speech nor another tone does for long. Spans are timed as the blocks are
(`timeline`: the day's clock), so they can be set beside what a log or a record says.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sidecar.rtp.g711 import decode_alaw, decode_ulaw, encode_alaw, encode_ulaw

RATE = 8000
AMPLITUDE = 8000
QUIET = 200.0
"""RMS of 16-bit samples below which a block counts as silence (-44 dBFS)."""
PURITY = 0.7
"""Share of a block's power that a tone must hold to be the one that is heard."""
GAP_S = 0.05
"""Pieces of one sound that are closer than this are one span: a lost packet splits nothing."""


class Span(NamedTuple):
    """From `start` to `end`, in seconds of the clock that the blocks were timed by."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end - self.start


class Block(NamedTuple):
    """Some samples and the time at which they begin."""

    start: float
    samples: Sequence[int]


def tone(hertz: int, amplitude: int = AMPLITUDE) -> array[int]:
    """One second of a sine: whole periods, so that it can be played in a loop."""
    step = 2 * math.pi * hertz / RATE
    return array("h", [round(amplitude * math.sin(step * i)) for i in range(RATE)])


def encode(codec: str, samples: Iterable[int]) -> bytes:
    """16-bit samples as PCMU or PCMA; raises KeyError for other codecs."""
    return {"PCMU": encode_ulaw, "PCMA": encode_alaw}[codec](samples)


def decode(codec: str, payload: bytes) -> array[int]:
    """PCMU or PCMA as 16-bit samples; raises KeyError for other codecs."""
    return {"PCMU": decode_ulaw, "PCMA": decode_alaw}[codec](payload)


def level(samples: Sequence[int]) -> float:
    """Root mean square of the samples, 0 where there are none."""
    if not samples:
        return 0.0
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples))


def purity(samples: Sequence[int], hertz: float) -> float:
    """Which share of the samples' power lies at `hertz`: 0 to 1 (Goertzel's filter)."""
    energy = sum(sample * sample for sample in samples)
    if not energy:
        return 0.0
    coefficient = 2 * math.cos(2 * math.pi * hertz / RATE)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + coefficient * last - before
    power = before * before + last * last - coefficient * before * last
    return min(1.0, 2 * power / (len(samples) * energy))


def tone_spans(blocks: Iterable[Block], hertz: float) -> list[Span]:
    """When a tone of `hertz` is heard."""
    return _joined(
        block for block in blocks if _loud(block) and purity(block.samples, hertz) >= PURITY
    )


def speech_or_prompt_spans(blocks: Iterable[Block], *, without: Iterable[float] = ()) -> list[Span]:
    """When anything is heard that isn't one of the tones named in `without` (Hz)."""
    tones = tuple(without)
    return _joined(
        block
        for block in blocks
        if _loud(block) and all(purity(block.samples, hertz) < PURITY for hertz in tones)
    )


def _loud(block: Block) -> bool:
    return level(block.samples) > QUIET


def _joined(blocks: Iterable[Block]) -> list[Span]:
    spans: list[Span] = []
    for start, samples in blocks:
        end = start + len(samples) / RATE
        if spans and start - spans[-1].end <= GAP_S:
            spans[-1] = Span(spans[-1].start, max(end, spans[-1].end))
        else:
            spans.append(Span(start, end))
    return spans
