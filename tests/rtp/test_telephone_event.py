from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.rtp.telephone_event import (
    DIGITS,
    END_TIMEOUT_S,
    MAX_DURATION,
    DigitDecoder,
    KeyPress,
    TelephoneEvent,
)


def tell(digit: str, duration: int, *, end: bool = False) -> bytes:
    return TelephoneEvent(DIGITS.index(digit), end, 10, duration).encode()


def test_a_key_is_reported_at_its_first_end_packet_and_not_again() -> None:
    decoder = DigitDecoder()
    assert decoder.feed(100, tell("5", 160), 0.0) == []
    assert decoder.feed(100, tell("5", 320, end=True), 0.02) == [KeyPress("5", 320)]
    assert decoder.feed(100, tell("5", 320, end=True), 0.04) == []
    assert decoder.feed(100, tell("5", 160), 0.06) == []  # late
    assert decoder.deadline is None


def test_a_lost_end_is_made_up_for_by_the_next_key() -> None:
    decoder = DigitDecoder()
    decoder.feed(100, tell("1", 160), 0.0)
    assert decoder.feed(900, tell("2", 160), 0.1) == [KeyPress("1", 160)]
    assert decoder.feed(100, tell("1", 800, end=True), 0.11) == []
    assert decoder.feed(900, tell("2", 320, end=True), 0.12) == [KeyPress("2", 320)]


def test_a_lost_end_is_made_up_for_by_time() -> None:
    decoder = DigitDecoder()
    decoder.feed(100, tell("1", 160), 7.0)
    assert decoder.deadline == 7.0 + END_TIMEOUT_S
    assert decoder.expire(7.0 + END_TIMEOUT_S - 0.01) == []
    assert decoder.expire(7.0 + END_TIMEOUT_S) == [KeyPress("1", 160)]
    assert decoder.feed(100, tell("1", 320, end=True), 7.4) == []


def test_a_key_whose_start_was_lost_counts() -> None:
    assert DigitDecoder().feed(100, tell("*", 800, end=True), 0.0) == [KeyPress("*", 800)]


def test_the_same_key_twice_is_two_keys() -> None:
    decoder = DigitDecoder()
    assert decoder.feed(100, tell("9", 400, end=True), 0.0)
    assert decoder.feed(900, tell("9", 400, end=True), 0.1)


def test_a_key_held_down_for_ten_seconds_is_one_key() -> None:
    decoder = DigitDecoder()
    assert decoder.feed(0, tell("0", MAX_DURATION), 8.0) == []
    assert decoder.feed(MAX_DURATION, tell("0", 160), 8.1) == []
    ended = decoder.feed(MAX_DURATION, tell("0", 14_465, end=True), 10.0)
    assert ended == [KeyPress("0", 80_000)]


def test_flash_and_tones_are_no_digits() -> None:
    decoder = DigitDecoder()
    assert decoder.feed(1, TelephoneEvent(16, True, 0, 400).encode(), 0.0) == []
    assert decoder.feed(2, TelephoneEvent(70, True, 0, 400).encode(), 0.0) == []


@given(st.lists(st.tuples(st.integers(0, 0xFFFFFFFF), st.binary(max_size=6))))
def test_no_bytes_upset_the_decoder(packets: list[tuple[int, bytes]]) -> None:
    decoder = DigitDecoder()
    for number, (timestamp, payload) in enumerate(packets):
        for key in decoder.feed(timestamp, payload, number * 0.02):
            assert key.digit in DIGITS


@given(
    st.lists(st.sampled_from(DIGITS), min_size=1, max_size=6),
    st.randoms(use_true_random=False),
)
def test_each_key_is_reported_once_whatever_is_lost_or_swapped(keys: list[str], random) -> None:
    packets = []
    for number, digit in enumerate(keys):
        key = [(number, tell(digit, 160 * i)) for i in (1, 2, 3)]
        key += [(number, tell(digit, 640, end=True))] * 3
        kept = random.sample(key, random.randint(1, 6))
        packets += kept  # in any order within the key, as many as arrive
    decoder, pressed = DigitDecoder(), []
    for place, (number, payload) in enumerate(packets):
        pressed += decoder.feed(1000 + 1600 * number, payload, place * 0.02)
    pressed += decoder.expire(1e9)
    assert [key.digit for key in pressed] == keys
