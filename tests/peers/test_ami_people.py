"""Who is on the PBX's side of a call: the adapter `asterisk-ami` alone with the real Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from sidecar.recorders.asterisk.adapter import AsteriskRecorder
from sidecar.recorders.asterisk.session import AsteriskSession
from sidecar.recorders.recorder import (
    Answerer,
    InRoom,
    MailboxReached,
    NobodyThere,
    OnHold,
    Order,
    RecorderEvent,
    SomeoneNew,
    StrangerInRoom,
)
from sidecar.tables.addresses import HostPort
from tests.recorders.told import alone

from . import asterisk as numbers
from .asterisk import LEAST, PASSWORD, Asterisk
from .phones import BaresipPhone
from .processes import LOOPBACK, free_port
from .sipp import StartSipp

PEERS = ("sipp", "asterisk", "baresip")
WITHIN = 6.0
Told = RecorderEvent | Answerer


@dataclass
class Call:
    """A call's session and what it has told, the answerer among the events."""

    call_id: str
    session: AsteriskSession = field(init=False)
    news: asyncio.Queue[Told] = field(default_factory=asyncio.Queue)

    async def tells(self, *expected: Told) -> None:
        """These are the next things told, and nothing else before or between."""
        told = []
        for _ in expected:
            try:
                told.append(await asyncio.wait_for(self.news.get(), WITHIN))
            except TimeoutError:
                break
        assert tuple(told) == expected

    async def tells_nothing(self, seconds: float = 0.3) -> None:
        """Nothing comes for so long."""
        with pytest.raises(TimeoutError):
            raise AssertionError(await asyncio.wait_for(self.news.get(), seconds))


