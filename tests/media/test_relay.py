from __future__ import annotations

import struct

import pytest

from sidecar.media.engine import Opened, Played, RemoteMedia, Side
from sidecar.media.local import LocalEngine
from sidecar.media.prompts import PromptLibrary

from .phones import SILENCE, SPEECH, Call, Phone, assert_one_stream


async def test_with_open_gates_packets_are_relayed_as_they_came(engine: LocalEngine) -> None:
    call = await Call(engine).connected()

    there = call.a.send(call.ports_a[0], SPEECH)
    assert await call.b.hear() == there
    back = call.b.send(call.ports_b[0], b"\x11" * 160)
    assert await call.a.hear() == back

    closed = await call.close()
    assert closed.a.relayed == closed.b.relayed == 1
    assert closed.a.generated == closed.b.generated == 0


async def test_a_closed_gate_sends_silence_of_the_codec_and_nothing_else(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).connected(open_gates=False, codec="PCMA")

    call.a.send(call.ports_a[0], SPEECH, payload_type=8)
    heard = [await call.b.hear() for _ in range(5)]

    assert {packet.payload for packet in heard} == {b"\xd5" * 160}
    assert {packet.payload_type for packet in heard} == {8}
    assert [packet.marker for packet in heard] == [True, False, False, False, False]
    assert_one_stream(heard)
    closed = await call.close()
    assert closed.a.gated == 1
    assert closed.a.relayed == 0


async def test_silence_reaches_a_party_before_the_other_one_is_known(engine: LocalEngine) -> None:
    call = await Call(engine).opened()
    call.session.configure(Side.A, 0, call.a.remote())
    assert (await call.a.hear()).payload == SILENCE
    await call.close()


async def test_speech_follows_silence_in_one_stream_and_starts_with_a_marker(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).connected(open_gates=False)
    heard = [await call.b.hear() for _ in range(3)]

    call.session.gate(Side.A, True)
    await call.done()
    for _ in range(3):
        call.a.send(call.ports_a[0], SPEECH)
    heard += await call.b.hear_until(SPEECH)
    first = heard[-1]
    heard += [await call.b.hear(), await call.b.hear()]

    assert_one_stream(heard)
    assert first.marker
    assert [packet.payload for packet in heard[-2:]] == [SPEECH, SPEECH]
    assert not any(packet.marker for packet in heard[-2:])
    assert heard[-1].timestamp - heard[-2].timestamp == 160
    await call.close()


async def test_silence_goes_on_with_a_stream_that_was_relayed_as_it_came(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).connected()
    heard = [await call.speak(), await call.speak()]
    assert heard[-1].ssrc == call.a.ssrc

    call.session.gate(Side.A, False)
    heard += [await call.b.hear(), await call.b.hear()]
    call.session.gate(Side.A, True)
    await call.done()
    call.a.send(call.ports_a[0], SPEECH)
    heard += await call.b.hear_until(SPEECH)

    assert_one_stream(heard)
    assert heard[2].marker
    assert heard[2].payload == SILENCE
    assert heard[-1].marker
    await call.close()


async def test_each_direction_has_its_own_gate(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False)
    call.session.gate(Side.B, True)
    await call.done()

    call.b.send(call.ports_b[0], SPEECH)
    await call.a.hear_until(SPEECH)
    call.a.send(call.ports_a[0], SPEECH)
    heard = [await call.b.hear() for _ in range(5)]

    assert {packet.payload for packet in heard} == {SILENCE}
    await call.close()


async def test_g722_is_silent_in_its_own_codec(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False, codec="G722")
    first, second = await call.a.hear(), await call.a.hear()
    assert first.payload_type == 9
    assert len(first.payload) == 160
    assert (second.timestamp - first.timestamp) & 0xFFFFFFFF == 160
    await call.close()


