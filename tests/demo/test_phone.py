from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest

from sidecar.demo.awaited import CallFailed
from sidecar.demo.call import Call
from sidecar.demo.echo_pbx import echo_pbx
from sidecar.demo.incoming import IncomingCall
from sidecar.demo.outgoing import OutgoingCall
from sidecar.demo.phone import Phone
from sidecar.demo.rtp_endpoint import RtpEndpoint
from sidecar.demo.sip_port import Direction
from sidecar.demo.tones import speech_or_prompt_spans, tone_spans
from sidecar.sip.message import Message, Request, Response
from sidecar.sip.transactions import TransactionTimers

QUICK = TransactionTimers(t1=0.02, t2=0.08, t4=0.1)


@pytest.fixture
async def caller() -> AsyncIterator[Phone]:
    async with Phone(user="caller", tone_hz=1000, timers=QUICK) as phone:
        yield phone


@pytest.fixture
async def callee() -> AsyncIterator[Phone]:
    async with Phone(user="callee", tone_hz=440, timers=QUICK) as phone:
        yield phone


async def talking(caller: Phone, callee: Phone) -> tuple[OutgoingCall, IncomingCall]:
    """A call that is up."""
    there = await caller.invite(callee.uri)
    here = await callee.incoming()
    await here.answer()
    await there.answered()
    return there, here


async def heard(call: Call, packets: int) -> None:
    """Wait until so many packets have come in."""
    await call.media.until(lambda: len(call.media.received) >= packets)


def lines(messages: list[Message]) -> list[str]:
    """Methods and statuses, in order."""
    return [
        message.method if isinstance(message, Request) else str(message.status)
        for message in messages
        if isinstance(message, Request | Response)
    ]


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
    assert lines(there.sent) == ["INVITE", "ACK", "BYE"]
    assert lines(there.received) == ["100", "180", "200", "200"]


async def test_both_hear_the_tone_of_the_other_and_nothing_else(
    caller: Phone, callee: Phone
) -> None:
    there, here = await talking(caller, callee)

    await heard(there, 20)
    await heard(here, 20)

    assert len(tone_spans(there.media.blocks(), 440)) == 1
    assert len(tone_spans(here.media.blocks(), 1000)) == 1
    assert speech_or_prompt_spans(there.media.blocks(), without=(440,)) == []
    packets = here.media.received[:20]
    steps = {(b.sequence - a.sequence) & 0xFFFF for a, b in itertools.pairwise(packets)}
    assert steps == {1}
    assert [packet.marker for packet in packets] == [True] + [False] * 19


async def test_the_codec_is_the_first_that_both_have(callee: Phone) -> None:
    async with Phone(user="caller", codecs=("PCMA", "PCMU"), tone_hz=1000) as caller:
        there, here = await talking(caller, callee)
        await heard(here, 5)

    assert {packet.payload_type for packet in here.media.received} == {8}
    assert there.remote_sdp is not None
    assert there.remote_sdp.media[0].formats == ("8", "101")


async def test_a_refused_call_says_how(caller: Phone, callee: Phone) -> None:
    there = await caller.invite(callee.uri)
    here = await callee.incoming()
    await here.reject(486, [("Retry-After", "60")])

    with pytest.raises(CallFailed) as failed:
        await there.answered()

    assert failed.value.status == there.status == 486
    assert failed.value.response is not None
    assert failed.value.response.headers.get("Retry-After") == "60"
    await there.ended()
    await here.ended()
    assert lines(there.sent) == ["INVITE", "ACK"]


async def test_a_call_without_a_common_codec_is_refused_with_488(callee: Phone) -> None:
    async with Phone(codecs=("PCMA",)) as caller:
        callee.codecs = ("PCMU",)
        there = await caller.invite(callee.uri)
        here = await callee.incoming()

        with pytest.raises(Exception, match="No common codec"):
            await here.answer()
        await here.reject(488)
        with pytest.raises(CallFailed, match="488"):
            await there.answered()


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
    assert lines(there.sent) == ["INVITE", "CANCEL", "ACK"]
    with pytest.raises(CallFailed):
        await here.answer()


