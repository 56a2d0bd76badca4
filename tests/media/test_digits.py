from __future__ import annotations

import asyncio
import itertools
import os

import pytest

from sidecar.demo.tones import purity
from sidecar.media.engine import Digit, Played, Side
from sidecar.media.local import LocalEngine
from sidecar.rtp.packet import Packet
from sidecar.rtp.telephone_event import DIGITS, TelephoneEvent
from tests.rtp.sounds import decoded

from .phones import SPEECH, Call, Phone, assert_one_stream


def press(
    phone: Phone,
    port: int,
    digit: str,
    *,
    ends: int = 3,
    updates: int = 3,
    payload_type: int = 101,
) -> None:
    """One key, 20 ms between packets of the event's own timestamp."""
    phone.timestamp += 1600
    for number in range(updates + ends):
        phone.sequence += 1
        duration = 160 * min(number + 1, updates)
        event = TelephoneEvent(DIGITS.index(digit), number >= updates, 10, duration)
        packet = Packet(
            payload_type, phone.sequence, phone.timestamp, phone.ssrc, number == 0, event.encode()
        )
        phone.send_raw(port, packet.encode())


async def test_each_key_is_reported_once_though_its_end_is_sent_three_times(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).connected()
    for digit in "*9":
        press(call.a, call.ports_a[0], digit)
    assert await call.event(Digit) == Digit(Side.A, "*", 60)
    assert await call.event(Digit) == Digit(Side.A, "9", 60)
    await call.done()
    assert call.no_event()
    await call.close()


async def test_keys_are_heard_through_a_closed_gate_but_not_passed(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False)
    press(call.a, call.ports_a[0], "1")
    assert (await call.event(Digit)).digit == "1"
    heard = [await call.b.hear() for _ in range(5)]
    assert {packet.payload_type for packet in heard} == {0}
    await call.close()


