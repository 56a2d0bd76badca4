from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rtp.telephone_event import (
    DIGITS,
    END_TIMEOUT_S,
    MAX_DURATION,
    DigitDecoder,
    EventPacket,
    KeyPress,
    TelephoneEvent,
)


def tell(digit: str, duration: int, *, end: bool = False) -> bytes:
    return TelephoneEvent(DIGITS.index(digit), end, 10, duration).encode()


class Ear:
    """A decoder and a source whose packets come in their order."""

    def __init__(self, ssrc: int = 1) -> None:
        self.decoder = DigitDecoder()
        self.ssrc, self.sequence = ssrc, 65_534

    def hear(
        self,
        timestamp: int,
        payload: bytes,
        now: float,
        *,
        sequence: int | None = None,
        marker: bool = False,
        ssrc: int | None = None,
    ) -> list[KeyPress]:
        self.sequence = (self.sequence + 1) & 0xFFFF
        packet = EventPacket(
            self.ssrc if ssrc is None else ssrc,
            self.sequence if sequence is None else sequence & 0xFFFF,
            timestamp,
            marker,
        )
        return self.decoder.feed(packet, payload, now)

    def press(self, digit: str, timestamp: int, now: float, *, step: int = 0) -> list[KeyPress]:
        """A whole key of five updates and three ends, each timestamp `step` after the last."""
        pressed: list[KeyPress] = []
        for number in range(8):
            payload = tell(digit, 160 * min(number + 1, 5), end=number >= 5)
            pressed += self.hear(
                timestamp + step * number, payload, now + 0.02 * number, marker=number == 0
            )
        return pressed


def test_a_key_is_reported_at_its_first_end_packet_and_not_again() -> None:
    ear = Ear()
    assert ear.hear(100, tell("5", 160), 0.0) == []
    assert ear.hear(100, tell("5", 320, end=True), 0.02) == [KeyPress("5", 320)]
    assert ear.hear(100, tell("5", 320, end=True), 0.04) == []
    assert ear.hear(100, tell("5", 160), 0.06) == []  # late
    assert ear.decoder.deadline is None


def test_a_lost_end_is_made_up_for_by_the_next_key() -> None:
    ear = Ear()
    ear.hear(100, tell("1", 160), 0.0)
    ear.hear(100, tell("1", 320), 0.02)
    assert ear.hear(900, tell("2", 160), 0.1) == [KeyPress("1", 320)]
    assert ear.hear(100, tell("1", 800, end=True), 0.11) == []
    assert ear.hear(900, tell("2", 320, end=True), 0.12) == [KeyPress("2", 320)]


def test_a_lost_end_is_made_up_for_by_time() -> None:
    ear = Ear()
    ear.hear(100, tell("1", 160), 7.0)
    ear.hear(100, tell("1", 320), 7.0)
    assert ear.decoder.deadline == 7.0 + END_TIMEOUT_S
    assert ear.decoder.expire(7.0 + END_TIMEOUT_S - 0.01) == []
    assert ear.decoder.expire(7.0 + END_TIMEOUT_S) == [KeyPress("1", 320)]
    assert ear.hear(100, tell("1", 480, end=True), 7.4) == []


def test_a_key_whose_start_was_lost_counts_once_two_packets_of_it_agree() -> None:
    ear = Ear()
    assert ear.hear(100, tell("*", 800, end=True), 0.0) == []
    assert ear.hear(100, tell("*", 800, end=True), 0.02) == [KeyPress("*", 800)]
    assert ear.hear(100, tell("*", 800, end=True), 0.04) == []


def test_a_single_packet_is_no_key() -> None:
    ear = Ear()
    ear.hear(100, tell("1", 800, end=True), 0.0)
    assert ear.decoder.expire(1.0) == []
    ear.hear(5000, tell("1", 800, end=True), 2.0)
    assert ear.hear(9000, tell("2", 800, end=True), 2.02) == []
    assert ear.decoder.expire(3.0) == []


@pytest.mark.parametrize(
    "second",
    [
        {"timestamp": 100, "payload": tell("1", 160)},
        {"timestamp": 100, "payload": tell("1", 60_000)},
        {"timestamp": 100, "payload": tell("2", 400)},
        {"timestamp": 100, "payload": tell("1", 400), "ssrc": 2},
        {"timestamp": 40_000, "payload": tell("1", 400)},
        {"timestamp": 100, "payload": tell("1", 400), "sequence": 5},
        {"timestamp": 100, "payload": tell("1", 400) + b"\0"},
        {"timestamp": 100, "payload": tell("1", 400) * 2},
        {"timestamp": 100, "payload": tell("1", 400)[:3]},
    ],
    ids="shorter longer digit ssrc timestamp sequence five-octets two-events three-octets".split(),
)
def test_packets_that_disagree_are_no_key(second: dict[str, object]) -> None:
    ear = Ear()
    ear.hear(100, tell("1", 320), 0.0, sequence=10)
    said = ear.hear(now=0.02, **{"sequence": 11, **second})  # type: ignore[arg-type]
    assert said + ear.decoder.expire(9.0) == []


