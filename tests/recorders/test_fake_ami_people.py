"""People and mailboxes against a fake manager interface, for what comes in an awkward order.

What a real Asterisk can be made to do is tested in tests/peers/test_ami_people.py.
"""

from __future__ import annotations

import asyncio

import pytest

from sidecar.recorders.asterisk.adapter import AsteriskRecorder
from sidecar.recorders.asterisk.session import AsteriskSession
from sidecar.recorders.recorder import (
    Answerer,
    BackAgain,
    InRoom,
    MailboxReached,
    NobodyThere,
    Order,
    RecorderEvent,
    SomeoneNew,
    StrangerInRoom,
)
from sidecar.tables.addresses import HostPort

from .fake_ami import FakeAmi, FakeChannel
from .test_fake_ami import until
from .told import Leg

CALL = "call@sidecar"


class Heard:
    """What a call is told, the answerer among the events."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[RecorderEvent | Answerer] = asyncio.Queue()

    def __call__(self, event: RecorderEvent | Answerer) -> None:
        self.queue.put_nowait(event)

    async def these(self, *expected: RecorderEvent | Answerer) -> None:
        heard = [await asyncio.wait_for(self.queue.get(), 3) for _ in expected]
        assert tuple(heard) == expected


def up(fake: FakeAmi, channel: FakeChannel) -> None:
    fake.tell("Newstate", channel, ChannelState="6")


def enter(fake: FakeAmi, *channels: FakeChannel, bridge: str = "b") -> None:
    for channel in channels:
        fake.tell("BridgeEnter", channel, BridgeUniqueid=bridge, BridgeTechnology="simple_bridge")


def leave(fake: FakeAmi, channel: FakeChannel, bridge: str = "b") -> None:
    fake.tell("BridgeLeave", channel, BridgeUniqueid=bridge, BridgeTechnology="simple_bridge")


ROOM = {"BridgeUniqueid": "r", "BridgeTechnology": "softmix"}


async def meet(
    fake: FakeAmi, recorder: AsteriskRecorder, number: int = 1, hall: str = "hall"
) -> tuple[AsteriskSession, Heard]:
    """Have a call come into the conference."""
    heard = Heard()
    session = recorder.open(Leg(f"call{number}"), Order.RELEASE, heard)
    session.answered(heard)
    own = fake.add(f"PJSIP/trunk-{number}", f"{number}.1", f"call{number}")
    up(fake, own)
    fake.tell("ConfbridgeStart", own, Conference=hall, **ROOM)
    fake.tell("BridgeEnter", own, **ROOM)
    await heard.these(Answerer.MACHINE, InRoom("hall"))
    return session, heard


async def test_fake_that_tells_a_mailbox_before_the_call_id_is_known_loses_none(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    heard = Heard()
    session = recorder.open(Leg(), Order.RELEASE, heard)
    session.answered(heard)
    channel = fake.add("PJSIP/trunk-1", "1.1", "")
    fake.tell("Newexten", channel, Application="voicemail")
    up(fake, channel)
    await until(lambda: recorder.at_mailbox("1.1"))
    channel.call_id = CALL
    fake.tell("Rename", channel, Newname=channel.name + "0")  # the Call-ID is asked for again

    await heard.these(MailboxReached(), Answerer.MACHINE)


async def test_fake_with_voicemail_s_main_menu_is_no_mailbox(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    heard = Heard()
    recorder.open(Leg(), Order.RELEASE, heard).answered(heard)
    channel = fake.add("PJSIP/trunk-1", "1.1", CALL)
    fake.tell("Newexten", channel, Application="VoiceMailMain")
    up(fake, channel)

    await heard.these(Answerer.MACHINE)


async def test_fake_that_is_gone_leaves_the_answerer_unknown(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    waits, late = Heard(), Heard()
    session = recorder.open(Leg(), Order.RELEASE, waits)
    session.answered(waits)
    await fake.vanish()
    await waits.these(Answerer.UNKNOWN)

    session.answered(late)

    assert late.queue.get_nowait() is Answerer.UNKNOWN
    await fake.listen()


async def test_fake_that_is_silent_until_the_call_is_over_is_not_told_on(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    closed, other = Heard(), Heard()
    session = recorder.open(Leg("closed"), Order.RELEASE, lambda _event: None)
    session.answered(closed)
    recorder.open(Leg("other"), Order.RELEASE, other).answered(other)
    session.close()

    up(fake, fake.add("PJSIP/trunk-1", "1.1", "closed"))
    up(fake, fake.add("PJSIP/trunk-2", "2.1", "other"))

    await other.these(Answerer.MACHINE)
    assert closed.queue.empty()


async def test_fake_whose_call_was_known_before_its_session_tells_all_the_same(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    phone = fake.add("PJSIP/ann-1", "1.1")
    own = fake.add("PJSIP/trunk-2", "1.2", CALL, linkedid="1.1")
    async with asyncio.timeout(3):
        while not recorder.tied(CALL):  # noqa: ASYNC110 - no event of ours tells it
            await asyncio.sleep(0.01)
    heard = Heard()

    recorder.open(Leg(), Order.RELEASE, heard).answered(heard)
    up(fake, phone)
    up(fake, own)

    await heard.these(Answerer.PERSON)


async def test_fake_whose_phone_leaves_and_returns_is_back_again(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    heard = Heard()
    recorder.open(Leg(), Order.RELEASE, heard).answered(heard)
    own, phone = fake.add("PJSIP/trunk-1", "1.1", CALL), fake.add("PJSIP/ann-2", "1.2", "", "1.1")
    up(fake, phone)
    up(fake, own)
    enter(fake, own, phone)
    await heard.these(Answerer.PERSON)

    leave(fake, phone)
    await heard.these(NobodyThere())
    enter(fake, phone)

    await heard.these(BackAgain())


async def test_fake_that_swaps_phones_in_an_instant_tells_someone_new_only(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    heard = Heard()
    recorder.open(Leg(), Order.RELEASE, heard).answered(heard)
    own, phone = fake.add("PJSIP/trunk-1", "1.1", CALL), fake.add("PJSIP/ann-2", "1.2", "", "1.1")
    up(fake, phone)
    up(fake, own)
    enter(fake, own, phone)
    leave(fake, phone)
    enter(fake, fake.add("PJSIP/bob-3", "3.1"))

    await heard.these(Answerer.PERSON, SomeoneNew())


async def test_fake_that_gives_a_channel_to_another_phone_tells_someone_new(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    heard = Heard()
    recorder.open(Leg(), Order.RELEASE, heard).answered(heard)
    own, phone = fake.add("PJSIP/trunk-1", "1.1", CALL), fake.add("PJSIP/ann-2", "1.2", "", "1.1")
    up(fake, phone)
    up(fake, own)
    enter(fake, own, phone)
    fake.tell("Rename", phone, Newname="PJSIP/bob-3")

    await heard.these(Answerer.PERSON, SomeoneNew())


async def test_fake_without_a_call_id_for_a_stranger_tells_of_it_when_that_is_sure(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    _session, heard = await meet(fake, recorder, hall="hall\x1b")

    fake.tell("BridgeEnter", fake.add("PJSIP/bob-3", "3.1", call_id=""), **ROOM)

    await heard.these(StrangerInRoom())


@pytest.mark.parametrize("answer", [True, False, None])
async def test_fake_with_a_call_of_another_sidecar_tells_of_it_as_of_a_stranger_only_in_doubt(
    fake: FakeAmi, answer: bool | None
) -> None:
    asked: list[str] = []

    async def carried_by_another(call_id: str) -> bool:
        asked.append(call_id)
        if answer is None:
            await asyncio.Event().wait()
        return bool(answer) and call_id == "theirs"

    address = HostPort("127.0.0.1", fake.port)
    made = AsteriskRecorder(address, "consent", "secret", carried_by_another=carried_by_another)
    await made.start()
    _session, heard = await meet(fake, made)

    fake.tell("BridgeEnter", fake.add("PJSIP/trunk-2", "2.1", call_id="theirs"), **ROOM)
    if not answer:
        await heard.these(StrangerInRoom())
    fake.tell("BridgeEnter", fake.add("PJSIP/bob-3", "3.1", call_id="bob's"), **ROOM)
    await heard.these(StrangerInRoom())
    await made.close()

    assert asked == ["theirs", "bob's"]


async def test_fake_whose_call_ends_before_a_stranger_was_told_has_another_call_tell_it(
    fake: FakeAmi, recorder: AsteriskRecorder
) -> None:
    session, first = await meet(fake, recorder)
    _session, second = await meet(fake, recorder, 2)
    fake.tell("BridgeEnter", fake.add("PJSIP/bob-3", "3.1", call_id="bob"), **ROOM)
    await first.these(StrangerInRoom())
    session.hold()

    session.close()

    await second.these(StrangerInRoom())
