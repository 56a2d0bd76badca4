"""From whom packets are taken, and to whom they go. Strangers have addresses of their own."""

from __future__ import annotations

import asyncio

from sidecar.media.engine import Digit, Played, PlayFailed, RemoteMedia, Side
from sidecar.media.local import LocalEngine
from sidecar.media.prompts import PromptLibrary
from sidecar.rtp.settling import RUN

from .phones import SILENCE, SPEECH, Call, Phone
from .test_digits import press

OUTSIDE = ("127.0.0.2/32",)
FRAMES = 6
"""Of the prompt."""


def elsewhere(address: str = "127.0.0.2") -> Phone:
    return Phone(address)


async def settle(phone: Phone, port: int, packets: int = RUN, payload_type: int = 0) -> None:
    """Speak as a telephone does, to the sidecar's address."""
    for _ in range(packets):
        phone.send(port, SPEECH, payload_type)
        await asyncio.sleep(0.02)


async def behind_nat(call: Call) -> Call:
    """A call whose side A is behind NAT, its gates closed."""
    await call.opened()
    call.session.behind_nat(Side.A, OUTSIDE)
    call.session.configure(Side.A, 0, call.a.remote())
    call.session.configure(Side.B, 0, call.b.remote())
    await call.done()
    return call


async def test_strangers_are_dropped_and_counted(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    stranger = elsewhere()
    await call.speak()

    for _ in range(3):
        stranger.send(call.ports_a[0], b"\x66" * 160)
    heard = await call.speak()
    await call.done()
    await call.done()

    assert heard.payload == SPEECH
    stranger.close()
    assert (await call.close()).a.strangers == 3


async def test_keys_and_speech_of_a_stranger_before_the_first_packet_count_for_nothing(
    engine: LocalEngine,
) -> None:
    """Nobody has spoken yet: whoever fires at the ports must get neither prompt nor consent."""
    call = await Call(engine).connected(open_gates=False)
    stranger, neighbour = elsewhere(), Phone()
    for _ in range(3):
        for each in (stranger, neighbour):
            press(each, call.ports_a[0], "1")
            each.send_raw(call.ports_a[0] + 1, b"\x80\xc9\x00\x01abcd")
    await settle(stranger, call.ports_a[0], 3 * RUN)

    call.session.play(Side.A, "notice", "en")
    heard = await call.a.hear()
    while heard.payload == SILENCE:
        heard = await call.a.hear()

    await call.event(Played)
    assert stranger.hears_nothing()
    assert neighbour.hears_nothing()
    assert (await call.close()).a.received == 0
    stranger.close()
    neighbour.close()


async def test_a_stranger_can_press_no_key_of_either_party_nor_be_relayed(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).connected()
    await call.speak()
    call.b.send(call.ports_b[0], SPEECH)
    await call.a.hear()
    stranger = elsewhere()
    for port in (call.ports_a[0], call.ports_b[0]):
        press(stranger, port, "9")
        await settle(stranger, port)
        press(stranger, port, "9")
    await call.done()
    await call.done()

    assert call.no_event()
    assert call.a.hears_nothing()
    assert call.b.hears_nothing()
    stranger.close()
    await call.close()


async def test_reports_of_a_stranger_are_not_relayed(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    stranger, control_a, control_b = elsewhere(), Phone(), Phone()
    call.session.configure(Side.B, 0, call.b.remote(rtcp_port=control_b.port))
    await call.done()
    report = b"\x80\xc9\x00\x01"

    stranger.send_raw(call.ports_a[0] + 1, report + b"evil")
    control_a.send_raw(call.ports_a[0] + 1, report + b"good")

    assert await control_b.hear_raw() == report + b"good"
    for phone in (stranger, control_a, control_b):
        phone.close()
    assert (await call.close()).a.strangers == 1


async def test_a_party_that_is_silent_hears_the_prompt_where_it_said(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False)
    call.session.play(Side.B, "notice", "en")
    await call.event(Played)
    assert (await call.close()).b.received == 0


async def test_a_party_may_speak_from_another_port_than_it_hears_at(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    mouth = Phone()

    await settle(mouth, call.ports_a[0], RUN + 1)
    press(mouth, call.ports_a[0], "5")

    assert (await call.b.hear()).payload == SPEECH
    assert await call.event(Digit) == Digit(Side.A, "5", 60)
    call.b.send(call.ports_b[0], SPEECH)
    assert (await call.a.hear()).payload == SPEECH
    assert mouth.hears_nothing()
    mouth.close()
    await call.close()


async def test_what_speaks_from_another_port_yields_to_the_signalled_one(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).connected()
    other = Phone()
    await settle(other, call.ports_a[0], RUN)
    await call.b.hear()

    await call.speak()
    other.send(call.ports_a[0], b"\x66" * 160)
    press(other, call.ports_a[0], "5")
    assert (await call.speak()).payload == SPEECH

    await call.done()
    assert call.no_event()
    other.close()
    await call.close()


async def test_behind_nat_packets_go_to_where_the_party_speaks_from_once_it_has_settled(
    engine: LocalEngine,
) -> None:
    call = await behind_nat(Call(engine))
    outside, stranger = elsewhere(), elsewhere("127.0.0.3")
    call.session.gate(Side.B, True)

    await settle(stranger, call.ports_a[0], 3 * RUN)
    await settle(outside, call.ports_a[0], RUN - 1)
    await call.done()
    assert outside.hears_nothing()
    await settle(outside, call.ports_a[0], 2)
    call.b.send(call.ports_b[0], SPEECH)

    assert (await outside.hear()).payload == SPEECH
    press(outside, call.ports_a[0], "1")
    assert (await call.event(Digit)).digit == "1"
    assert stranger.hears_nothing()
    outside.close()
    stranger.close()
    await call.close()


async def test_behind_nat_a_prompt_begins_anew_at_the_place_that_has_settled(
    engine: LocalEngine,
) -> None:
    call = await behind_nat(Call(engine))
    outside = elsewhere()
    call.session.play(Side.A, "notice", "en")
    for _ in range(3 * FRAMES):
        await call.a.hear()
    assert call.no_event()

    await settle(outside, call.ports_a[0])

    heard = [await outside.hear() for _ in range(FRAMES)]
    assert heard[0].marker
    assert SILENCE not in {packet.payload for packet in heard}
    await call.event(Played)
    outside.close()
    await call.close()


async def test_behind_nat_a_prompt_counts_where_the_signalled_address_speaks(
    engine: LocalEngine,
) -> None:
    call = await behind_nat(Call(engine))
    call.session.play(Side.A, "notice", "en")
    for _ in range(3 * FRAMES):
        await call.a.hear()
    assert call.no_event()
    call.a.send(call.ports_a[0], SPEECH)
    await call.event(Played)
    await call.close()


async def test_behind_nat_a_port_that_changes_in_a_call_is_followed(engine: LocalEngine) -> None:
    call = await behind_nat(Call(engine))
    call.session.gate(Side.A, True)
    call.session.gate(Side.B, True)
    before, after, rival = elsewhere(), elsewhere(), elsewhere()
    await settle(before, call.ports_a[0], RUN + 5)

    after.ssrc, after.sequence, after.timestamp = before.ssrc, before.sequence, before.timestamp
    rival.ssrc = 99
    for _ in range(RUN + 1):
        rival.send(call.ports_a[0], SPEECH)
        await settle(after, call.ports_a[0], 1)
    call.b.send(call.ports_b[0], SPEECH)

    assert (await after.hear_until(SPEECH))[-1].payload == SPEECH
    assert rival.hears_nothing()
    for phone in (before, after, rival):
        phone.close()
    await call.close()


async def test_a_new_address_resets_everything_and_the_one_left_is_a_stranger(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).connected()
    await call.speak()
    desk = elsewhere()

    call.session.configure(Side.A, 0, desk.remote())
    await call.done()
    call.a.send(call.ports_a[0], b"\x66" * 160)
    sent = desk.send(call.ports_a[0], SPEECH)

    assert await call.b.hear() == sent
    call.b.send(call.ports_b[0], SPEECH)
    assert (await desk.hear()).payload == SPEECH
    assert call.a.hears_nothing()
    assert (await call.close()).a.strangers == 1
    desk.close()


async def test_a_refresh_with_the_same_address_keeps_what_has_settled(engine: LocalEngine) -> None:
    call = await behind_nat(Call(engine))
    call.session.gate(Side.B, True)
    outside = elsewhere()
    await settle(outside, call.ports_a[0])

    call.session.configure(Side.A, 0, call.a.remote())
    await call.done()
    call.b.send(call.ports_b[0], SPEECH)

    assert (await outside.hear_until(SPEECH))[-1].payload == SPEECH
    outside.close()
    await call.close()


async def test_a_flood_of_strangers_does_not_keep_the_party_out(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    stranger = elsewhere()
    await call.speak()
    await call.done()

    for _ in range(500):
        stranger.send(call.ports_a[0], b"\x66" * 160)
    heard = await call.speak()

    assert heard.payload == SPEECH
    await call.done()
    assert 0 < (await call.close()).a.strangers <= 500
    stranger.close()


async def test_a_flood_of_strangers_does_not_keep_out_a_party_behind_nat(
    engine: LocalEngine,
) -> None:
    call = await behind_nat(Call(engine))
    outside, stranger = elsewhere(), elsewhere("127.0.0.3")
    for _ in range(RUN + 1):
        for _ in range(50):
            stranger.send(call.ports_a[0], SPEECH)
        await settle(outside, call.ports_a[0], 1)
    assert (await outside.hear()).payload == SILENCE
    outside.close()
    stranger.close()
    await call.close()


async def test_fax_behind_nat_settles_by_its_packets(engine: LocalEngine) -> None:
    call = await Call(engine).opened()
    call.session.behind_nat(Side.A, OUTSIDE)
    for side, phone in ((Side.A, call.a), (Side.B, call.b)):
        call.session.gate(side, True)
        call.session.configure(side, 0, RemoteMedia(phone.address, phone.port, kind="raw"))
    await call.done()
    outside = elsewhere()
    for number in range(RUN + 1):
        outside.socket.sendto(bytes([0, number, 7]), ("127.0.0.1", call.ports_a[0]))
        await asyncio.sleep(0.02)

    call.b.send_raw(call.ports_b[0], b"\x00\x01\x02")

    assert await outside.hear_raw() == b"\x00\x01\x02"
    outside.close()
    await call.close()


async def test_without_a_route_a_prompt_fails(library: PromptLibrary) -> None:
    engine = LocalEngine("127.0.0.1", range(32700, 32740), library, workers=1)
    await engine.start()
    call = await Call(engine).opened()
    call.session.configure(Side.A, 0, RemoteMedia("192.0.2.77", 4000, codec="PCMU", payload_type=0))
    call.session.play(Side.A, "notice", "en")
    assert await call.event(PlayFailed) == PlayFailed(Side.A, "notice", "unreachable")
    await call.close()
    await engine.close()