async def test_a_key_whose_end_was_lost_is_reported_after_a_while(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    press(call.b, call.ports_b[0], "#", ends=0)
    assert await call.event(Digit) == Digit(Side.B, "#", 60)
    await call.close()


async def test_an_open_gate_passes_events_with_one_timestamp(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False)
    await call.b.hear()
    call.session.gate(Side.A, True)
    await call.done()

    press(call.a, call.ports_a[0], "5", updates=2, ends=1)
    heard = [await call.b.hear()]
    while heard[-1].payload_type != 101:
        heard.append(await call.b.hear())
    events = [heard[-1], await call.b.hear(), await call.b.hear()]

    assert len({packet.timestamp for packet in events}) == 1
    assert [TelephoneEvent.parse(packet.payload).end for packet in events] == [  # type: ignore[union-attr]
        False,
        False,
        True,
    ]
    await call.event(Digit)
    await call.close()


async def test_a_key_is_understood_by_the_number_the_other_party_gave_it(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).opened()
    call.session.configure(Side.A, 0, call.a.remote(telephone_event=96))
    call.session.configure(Side.B, 0, call.b.remote(telephone_event=101))
    await call.done()
    press(call.a, call.ports_a[0], "7")
    assert (await call.event(Digit)).digit == "7"
    await call.close()


async def test_numbers_are_put_into_those_of_the_other_party(engine: LocalEngine) -> None:
    """One side was answered before the other one chose: each has numbers of its own."""
    call = await Call(engine).opened()
    codecs_a, codecs_b = ((97, "PCMA/8000"), (111, "OPUS/48000")), ((8, "PCMA/8000"),)
    remote_a = call.a.remote("PCMA", payload_type=97, codecs=codecs_a, telephone_event=96)
    remote_b = call.b.remote("PCMA", codecs=codecs_b, telephone_event=101)
    for side, remote in ((Side.A, remote_a), (Side.B, remote_b)):
        call.session.gate(side, True)
        call.session.configure(side, 0, remote)
    await call.done()

    call.a.send(call.ports_a[0], SPEECH, payload_type=97)
    call.a.send(call.ports_a[0], SPEECH, payload_type=8)
    press(call.a, call.ports_a[0], "5", payload_type=96)
    there = [await call.b.hear() for _ in range(8)]
    call.b.send(call.ports_b[0], SPEECH, payload_type=8)
    press(call.b, call.ports_b[0], "6", payload_type=96)
    back = [await call.a.hear() for _ in range(7)]

    assert [packet.payload_type for packet in there] == [8, 8] + [101] * 6
    assert [packet.payload_type for packet in back] == [97] + [96] * 6
    assert there[2].marker
    assert [(await call.event(Digit)).digit for _ in range(2)] == ["5", "6"]
    await call.close()


async def test_keys_for_a_party_without_events_are_pressed_anew_as_tones(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).opened()
    for side, remote in (
        (Side.A, call.a.remote()),
        (Side.B, call.b.remote(telephone_event=None)),
    ):
        call.session.gate(side, True)
        call.session.configure(side, 0, remote)
    await call.done()
    call.a.send(call.ports_a[0], SPEECH)
    heard = [await call.b.hear()]

    for digit in "95":
        press(call.a, call.ports_a[0], digit)
    heard += [await call.b.hear() for _ in range(16)]

    assert {packet.payload_type for packet in heard} == {0}
    assert_one_stream(heard)
    audio = decoded("PCMU", b"".join(packet.payload for packet in heard[1:]))
    for start, tones in ((160, (852, 1477)), (1440, (770, 1336))):
        tone = [round(sample) for sample in audio[start : start + 480]]
        assert sum(purity(tone, hertz) for hertz in tones) > 0.9
    assert [(await call.event(Digit)).digit for _ in range(2)] == ["9", "5"]
    await asyncio.sleep(0.05)  # the pause after the key ends with the next tick
    assert call.no_event()
    call.a.send(call.ports_a[0], SPEECH)
    assert (await call.b.hear()).payload == SPEECH
    await call.close()


async def test_keys_that_are_collected_are_not_pressed_anew_by_themselves(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).connected()
    call.session.configure(Side.B, 0, call.b.remote(telephone_event=None))
    call.session.collect(Side.A, True)
    await call.done()
    press(call.a, call.ports_a[0], "9")
    await call.event(Digit)
    call.a.send(call.ports_a[0], SPEECH)
    assert (await call.b.hear()).payload == SPEECH
    await call.close()


@pytest.mark.parametrize(("ssrc", "sequence"), [(0xABCD, 7), (0x1234ABCD, 40_000), (0xABCD, 1000)])
async def test_a_key_beside_the_audio_is_one_key_after_a_prompt(
    engine: LocalEngine, ssrc: int, sequence: int
) -> None:
    """Its packets have an SSRC or numbers of their own, as of some telephones."""
    call = await Call(engine).connected()
    call.session.play(Side.B, "notice", "en")
    await call.event(Played)
    call.b.forget()
    keypad = Phone()
    keypad.ssrc, keypad.sequence = ssrc, sequence
    keypad.socket.close()
    keypad.socket = call.a.socket

    told = []
    for number in range(8):
        call.a.send(call.ports_a[0], SPEECH)
        event = TelephoneEvent(5, number >= 5, 10, 160 * min(number + 1, 5))
        keypad.sequence += 1
        packet = Packet(101, keypad.sequence, 99_000, ssrc, number == 0, event.encode())
        call.a.send_raw(call.ports_a[0], packet.encode())
        told += [await call.b.hear(), await call.b.hear()]

    keys = [packet for packet in told if packet.payload_type == 101]
    assert len(keys) == 8
    assert len({packet.timestamp for packet in keys}) == 1
    assert len({packet.ssrc for packet in told}) == 1
    steps = [(b.sequence - a.sequence) & 0xFFFF for a, b in itertools.pairwise(told)]
    assert set(steps) == {1}
    assert (await call.event(Digit)).digit == "5"
    await call.close()


async def test_what_only_looks_like_a_key_is_none(engine: LocalEngine) -> None:
    """Octets of another length (SRTP), a single packet, packets that disagree."""
    call = await Call(engine).connected()
    for number in range(20):
        call.a.send(call.ports_a[0], os.urandom(14), payload_type=101)
        call.a.send(call.ports_a[0], TelephoneEvent(1, True, 10, 400).encode(), payload_type=101)
        event = TelephoneEvent(number % 10, True, 10, 30_000 - 1000 * number).encode()
        call.a.send(call.ports_a[0], event, payload_type=101)
    await asyncio.sleep(0.4)
    await call.done()
    assert call.no_event()
    await call.close()


async def test_more_keys_than_fingers_could_press_are_not_reported(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False)
    for _ in range(100):
        press(call.a, call.ports_a[0], "1")
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.3)
    keys = 0
    while not call.no_event():
        await call.event(Digit)
        keys += 1
    assert 40 <= keys < 70
    await call.close()
