from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from sidecar.demo.awaited import CallFailed
from sidecar.demo.echo_pbx import echo_pbx
from sidecar.demo.incoming import IncomingCall
from sidecar.demo.outgoing import OutgoingCall
from sidecar.demo.phone import Phone
from sidecar.demo.sip_port import Direction, outline
from sidecar.demo.tones import speech_or_prompt_spans, tone_spans
from sidecar.sip.message import Message

Talking = Callable[[Phone, Phone], Awaitable[tuple[OutgoingCall, IncomingCall]]]


async def test_a_call_rings_is_answered_and_ended(caller: Phone, callee: Phone) -> None:
    there = await caller.invite(callee.uri, headers=[("Subject", "hello")])
    here = await callee.incoming()
    await here.ring()
    assert (await there.ringing()).status == 180
    await here.answer(headers=[("X-Who", "me")])

    assert (await there.answered()).headers.get("X-Who") == "me"
    assert here.invite.headers.get("Subject") == "hello"
    await there.hang_up()
    await here.ended()

    assert (there.ended_by, here.ended_by) == ("us", "peer")
    assert outline(there.sent) == ["INVITE", "ACK", "BYE"]
    assert outline(there.received) == ["100", "180", "200", "200"]


async def test_both_hear_the_tone_of_the_other_and_nothing_else(
    caller: Phone, callee: Phone, talking: Talking
) -> None:
    there, here = await talking(caller, callee)

    await there.media.hear(20)
    await here.media.hear(20)

    assert len(tone_spans(there.media.blocks(), 440)) == 1
    assert len(tone_spans(here.media.blocks(), 1000)) == 1
    assert speech_or_prompt_spans(there.media.blocks(), without=(440,)) == []
    packets = here.media.received[:20]
    steps = {(b.sequence - a.sequence) & 0xFFFF for a, b in pairwise(packets)}
    assert steps == {1}
    assert [packet.marker for packet in packets] == [True] + [False] * 19


async def test_the_codec_is_the_first_that_both_have(callee: Phone, talking: Talking) -> None:
    async with Phone(user="caller", codecs=("PCMA", "PCMU"), tone_hz=1000) as caller:
        there, here = await talking(caller, callee)
        await here.media.hear(5)

    assert {packet.payload_type for packet in here.media.received} == {8}
    assert there.remote_sdp is not None
    assert there.remote_sdp.media[0].formats == ("8", "101")


async def test_a_caller_who_hangs_up_while_it_rings_cancels(caller: Phone, callee: Phone) -> None:
    there = await caller.invite(callee.uri)
    here = await callee.incoming()
    await here.ring()
    await there.ringing()

    response = await there.hang_up([("Reason", "SIP;cause=487")])
    await here.ended()

    assert response is not None
    assert response.status == 487
    assert (there.ended_by, here.ended_by) == ("us", "peer")
    assert outline(there.sent) == ["INVITE", "CANCEL", "ACK"]
    with pytest.raises(CallFailed):
        await here.answer()


async def test_hold_stops_the_held_party_and_resume_lets_it_speak_again(
    caller: Phone, callee: Phone, talking: Talking
) -> None:
    there, here = await talking(caller, callee)
    await there.media.hear(5)

    assert (await there.reinvite(hold=True)).status == 200
    assert there.remote_sdp is not None
    assert there.remote_sdp.media[0].direction == "recvonly"
    assert here.media.sending is not None
    assert not here.media.sending.hears
    assert there.media.sending is not None
    assert there.media.sending.hears

    assert (await there.reinvite()).status == 200
    before = len(there.media.received)
    await there.media.hear(before + 5)
    assert here.media.sending.hears


async def test_digits_are_pressed_and_heard(caller: Phone, callee: Phone, talking: Talking) -> None:
    there, here = await talking(caller, callee)

    await there.send_digits("12*9")
    await here.send_digits("#")

    await here.media.until(lambda: here.media.digits == "12*9")
    await there.media.until(lambda: there.media.digits == "#")
    events = [packet for packet in here.media.received if packet.payload_type == 101]
    assert [packet.marker for packet in events].count(True) == 4
    assert len({packet.timestamp for packet in events}) == 4


async def test_early_media_is_heard_before_the_answer(caller: Phone, callee: Phone) -> None:
    there = await caller.invite(callee.uri)
    here = await callee.incoming()
    await here.ring(early_media=True)
    assert (await there.ringing()).status == 183

    await there.media.hear(3)

    await here.answer()
    await there.answered()
    assert here.local_sdp == there.remote_sdp


async def test_a_reliable_183_is_acknowledged_by_prack(caller: Phone, callee: Phone) -> None:
    there = await caller.invite(callee.uri)
    here = await callee.incoming()

    prack = await here.ring(early_media=True, reliable=True)
    await here.answer()
    answer = await there.answered()

    assert prack is not None
    assert prack.headers.get("RAck") == f"{there.responses[-2].headers.get('RSeq')} 1 INVITE"
    assert answer.body == b""
    assert there.remote_sdp is not None
    await here.media.hear(3)