def test_rubbish_in_front_of_a_key_does_not_hide_it() -> None:
    ear = Ear()
    ear.hear(100, tell("1", 50_000), 0.0)
    assert ear.press("1", 100, 0.02) == [KeyPress("1", 800)]


@given(st.lists(st.binary(min_size=4, max_size=14), min_size=50, max_size=50), st.randoms())
def test_encrypted_events_are_hardly_ever_keys(payloads: list[bytes], random) -> None:
    """Of whole keys of random octets, eight packets each, in their own timestamps."""
    ear, pressed = Ear(), []
    for number, _ in enumerate(payloads):
        for packet in range(8):
            octets = random.randbytes(14)  # SRTP: four octets and a tag of ten
            pressed += ear.hear(2000 * number, octets, 0.25 * number + 0.02 * packet)
    assert pressed == []


def test_the_same_key_twice_is_two_keys() -> None:
    ear = Ear()
    assert ear.press("9", 100, 0.0) == [KeyPress("9", 800)]
    assert ear.press("9", 100 + 800 + 400, 0.2) == [KeyPress("9", 800)]


def test_the_same_key_twice_as_fast_as_can_be_is_two_keys() -> None:
    """40 ms each, 40 ms apart, and of each no more than two packets are not lost."""
    ear, pressed = Ear(), []
    for number in range(4):
        for _ in range(2):
            start, now = 640 * number, 0.08 * number
            pressed += ear.hear(start, tell("9", 320, end=True), now)
    assert pressed == [KeyPress("9", 320)] * 4


@pytest.mark.parametrize("step", [160, 240, 400])
def test_a_key_whose_packets_have_timestamps_of_their_own_is_one_key(step: int) -> None:
    ear = Ear()
    assert ear.press("7", 2**32 - 500, 0.0, step=step) == [KeyPress("7", 800)]
    assert ear.press("7", 8000, 1.0, step=step) == [KeyPress("7", 800)]
    assert ear.press("8", 10_000, 1.3, step=step) == [KeyPress("8", 800)]
    assert ear.decoder.deadline is None


def test_a_key_held_down_for_ten_seconds_is_one_key() -> None:
    ear = Ear()
    assert ear.hear(0, tell("0", MAX_DURATION), 8.0) == []
    assert ear.hear(MAX_DURATION, tell("0", 160), 8.1) == []
    assert ear.hear(MAX_DURATION, tell("0", 14_465, end=True), 10.0) == [KeyPress("0", 80_000)]


def test_flash_and_tones_are_no_digits() -> None:
    ear = Ear()
    for _ in range(3):
        assert ear.hear(1, TelephoneEvent(16, True, 0, 400).encode(), 0.0) == []
        assert ear.hear(2, TelephoneEvent(70, True, 0, 400).encode(), 0.0) == []


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(0, 999), st.binary(max_size=6))
    )
)
def test_no_bytes_upset_the_decoder(packets: list[tuple[int, int, int, bytes]]) -> None:
    decoder = DigitDecoder()
    for number, (ssrc, sequence, timestamp, payload) in enumerate(packets):
        place = EventPacket(ssrc, sequence, timestamp, bool(number % 3))
        for key in decoder.feed(place, payload, number * 0.02):
            assert key.digit in DIGITS


@given(
    st.lists(st.sampled_from(DIGITS), min_size=1, max_size=6),
    st.sampled_from([0, 160]),
    st.randoms(use_true_random=False),
)
def test_each_key_is_reported_once_whatever_is_lost_or_swapped(
    keys: list[str], step: int, random
) -> None:
    """Two packets of each key arrive at least; they may overtake each other."""
    ear, pressed = Ear(), []
    for number, digit in enumerate(keys):
        packets = []
        for place in range(6):
            payload = tell(digit, 160 * min(place + 1, 4), end=place >= 3)
            packets.append((1600 * number + step * place, payload, 10 * number + place))
        kept = random.sample(packets, random.randint(2, 6))
        if step:
            kept.sort(key=lambda packet: packet[2])  # such devices are followed in order alone
            kept = packets[: len(kept)]
        for place, (timestamp, payload, sequence) in enumerate(kept):
            now = 0.2 * number + 0.02 * place
            pressed += ear.hear(timestamp, payload, now, sequence=sequence)
    pressed += ear.decoder.expire(1e9)
    assert [key.digit for key in pressed] == keys


def test_every_key_is_heard_once_with_every_choice_of_packets_lost_but_two() -> None:
    for kept in itertools.combinations(range(8), 2):
        ear, pressed = Ear(), []
        for place in kept:
            payload = tell("9", 160 * min(place + 1, 5), end=place >= 5)
            pressed += ear.hear(100, payload, 0.02 * place, sequence=place)
        assert pressed + ear.decoder.expire(9.0) == [KeyPress("9", 160 * min(kept[1] + 1, 5))]
