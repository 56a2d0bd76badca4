from __future__ import annotations

import itertools

from sidecar.media.engine import Digit, Played, Side
from sidecar.media.local import LocalEngine
from sidecar.rtp.packet import Packet
from sidecar.rtp.telephone_event import TelephoneEvent

from .phones import SILENCE, SPEECH, Call, Phone, assert_one_stream
from .test_digits import press

LAST = b"\x77" * 160


async def collected(engine: LocalEngine, *, open_gates: bool = True) -> Call:
    """A call whose side A is collected from."""
    call = await Call(engine).connected(open_gates=open_gates)
    call.session.collect(Side.A, True)
    await call.done()
    return call


async def rest(call: Call) -> list[Packet]:
    """What B hears up to a last word of A's."""
    call.a.send(call.ports_a[0], LAST)
    return await call.b.hear_until(LAST)


def assert_no_key(heard: list[Packet]) -> None:
    assert {packet.payload_type for packet in heard} <= {0}


def event(phone: Phone, port: int, digit: int, *, sequence: int, timestamp: int, end: bool) -> None:
    payload = TelephoneEvent(digit, end, 10, 800).encode()
    phone.send_raw(port, Packet(101, sequence, timestamp, phone.ssrc, False, payload).encode())


async def test_a_collected_key_is_reported_and_not_relayed(engine: LocalEngine) -> None:
    call = await collected(engine)
    heard = [await call.speak(), await call.speak()]
    press(call.a, call.ports_a[0], "*")
    press(call.a, call.ports_a[0], "9")
    assert await call.event(Digit) == Digit(Side.A, "*", 60)
    assert await call.event(Digit) == Digit(Side.A, "9", 60)
    heard += await rest(call)
    heard += await rest(call)

    assert_no_key(heard)
    assert len(heard) == 4
    assert [b.sequence - a.sequence for a, b in itertools.pairwise(heard)] == [1, 1, 1]
    assert [b.timestamp - a.timestamp for a, b in itertools.pairwise(heard)] == [160, 3360, 160]
    assert [packet.marker for packet in heard] == [False, False, True, False]
    assert {packet.ssrc for packet in heard} == {call.a.ssrc}
    closed = await call.close()
    assert (closed.a.received, closed.a.relayed, closed.a.gated) == (16, 4, 12)


async def test_until_a_key_comes_a_collected_stream_is_relayed_as_it_came(
    engine: LocalEngine,
) -> None:
    call = await collected(engine)
    for _ in range(3):
        there = call.a.send(call.ports_a[0], SPEECH)
        assert await call.b.hear() == there
    await call.close()


async def test_only_the_party_that_is_collected_from_is_kept_from_pressing(
    engine: LocalEngine,
) -> None:
    call = await collected(engine)
    press(call.b, call.ports_b[0], "4")
    assert {(await call.a.hear()).payload_type for _ in range(6)} == {101}
    await call.event(Digit)
    await call.close()


async def test_keys_are_collected_from_a_stream_that_is_renumbered(engine: LocalEngine) -> None:
    call = await collected(engine, open_gates=False)
    heard = [await call.b.hear()]
    call.session.gate(Side.A, True)
    await call.done()
    call.a.send(call.ports_a[0], SPEECH)
    heard += await call.b.hear_until(SPEECH)
    press(call.a, call.ports_a[0], "7")
    heard += await rest(call)

    assert_no_key(heard)
    assert_one_stream(heard)
    assert (await call.event(Digit)).digit == "7"
    await call.close()


async def test_repeated_and_late_packets_of_a_key_are_withheld_too(engine: LocalEngine) -> None:
    call = await collected(engine)
    heard = [await call.speak()]
    press(call.a, call.ports_a[0], "5")
    heard += await rest(call)
    started = heard[-1].timestamp - 160
    for sequence, end in ((call.a.sequence - 4, True), (call.a.sequence - 5, False)):
        event(call.a, call.ports_a[0], 5, sequence=sequence, timestamp=started, end=end)
    heard += await rest(call)

    assert_no_key(heard)
    assert [b.sequence - a.sequence for a, b in itertools.pairwise(heard)] == [1, 1]
    await call.event(Digit)
    await call.done()
    assert call.no_event()
    await call.close()


