"""Keys in the audio, by what ITU-T Q.24 asks of a receiver, and what must not be taken for one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.rtp.inband import HeardKey, ToneDetector

from .sounds import TONES_HZ, Samples, decoded, encoded, key, noise, silence, speech


def heard(*pieces: Samples, codec: str = "PCMU", packet: int = 160) -> list[HeardKey]:
    """The keys heard in audio that has gone through the codec, packet by packet."""
    audio = decoded(codec, encoded(codec, np.concatenate(pieces)))
    detector, keys = ToneDetector(), []
    for start in range(0, len(audio), packet):
        keys += detector.feed(audio[start : start + packet])
    return keys + detector.end()


def digits(*pieces: Samples, codec: str = "PCMU", packet: int = 160) -> str:
    return "".join(key.digit for key in heard(*pieces, codec=codec, packet=packet))


@pytest.mark.parametrize("digit", TONES_HZ)
@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
def test_each_key_is_heard_once(digit: str, codec: str) -> None:
    keys = heard(silence(70), key(digit), silence(100), codec=codec)
    assert [each.digit for each in keys] == [digit]
    assert keys[0].duration_ms == pytest.approx(100, abs=12)


@given(
    st.sampled_from(sorted(TONES_HZ)),
    st.integers(40, 400),
    st.integers(0, 40),
    st.sampled_from([80, 160, 240, 480]),
)
@settings(max_examples=150)
def test_a_key_of_40_ms_and_more_is_heard_wherever_it_begins(
    digit: str, milliseconds: int, before: int, packet: int
) -> None:
    assert digits(silence(before), key(digit, milliseconds), silence(60), packet=packet) == digit


@given(st.sampled_from(sorted(TONES_HZ)), st.integers(1, 24), st.integers(0, 400))
@settings(max_examples=150)
def test_what_lasts_24_ms_or_less_is_no_key(digit: str, milliseconds: int, before: int) -> None:
    assert digits(np.zeros(before), key(digit, milliseconds), silence(60)) == ""


@pytest.mark.parametrize("digit", TONES_HZ)
@pytest.mark.parametrize(
    ("low", "high"),
    [(-3.5, -3.5), (-25, -25), (-29, -29), (-9, -5), (-5, -9), (-12, -6), (-6, -14), (-20, -16)],
)
def test_levels_and_twist_of_real_telephones_are_heard(digit: str, low: float, high: float) -> None:
    made = key(digit, 50, low_dbm0=low, high_dbm0=high)
    assert digits(silence(33), made, silence(60)) == digit


@pytest.mark.parametrize(("low", "high"), [(-40, -40), (-9, -22), (-22, -9), (-9, -90)])
def test_what_is_too_weak_or_too_uneven_is_no_key(low: float, high: float) -> None:
    assert digits(silence(33), key("5", low_dbm0=low, high_dbm0=high), silence(60)) == ""


@pytest.mark.parametrize("digit", TONES_HZ)
@pytest.mark.parametrize("off", [-0.018, -0.015, -0.008, 0.008, 0.015, 0.018])
def test_frequencies_may_be_a_little_off(digit: str, off: float) -> None:
    assert digits(silence(33), key(digit, 50, off=off), silence(60)) == digit


@pytest.mark.parametrize("off", [-0.06, 0.06])
@pytest.mark.parametrize("digit", TONES_HZ)
def test_frequencies_that_are_far_off_are_no_key(digit: str, off: float) -> None:
    assert digits(silence(33), key(digit, off=off), silence(60)) == ""


def test_a_pause_of_40_ms_makes_two_keys_and_a_gap_of_10_ms_one() -> None:
    assert digits(key("7", 60), silence(40), key("7", 60), silence(60)) == "77"
    assert digits(key("7", 60), silence(10), key("7", 60), silence(60)) == "7"


def test_a_code_is_heard_at_the_fastest_pace_that_is_allowed() -> None:
    pieces = [piece for digit in "*91#0" for piece in (key(digit, 40), silence(40))]
    assert digits(silence(25), *pieces, silence(60)) == "*91#0"


def test_keys_that_follow_without_a_pause_are_told_apart() -> None:
    assert digits(key("1", 60), key("2", 60), silence(60)) == "12"


def test_keys_are_heard_in_noise() -> None:
    made = key("6", 60) + noise(60, 300)
    assert digits(noise(50, 300), made, noise(80, 300, seed=2)) == "6"


@pytest.mark.parametrize(("name", "words"), speech(), ids=[name for name, _ in speech()])
@pytest.mark.parametrize("gain", [0.1, 1.0, 3.0])
def test_speech_is_no_key(name: str, words: Samples, gain: float) -> None:
    assert digits(np.clip(words * gain, -32768, 32767)) == ""


@pytest.mark.parametrize("rms", [100, 1000, 10_000])
def test_noise_is_no_key(rms: float) -> None:
    assert digits(noise(60_000, rms)) == ""


@pytest.mark.parametrize("hertz", [350, 425, 440, 480, 620, 697, 941, 1000, 1209, 1400, 2100])
def test_a_single_tone_is_no_key(hertz: float) -> None:
    at = np.arange(8000) / 8000
    assert digits(8000 * np.sin(2 * np.pi * hertz * at)) == ""


@pytest.mark.parametrize("pair", [(350, 440), (480, 620), (440, 480), (697, 770), (1209, 1633)])
def test_other_pairs_of_tones_are_no_key(pair: tuple[float, float]) -> None:
    at = np.arange(8000) / 8000
    assert digits(np.sum([6000 * np.sin(2 * np.pi * hertz * at) for hertz in pair], axis=0)) == ""


@given(st.lists(st.integers(0, 500), max_size=60), st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_packets_of_any_length_are_listened_to(sizes: list[int], seed: int) -> None:
    detector = ToneDetector()
    for size in sizes:
        detector.feed(np.random.default_rng(seed).normal(0, 5000, size))
    assert detector.position == sum(sizes)
    assert len(detector._rest) < 205 + 80
