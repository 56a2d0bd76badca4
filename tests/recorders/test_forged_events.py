"""What a telephone writes into the manager's events moves nothing that it may not.

Asterisk writes the user of a From header into its events, line breaks and all, so that a telephone
can have any event told. Each of these would loosen something, or end another's call, if it were
believed.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest

from sidecar.recorders.asterisk.adapter import AsteriskRecorder
from sidecar.recorders.asterisk.patience import Patience
from sidecar.recorders.asterisk.wire.protocol import Framer
from sidecar.recorders.recorder import (
    Answerer,
    Confirmed,
    InRoom,
    MailboxReached,
    NobodyThere,
    Order,
    Proof,
    SomeoneNew,
    Violated,
)
from sidecar.tables.addresses import HostPort

from .fake_ami import FakeAmi, FakeChannel
from .test_fake_ami import until
from .told import Leg, Told, alone

CALL = "call@sidecar"
TRUNK, PHONE = "100.1", "100.2"


class House:
    """A call from the trunk that phone1 has answered, and what its session has told."""

    def __init__(self, fake: FakeAmi, recorder: AsteriskRecorder) -> None:
        self.fake = fake
        self.recorder = recorder
        self.told = Told()
        self.answerers: list[Answerer] = []
        self.session = recorder.open(Leg(CALL), Order.RELEASE, self.told)
        self.trunk = fake.add("PJSIP/trunk-00000001", TRUNK, CALL)
        self.phone = fake.add("PJSIP/phone1-00000002", PHONE, linkedid=TRUNK)

    async def answered(self) -> None:
        """Have the phone answer."""
        self.session.answered(self.answerers.append)
        for each in (self.phone, self.trunk):
            self.fake.tell("Newstate", each, ChannelState="6")
        for each in (self.phone, self.trunk):
            self.enter(each)
        await until(lambda: bool(self.answerers))
        assert self.answerers == [Answerer.PERSON]

    def enter(self, channel: FakeChannel, bridge: str = "b") -> None:
        self.fake.tell(
            "BridgeEnter", channel, BridgeUniqueid=bridge, BridgeTechnology="simple_bridge"
        )

    async def all_read(self) -> None:
        """Until what was forged has arrived, and what it led to was answered."""
        self.fake.forge("Newchannel", Channel="PJSIP/end-1", Uniqueid="999.9", Linkedid="999.9")
        await until(lambda: any(each.get("Channel") == "999.9" for each in self.fake.asked))
        await until(lambda: self.recorder.channels.get("999.9") is None)

    async def stopped(self) -> Confirmed:
        """Stop the recording."""
        self.session.stop()
        while True:
            event = await self.told.next(object)  # type: ignore[type-var]
            if event == Confirmed(Order.STOP, Proof.READ_BACK):
                return event  # type: ignore[return-value]


@pytest.fixture
async def house(fake: FakeAmi, recorder: AsteriskRecorder) -> AsyncIterator[House]:
    made = House(fake, recorder)
    yield made
    made.session.close()


LOOSENING = {
    "the call's own channel has ended": ("Hangup", {"Uniqueid": TRUNK}),
    "the phone's has": ("Hangup", {"Uniqueid": PHONE}),
    "the phone has left the bridge": (
        "BridgeLeave",
        {"Uniqueid": PHONE, "BridgeUniqueid": "b", "Linkedid": "7.7"},
    ),
    "the phone is in another": (
        "BridgeEnter",
        {"Uniqueid": PHONE, "BridgeUniqueid": "c", "Linkedid": "7.7"},
    ),
    "the phone belongs to another call": ("Newstate", {"Uniqueid": PHONE, "Linkedid": "7.7"}),
    "the phone has another name": ("Rename", {"Uniqueid": PHONE, "Newname": "Local/x@y-1;1"}),
    "the phone is a new channel": (
        "Newchannel",
        {"Uniqueid": PHONE, "Channel": "PJSIP/none-00000009", "Linkedid": "7.7"},
    ),
    "the bridge is a waiting room": (
        "BridgeEnter",
        {"Uniqueid": "8.8", "BridgeUniqueid": "b", "BridgeTechnology": "holding_bridge"},
    ),
    "the bridge is no more": ("BridgeDestroy", {"BridgeUniqueid": "b"}),
}


@pytest.mark.parametrize("forged", LOOSENING.values(), ids=LOOSENING)
async def test_a_stop_reaches_every_channel_of_the_call_whatever_was_forged(
    house: House, forged: tuple[str, dict[str, str]]
) -> None:
    await house.answered()
    for each in (house.trunk, house.phone):
        house.fake.monitor(each, f"0x{each.uniqueid[-1]}a")

    for _ in range(3):
        house.fake.forge(forged[0], **forged[1])
    await house.stopped()

    assert house.trunk.monitors == house.phone.monitors == {}


@pytest.mark.parametrize("forged", LOOSENING.values(), ids=LOOSENING)
async def test_what_begins_to_record_after_a_stop_is_stopped_whatever_was_forged(
    house: House, forged: tuple[str, dict[str, str]]
) -> None:
    await house.answered()
    await house.stopped()

    house.fake.forge(forged[0], **forged[1])
    await house.all_read()
    house.fake.monitor(house.phone, "0xb")
    await until(lambda: not house.phone.monitors)

    assert any(isinstance(each, Violated) for each in house.told.events)


@pytest.mark.parametrize("uniqueid", [TRUNK, PHONE])
@pytest.mark.parametrize("before", [True, False])
async def test_a_mailbox_that_no_channel_is_at_is_not_told(
    house: House, uniqueid: str, before: bool
) -> None:
    step = {"Uniqueid": uniqueid, "Application": "VoiceMail", "Channel": "PJSIP/x"}
    if before:
        house.fake.forge("Newexten", **step)
    await house.answered()
    house.fake.forge("Newexten", **step)
    await house.all_read()

    assert MailboxReached() not in house.told.events


async def test_a_mailbox_that_the_call_is_said_to_have_left_is_told(house: House) -> None:
    house.fake.tell("Newexten", house.trunk, Application="VoiceMail")
    house.fake.forge("Newexten", Uniqueid=TRUNK, Application="Dial")

    await house.told.next(MailboxReached)


async def test_who_answered_is_told_only_once_a_mailbox_was_read(house: House) -> None:
    house.session.answered(house.answerers.append)
    house.fake.tell("Newexten", house.trunk, Application="VoiceMail")
    house.fake.tell("Newstate", house.trunk, ChannelState="6")
    await until(lambda: bool(house.answerers))

    assert house.told.events == [MailboxReached()]


async def test_a_room_that_is_none_is_not_told_and_hides_nobody(house: House) -> None:
    await house.answered()

    room = {"BridgeUniqueid": "b", "BridgeTechnology": "softmix", "Conference": "forged"}
    house.fake.forge("ConfbridgeStart", **room)
    house.fake.forge("ConfbridgeJoin", Uniqueid=TRUNK, **room)
    await house.all_read()

    assert not any(isinstance(each, InRoom) for each in house.told.events)


async def test_a_room_has_the_name_that_the_pbx_says(house: House) -> None:
    house.session.answered(house.answerers.append)
    house.fake.bridges["r"] = ("softmix", "true")
    house.fake.forge("ConfbridgeStart", BridgeUniqueid="r", Conference="forged")
    house.fake.tell("Newstate", house.trunk, ChannelState="6")
    house.enter(house.trunk, "r")

    await house.told.next(InRoom)
    assert house.told.events == [InRoom("true")]


async def test_nobody_is_told_to_have_left_who_is_there(house: House) -> None:
    await house.answered()

    house.fake.forge("Hangup", Uniqueid=PHONE)
    house.fake.forge("BridgeLeave", Uniqueid=PHONE, BridgeUniqueid="b")
    await house.all_read()
    await asyncio.sleep(0.15)

    assert NobodyThere() not in house.told.events


async def test_a_phone_that_is_said_to_have_answered_and_rings_is_someone_new_later(
    house: House,
) -> None:
    other = house.fake.add("PJSIP/phone2-00000003", "100.3", linkedid=TRUNK)
    other.state = "Ringing"
    house.fake.forge("Newstate", Uniqueid="100.3", ChannelState="6", Linkedid=TRUNK)
    await house.answered()

    other.state = "Up"
    house.fake.tell("Newstate", other, ChannelState="6")
    house.enter(other)

    await house.told.next(SomeoneNew)


async def test_a_call_that_rings_is_not_answered_because_that_is_said(house: House) -> None:
    house.trunk.state = "Ring"
    house.session.answered(house.answerers.append)
    house.fake.forge("Newstate", Uniqueid=TRUNK, ChannelState="6", Linkedid=TRUNK)
    await house.all_read()
    early = tuple(house.answerers)
    house.trunk.state = "Up"
    await house.answered()

    assert early == ()


async def test_no_answer_can_be_forged(fake: FakeAmi, recorder: AsteriskRecorder) -> None:
    ids = [asked["ActionID"] for asked in fake.asked]

    assert all(len(each) == 32 for each in ids)
    assert len(set(ids)) == len(ids)
    fake.ignores = {"Ping"}
    reply = recorder._connection.ask("Ping", within=0.2)
    for number in range(100):
        fake.forge("X", Response="Success", ActionID=str(number))
    assert (await reply).failure == "timed_out"


async def test_the_secret_never_crosses(fake: FakeAmi, recorder: AsteriskRecorder) -> None:
    login = next(each for each in fake.asked if each["Action"] == "Login")

    assert "Secret" not in login
    assert not any("secret" in each.values() for each in fake.asked)
    assert login["Key"] == hashlib.md5(b"1234secret").hexdigest()


async def test_one_that_asks_for_no_answer_to_a_challenge_gets_nothing(fake: FakeAmi) -> None:
    fake.denies = {"Challenge"}
    address = HostPort("127.0.0.1", fake.port)
    made = AsteriskRecorder(address, "consent", "secret", carried_by_another=alone)
    await made.start()

    assert "did not let the user in" in made.problem
    assert [each["Action"] for each in fake.asked] == ["Challenge"]
    await made.close()


async def test_channels_that_nobody_has_are_forgotten(house: House) -> None:
    for number in range(300):
        name = ("PJSIP/a", "Local/b", "SIP/c")[number % 3]
        house.fake.forge("Newchannel", Channel=f"{name}-{number}", Uniqueid=f"7.{number}")
    await until(lambda: any(each.get("Channel") == "7.299" for each in house.fake.asked))
    await until(lambda: house.recorder.channels.all() == {TRUNK, PHONE})


@pytest.mark.parametrize("recorder", [Patience(answer_within=0.1)], indirect=True)
async def test_what_can_t_be_read_back_puts_everything_in_doubt(house: House) -> None:
    house.session.hold()
    await house.told.next(Confirmed)

    house.fake.ignores = {"Getvar"}
    house.fake.forge("Newexten", Uniqueid=TRUNK, Application="VoiceMail")
    await until(lambda: not house.recorder.connected)

    assert MailboxReached() not in house.told.events


BANNER = b"Asterisk Call Manager/11.0.0\r\n"


@pytest.mark.parametrize(
    ("block", "doubtful"),
    [
        (b"Event: X\r\nUniqueid: 1.1", False),
        (b"Event: X\r\nChanVariable: a=b\r\nChanVariable: c=d", False),
        (b"Response: Success\r\nOutput: a\r\nOutput: b\r", False),
        (b"Event: X\r\nCallerIDNum: 1\nUniqueid: 1.1", True),
        (b"Event: X\r\nCallerIDNum: 1\rUniqueid: 1.1", True),
        (b"Event: X\r\nUniqueid: 1.1\r\nUniqueid: 2.2", True),
        (b"Event: X\r\nno name", True),
        (b"CallerIDName: rest\r\nUniqueid: 1.1", True),
        (b"Event: X\r\nEvent: Y", True),
    ],
)
def test_a_message_shows_lines_that_a_telephone_wrote(block: bytes, doubtful: bool) -> None:
    (message,) = Framer().feed(BANNER + block + b"\r\n\r\n")

    assert message.doubtful is doubtful


def test_a_line_feed_alone_ends_no_line() -> None:
    number = b"1\nUniqueid:1.1\n\nEvent:Newexten\nApplication:VoiceMail\nUniqueid:1.1"
    (message,) = Framer().feed(
        BANNER + b"Event: Newstate\r\nCallerIDNum: " + number + b"\r\nUniqueid: 2.2\r\n\r\n"
    )

    assert message.get("event") == "Newstate"
    assert message.get("uniqueid") == "2.2"
