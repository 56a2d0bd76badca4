from __future__ import annotations

import itertools

import pytest
from G722 import G722

from sidecar.demo.tones import purity
from sidecar.media.engine import Digit, Played, PlayFailed, Pressed, RemoteMedia, Side
from sidecar.media.local import LocalEngine
from sidecar.rtp.g711 import decode_alaw, decode_ulaw
from sidecar.rtp.packet import Packet
from sidecar.rtp.telephone_event import DIGITS, DigitDecoder, EventPacket, TelephoneEvent

from .phones import SILENCE, SPEECH, Call, Phone, assert_one_stream
from .test_digits import press

LAST = b"\x77" * 160
TONES_HZ = {"1": (697, 1209), "9": (852, 1477), "D": (941, 1633)}


async def hear_keys(phone: Phone, keys: int) -> list[Packet]:
    """Everything up to the third end of so many keys."""
    heard: list[Packet] = []
    ends = 0
    while ends < 3 * keys:
        heard.append(await phone.hear())
        ends += heard[-1].payload_type == 101 and ended(heard[-1])
    return heard


def ended(packet: Packet) -> bool:
    event = TelephoneEvent.parse(packet.payload)
    return event is not None and event.end


def events(heard: list[Packet], payload_type: int = 101) -> list[Packet]:
    return [packet for packet in heard if packet.payload_type == payload_type]


def understood(heard: list[Packet]) -> str:
    """The keys as a receiver of telephone events understands them."""
    decoder, keys = DigitDecoder(), ""
    for place, packet in enumerate(events(heard)):
        where = EventPacket(packet.ssrc, packet.sequence, packet.timestamp, packet.marker)
        for key in decoder.feed(where, packet.payload, place * 0.02):
            assert key.duration == 800
            keys += key.digit
    return keys


def assert_no_gap(heard: list[Packet]) -> None:
    """One source, every number, no timestamp that goes back."""
    for before, after in itertools.pairwise(heard):
        assert after.ssrc == before.ssrc
        assert after.sequence == (before.sequence + 1) & 0xFFFF
        assert (after.timestamp - before.timestamp) & 0xFFFFFFFF < 80_000


