from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rtp.outgoing import Outgoing
from sidecar.rtp.packet import Packet


class Listener:
    """Feeds an outgoing stream and keeps what came out of it."""

    def __init__(self, outgoing: Outgoing | None = None) -> None:
        self.outgoing = outgoing or Outgoing(ssrc=99, sequence=65533, timestamp=2**32 - 100, now=0)
        self.heard: list[Packet] = []

    def generate(self, now: float, *, marker: bool = False) -> Packet:
        frame = bytearray(172)
        self.outgoing.generate(frame, 0, 160, now, marker=marker)
        self.heard.append(Packet.parse(frame))
        return self.heard[-1]

    def relay(self, packet: Packet, now: float) -> Packet | None:
        data = bytearray(packet.encode())
        if not self.outgoing.rewrite(data, now):
            return None
        self.heard.append(Packet.parse(data))
        return self.heard[-1]

    def withhold(self, packet: Packet) -> None:
        self.outgoing.withhold(packet.encode())

    def event(self, now: float, *, first: bool = False) -> Packet:
        frame = bytearray(16)
        self.outgoing.event(frame, 101, now, first=first)
        self.heard.append(Packet.parse(frame))
        return self.heard[-1]


def speech(number: int, ssrc: int = 7) -> Packet:
    return Packet(0, number & 0xFFFF, 5000 + 160 * number & 0xFFFFFFFF, ssrc, False, b"x" * 160)


def steps(heard: list[Packet]) -> list[tuple[int, int]]:
    return [
        ((b.sequence - a.sequence) & 0xFFFF, (b.timestamp - a.timestamp) & 0xFFFFFFFF)
        for a, b in itertools.pairwise(heard)
    ]


def test_generated_packets_follow_the_clock_exactly() -> None:
    listener = Listener()
    for number in range(200):
        listener.generate(number * 0.02)
    assert set(steps(listener.heard)) == {(1, 160)}
    assert [packet.marker for packet in listener.heard] == [True] + [False] * 199


def test_a_pause_is_seen_in_the_timestamp_alone() -> None:
    listener = Listener()
    listener.generate(0.0)
    listener.generate(1.0)
    assert steps(listener.heard) == [(1, 8000)]


def test_speech_after_silence_starts_a_talkspurt_of_the_same_stream() -> None:
    listener = Listener()
    listener.generate(0.0)
    first = listener.relay(speech(500), 0.030)
    second = listener.relay(speech(501), 0.050)
    assert first is not None
    assert second is not None
    assert first.marker
    assert not second.marker
    assert first.ssrc == second.ssrc == 99
    assert steps(listener.heard) == [(1, 240), (1, 160)]


def test_silence_after_speech_starts_a_talkspurt_too() -> None:
    listener = Listener()
    listener.relay(speech(1), 0.0)
    assert listener.generate(0.02).marker


def test_a_packet_from_before_the_first_one_relayed_is_not_sent() -> None:
    listener = Listener()
    listener.generate(0.0)
    assert listener.relay(speech(500), 0.02) is not None
    assert listener.relay(speech(499), 0.02) is None
    assert listener.relay(speech(502), 0.06) is not None
    assert listener.relay(speech(501), 0.06) is not None
    numbers = [packet.sequence for packet in listener.heard]
    assert len(set(numbers)) == len(numbers)


def test_a_loss_stays_visible() -> None:
    listener = Listener()
    listener.relay(speech(1), 0.0)
    listener.relay(speech(4), 0.06)
    assert steps(listener.heard) == [(3, 480)]


def test_another_source_goes_on_in_the_same_stream() -> None:
    listener = Listener()
    listener.relay(speech(1), 0.0)
    other = listener.relay(speech(30_000, ssrc=8), 0.5)
    assert other is not None
    assert other.marker
    assert steps(listener.heard) == [(1, 4000)]