class House:
    """Asterisk, the adapter, its phones, and whoever calls."""

    def __init__(
        self, asterisk: Asterisk, sipp: StartSipp, phones: list[BaresipPhone], made: Any
    ) -> None:
        self.asterisk = asterisk
        self.sipp = sipp
        self.phones = phones
        self.recorder: AsteriskRecorder = made
        self.calls = 0

    def call(self, number: str, *, answered: bool = True) -> Call:
        """A call by the trunk, whose caller is told at once that it was answered."""
        self.calls += 1
        name = f"people{self.calls}"
        call = Call(f"1-{name}@{LOOPBACK}")
        leg: Any = call  # it is asked for its Call-ID only
        call.session = self.recorder.open(leg, Order.RELEASE, call.news.put_nowait)
        if answered:
            call.session.answered(call.news.put_nowait)
        self.sipp(
            "uac_basic",
            remote=self.asterisk.address,
            number=number,
            hold_ms=40_000,
            options=("-cid_str", f"%u-{name}@%s"),
            trace=False,
        )
        return call

    def dial(self, phone: int, number: str) -> None:
        uri = f"sip:{number}@{self.asterisk.address}"
        self.phones[phone - 1].do("call", uri=uri, headers={})

    def press(self, phone: int, digits: str) -> None:
        self.phones[phone - 1].do("dtmf", digits=digits)

    async def phone(self, phone: int, event: str) -> None:
        await asyncio.to_thread(self.phones[phone - 1].expect, event)

    async def cli(self, command: str) -> str:
        return await asyncio.to_thread(self.asterisk.cli, command)

    async def until_at_voicemail(self) -> None:
        """Until a channel is in a mailbox."""
        async with asyncio.timeout(WITHIN):
            while "VoiceMail" not in await self.cli("core show channels concise"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def until_idle(self) -> None:
        """Until no channel lives, and the phones have told all about it."""
        await asyncio.to_thread(self.asterisk.hang_up)
        for phone in self.phones:
            phone.forget()

    async def talking(self, number: str) -> Call:
        """A call by the trunk that a person has answered, and that phone1 has."""
        call = self.call(number)
        await call.tells(Answerer.PERSON)
        await self.talk(call)
        return call

    async def talk(self, call: Call) -> None:
        """Until phone1 has the call, and is bridged with it: only then its digits are heard."""
        await self.phone(1, "established")
        async with asyncio.timeout(WITHIN):
            while not self.recorder.scene(call.session.uniqueid).people:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    with Asterisk("people", free_port()) as running:
        yield running


@pytest.fixture(scope="module")
def phones(
    asterisk: Asterisk, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[BaresipPhone]]:
    folder = tmp_path_factory.mktemp("phones")
    with (
        BaresipPhone(folder, "phone1", account=asterisk.account("phone1")) as one,
        BaresipPhone(folder, "phone2", account=asterisk.account("phone2")) as two,
        BaresipPhone(folder, "phone3", answer=False, account=asterisk.account("phone3")) as three,
    ):
        for name in ("phone1", "phone2", "phone3"):
            asterisk.wait_registered(name)
        yield [one, two, three]


@pytest.fixture
async def house(
    asterisk: Asterisk, sipp: StartSipp, phones: list[BaresipPhone]
) -> AsyncIterator[House]:
    address = HostPort(LOOPBACK, asterisk.ami_port)
    recorder = AsteriskRecorder(address, LEAST, PASSWORD, carried_by_another=alone)
    await recorder.start()
    assert recorder.problem == ""
    made = House(asterisk, sipp, phones, recorder)
    yield made
    await made.until_idle()
    await recorder.close()


@pytest.mark.parametrize("number", [numbers.MAILBOX, numbers.FORWARDED])
async def test_a_mailbox_is_told_before_the_pbx_is_known_to_have_answered(
    house: House, number: str
) -> None:
    call = house.call(number)

    await call.tells(MailboxReached(), Answerer.MACHINE)


async def test_a_mailbox_that_takes_what_a_phone_does_not_is_told_before_the_answer(
    house: House,
) -> None:
    call = house.call(numbers.UNANSWERED)

    await call.tells(MailboxReached(), Answerer.MACHINE)


@pytest.mark.parametrize("number", [numbers.PLAIN, numbers.LOCAL, numbers.LOCAL_KEPT])
async def test_who_answers_a_phone_is_a_person_and_nobody_new(house: House, number: str) -> None:
    call = house.call(number)

    await call.tells(Answerer.PERSON)
    await house.talk(call)
    await call.tells_nothing()


async def test_the_first_person_behind_an_ivr_is_someone_new(house: House) -> None:
    call = house.call(numbers.IVR)

    await call.tells(Answerer.MACHINE, SomeoneNew())


async def test_who_picks_up_another_s_call_has_answered_it(house: House) -> None:
    call = house.call(numbers.PICKED_UP)
    await house.phone(3, "incoming")
    house.dial(2, numbers.PICK_UP)

    await call.tells(Answerer.PERSON)
    await call.tells_nothing()


async def test_a_blind_transfer_s_target_is_someone_new_once_it_answers(house: House) -> None:
    call = await house.talking(numbers.TRANSFERS)
    house.press(1, "*43")

    await call.tells(OnHold(True), OnHold(False))  # while the digits are collected
    await call.tells(NobodyThere())
    await house.phone(3, "incoming")
    house.phones[2].do("answer")
    await call.tells(SomeoneNew())


async def test_who_is_consulted_is_new_only_when_the_transfer_is_completed(house: House) -> None:
    call = await house.talking(numbers.TRANSFERS)
    house.press(1, "*22")
    await call.tells(OnHold(True), OnHold(False), NobodyThere())
    await house.phone(2, "established")
    await call.tells_nothing()

    house.phones[0].do("hangup")

    await call.tells(SomeoneNew())
    await call.tells_nothing()


async def test_a_phone_s_own_attended_transfer_brings_someone_new_when_it_joins_the_calls(
    house: House,
) -> None:
    call = await house.talking(numbers.PLAIN)
    house.dial(1, "2")
    await house.phone(2, "established")
    await house.phone(1, "established")
    await call.tells_nothing()

    house.phones[0].do("join")

    await call.tells(OnHold(True), OnHold(False), SomeoneNew())
    await call.tells_nothing()


async def test_a_mailbox_that_is_consulted_is_told_only_when_the_transfer_is_completed(
    house: House,
) -> None:
    call = await house.talking(numbers.TRANSFERS)
    house.press(1, f"*2{numbers.TO_MAILBOX}")
    await call.tells(OnHold(True), OnHold(False), NobodyThere())
    await house.until_at_voicemail()
    await call.tells_nothing()

    house.phones[0].do("hangup")

    await call.tells(MailboxReached())


async def test_a_phone_s_own_attended_transfer_to_a_mailbox_is_told(house: House) -> None:
    call = await house.talking(numbers.PLAIN)
    house.dial(1, numbers.TO_MAILBOX)
    await house.phone(1, "established")
    await house.until_at_voicemail()
    await call.tells_nothing()

    house.phones[0].do("join")

    await call.tells(OnHold(True), OnHold(False), MailboxReached())


async def test_a_phone_s_own_blind_transfer_brings_someone_new(house: House) -> None:
    call = await house.talking(numbers.PLAIN)

    house.phones[0].do("transfer", uri=f"sip:3@{house.asterisk.address}")
    await call.tells(NobodyThere())
    await house.phone(3, "incoming")
    house.phones[2].do("answer")

    await call.tells(SomeoneNew())


async def test_a_call_that_is_redirected_into_a_mailbox_is_told(house: House) -> None:
    call = house.call(numbers.TWICE)
    await call.tells(Answerer.MACHINE)
    channel = house.recorder.channels.get(call.session.uniqueid)
    assert channel is not None

    await house.cli(f"channel redirect {channel.name} from-phone,{numbers.TO_MAILBOX},1")

    await call.tells(MailboxReached())


async def test_a_mailbox_reached_by_a_transfer_in_mid_call_is_told(house: House) -> None:
    call = await house.talking(numbers.TRANSFERS)
    house.press(1, f"*4{numbers.TO_MAILBOX}")

    await call.tells(OnHold(True), OnHold(False), MailboxReached(), NobodyThere())
    await call.tells_nothing(1.5)


async def test_a_parked_call_has_nobody_until_it_is_retrieved(house: House) -> None:
    call = await house.talking(numbers.TRANSFERS)
    house.press(1, "*7")
    await call.tells(NobodyThere())

    house.dial(2, numbers.PARKED)

    await call.tells(SomeoneNew())


async def test_a_phone_that_holds_the_call_is_told_both_ways(house: House) -> None:
    call = await house.talking(numbers.PLAIN)
    await call.tells_nothing(0.5)  # a hold while Asterisk still updates its phone ends at once

    house.phones[0].do("hold")
    await call.tells(OnHold(True))
    await call.tells_nothing()
    house.phones[0].do("resume")

    await call.tells(OnHold(False))


async def test_a_stranger_in_a_room_is_told_to_the_call_that_was_there_first(house: House) -> None:
    first = house.call(numbers.ROOM)
    await first.tells(Answerer.MACHINE, InRoom("room"))
    second = house.call(numbers.SAME_ROOM)
    await second.tells(Answerer.MACHINE, InRoom("room"))

    house.dial(2, numbers.TO_ROOM)

    await first.tells(StrangerInRoom())
    house.phones[1].do("hangup")  # before the first call: the second would have to tell it
    async with asyncio.timeout(WITHIN):
        while "phone2" in await house.cli("confbridge list room"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await house.cli("confbridge kick room all")
    await first.tells(InRoom(""), SomeoneNew())
    await second.tells(InRoom(""))


async def test_a_phone_that_a_caller_meets_in_a_room_is_a_stranger_to_it(house: House) -> None:
    house.dial(2, numbers.TO_ROOM)
    await house.phone(2, "established")
    call = house.call(numbers.ROOM)

    await call.tells(Answerer.MACHINE, InRoom("room"), StrangerInRoom())
    await call.tells_nothing()


async def test_what_changed_while_the_connection_was_lost_is_told_when_it_is_back(
    house: House,
) -> None:
    call = await house.talking(numbers.TRANSFERS)
    await asyncio.to_thread(house.asterisk.close_manager_interface, LEAST)
    asked = Call(call.call_id)
    async with asyncio.timeout(WITHIN):
        while house.recorder.connected:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    call.session.answered(asked.news.put_nowait)
    house.press(1, "*42")
    await house.phone(2, "established")

    await asyncio.to_thread(house.asterisk.open_manager_interface)

    await asked.tells(Answerer.UNKNOWN)
    await call.tells(SomeoneNew())