async def test_a_key_is_eight_packets_with_one_timestamp(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    heard = [await call.speak(), await call.speak()]
    call.session.press(Side.B, "5")
    heard += await hear_keys(call.b, 1)

    key = heard[2:]
    told = [TelephoneEvent.parse(packet.payload) for packet in key]
    assert told == [
        TelephoneEvent(5, end, 10, duration)
        for end, duration in [(False, 160 * i) for i in range(1, 6)] + [(True, 800)] * 3
    ]
    assert [packet.marker for packet in key] == [True] + [False] * 7
    assert len({packet.timestamp for packet in key}) == 1
    assert_no_gap(heard)
    assert heard[0].ssrc == call.a.ssrc
    assert await call.event(Pressed) == Pressed(Side.B, "5")
    await call.close()


async def test_keys_follow_one_another_in_order_with_pauses(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False)
    call.session.press(Side.A, "*9")
    call.session.press(Side.A, DIGITS)
    heard = await hear_keys(call.a, 18)

    assert understood(heard) == "*9" + DIGITS
    starts = [packet.timestamp for packet in events(heard) if packet.marker]
    steps = [(b - a) & 0xFFFFFFFF for a, b in itertools.pairwise(starts)]
    assert set(steps[1:]) == {1280}  # 160 ms
    assert 1120 <= steps[0] <= 1280  # the first key follows a packet that lasts 20 ms
    assert_no_gap(heard)
    assert await call.event(Pressed) == Pressed(Side.A, "*9")
    assert await call.event(Pressed) == Pressed(Side.A, DIGITS)
    assert_no_gap([heard[-1], *[await call.a.hear() for _ in range(3)]])
    await call.close()


async def test_nothing_of_the_other_party_is_heard_during_a_key(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    heard = [await call.speak()]
    call.session.press(Side.B, "1")
    await call.done()
    call.a.send(call.ports_a[0], SPEECH)
    await call.event(Pressed)
    call.a.send(call.ports_a[0], LAST)
    heard += await call.b.hear_until(LAST)

    assert len(heard) == 1 + 8 + 1
    assert_no_gap(heard)
    assert heard[-1].marker
    assert (heard[-1].timestamp - heard[1].timestamp) & 0xFFFFFFFF > 960  # 100 ms of key, and more
    await call.close()


async def test_keys_go_by_the_number_and_rate_that_the_party_asked_for(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).opened()
    call.session.configure(Side.A, 0, call.a.remote(None))
    remote = call.b.remote(None, telephone_event=96, telephone_event_rate=48_000)
    call.session.configure(Side.B, 0, remote)
    call.session.gate(Side.A, True)
    await call.done()
    heard = [call.a.send(call.ports_a[0], b"opus", payload_type=111)]
    await call.b.hear()
    call.session.press(Side.B, "12")
    heard += [await call.b.hear() for _ in range(16)]

    assert {packet.payload_type for packet in heard[1:]} == {96}
    last = TelephoneEvent.parse(heard[-1].payload)
    assert last == TelephoneEvent(2, True, 10, 4800)
    between = (heard[-1].timestamp - heard[1].timestamp) & 0xFFFFFFFF
    assert 48 * 140 <= between <= 48 * 160  # the first follows a packet that lasted 20 ms
    assert_no_gap(heard)
    await call.event(Pressed)
    await call.close()


@pytest.mark.parametrize("codec", ["PCMU", "PCMA", "G722"])
async def test_where_no_events_were_negotiated_keys_are_tones(
    engine: LocalEngine, codec: str
) -> None:
    call = await Call(engine).connected(open_gates=False)
    call.session.configure(Side.B, 0, call.b.remote(codec, telephone_event=None))
    await call.done()
    heard = [await call.b.hear()]
    quiet = heard[0].payload
    call.session.press(Side.B, "19D")
    assert await call.event(Pressed) == Pressed(Side.B, "19D")
    while len(heard) < 24 or heard[-24].payload == quiet:
        heard.append(await call.b.hear())

    assert_one_stream(heard[1:])
    decode = {"PCMU": decode_ulaw, "PCMA": decode_alaw, "G722": G722(8000, 64_000).decode}[codec]
    keys = heard[-24:]
    samples = list(decode(b"".join(packet.payload for packet in keys)))
    for number, tones in enumerate(TONES_HZ.values()):
        packets = keys[number * 8 : number * 8 + 8]
        assert [packet.payload == quiet for packet in packets] == [False] * 5 + [True] * 3
        key = samples[number * 1280 :][: 5 * 160]
        settled = key[440:] if codec == "G722" else key  # its decoder has to adapt
        power = [purity(settled, hertz) for hertz in tones]
        assert sum(power) > 0.85
        assert min(power) > 0.15
    await call.close()


async def test_keys_wait_for_the_end_of_a_prompt(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    heard = [await call.speak()]
    call.session.play(Side.B, "notice", "en")
    call.session.press(Side.B, "3")
    assert (await call.event(Played)).side is Side.B
    assert await call.event(Pressed) == Pressed(Side.B, "3")
    heard += await hear_keys(call.b, 1)

    assert [packet.payload_type for packet in heard] == [0] + [0] * 6 + [101] * 8
    assert_no_gap(heard)
    await call.close()


async def test_a_prompt_waits_for_the_end_of_the_key_that_is_down_and_comes_before_the_next(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).connected()
    call.session.press(Side.B, "12")
    heard = [await call.b.hear()]
    call.session.play(Side.B, "notice", "en")
    await call.event(Played)
    assert await call.event(Pressed) == Pressed(Side.B, "12")
    heard += await hear_keys(call.b, 2)

    kinds = [kind for kind, _ in itertools.groupby(packet.payload_type for packet in heard)]
    assert kinds == [101, 0, 101]
    assert understood(heard) == "12"
    prompt = [packet for packet in heard if packet.payload_type == 0]
    assert len(prompt) == 6
    assert prompt[0].marker
    assert_no_gap(heard)
    await call.close()


async def test_a_prompt_that_is_stopped_lets_the_keys_go(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    call.session.play(Side.B, "notice", "en")
    call.session.press(Side.B, "3")
    call.session.stop(Side.B)
    await call.event(PlayFailed)
    assert await call.event(Pressed) == Pressed(Side.B, "3")
    await call.close()


async def test_silence_goes_on_after_a_key_through_a_closed_gate(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False)
    heard = [await call.b.hear()]
    call.session.press(Side.B, "8")
    heard += await hear_keys(call.b, 1)
    heard += await call.b.hear_until(SILENCE)

    assert understood(heard) == "8"
    kinds = [kind for kind, _ in itertools.groupby(packet.payload_type for packet in heard)]
    assert kinds == [0, 101, 0]
    assert heard[-1].marker
    assert_no_gap(heard)
    await call.event(Pressed)
    await call.close()


async def test_what_one_party_presses_can_be_passed_on_to_the_other(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    call.session.collect(Side.A, True)
    await call.done()
    heard = [await call.speak()]
    press(call.a, call.ports_a[0], "6")
    call.session.press(Side.B, (await call.event(Digit)).digit)
    heard += await hear_keys(call.b, 1)

    assert understood(heard) == "6"
    assert_no_gap(heard)
    await call.event(Pressed)
    await call.close()


async def test_keys_that_cannot_be_pressed_are_answered_with_the_reason(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).opened()
    call.session.press(Side.A, "1")
    assert await call.event(Pressed) == Pressed(Side.A, "1", "no-remote")
    call.session.configure(Side.A, 0, call.a.remote(None, telephone_event=None))
    call.session.press(Side.A, "1")
    assert await call.event(Pressed) == Pressed(Side.A, "1", "no-codec")
    call.session.configure(Side.A, 0, RemoteMedia(call.a.address, call.a.port, kind="raw"))
    call.session.press(Side.A, "1")
    assert await call.event(Pressed) == Pressed(Side.A, "1", "no-codec")
    for nonsense in ("", "x", "1x"):
        call.session.press(Side.A, nonsense)
        assert await call.event(Pressed) == Pressed(Side.A, nonsense, "no-key")
    await call.close()


async def test_no_more_than_64_keys_wait(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    call.session.press(Side.B, "1" * 63)
    call.session.press(Side.B, "2")
    call.session.press(Side.B, "3")
    assert await call.event(Pressed) == Pressed(Side.B, "3", "too-many")
    await call.close()


async def test_keys_of_a_party_that_goes_away_fail_all_in_order(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    call.session.press(Side.B, "12")
    call.session.press(Side.B, "3")
    await call.b.hear()
    call.session.configure(Side.B, 0, None)
    assert await call.event(Pressed) == Pressed(Side.B, "12", "no-remote")
    assert await call.event(Pressed) == Pressed(Side.B, "3", "no-remote")

    call.session.configure(Side.B, 0, call.b.remote())
    call.session.press(Side.B, "4")
    assert await call.event(Pressed) == Pressed(Side.B, "4")
    await call.close()


async def test_a_party_on_hold_is_sent_its_keys(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    call.session.configure(Side.B, 0, call.b.remote(hears=False))
    call.session.press(Side.B, "4")
    assert await call.event(Pressed) == Pressed(Side.B, "4")
    assert understood(await hear_keys(call.b, 1)) == "4"
    await call.close()