def test_a_source_that_starts_afresh_goes_on_in_the_same_stream() -> None:
    listener = Listener()
    listener.relay(speech(40_000), 0.0)
    listener.relay(speech(5), 0.02)
    listener.relay(speech(60_000), 0.04)
    assert [step for step, _ in steps(listener.heard)] == [1, 1]


def test_a_long_event_with_one_timestamp_does_not_turn_time_back() -> None:
    listener = Listener()
    for number in range(50):
        event = Packet(101, number, 5000, 7, False, b"\5\0\0\0")
        listener.relay(event, number * 0.02)
    last = listener.generate(1.0)
    assert (last.timestamp - listener.heard[0].timestamp) & 0xFFFFFFFF == 8000


def test_a_stream_that_was_relayed_as_it_came_is_gone_on_with() -> None:
    last = speech(700)
    listener = Listener(Outgoing.adopt(last.encode(), now=10.0))
    listener.heard.append(last)
    listener.generate(10.02)
    listener.relay(speech(800), 12.0)
    assert {packet.ssrc for packet in listener.heard} == {7}
    assert steps(listener.heard) == [(1, 160), (1, 15840)]


def test_packets_after_withheld_ones_move_up() -> None:
    listener = Listener()
    listener.relay(speech(65_530), 0.0)
    for number in (65_531, 65_532, 65_532, 65_533):  # one came twice
        listener.withhold(speech(number))
    listener.relay(speech(65_534), 0.08)
    listener.relay(speech(65_535), 0.10)
    assert steps(listener.heard) == [(1, 640), (1, 160)]
    assert [packet.marker for packet in listener.heard] == [True, True, False]


def test_withheld_packets_are_taken_out_of_the_count() -> None:
    listener = Listener()
    listener.relay(speech(1), 0.0)
    listener.withhold(speech(2))
    assert (listener.outgoing.added_packets, listener.outgoing.added_octets) == (-1, -160)


def test_speech_between_withheld_packets_is_no_new_talkspurt() -> None:
    listener = Listener()
    listener.relay(speech(1), 0.0)
    listener.withhold(speech(2))
    relayed = listener.relay(Packet(0, 3, 5000 + 320, 7, False, b"x" * 160), 0.02)
    assert relayed is not None
    assert not relayed.marker


def test_a_late_packet_from_before_a_withheld_one_keeps_its_number() -> None:
    listener = Listener()
    listener.relay(speech(1), 0.0)
    listener.withhold(speech(3))
    listener.relay(speech(2), 0.06)
    listener.relay(speech(4), 0.06)
    assert steps(listener.heard) == [(1, 160), (1, 320)]


def test_a_stream_is_gone_on_with_from_its_first_withheld_packet_on() -> None:
    event = speech(702)
    listener = Listener(Outgoing.adopt_before(event.encode(), now=10.0))
    listener.heard.append(speech(700))
    listener.withhold(event)
    for late_or_not in (701, 703):
        listener.relay(speech(late_or_not), 10.06)
    assert steps(listener.heard) == [(1, 160), (1, 320)]
    assert {packet.ssrc for packet in listener.heard} == {7}


def test_a_withheld_packet_that_comes_twice_counts_once_also_after_a_loss() -> None:
    listener = Listener()
    listener.relay(speech(1), 0.0)
    listener.withhold(speech(4))
    listener.withhold(speech(4))
    listener.relay(speech(5), 0.08)
    assert steps(listener.heard) == [(3, 640)]


def test_late_packets_of_a_stream_that_was_relayed_as_it_came_keep_their_numbers() -> None:
    listener = Listener(Outgoing.adopt_before(speech(703).encode(), now=10.0))
    listener.withhold(speech(703))
    listener.relay(speech(704), 10.02)
    for late in (702, 701):
        listener.relay(speech(late), 10.02)
    assert [packet.sequence for packet in listener.heard] == [703, 702, 701]


def test_what_is_withheld_of_a_source_that_has_not_joined_changes_nothing() -> None:
    listener = Listener()
    listener.generate(0.0)
    listener.withhold(speech(5))
    listener.relay(speech(6), 0.02)
    assert steps(listener.heard) == [(1, 160)]