async def test_an_invite_without_offer_is_offered_in_the_200(caller: Phone, callee: Phone) -> None:
    there = await caller.invite(callee.uri, sdp=None)
    here = await callee.incoming()
    ack = await here.answer()

    assert here.invite.body == b""
    assert ack is not None
    assert b"m=audio" in ack.body
    await there.answered()
    assert (here.local_sdp, here.remote_sdp) == (there.remote_sdp, there.local_sdp)
    await here.media.hear(3)
    await there.media.hear(3)


async def test_a_delayed_re_invite_is_answered_in_the_ack(
    caller: Phone, callee: Phone, talking: Talking
) -> None:
    there, here = await talking(caller, callee)

    assert (await here.reinvite(sdp=None)).status == 200

    assert b"m=audio" in here.sent[-1].body
    assert outline(here.sent)[-2:] == ["INVITE", "ACK"]
    assert here.remote_sdp is not None
    assert here.remote_sdp.origin.session_id == there.media.port + 1_000_000


async def test_update_holds_too(caller: Phone, callee: Phone, talking: Talking) -> None:
    there, here = await talking(caller, callee)

    assert (await here.update(hold=True)).status == 200

    assert there.remote_sdp is not None
    assert there.remote_sdp.media[0].direction == "sendonly"
    assert there.media.sending is not None
    assert not there.media.sending.hears


async def test_info_refer_and_other_requests_reach_the_other_side(
    caller: Phone, callee: Phone, talking: Talking
) -> None:
    there, here = await talking(caller, callee)
    here.refuse["MESSAGE"] = 488

    assert (await there.info(b"Signal=1\r\n", "application/dtmf-relay")).status == 200
    assert (await there.refer("sip:boss@example.com")).status == 202
    assert (await there.send_request("MESSAGE", [("X-A", "b")], b"hi")).status == 488

    assert [request.method for request in here.requests] == ["INFO", "REFER", "MESSAGE"]
    assert here.requests[0].body == b"Signal=1\r\n"
    assert here.requests[1].headers.get("Refer-To") == "<sip:boss@example.com>"


async def test_requests_outside_of_calls_are_answered(caller: Phone, callee: Phone) -> None:
    callee.answers["MESSAGE"] = 403

    assert (await caller.request("OPTIONS", callee.uri)).status == 200
    assert (await caller.request("MESSAGE", callee.uri, body=b"hi")).status == 403
    assert (await caller.request("PUBLISH", callee.uri)).status == 405


async def test_a_call_may_be_hung_up_before_it_is_answered(caller: Phone, callee: Phone) -> None:
    there = await caller.invite(callee.uri)
    here = await callee.incoming()

    await here.hang_up()

    assert (await there.final()).status == 603
    assert await here.hang_up() is None


async def test_rtcp_has_a_port_of_its_own(caller: Phone, callee: Phone, talking: Talking) -> None:
    there, here = await talking(caller, callee)

    there.media.send_rtcp(b"report", ("127.0.0.1", here.media.port + 1))
    there.media.send_raw(b"no RTP")
    await here.media.until(lambda: bool(here.media.rtcp_received))

    assert here.media.rtcp_received == [b"report"]


async def test_the_trace_is_told_of_every_message(callee: Phone, talking: Talking) -> None:
    told: list[tuple[Direction, Message]] = []
    async with Phone(trace=lambda *line: told.append(line)) as caller:
        there, _ = await talking(caller, callee)
        await there.hang_up()

    assert [direction for direction, _ in told] == [
        *("sent", "received", "received", "sent", "sent", "received")
    ]


async def test_calls_over_tcp_work_alike(talking: Talking) -> None:
    async with (
        Phone(transport="tcp", tone_hz=1000) as caller,
        Phone(transport="tcp", tone_hz=440) as callee,
    ):
        there, here = await talking(caller, callee)
        assert (await there.reinvite(hold=True)).status == 200
        await here.hang_up()
        await there.ended()

    assert str(there.sent[0].via).startswith("SIP/2.0/TCP")


async def test_calls_over_ipv6_work_alike(talking: Talking) -> None:
    async with Phone("::1", tone_hz=1000) as caller, Phone("::1") as callee:
        there, here = await talking(caller, callee)
        await here.media.hear(3)
        await there.hang_up()

    assert there.remote_sdp is not None
    assert there.remote_sdp.connection == ("IP6", "::1")


async def test_the_echo_pbx_rings_answers_and_gives_back_what_it_hears(caller: Phone) -> None:
    async with echo_pbx(ring_s=0.05) as pbx:
        call = await caller.invite(pbx.uri)
        assert (await call.ringing()).status == 180
        await call.answered()
        await call.media.hear(10)
        await call.hang_up()

    assert len(tone_spans(call.media.blocks(), 1000)) == 1


async def test_the_echo_pbx_may_play_a_tone_instead(caller: Phone) -> None:
    async with echo_pbx(tone_hz=440, ring_s=0) as pbx:
        call = await caller.invite(pbx.uri)
        await call.answered()
        await call.media.hear(10)

    assert len(tone_spans(call.media.blocks(), 440)) == 1
