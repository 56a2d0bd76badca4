from __future__ import annotations

import itertools

import numpy as np
import pytest

from sidecar.media.engine import Digit, Played, Side
from sidecar.media.local import LocalEngine
from sidecar.rtp.packet import Packet
from tests.rtp.sounds import Samples, decoded, encoded, key, noise, silence

from .phones import SILENCE, SPEECH, Call, assert_one_stream
from .test_digits import press

WORDS = noise(200, 4000)


async def listening(
    engine: LocalEngine, codec: str = "PCMU", *, collect: bool = True, open_gates: bool = True
) -> Call:
    """A call whose side A negotiated no telephone events."""
    call = await Call(engine).connected(open_gates=open_gates, codec=codec)
    call.session.configure(Side.A, 0, call.a.remote(codec, telephone_event=None))
    call.session.collect(Side.A, collect)
    await call.done()
    return call


def say(call: Call, *pieces: Samples, codec: str = "PCMU") -> list[Packet]:
    """A says this, 20 ms a packet."""
    octets = encoded(codec, np.concatenate(pieces))
    payload_type = {"PCMU": 0, "PCMA": 8}[codec]
    return [
        call.a.send(call.ports_a[0], octets[start : start + 160], payload_type)
        for start in range(0, len(octets), 160)
    ]


async def hear(call: Call, packets: int) -> list[Packet]:
    return [await call.b.hear() for _ in range(packets)]


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
async def test_a_tone_is_reported_as_a_key_and_cut_out_of_the_audio(
    engine: LocalEngine, codec: str
) -> None:
    call = await listening(engine, codec)
    sent = say(call, WORDS, key("*"), silence(60), key("9"), silence(60), WORDS, codec=codec)
    first, second = await call.event(Digit), await call.event(Digit)
    heard = await hear(call, len(sent))

    assert (first.side, first.digit, first.means) == (Side.A, "*", "inband")
    assert (second.digit, second.means) == ("9", "inband")
    assert first.duration_ms == pytest.approx(100, abs=12)
    assert_one_stream(heard)
    assert {b.timestamp - a.timestamp for a, b in itertools.pairwise(heard)} == {160}
    audio = decoded(codec, b"".join(packet.payload for packet in heard))
    assert np.abs(audio[1600 : 1600 + 2560]).max() <= 8
    payloads = [packet.payload for packet in sent]
    assert [packet.payload for packet in heard[:9]] == payloads[:9]
    assert [packet.payload for packet in heard[-9:]] == payloads[-9:]
    closed = await call.close()
    assert closed.a.relayed == len(sent)


async def test_a_packet_of_another_codec_amid_a_key_holds_nothing_up(engine: LocalEngine) -> None:
    call = await listening(engine)
    octets = encoded("PCMU", key("5", 400))
    sent = []
    for start in range(0, len(octets), 160):
        sent.append(call.a.send(call.ports_a[0], octets[start : start + 160], 0))
        sent.append(call.a.send(call.ports_a[0], b"x", 99))
    sent += say(call, silence(100))

    assert (await call.event(Digit)).digit == "5"
    heard = await hear(call, len(sent))
    assert [packet.payload_type for packet in heard] == [packet.payload_type for packet in sent]
    await call.close()


