"""What comes out of the audio that is held back: speech as it was, and of a key, nothing."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from G722 import G722
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.rtp.holdback import HELD_MS, MAX_HELD, PATIENCE_S, HoldBack
from sidecar.rtp.packet import Packet
from sidecar.rtp.silence import SILENCE

from .sounds import TONES_HZ, Samples, decoded, encoded, key, noise, silence, speech

WORDS = dict(speech())["en/recording-notice.wav"]


class Held:
    """Audio sent packet by packet through a hold-back, and what came out."""

    def __init__(self, codec: str = "PCMU", packet_ms: int = 20) -> None:
        self.codec, self.packet_ms = codec, packet_ms
        self.hold = HoldBack()
        self.now = 0.0
        self.sent: list[bytes] = []
        self.out: list[Packet] = []
        self.digits = ""
        self.most_held = 0

    def say(self, octets: bytes, *, jitter: random.Random | None = None) -> None:
        size = 8 * self.packet_ms
        for number, start in enumerate(range(0, len(octets), size)):
            packet = Packet(0, number, 160 * number, 7, False, octets[start : start + size])
            self.now += self.packet_ms / 1000
            at = self.now + (jitter.uniform(0, 0.04) if jitter else 0.0)
            keys = self.hold.hear(memoryview(packet.encode()), self.codec, at, keep=True)
            self.digits += "".join(key.digit for key in keys)
            self.sent.append(packet.payload)
            self.let_out(at)
            self.most_held = max(self.most_held, len(self.hold))

    def let_out(self, at: float, *, everything: bool = False) -> None:
        self.out += [
            Packet.parse(packet) for packet in self.hold.release(at, everything=everything)
        ]

    def end(self) -> None:
        self.now += PATIENCE_S + 0.05
        self.digits += "".join(key.digit for key in self.hold.expire(self.now))
        self.let_out(self.now)

    @property
    def passed(self) -> bytes:
        return b"".join(packet.payload for packet in self.out)


def leaked_ms(out: Samples, start: int, end: int) -> float:
    """The longest stretch of what was a key that is not silent now, in ms."""
    loud = np.abs(out[start:end]) > 100
    runs = [sum(1 for _ in run) for is_loud, run in itertools.groupby(loud) if is_loud]
    return max(runs, default=0) / 8


def test_speech_passes_as_it_was_sixty_milliseconds_later() -> None:
    held = Held()
    octets = encoded("PCMU", WORDS[: 160 * 200])
    held.say(octets)
    assert held.most_held == HELD_MS // 20
    held.end()
    assert held.passed == octets
    assert [packet.sequence for packet in held.out] == list(range(200))
    assert held.digits == ""


@pytest.mark.parametrize("packet_ms", [10, 20, 30, 40, 60])
@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
@given(
    st.sampled_from(sorted(TONES_HZ)),
    st.integers(40, 300),
    st.integers(0, 479),
    st.sampled_from([0.0, 0.015, -0.015]),
    st.sampled_from([(-9.0, -8.0), (-25.0, -25.0), (-12.0, -7.0), (-7.0, -14.0)]),
)
@settings(max_examples=60, deadline=None)
def test_nothing_of_a_key_comes_out(
    codec: str,
    packet_ms: int,
    digit: str,
    milliseconds: int,
    before: int,
    off: float,
    levels: tuple[float, float],
) -> None:
    tones = key(digit, milliseconds, off=off, low_dbm0=levels[0], high_dbm0=levels[1])
    start = 1600 + before
    end = start + len(tones)
    audio = np.concatenate([np.zeros(start), tones, np.zeros(4800 - before - milliseconds * 8)])
    held = Held(codec, packet_ms)
    held.say(encoded(codec, audio), jitter=random.Random(before))
    held.end()

    assert held.digits == digit
    assert len(held.passed) == len(audio)
    assert leaked_ms(decoded(codec, held.passed), start, end) == 0


@given(st.sampled_from(sorted(TONES_HZ)), st.integers(0, 20_000), st.integers(50, 200))
@settings(max_examples=60, deadline=None)
def test_less_of_a_key_comes_out_than_a_receiver_needs_even_out_of_running_speech(
    digit: str, at: int, milliseconds: int
) -> None:
    tones = key(digit, milliseconds)
    audio = WORDS[: 160 * 250].copy() * 0.5
    audio[at : at + len(tones)] = tones
    held = Held()
    held.say(encoded("PCMU", audio))
    held.end()

    out = decoded("PCMU", held.passed)
    assert held.digits == digit
    assert leaked_ms(out, at, at + len(tones)) < 5
    kept = out[: max(at - 400, 0)]
    assert kept.tobytes() == decoded("PCMU", encoded("PCMU", audio))[: len(kept)].tobytes()


def test_a_code_is_cut_out_and_the_words_around_it_stay() -> None:
    pieces = [piece for digit in "*9" for piece in (key(digit, 80), silence(60))]
    before, after = WORDS[8000:16_000], WORDS[16_000:24_000]
    held = Held()
    held.say(encoded("PCMU", np.concatenate([before, *pieces, after])))
    held.end()

    out = decoded("PCMU", held.passed)
    assert held.digits == "*9"
    assert np.abs(out[8000 + 160 : 8000 + 2240]).max() == 0
    lost = [
        place
        for place, (one, other) in enumerate(zip(out[-8000:], after, strict=True))
        if abs(one - other) > 0.05 * abs(other) + 50
    ]
    assert max(lost, default=0) < 320  # 40 ms


def test_g722_is_listened_to_and_cut_too() -> None:
    wide = np.repeat(np.concatenate([silence(400), key("5", 120), silence(400)]), 2)
    encode = G722(16_000, 64_000).encode
    held = Held("G722")
    held.say(bytes(encode([int(sample) for sample in wide])))
    held.end()

    assert held.digits == "5"
    silent = bytes([SILENCE["G722"]]) * 160
    during = held.out[20:26]
    assert [packet.payload for packet in during] == [silent] * 6
    assert held.out[5].payload == held.sent[5]


def test_a_codec_that_is_not_understood_passes_in_its_turn() -> None:
    held = Held("")
    held.say(bytes(range(160)) * 10)
    held.end()
    assert held.passed == bytes(range(160)) * 10


def test_a_packet_of_another_codec_amid_a_key_passes_in_its_turn() -> None:
    hold, now = HoldBack(), 0.0
    tone = encoded("PCMU", key("5", 400))
    out: list[bytearray] = []
    for number in range(20):
        sound = Packet(0, 2 * number, 160 * number, 7, False, tone[160 * number :][:160])
        other = Packet(99, 2 * number + 1, 160 * number, 7, False, b"other")
        now += 0.02
        hold.hear(memoryview(sound.encode()), "PCMU", now, keep=True)
        hold.hear(memoryview(other.encode()), "", now, keep=True)
        out += hold.release(now)
    out += hold.release(now, everything=True)

    passed = [Packet.parse(packet) for packet in out]
    assert [packet.sequence for packet in passed] == list(range(40))
    assert {packet.payload for packet in passed[1::2]} == {b"other"}


def test_a_party_that_falls_silent_gets_its_last_words_through_and_its_last_key_told() -> None:
    held = Held()
    held.say(encoded("PCMU", np.concatenate([WORDS[8000:9600], key("3", 80)])))
    deadline = held.hold.deadline
    assert deadline is not None
    held.let_out(deadline - 0.001)
    assert len(held.hold) > 0
    held.end()
    assert held.digits == "3"
    assert len(held.out) == len(held.sent)
    assert held.hold.deadline is None
    assert np.abs(decoded("PCMU", held.passed)[1600:]).max() == 0


def test_what_is_not_to_be_kept_is_heard_only() -> None:
    hold, digits = HoldBack(), ""
    octets = encoded("PCMU", np.concatenate([key("1", 100), silence(100)]))
    for number in range(0, len(octets), 160):
        packet = Packet(0, number, number, 7, False, octets[number : number + 160])
        keys = hold.hear(memoryview(packet.encode()), "PCMU", number / 8000, keep=False)
        digits += "".join(each.digit for each in keys)
    assert digits == "1"
    assert hold.release(9.0, everything=True) == []


def test_a_flood_is_not_hoarded() -> None:
    hold = HoldBack()
    packet = memoryview(Packet(0, 1, 1, 7, False, b"").encode())
    for _ in range(1000):
        hold.hear(packet, "", 0.0, keep=True)
    assert len(hold) == MAX_HELD
    assert hold.drop() == MAX_HELD


@given(st.lists(st.binary(max_size=80), max_size=30))
def test_no_bytes_upset_it(payloads: list[bytes]) -> None:
    hold = HoldBack()
    for number, payload in enumerate(payloads):
        data = bytearray(b"\x80\x00" + payload.ljust(10, b"\0"))
        data[0] |= number % 64
        hold.hear(memoryview(data), "PCMU", number * 0.02, keep=True)
        hold.release(number * 0.02)
    assert len(hold.release(99.0)) <= MAX_HELD


def test_noise_passes_as_it_was() -> None:
    held = Held("PCMA")
    octets = encoded("PCMA", noise(20_000, 3000))
    held.say(octets)
    held.end()
    assert held.passed == octets