@given(
    st.lists(st.sampled_from("aaae"), min_size=1, max_size=300),
    st.lists(st.integers(0, 4), min_size=300, max_size=300),
    st.sets(st.integers(0, 300)),
    st.sampled_from([0, 65_400]),
)
def test_withheld_packets_leave_neither_gaps_nor_two_packets_with_one_number(
    kinds: list[str], delays: list[int], lost: set[int], first: int
) -> None:
    """a audio, e event; each late by so many packets; without losses and delays, not one gap."""
    sent = [number for number in range(len(kinds)) if number not in lost]
    arriving = sorted(sent, key=lambda number: number + delays[number])
    listener = Listener()
    listener.relay(speech(first - 1), 0.0)
    heard: dict[int, int] = {}
    for number in arriving:
        packet = speech(first + number)
        if kinds[number] == "e":
            listener.withhold(packet)
        elif (relayed := listener.relay(packet, number * 0.02)) is not None:
            heard[number] = (relayed.sequence - listener.heard[0].sequence) & 0xFFFF
    numbers = [heard[number] for number in sorted(heard)]
    assert numbers == sorted(set(numbers))  # each its own, in the order of the source
    if not lost and arriving == sent:
        assert numbers == list(range(1, len(numbers) + 1))


def test_packets_of_an_event_share_a_timestamp_and_silence_follows_by_the_clock() -> None:
    listener = Listener()
    listener.relay(speech(1), 0.0)
    for number in range(8):
        listener.event(0.02 + number * 0.02, first=number == 0)
    listener.generate(0.18)
    assert steps(listener.heard) == [(1, 160)] + [(1, 0)] * 7 + [(1, 1280)]
    assert [packet.marker for packet in listener.heard[1:]] == [True] + [False] * 7 + [True]


def test_a_stream_of_another_clock_rate_follows_it() -> None:
    last = Packet(111, 5, 48_000, 7, False, b"opus")
    listener = Listener(Outgoing.adopt(last.encode(), now=1.0, rate=48_000))
    listener.heard.append(last)
    listener.event(1.5, first=True)
    assert steps(listener.heard) == [(1, 24_000)]


@given(st.lists(st.tuples(st.sampled_from("gsop"), st.integers(0, 3), st.integers(1, 60))))
def test_whatever_follows_whatever_it_stays_one_stream(turns: list[tuple[str, int, int]]) -> None:
    """g generated, s and o two sources (with losses), p a pause; milliseconds between them."""
    listener, now, number = Listener(), 0.0, 0
    for kind, lost, milliseconds in turns:
        now += milliseconds / 1000
        if kind == "g":
            listener.generate(now)
        elif kind == "p":
            now += 1.0
        else:
            number += 1 + lost
            listener.relay(speech(number, ssrc=ord(kind)), now)
    for sequence, timestamp in steps(listener.heard):
        assert 1 <= sequence <= 4
        assert 0 < timestamp < 8000 * 64


# Telephone events beside the audio.


def beside(place: int, *, ssrc: int, start: int, key: int = 0) -> Packet:
    """A packet of a key: one timestamp, numbers of its own."""
    number = start + 8 * key + place
    return Packet(
        101, number & 0xFFFF, 77_000 + 8000 * key, ssrc, place == 0, bytes([1, 10, 0, place])
    )


class Relay(Listener):
    def tell(self, packet: Packet, now: float) -> Packet:
        data = bytearray(packet.encode())
        assert self.outgoing.rewrite_event(data, now)
        self.heard.append(Packet.parse(data))
        return self.heard[-1]

    def told_keys(self) -> list[list[Packet]]:
        told = [packet for packet in self.heard if packet.payload_type == 101]
        return [list(key) for _, key in itertools.groupby(told, lambda each: each.timestamp)]

    def speech(self) -> list[Packet]:
        return [packet for packet in self.heard if packet.payload_type == 0]