async def test_audio_of_a_party_with_telephone_events_is_not_held(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    call.session.collect(Side.A, True)
    await call.done()
    sent = say(call, key("5"), silence(60))
    assert await hear(call, len(sent)) == sent
    await call.done()
    assert call.no_event()
    await call.close()


async def test_where_nothing_is_collected_tones_pass_as_they_came(engine: LocalEngine) -> None:
    call = await listening(engine, collect=False)
    sent = say(call, key("5"), silence(60))
    assert await hear(call, len(sent)) == sent
    assert call.no_event()
    await call.close()


async def test_tones_are_heard_through_a_closed_gate_and_during_a_prompt(
    engine: LocalEngine,
) -> None:
    call = await listening(engine, open_gates=False)
    say(call, silence(60), key("1"), silence(60))
    assert (await call.event(Digit)).digit == "1"
    call.session.gate(Side.A, True)
    call.session.play(Side.B, "notice", "en")
    await call.done()
    say(call, key("2"), silence(60))
    assert (await call.event(Digit)).digit == "2"
    await call.event(Played)
    assert (await call.close()).a.relayed == 0


async def test_a_tone_that_sounds_when_the_gate_opens_is_cut_to_its_end(
    engine: LocalEngine,
) -> None:
    call = await listening(engine, open_gates=False)
    tones = key("4", 400)
    say(call, tones[:1600])
    call.session.gate(Side.A, True)
    await call.done()
    sent = say(call, tones[1600:], silence(60), WORDS)
    assert (await call.event(Digit)).digit == "4"
    heard = await call.b.hear_until(sent[-1].payload)
    relayed = heard[-len(sent) :]
    assert {packet.payload for packet in relayed[:11]} == {SILENCE}
    assert_one_stream(heard)
    await call.close()


async def test_a_tone_that_sounds_when_collecting_ends_is_cut_to_its_end(
    engine: LocalEngine,
) -> None:
    call = await listening(engine)
    tones = key("4", 400)
    sent = say(call, WORDS, tones[:1600])
    heard = await hear(call, len(sent) - 3)  # the last 60 ms are held back
    call.session.collect(Side.A, False)
    await call.done()
    sent += say(call, tones[1600:], silence(60), WORDS)
    assert (await call.event(Digit)).digit == "4"
    heard += await hear(call, len(sent) - len(heard))
    audio = decoded("PCMU", b"".join(packet.payload for packet in heard))
    assert np.abs(audio[1600:4800]).max() == 0
    assert_one_stream(heard)

    later = say(call, key("5"))
    assert [each.payload for each in await hear(call, 5)] == [each.payload for each in later]
    await call.done()
    assert call.no_event()
    await call.close()


async def test_what_is_held_goes_out_when_collecting_ends(engine: LocalEngine) -> None:
    call = await listening(engine)
    sent = say(call, WORDS[:320])
    await call.done()
    assert call.b.hears_nothing()
    call.session.collect(Side.A, False)
    sent += say(call, WORDS[320:640])
    heard = await hear(call, 4)
    assert [packet.payload for packet in heard] == [packet.payload for packet in sent]
    assert_one_stream(heard)
    await call.close()


async def test_what_is_held_when_the_gate_closes_is_never_heard(engine: LocalEngine) -> None:
    call = await listening(engine)
    sent = say(call, WORDS)
    heard = await hear(call, len(sent) - 3)
    call.session.gate(Side.A, False)
    heard += await hear(call, 12)
    call.session.gate(Side.A, True)
    await call.done()
    later = say(call, noise(400, 4000, seed=2))
    heard += await call.b.hear_until(later[-1].payload)

    words = [packet.payload for packet in heard if packet.payload != SILENCE]
    assert words == [packet.payload for packet in [*sent[:-3], *later]]
    assert_one_stream(heard)
    await call.close()


async def test_the_last_words_before_a_silence_come_through(engine: LocalEngine) -> None:
    call = await listening(engine)
    heard = []
    for _ in range(2):
        sent = say(call, WORDS[:480])
        heard += await hear(call, 3)
        assert [packet.payload for packet in heard[-3:]] == [packet.payload for packet in sent]
    assert_one_stream(heard)
    await call.close()


async def test_a_stream_that_was_relayed_as_it_came_is_gone_on_with(engine: LocalEngine) -> None:
    call = await listening(engine, collect=False)
    heard = [await call.speak()]
    call.session.collect(Side.A, True)
    await call.done()
    say(call, WORDS)
    heard += await hear(call, 10)
    assert_one_stream(heard)
    await call.close()


async def test_events_of_a_party_that_did_not_negotiate_them_are_withheld_and_are_no_keys(
    engine: LocalEngine,
) -> None:
    call = await listening(engine)
    say(call, WORDS)
    press(call.a, call.ports_a[0], "5")
    call.a.send(call.ports_a[0], SPEECH)
    heard = await hear(call, 11)
    await call.done()
    assert call.no_event()
    assert {packet.payload_type for packet in heard} == {0}
    assert_one_stream(heard)
    await call.close()
