from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from sidecar.demo.awaited import CallFailed
from sidecar.demo.incoming import IncomingCall
from sidecar.demo.outgoing import OutgoingCall
from sidecar.demo.phone import Phone
from sidecar.demo.rtp_endpoint import RtpEndpoint
from sidecar.demo.sip_port import outline
from sidecar.sip.message import Message, Response, respond
from sidecar.sip.transactions import TransactionTimers

Talking = Callable[[Phone, Phone], Awaitable[tuple[OutgoingCall, IncomingCall]]]
of_the_wire = pytest.mark.parametrize("timers", [TransactionTimers()], ids=["of-the-wire"])
"""For tests that count what is sent: quick timers repeat it when the machine pauses."""


@pytest.fixture
def timers() -> TransactionTimers:
    """Quick ones: here they run out."""
    return TransactionTimers(t1=0.02, t2=0.08, t4=0.1)


@of_the_wire
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
    assert outline(there.sent) == ["INVITE", "ACK"]


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


@of_the_wire
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

    assert [line for line in outline(there.sent) if line != "CANCEL"] == ["INVITE", "ACK", "BYE"]


async def test_digits_need_a_peer_that_takes_them(
    caller: Phone, callee: Phone, talking: Talking
) -> None:
    callee.telephone_event = False
    there, _ = await talking(caller, callee)

    with pytest.raises(ValueError, match="telephone-event"):
        await there.send_digits("1")
    with pytest.raises(ValueError, match="no digits"):
        await there.send_digits("x")


async def test_a_lost_prack_makes_the_183_come_again(caller: Phone, callee: Phone) -> None:
    caller.prack = False
    there = await caller.invite(callee.uri)
    here = await callee.incoming()

    with pytest.raises(CallFailed, match="PRACK"):
        await here.ring(reliable=True)
    with pytest.raises(CallFailed, match="504"):
        await there.answered()

    assert outline(there.received).count("180") > 3


async def test_crossing_re_invites_are_refused_with_491(
    caller: Phone, callee: Phone, talking: Talking
) -> None:
    there, here = await talking(caller, callee)

    responses = await asyncio.gather(there.reinvite(hold=True), here.reinvite(hold=True))

    assert [response.status for response in responses] == [491, 491]
    assert there.local_sdp is not None
    assert there.local_sdp.media[0].direction == "sendrecv"


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
    assert outline(there.received).count("200") > 3
    assert there.ended_by == "peer"


@of_the_wire
async def test_a_lost_200_comes_again_and_one_ack_ends_that(
    caller: Phone, callee: Phone, talking: Talking
) -> None:
    lost: list[Message] = []

    def lose_first(message: Message) -> bool:
        if isinstance(message, Response) and message.status == 200 and len(lost) < 2:
            lost.append(message)
            return True
        return False

    caller.drop_received = lose_first
    there, here = await talking(caller, callee)

    assert len(lost) == 2
    assert (outline(there.sent), here.ack_missing) == (["INVITE", "ACK"], False)


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


async def test_a_call_that_was_never_up_takes_no_requests(caller: Phone, callee: Phone) -> None:
    there = await caller.invite(callee.uri)

    with pytest.raises(CallFailed, match="no dialog"):
        await there.info(b"", "text/plain")


async def test_when_another_fork_answers_too_it_is_acknowledged_and_ended(
    caller: Phone, callee: Phone, talking: Talking
) -> None:
    there, here = await talking(caller, callee)
    async with Phone(user="fork") as fork:
        answer = respond(here.invite, 200, to_tag="other")
        answer.headers.add("Contact", fork.contact)
        answer.body = here.sent[-1].body
        answer.headers.add("Content-Type", "application/sdp")
        fork.send_raw(answer.encode(), caller.address)
        await fork.until(lambda: "BYE" in outline(fork.received))

    assert outline(fork.received) == ["ACK", "BYE"]
    assert there.tags == [here.local_tag, "other"]
    assert there.dialog is not None
    assert there.dialog.remote.tag == here.local_tag
    assert there.ended_by is None
    assert (await there.reinvite()).status == 200


async def test_a_request_out_of_order_is_answered_500(
    caller: Phone, callee: Phone, talking: Talking
) -> None:
    there, _ = await talking(caller, callee)
    await there.info(b"", "text/plain")
    assert there.dialog is not None
    there.dialog.local_seq = 0

    assert (await there.info(b"", "text/plain")).status == 500


async def test_a_request_to_no_call_of_ours_is_answered_481(
    caller: Phone, callee: Phone, talking: Talking
) -> None:
    there, _ = await talking(caller, callee)
    assert there.dialog is not None
    there.dialog.remote = there.dialog.remote.with_tag("nobody")

    assert (await there.info(b"", "text/plain")).status == 481


async def test_a_re_invite_that_cannot_be_served_changes_nothing(
    caller: Phone, callee: Phone, talking: Talking
) -> None:
    there, here = await talking(caller, callee)
    agreed = here.remote_sdp

    assert (await there.reinvite(sdp=b"v=nonsense\r\n")).status == 400
    here.refuse["UPDATE"] = 488
    assert (await there.update(hold=True)).status == 488

    assert here.remote_sdp == agreed
    assert there.local_sdp == agreed


async def test_a_request_that_nobody_answers_leaves_the_call_as_it_was(
    caller: Phone, callee: Phone, talking: Talking
) -> None:
    there, _ = await talking(caller, callee)
    agreed = there.local_sdp
    callee.drop_received = lambda _message: True

    for ask in (there.update(hold=True), there.reinvite(hold=True)):
        with pytest.raises(CallFailed, match="timeout"):
            await ask

    assert there.local_sdp == agreed
    assert there.session.exchange.offered is None


async def test_the_200_to_a_re_invite_is_acknowledged_as_often_as_it_comes(
    caller: Phone, callee: Phone, talking: Talking
) -> None:
    there, here = await talking(caller, callee)
    acks: list[Message] = []

    def lose_one(message: Message) -> bool:
        if getattr(message, "method", "") == "ACK" and not acks:
            acks.append(message)
            return True
        return False

    caller.drop_sent = lose_one
    await there.reinvite()
    await callee.until(lambda: outline(here.received).count("ACK") >= 2)

    assert [message.cseq.number for message in here.received[-1:]] == [acks[0].cseq.number]


async def test_over_tcp_a_closed_port_is_a_failure_at_once() -> None:
    async with Phone(transport="tcp") as gone:
        nobody = gone.uri
    async with Phone(transport="tcp") as caller:
        there = await caller.invite(nobody)
        with pytest.raises(CallFailed, match="transport failed"):
            await there.answered()


async def test_names_are_not_looked_up(caller: Phone) -> None:
    with pytest.raises(ValueError, match="not an address"):
        await caller.invite("sip:a@example.com")