async def test_a_cancel_that_comes_before_the_telephone_has_opened_its_ports_is_obeyed(
    caller: Phone, callee: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = await caller.invite(callee.uri)
    cancelled = asyncio.Event()
    opening = RtpEndpoint.open

    async def open_late(host: str, tone_hz: int | None, *, echo: bool) -> RtpEndpoint:
        await cancelled.wait()
        return await opening(host, tone_hz, echo=echo)

    monkeypatch.setattr(RtpEndpoint, "open", open_late)

    response = await there.hang_up()
    cancelled.set()

    assert response is not None
    assert response.status == 487
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
    assert callee.calls == {}


async def test_an_automatic_answer_refuses_what_it_cannot_speak(callee: Phone) -> None:
    callee.codecs = ("PCMU",)
    callee.auto_answer()
    async with Phone(codecs=("PCMA",)) as caller:
        there = await caller.invite(callee.uri)
        with pytest.raises(CallFailed, match="488"):
            await there.answered()


async def test_a_200_that_crosses_the_cancel_is_acknowledged_and_ended(
    caller: Phone, callee: Phone
) -> None:
    callee.drop_received = lambda message: getattr(message, "method", "") == "CANCEL"
    there = await caller.invite(callee.uri)
    here = await callee.incoming()
    await here.ring()
    await there.ringing()

    hanging_up = asyncio.create_task(there.hang_up())
    await here.answer()
    await hanging_up
    await here.ended()

    assert [line for line in lines(there.sent) if line != "CANCEL"] == ["INVITE", "ACK", "BYE"]


async def test_hold_stops_the_held_party_and_resume_lets_it_speak_again(
    caller: Phone, callee: Phone
) -> None:
    there, here = await talking(caller, callee)
    await heard(there, 5)

    assert (await there.reinvite(hold=True)).status == 200
    assert there.remote_sdp is not None
    assert there.remote_sdp.media[0].direction == "recvonly"
    assert here.media.sending is not None
    assert not here.media.sending.hears
    assert there.media.sending is not None
    assert there.media.sending.hears

    assert (await there.reinvite()).status == 200
    before = len(there.media.received)
    await heard(there, before + 5)
    assert here.media.sending.hears


async def test_digits_are_pressed_and_heard(caller: Phone, callee: Phone) -> None:
    there, here = await talking(caller, callee)

    await there.send_digits("12*9")
    await here.send_digits("#")

    await here.media.until(lambda: here.media.digits == "12*9")
    await there.media.until(lambda: there.media.digits == "#")
    events = [packet for packet in here.media.received if packet.payload_type == 101]
    assert [packet.marker for packet in events].count(True) == 4
    assert len({packet.timestamp for packet in events}) == 4


async def test_digits_need_a_peer_that_takes_them(caller: Phone, callee: Phone) -> None:
    callee.telephone_event = False
    there, _ = await talking(caller, callee)

    with pytest.raises(ValueError, match="telephone-event"):
        await there.send_digits("1")
    with pytest.raises(ValueError, match="no digits"):
        await there.send_digits("x")


async def test_early_media_is_heard_before_the_answer(caller: Phone, callee: Phone) -> None:
    there = await caller.invite(callee.uri)
    here = await callee.incoming()
    await here.ring(early_media=True)
    assert (await there.ringing()).status == 183

    await heard(there, 3)

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
    await heard(here, 3)


async def test_a_lost_prack_makes_the_183_come_again(caller: Phone, callee: Phone) -> None:
    caller.prack = False
    there = await caller.invite(callee.uri)
    here = await callee.incoming()

    with pytest.raises(CallFailed, match="PRACK"):
        await here.ring(reliable=True)
    with pytest.raises(CallFailed, match="504"):
        await there.answered()

    assert lines(there.received).count("180") > 3


async def test_an_invite_without_offer_is_offered_in_the_200(caller: Phone, callee: Phone) -> None:
    there = await caller.invite(callee.uri, sdp=None)
    here = await callee.incoming()
    ack = await here.answer()

    assert here.invite.body == b""
    assert ack is not None
    assert b"m=audio" in ack.body
    await there.answered()
    assert (here.local_sdp, here.remote_sdp) == (there.remote_sdp, there.local_sdp)
    await heard(here, 3)
    await heard(there, 3)


async def test_a_delayed_re_invite_is_answered_in_the_ack(caller: Phone, callee: Phone) -> None:
    there, here = await talking(caller, callee)

    assert (await here.reinvite(sdp=None)).status == 200

    assert b"m=audio" in here.sent[-1].body
    assert lines(here.sent)[-2:] == ["INVITE", "ACK"]
    assert here.remote_sdp is not None
    assert here.remote_sdp.origin.session_id == there.media.port + 1_000_000


async def test_update_holds_too(caller: Phone, callee: Phone) -> None:
    there, here = await talking(caller, callee)

    assert (await here.update(hold=True)).status == 200

    assert there.remote_sdp is not None
    assert there.remote_sdp.media[0].direction == "sendonly"
    assert there.media.sending is not None
    assert not there.media.sending.hears


async def test_crossing_re_invites_are_refused_with_491(caller: Phone, callee: Phone) -> None:
    there, here = await talking(caller, callee)

    responses = await asyncio.gather(there.reinvite(hold=True), here.reinvite(hold=True))

    assert [response.status for response in responses] == [491, 491]
    assert there.local_sdp is not None
    assert there.local_sdp.media[0].direction == "sendrecv"


async def test_info_refer_and_other_requests_reach_the_other_side(
    caller: Phone, callee: Phone
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


async def test_without_its_ack_a_200_is_repeated_and_the_call_ended(
    caller: Phone, callee: Phone
) -> None:
    caller.drop_sent = lambda message: getattr(message, "method", "") == "ACK"
    there = await caller.invite(callee.uri)
    here = await callee.incoming()

    with pytest.raises(CallFailed, match="no ACK"):
        await here.answer()
    await there.ended()

    assert here.ack_missing
    assert lines(there.received).count("200") > 3
    assert there.ended_by == "peer"


async def test_a_lost_200_comes_again_and_one_ack_ends_that(caller: Phone, callee: Phone) -> None:
    lost: list[Message] = []

    def lose_first(message: Message) -> bool:
        if isinstance(message, Response) and message.status == 200 and len(lost) < 2:
            lost.append(message)
            return True
        return False

    caller.drop_received = lose_first
    there, here = await talking(caller, callee)

    assert len(lost) == 2
    assert (lines(there.sent), here.ack_missing) == (["INVITE", "ACK"], False)


async def test_a_silent_peer_is_a_failure_without_status(caller: Phone, callee: Phone) -> None:
    callee.drop_received = lambda _message: True
    there = await caller.invite(callee.uri)

    with pytest.raises(CallFailed) as failed:
        await there.answered()

    assert (failed.value.status, there.ended_by) == (None, "failure")


async def test_raw_bytes_can_be_sent_and_garbage_is_kept(caller: Phone, callee: Phone) -> None:
    caller.send_raw(b"not SIP at all", callee.address)

    await callee.until(lambda: bool(callee.garbage))
    assert callee.garbage == [b"not SIP at all"]


async def test_an_offer_may_be_any_bytes(caller: Phone, callee: Phone) -> None:
    there = await caller.invite(callee.uri, sdp=b"v=nonsense\r\n")

    with pytest.raises(CallFailed, match="400"):
        await there.answered()


async def test_an_answer_of_nonsense_is_acknowledged_and_ended(
    caller: Phone, callee: Phone
) -> None:
    there = await caller.invite(callee.uri)
    here = await callee.incoming()
    await here.answer(sdp=b"v=nonsense\r\n")
    await here.ended()
    await there.ended()

    assert len(there.problems) == 1
    assert (there.ended_by, here.ended_by) == ("us", "peer")


async def test_the_trace_is_told_of_every_message(callee: Phone) -> None:
    told: list[tuple[Direction, Message]] = []
    async with Phone(trace=lambda *line: told.append(line)) as caller:
        there, _ = await talking(caller, callee)
        await there.hang_up()

    assert [direction for direction, _ in told] == [
        *("sent", "received", "received", "sent", "sent", "received")
    ]


async def test_calls_over_tcp_work_alike() -> None:
    async with (
        Phone(transport="tcp", tone_hz=1000) as caller,
        Phone(transport="tcp", tone_hz=440) as callee,
    ):
        there, here = await talking(caller, callee)
        assert (await there.reinvite(hold=True)).status == 200
        await here.hang_up()
        await there.ended()

    assert str(there.sent[0].via).startswith("SIP/2.0/TCP")


async def test_calls_over_ipv6_work_alike() -> None:
    async with Phone("::1", tone_hz=1000) as caller, Phone("::1") as callee:
        there, here = await talking(caller, callee)
        await heard(here, 3)
        await there.hang_up()

    assert there.remote_sdp is not None
    assert there.remote_sdp.connection == ("IP6", "::1")


async def test_the_echo_pbx_rings_answers_and_gives_back_what_it_hears(caller: Phone) -> None:
    async with echo_pbx(ring_s=0.05) as pbx:
        call = await caller.invite(pbx.uri)
        assert (await call.ringing()).status == 180
        await call.answered()
        await heard(call, 10)
        await call.hang_up()

    assert len(tone_spans(call.media.blocks(), 1000)) == 1


async def test_the_echo_pbx_may_play_a_tone_instead(caller: Phone) -> None:
    async with echo_pbx(tone_hz=440, ring_s=0) as pbx:
        call = await caller.invite(pbx.uri)
        await call.answered()
        await heard(call, 10)

    assert len(tone_spans(call.media.blocks(), 440)) == 1