@pytest.mark.parametrize("begins_with", ["audio", "event"])
@pytest.mark.parametrize(
    ("ssrc", "start"), [(8, 30_000), (7, 30_000), (8, 500)], ids=["both", "numbers", "ssrc"]
)
def test_events_with_numbers_of_their_own_are_one_key_in_one_stream(
    begins_with: str, ssrc: int, start: int
) -> None:
    relay = Relay()
    relay.generate(0.0)
    if begins_with == "audio":
        relay.relay(speech(500), 0.02)
    for key in range(2):
        for place in range(8):
            now = 0.04 + 1.0 * key + 0.02 * place
            relay.tell(beside(place, ssrc=ssrc, start=start, key=key), now)
            relay.relay(speech(501 + 50 * key + place), now + 0.01)

    assert [len(key) for key in relay.told_keys()] == [8, 8]
    assert {packet.ssrc for packet in relay.heard} == {99}
    numbers = [packet.sequence for packet in relay.heard]
    gaps = [(b - a) & 0xFFFF for a, b in itertools.pairwise(numbers)]
    assert set(gaps) <= {1, 43}  # 42 packets of audio are missing between the keys
    audio = relay.speech()[1:]
    times = [(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in itertools.pairwise(audio)]
    assert set(times) <= {160, 160 * 43}


def test_a_key_within_the_numbers_of_the_audio_stays_there() -> None:
    relay = Relay()
    relay.generate(0.0)
    for number in range(500, 508):
        packet = Packet(101, number, 9000, 7, number == 500, b"abcd")
        relay.tell(packet, 0.02)
    first = relay.relay(speech(508), 0.2)
    assert first is not None
    assert [len(key) for key in relay.told_keys()] == [8]
    assert {step for step, _ in steps(relay.heard)} == {1}


def test_a_key_after_a_prompt_finds_a_later_place() -> None:
    relay = Relay()
    relay.generate(0.0)
    relay.relay(speech(500), 0.02)
    for place in range(8):
        relay.tell(beside(place, ssrc=8, start=9), 0.04 + 0.02 * place)
    for number in range(50):
        relay.generate(0.3 + 0.02 * number)
    for place in range(8):
        relay.tell(beside(place, ssrc=8, start=9, key=1), 1.4 + 0.02 * place)
        relay.relay(speech(600 + place), 1.41 + 0.02 * place)
    assert [len(key) for key in relay.told_keys()] == [8, 8]
    assert {step for step, _ in steps(relay.heard)} == {1}
    assert all(0 <= step < 80_000 for _, step in steps(relay.speech()))


@given(
    st.lists(st.booleans(), min_size=1, max_size=60),
    st.sampled_from([7, 8]),
    st.data(),
)
def test_no_number_is_used_twice_however_audio_and_events_overtake_each_other(
    kinds: list[bool], ssrc: int, data: st.DataObject
) -> None:
    """Audio swaps places with the audio packet behind it; events come in between."""
    relay = Relay()
    relay.generate(0.0)
    relay.relay(speech(500), 0.0)
    numbers = itertools.count(501)
    places = itertools.count()
    audio = [next(numbers) for kind in kinds if kind]
    for at in range(0, len(audio) - 1, 2):
        if data.draw(st.booleans()):
            audio[at], audio[at + 1] = audio[at + 1], audio[at]
    order = iter(audio)
    sent_as: dict[int, int] = {}
    for step, kind in enumerate(kinds):
        now = 0.02 * step
        if kind:
            number = next(order)
            heard = relay.relay(speech(number), now)
            assert heard is not None
            sent_as[number] = heard.sequence
        else:
            relay.tell(beside(next(places), ssrc=ssrc, start=30_000), now)
    used = [packet.sequence for packet in relay.heard]
    assert len(set(used)) == len(used)
    assert len(relay.told_keys()) <= 1
    in_order = [sent_as[number] for number in sorted(sent_as)]
    assert all(0 < (b - a) & 0xFFFF < 100 for a, b in itertools.pairwise(in_order))