@pytest.mark.parametrize(
    ("asked", "sent"), [(10, 10), (30, 30), (60, 60), (50, 40), (15, 10), (5, 10), (500, 60)]
)
async def test_a_party_may_ask_for_shorter_or_longer_packets(
    engine: LocalEngine, asked: int, sent: int
) -> None:
    call = await Call(engine).opened()
    call.session.configure(Side.A, 0, call.a.remote(ptime_ms=asked))
    first, second = await call.a.hear(), await call.a.hear()
    assert len(first.payload) == 8 * sent
    assert (second.timestamp - first.timestamp) & 0xFFFFFFFF == 8 * sent

    call.session.play(Side.A, "notice", "en")
    played = await call.event(Played)
    packets = -(-960 // (8 * sent))
    assert played.ended_at - played.started_at == pytest.approx(packets * sent / 1000, abs=0.025)
    await call.close()


async def test_a_party_on_hold_is_sent_no_silence(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False)
    await call.a.hear()

    call.session.configure(Side.A, 0, call.a.remote(hears=False))
    await call.done()
    call.a.forget()
    for _ in range(5):
        await call.b.hear()  # 100 ms

    assert call.a.hears_nothing()
    await call.close()


async def test_a_ringback_tone_takes_the_place_of_silence(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False)
    heard = await call.a.hear_until(SILENCE)

    call.session.ring(Side.A, True)
    await call.done()
    heard += [await call.a.hear() for _ in range(4)]
    call.session.ring(Side.A, False)
    heard += await call.a.hear_until(SILENCE)

    assert any(packet.payload != SILENCE for packet in heard)
    assert_one_stream(heard)
    await call.close()


async def test_what_was_said_before_the_gate_opened_stays_behind_it(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False, codec=None)
    call.a.send(call.ports_a[0], SPEECH, payload_type=96)
    call.session.gate(Side.A, True)
    await call.done()

    sent = call.a.send(call.ports_a[0], SPEECH, payload_type=96)

    assert await call.b.hear() == sent
    await call.close()


async def test_fax_is_relayed_without_a_look(engine: LocalEngine) -> None:
    call = await Call(engine).opened()
    for side, phone in ((Side.A, call.a), (Side.B, call.b)):
        call.session.gate(side, True)
        call.session.configure(side, 0, RemoteMedia(phone.address, phone.port, kind="raw"))
    await call.done()

    call.a.send_raw(call.ports_a[0], b"\x00\x01\x02")
    assert await call.b.hear_raw() == b"\x00\x01\x02"
    call.b.send_raw(call.ports_b[0], b"")
    assert await call.a.hear_raw() == b""
    await call.close()


async def test_what_is_no_rtp_is_not_relayed(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    for garbage in (b"", b"\x80", b"\x00" * 172, b"\x80" * 3000):
        call.a.send_raw(call.ports_a[0], garbage)
    sent = call.a.send(call.ports_a[0], SPEECH)

    assert await call.b.hear() == sent
    closed = await call.close()
    assert closed.a.invalid == 4


async def test_a_stream_can_be_added_later(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    call.session.add_stream()
    ports = await call.event(Opened)
    assert ports.ports_a[:1] == call.ports_a
    assert len(ports.ports_a) == len(ports.ports_b) == 2

    fax_a, fax_b = Phone(), Phone()
    for side, phone in ((Side.A, fax_a), (Side.B, fax_b)):
        call.session.configure(side, 1, RemoteMedia(phone.address, phone.port, kind="raw"))
    await call.done()
    fax_a.send_raw(ports.ports_a[1], b"fax")

    assert await fax_b.hear_raw() == b"fax"
    fax_a.close()
    fax_b.close()
    await call.close()


async def test_ipv6_is_relayed(library: PromptLibrary) -> None:
    engine = LocalEngine("::1", range(32100, 32140), library, workers=1)
    await engine.start()
    call = await Call(engine, address="::1").connected()
    for _ in range(2):  # before and after the socket is connected
        sent = call.a.send(call.ports_a[0], SPEECH)
        assert await call.b.hear() == sent
    await call.close()
    await engine.close()


def _sender_report(ssrc: int, timestamp: int) -> bytes:
    report = struct.pack("!BBHIIIIII", 0x80, 200, 6, ssrc, 1, 2, timestamp, 77, 88)
    name = struct.pack("!BBHI", 0x81, 202, 3, ssrc) + b"\x01\x04anna\x00\x00"
    return report + name


async def test_rtcp_names_nobody_through_a_closed_gate(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False)
    control_a, control_b = Phone(), Phone()
    call.session.configure(Side.B, 0, call.b.remote(rtcp_port=control_b.port))
    await call.done()

    control_a.send_raw(call.ports_a[0] + 1, _sender_report(call.a.ssrc, 1))
    call.session.gate(Side.A, True)
    await call.done()
    control_a.send_raw(call.ports_a[0] + 1, _sender_report(call.a.ssrc, 2))

    heard = await control_b.hear_raw()
    assert struct.unpack_from("!I", heard, 16) == (2,)
    control_a.close()
    control_b.close()
    await call.close()


async def test_rtcp_follows_the_numbers_of_a_stream_that_was_rewritten(
    engine: LocalEngine,
) -> None:
    call = await Call(engine).connected(open_gates=False)
    control_a, control_b = Phone(), Phone()
    call.session.configure(Side.B, 0, call.b.remote(rtcp_port=control_b.port))
    call.session.gate(Side.A, True)
    await call.done()
    sent = call.a.send(call.ports_a[0], SPEECH)
    heard = (await call.b.hear_until(SPEECH))[-1]

    control_a.send_raw(call.ports_a[0] + 1, _sender_report(call.a.ssrc, sent.timestamp))
    report = await control_b.hear_raw()

    ssrc, _, _, timestamp = struct.unpack_from("!IIII", report, 4)
    assert (ssrc, timestamp) == (heard.ssrc, heard.timestamp)
    assert struct.unpack_from("!I", report, 32) == (heard.ssrc,)
    control_a.close()
    control_b.close()
    await call.close()


async def test_rtcp_may_share_the_port(engine: LocalEngine) -> None:
    call = await Call(engine).opened()
    for side, phone in ((Side.A, call.a), (Side.B, call.b)):
        call.session.gate(side, True)
        call.session.configure(side, 0, phone.remote(rtcp_port=phone.port))
    await call.done()
    first = await call.speak()

    report = _sender_report(call.a.ssrc, 5)
    call.a.send_raw(call.ports_a[0], report)
    assert await call.b.hear_raw() == report
    call.session.gate(Side.A, False)
    assert_one_stream([first, await call.b.hear()])
    await call.close()
