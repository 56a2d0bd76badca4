"""Connection and sessions against a fake manager interface that is slow, silent or lies.

What a real Asterisk can be made to do is tested in tests/peers/test_ami_recorder.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from sidecar.recorders.asterisk.adapter import AsteriskRecorder
from sidecar.recorders.asterisk.patience import Patience
from sidecar.recorders.asterisk.session import AsteriskSession
from sidecar.recorders.recorder import (
    Confirmed,
    Doubted,
    Failed,
    Finished,
    Order,
    Proof,
    Status,
    Violated,
)
from sidecar.tables.addresses import HostPort

from .fake_ami import FakeAmi
from .told import Leg, Told, alone

CALL = "call@sidecar"


LITTLE = Patience(answer_within=0.3, fresh_for=0, channel_within=0.2, retry_after=0.05)


@pytest.fixture
async def recorder(fake: FakeAmi) -> AsyncIterator[AsteriskRecorder]:
    address = HostPort("127.0.0.1", fake.port)
    made = AsteriskRecorder(address, "consent", "secret", carried_by_another=alone, patience=LITTLE)
    await made.start()
    yield made
    await made.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what the fake tells no event of."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_the_fake_lets_the_adapter_in(fake: FakeAmi, recorder: AsteriskRecorder) -> None:
    assert recorder.problem == ""
    assert fake.asked[1]["Events"] == "call,dialplan"


async def test_fake_that_lies_about_a_stop_is_found_out_and_tried_again(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    told = Told()
    fake.stops = False
    fake.monitor(fake.add("PJSIP/trunk-1", "1.1", CALL), "0xa")
    session = recorder.open(Leg(), Order.STOP, told)

    session.stop()
    failed = await told.next(Failed)
    fake.stops = True
    confirmed = await told.next(Confirmed)
    session.close()

    assert failed == Failed(Order.STOP, "still_recording")
    assert confirmed == Confirmed(Order.STOP, Proof.READ_BACK)


async def test_fake_that_begins_to_record_in_secret_is_found_by_status(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    told = Told()
    channel = fake.add("PJSIP/trunk-1", "1.1", CALL)
    session = recorder.open(Leg(), Order.STOP, told)
    session.stop()
    await told.next(Confirmed)

    fake.monitor(channel, "0xa", told=False)
    session.status()
    await told.next(Violated)
    await told.next(Confirmed)
    status = await told.next(Status)
    session.close()

    assert status == Status(0, Proof.READ_BACK)
    assert (await told.next(Finished)).proof is Proof.READ_BACK, "nobody knows since when"


async def test_fake_with_a_channel_that_no_event_told_of_is_read_by_status(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    told = Told()
    fake.add("PJSIP/trunk-1", "1.1", CALL)
    session = recorder.open(Leg(), Order.STOP, told)
    session.stop()
    await told.next(Confirmed)

    phone = fake.add("PJSIP/phone-1", "1.2", linkedid="9.9")
    phone.linkedid = "1.1"
    fake.monitor(phone, "0xa", told=False)
    session.status()

    await told.next(Violated)
    assert phone.monitors == {}


async def test_fake_that_no_longer_lists_a_channel_before_it_tells_its_end_leaves_nothing_of_it(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    told = Told()
    fake.add("PJSIP/trunk-1", "1.1", CALL)
    other = fake.add("PJSIP/trunk-2", "2.1", "other")
    session = recorder.open(Leg(), Order.STOP, told)
    session.stop()
    await told.next(Confirmed)
    await until(lambda: recorder.call_ids.of("2.1") == "other")

    del fake.channels[other.name]
    session.status()
    await told.next(Status)
    await until(lambda: recorder.channels.get("2.1") is None)

    assert recorder.call_ids.of("2.1") == recorder.call_ids.channel_with("other") == ""


async def test_fake_that_does_not_find_a_channel_for_an_instant_is_asked_once_more(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    phone = fake.add("PJSIP/phone-1", "2.1", "other")
    await until(lambda: recorder.call_ids.of("2.1") == "other")

    before = len(fake.asked)
    del fake.channels[phone.name]  # a pick-up puts it in the place of the one that rings
    fake.tell("Newstate", phone, ChannelState="6")
    await until(lambda: any(each.get("Channel") == "2.1" for each in fake.asked[before:]))
    before = len(fake.asked)
    fake.channels[phone.name] = phone

    await until(lambda: any(each.get("Channel") == "2.1" for each in fake.asked[before:]))
    assert recorder.channels.get("2.1") is not None


async def test_fake_that_gives_a_channel_another_call_leaves_nothing_of_the_one_before(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    channel = fake.add("PJSIP/trunk-1", "1.1", "before")
    await until(lambda: recorder.call_ids.of("1.1") == "before")

    channel.call_id, channel.name = "after", "PJSIP/trunk-2"
    fake.channels[channel.name] = channel
    fake.tell("Rename", channel, Newname=channel.name)
    await until(lambda: recorder.call_ids.of("1.1") == "after")

    assert recorder.call_ids.channel_with("before") == ""
    assert recorder.call_ids.channel_with("after") == "1.1"


async def test_fake_without_ids_in_mutes_has_all_but_one_way_to_hold_several(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    told = Told()
    fake.mutes_by_id = False
    channel = fake.add("PJSIP/trunk-1", "1.1", CALL)
    fake.monitor(channel, "0xa")
    session = recorder.open(Leg(), Order.RELEASE, told)

    session.hold()
    one = await told.next(Confirmed)
    running = dict(channel.monitors)
    fake.monitor(channel, "0xb")
    await told.next(Violated)
    two = await told.next(Confirmed)

    assert (one.proof, list(running)) == (Proof.ACCEPTED, ["0xa"])
    assert (two.proof, channel.monitors) == (Proof.READ_BACK, {})


async def test_fake_that_unmutes_by_itself_is_muted_again(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    told = Told()
    channel = fake.add("PJSIP/trunk-1", "1.1", CALL)
    fake.monitor(channel, "0xa")
    session = recorder.open(Leg(), Order.RELEASE, told)
    session.hold()
    await told.next(Confirmed)

    channel.muted.clear()
    fake.tell("MixMonitorMute", channel, Direction="both", State="0")
    await told.next(Violated)
    await told.next(Confirmed)

    assert channel.muted == {"0xa"}


async def test_fake_that_never_answers_makes_the_order_time_out(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    told = Told()
    fake.monitor(fake.add("PJSIP/trunk-1", "1.1", CALL), "0xa")
    session = recorder.open(Leg(), Order.RELEASE, told)
    session.hold()
    await told.next(Confirmed)

    fake.ignores = {"StopMixMonitor"}
    session.stop()

    assert await told.next(Failed) == Failed(Order.STOP, "timed_out")
    fake.ignores = set()
    assert await told.next(Confirmed) == Confirmed(Order.STOP, Proof.READ_BACK)


async def test_fake_without_the_call_s_channel_fails_the_order_and_obeys_when_it_comes(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    told = Told()
    session = recorder.open(Leg(), Order.RELEASE, told)

    session.hold()
    failed = await told.next(Failed)
    channel = fake.add("PJSIP/trunk-1", "1.1", CALL)
    fake.monitor(channel, "0xa")
    confirmed = await told.next(Confirmed)

    assert failed == Failed(Order.HOLD, "no_channel")
    assert confirmed.order is Order.HOLD
    async with asyncio.timeout(5):
        while channel.muted != {"0xa"}:
            await told.next(Violated)
            await told.next(Confirmed)


async def test_fake_that_vanishes_puts_every_call_in_doubt_until_it_is_back(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    one, two = Told(), Told()
    first = fake.add("PJSIP/trunk-1", "1.1", "one")
    fake.add("PJSIP/trunk-2", "2.1", "two")
    recorder.open(Leg("one"), Order.RELEASE, one).stop()
    session = recorder.open(Leg("two"), Order.RELEASE, two)
    session.hold()
    await one.next(Confirmed)
    await two.next(Confirmed)

    await fake.vanish()
    doubts = (await one.next(Doubted), await two.next(Doubted))
    problem = recorder.problem
    fake.monitor(first, "0xa")
    session.stop()
    failed = await two.next(Failed)
    await fake.listen()

    assert doubts == (Doubted("unreachable"), Doubted("unreachable"))
    assert f"127.0.0.1:{fake.port}" in problem
    assert failed == Failed(Order.STOP, "unreachable")
    assert await one.next(Confirmed) == Confirmed(Order.STOP, Proof.READ_BACK)
    assert await two.next(Confirmed) == Confirmed(Order.STOP, Proof.READ_BACK)
    assert first.monitors == {}
    assert recorder.problem == ""


async def test_fake_that_comes_back_without_the_call_has_no_channel_for_its_order(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    told = Told()
    fake.add("PJSIP/trunk-1", "1.1", CALL)
    session = recorder.open(Leg(), Order.RELEASE, told)
    session.hold()
    await told.next(Confirmed)

    await fake.vanish()
    fake.channels.clear()
    await fake.listen()

    await told.next(Doubted)
    assert await told.next(Failed) == Failed(Order.HOLD, "no_channel")
    session.close()
    assert await told.next(Finished) == Finished(Proof.NONE, None)


async def test_fake_with_two_calls_in_one_conversation_obeys_the_stricter(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    mild, strict = Told(), Told()
    fake.monitor(fake.add("PJSIP/trunk-1", "1.1", "mild"), "0xa")
    fake.add("PJSIP/trunk-2", "1.2", "strict", linkedid="1.1")
    channel = fake.channels["PJSIP/trunk-1"]
    forbids = recorder.open(Leg("strict"), Order.RELEASE, strict)
    allows = recorder.open(Leg("mild"), Order.RELEASE, mild)

    forbids.hold()
    await strict.next(Confirmed)
    allows.release()
    await mild.next(Confirmed)
    held = set(channel.muted)
    forbids.close()
    await strict.next(Finished)

    assert held == {"0xa"}
    await until(lambda: not channel.muted)


async def test_fake_whose_call_leaves_a_conference_unheard_of_lets_the_others_be_recorded(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    room = {"BridgeUniqueid": "r", "BridgeTechnology": "softmix"}
    sessions: dict[str, AsteriskSession] = {}
    for number, name in enumerate(("strict", "mild"), 1):
        told = Told()
        sessions[name] = recorder.open(Leg(name), Order.RELEASE, told)
        own = fake.add(f"PJSIP/trunk-{number}", f"{number}.1", name)
        fake.tell("BridgeEnter", own, **room)
        fake.monitor(own, f"0x{number}")
        sessions[name].hold()
        await told.next(Confirmed)
    await until(lambda: fake.channels["PJSIP/trunk-2"].muted != set())
    sessions["mild"].release()
    await until(lambda: told.events[-1] == Confirmed(Order.RELEASE, Proof.READ_BACK))
    channel = fake.channels["PJSIP/trunk-2"]
    held = set(channel.muted)

    fake.tell("BridgeLeave", fake.channels["PJSIP/trunk-1"], **room)

    assert held == {"0x2"}
    await until(lambda: not channel.muted)


async def test_fake_that_may_not_begin_again_fails_every_call_of_the_conversation(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    fake.denies = {"MixMonitor"}
    fake.monitor(fake.add("PJSIP/trunk-1", "1.1", "one"), "0xa")
    fake.add("PJSIP/trunk-2", "1.2", "two", linkedid="1.1")
    told = [Told(), Told()]
    both = [
        recorder.open(Leg(call_id), Order.RELEASE, each)
        for call_id, each in zip(("one", "two"), told, strict=True)
    ]
    for session, each in zip(both, told, strict=True):
        session.stop()
        await each.next(Confirmed)

    for session in both:
        session.release()

    for each in told:
        assert await each.next(Failed) == Failed(Order.RELEASE, "refused")


async def test_fake_that_denies_what_is_needed_is_named_with_what_it_lacks(fake: FakeAmi) -> None:
    fake.rights = "call,dialplan"
    address = HostPort("127.0.0.1", fake.port)
    made = AsteriskRecorder(address, "consent", "secret", carried_by_another=alone, patience=LITTLE)
    told = Told()
    await made.start()

    made.open(Leg(), Order.RELEASE, told).hold()
    failed = await told.next(Failed)
    problem = made.problem
    await made.close()

    assert problem == "the manager user consent lacks write = command"
    assert failed == Failed(Order.HOLD, "unreachable")


@pytest.mark.parametrize(
    ("lets_in", "banner", "words"),
    [
        (False, b"Asterisk Call Manager/11.0.0\r\n", "did not let the user in"),
        (True, b"SSH-2.0-OpenSSH_9.2\r\n", "did not answer the login"),
        (True, b"x" * 100_000, "did not answer the login"),
    ],
)
async def test_fake_that_is_no_manager_for_us_is_a_problem_in_words(
    fake: FakeAmi, lets_in: bool, banner: bytes, words: str
) -> None:
    fake.lets_in, fake.banner = lets_in, banner
    address = HostPort("127.0.0.1", fake.port)
    made = AsteriskRecorder(
        address, "consent", "not-for-logs", carried_by_another=alone, patience=LITTLE
    )

    await made.start()
    problem = made.problem
    await made.close()

    assert words in problem
    assert "not-for-logs" not in problem


async def test_fake_that_floods_garbage_is_dropped_and_connected_anew(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    told = Told()
    fake.add("PJSIP/trunk-1", "1.1", CALL)
    recorder.open(Leg(), Order.RELEASE, told).stop()
    await told.next(Confirmed)

    fake.send("x" * 100_000)

    await told.next(Doubted)
    await told.next(Confirmed)


async def test_closing_the_adapter_ends_sessions_without_a_word(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    told = Told()
    session = recorder.open(Leg(), Order.RELEASE, told)
    session.hold()

    await recorder.close()
    session.stop()
    session.close()

    assert await told.all() == []