async def test_a_key_that_is_down_when_collecting_ends_is_withheld_to_its_end(
    engine: LocalEngine,
) -> None:
    call = await collected(engine)
    heard = [await call.speak()]
    press(call.a, call.ports_a[0], "5", ends=0)
    await call.done()
    call.session.collect(Side.A, False)
    await call.done()
    for _ in range(3):
        call.a.sequence += 1
        event(
            call.a,
            call.ports_a[0],
            5,
            sequence=call.a.sequence,
            timestamp=call.a.timestamp,
            end=True,
        )
    heard += await rest(call)
    assert (await call.event(Digit)).digit == "5"
    assert_no_key(heard)
    assert heard[1].sequence - heard[0].sequence == 1

    press(call.a, call.ports_a[0], "6")
    heard += await rest(call)

    assert [packet.payload_type for packet in heard] == [0, 0] + [101] * 6 + [0]
    sequences = [packet.sequence for packet in heard]
    assert [b - a for a, b in itertools.pairwise(sequences)] == [1] * 8
    assert (await call.event(Digit)).digit == "6"
    await call.close()


async def test_a_key_that_goes_down_behind_a_closed_gate_stays_there_when_it_opens(
    engine: LocalEngine,
) -> None:
    call = await collected(engine, open_gates=False)
    press(call.a, call.ports_a[0], "1", ends=0)
    await call.done()
    call.session.gate(Side.A, True)
    call.session.collect(Side.A, False)
    await call.done()
    call.a.sequence += 1
    event(
        call.a, call.ports_a[0], 1, sequence=call.a.sequence, timestamp=call.a.timestamp, end=True
    )
    heard = await rest(call)

    assert_no_key(heard)
    assert (await call.event(Digit)).digit == "1"
    await call.close()


async def test_keys_are_collected_while_a_prompt_plays_to_the_other_party(
    engine: LocalEngine,
) -> None:
    call = await collected(engine)
    heard = [await call.speak()]
    call.session.play(Side.B, "notice", "en")
    await call.done()
    press(call.a, call.ports_a[0], "1")
    assert (await call.event(Digit)).digit == "1"
    await call.event(Played)
    heard += await rest(call)

    assert_no_key(heard)
    assert_one_stream(heard)
    await call.close()


async def test_silence_follows_a_collected_stream_without_a_gap(engine: LocalEngine) -> None:
    call = await collected(engine)
    heard = [await call.speak()]
    press(call.a, call.ports_a[0], "2")
    await call.event(Digit)
    call.session.gate(Side.A, False)
    heard += await call.b.hear_until(SILENCE)
    assert_one_stream(heard)

    before = await collected(engine)
    heard = [await before.speak()]
    before.session.gate(Side.A, False)
    heard += await before.b.hear_until(SILENCE)
    assert_one_stream(heard)
    await before.close()
    await call.close()


async def test_events_that_are_no_keys_pass(engine: LocalEngine) -> None:
    call = await collected(engine)
    call.a.send(call.ports_a[0], TelephoneEvent(16, True, 10, 800).encode(), payload_type=101)
    assert (await call.b.hear()).payload_type == 101
    call.a.send(call.ports_a[0], b"\x05", payload_type=101)  # too short to say what it is
    assert_no_key(await rest(call))
    broken = bytearray(Packet(101, 1, 1, call.a.ssrc, False, bytes(4)).encode())
    broken[0] |= 0x0F  # more CSRCs than it has room for
    call.a.send_raw(call.ports_a[0], bytes(broken))
    assert_no_key(await rest(call))
    await call.close()


async def test_a_key_beside_the_audio_is_withheld_and_leaves_the_audio_as_it_came(
    engine: LocalEngine,
) -> None:
    """Its packets have an SSRC and numbers of their own: nothing of the audio has to move up."""
    call = await Call(engine).connected()
    call.session.collect(Side.A, True)
    await call.done()
    keypad = Phone()
    keypad.close()
    keypad.socket, keypad.ssrc, keypad.sequence = call.a.socket, 0xABCD, 7
    sent = [call.a.send(call.ports_a[0], SPEECH)]
    press(keypad, call.ports_a[0], "9")
    sent += [call.a.send(call.ports_a[0], SPEECH) for _ in range(3)]

    heard = [await call.b.hear() for _ in range(4)]

    assert heard == sent
    assert (await call.event(Digit)).digit == "9"
    await call.close()
