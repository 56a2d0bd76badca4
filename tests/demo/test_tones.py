from __future__ import annotations

import itertools

import pytest

from sidecar.demo.tones import (
    RATE,
    Block,
    Span,
    decode,
    encode,
    level,
    purity,
    speech_or_prompt_spans,
    tone,
    tone_spans,
)

FRAME = RATE // 50


def timed(*sounds: tuple[int | None, float]) -> list[Block]:
    """Blocks of 20 ms that hold these tones (or silence) one after the other, from 100 s on."""
    blocks: list[Block] = []
    for hertz, seconds in sounds:
        samples = tone(hertz) if hertz else [0] * RATE
        for start in range(0, round(seconds * RATE), FRAME):
            blocks.append(Block(100 + len(blocks) / 50, samples[start : start + FRAME]))
    return blocks


def rounded(spans: list[Span]) -> list[tuple[float, float]]:
    return [(round(start, 3), round(end, 3)) for start, end in spans]


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
@pytest.mark.parametrize("hertz", [440, 1000])
def test_a_tone_is_pure_at_its_own_frequency_only_also_after_g711(codec: str, hertz: int) -> None:
    heard = decode(codec, encode(codec, tone(hertz)))[:FRAME]

    assert purity(heard, hertz) > 0.95
    assert purity(heard, 440 + 1000 - hertz) < 0.1


def test_a_second_of_a_tone_joins_its_own_beginning_without_a_click() -> None:
    looped = list(tone(440)) * 2

    assert max(abs(a - b) for a, b in itertools.pairwise(looped)) < 3000


def test_silence_has_no_level_and_no_tone() -> None:
    assert level([]) == level([0] * FRAME) == 0
    assert purity([0] * FRAME, 1000) == 0
    assert tone_spans(timed((None, 0.2)), 1000) == []


def test_tone_spans_say_when_a_tone_was_heard() -> None:
    blocks = timed((None, 0.1), (1000, 0.2), (440, 0.1), (None, 0.1), (1000, 0.1))

    assert rounded(tone_spans(blocks, 1000)) == [(100.1, 100.3), (100.5, 100.6)]


def test_one_lost_packet_does_not_split_a_span() -> None:
    blocks = timed((1000, 0.2))
    del blocks[4]

    assert [span.seconds for span in tone_spans(blocks, 1000)] == [pytest.approx(0.2)]


def test_what_is_heard_beside_the_tones_is_speech_or_a_prompt() -> None:
    blocks = timed((1000, 0.1), (300, 0.1), (440, 0.1))

    assert rounded(speech_or_prompt_spans(blocks, without=(1000, 440))) == [(100.1, 100.2)]
    assert rounded(speech_or_prompt_spans(blocks)) == [(100.0, 100.3)]
