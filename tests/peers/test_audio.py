"""The measuring itself: tones, prompts and arrival times are told to 10 ms."""

from __future__ import annotations

import numpy as np
import pytest

from .audio import decode, find, sound_spans, tone, tone_spans
from .capture import Packet, hear
from .sidecar import chirp


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * 8000), np.int16)


def test_a_tone_is_found_where_it_sounds_to_ten_milliseconds() -> None:
    sound = np.concatenate([silence(0.5), tone(1000, 1.0), silence(0.5), tone(440, 0.5)])

    assert tone_spans(sound, 1000) == [(0.5, 1.5)]
    assert tone_spans(sound, 440) == [(2.0, 2.5)]


def test_neither_noise_nor_a_chirp_is_taken_for_a_tone() -> None:
    noise = np.random.default_rng(1).normal(0, 3000, 16000).astype(np.int16)

    assert tone_spans(noise, 1000) == []
    assert tone_spans(chirp(1.0), 440) == []
    assert tone_spans(chirp(1.0), 1000) == []


def test_two_tones_at_once_are_neither_found_as_one() -> None:
    both = tone(1000, 1.0, 4000) + tone(440, 1.0, 4000)

    assert tone_spans(both, 1000, purity=0.3) == [(0.0, 1.0)]
    assert tone_spans(both, 440, purity=0.3) == [(0.0, 1.0)]


def test_a_prompt_is_found_under_noise_and_not_where_it_is_missing() -> None:
    prompt = chirp(0.6)
    noise = np.random.default_rng(2).normal(0, 500, 24000)
    heard = noise.copy()
    heard[8000 : 8000 + len(prompt)] += prompt

    found = find(prompt, heard.astype(np.int16))

    assert found.span == pytest.approx((1.0, 1.6), abs=0.001)
    assert found.likeness > 0.95
    assert find(prompt, noise.astype(np.int16)).likeness < 0.3


def test_sound_is_told_from_silence() -> None:
    assert sound_spans(np.concatenate([silence(1.0), chirp(0.5), silence(1.0)])) == [(1.0, 1.5)]


def test_g711_silence_and_full_scale_decode_as_the_recommendation_says() -> None:
    assert list(decode(0, b"\xff\x7f\x80\x00")) == [0, 0, 32124, -32124]
    assert list(decode(8, b"\xd5\x55\xaa\x2a")) == [8, -8, 32256, -32256]


def test_the_time_of_a_sample_is_the_arrival_of_its_packet() -> None:
    packets = [
        Packet(100.0 + late, 1, 2, 0, False, number, number * 160, 7, b"\xff" * 160)
        for number, late in enumerate((0.0, 0.025, 0.041))
    ]

    heard = hear(packets)

    assert heard.wall(0.010) == pytest.approx(100.010)
    assert heard.wall(0.020) == pytest.approx(100.025)
    assert heard.wall(0.045) == pytest.approx(100.046)
