"""The adapter `asterisk-ami` alone with the real Asterisk: judged by what its recordings hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from sidecar.recorders.asterisk.adapter import AsteriskRecorder
from sidecar.recorders.asterisk.patience import Patience
from sidecar.recorders.asterisk.session import AsteriskSession
from sidecar.recorders.asterisk.wire.connection import Connection
from sidecar.recorders.recorder import (
    Confirmed,
    Doubted,
    Failed,
    Finished,
    Order,
    Proof,
    RecorderEvent,
    Status,
    Violated,
)
from sidecar.tables.addresses import HostPort
from tests.recorders.told import alone

from .asterisk import (
    LATE,
    LEAST,
    MEETING,
    ONE_FILE,
    ONE_TOUCH,
    PASSWORD,
    PLAIN,
    RESTARTS,
    SECOND_PHONE,
    TONE_HZ,
    TWICE,
    Asterisk,
)
from .audio import tone_spans
from .phones import BaresipPhone
from .processes import LOOPBACK, free_port
from .sipp import Sipp, StartSipp

PEERS = ("sipp", "asterisk", "baresip")
PHONE_HZ = 650.0
SECOND_HZ = 950.0
SLACK = 0.15
Event = TypeVar("Event", bound=RecorderEvent)


@dataclass
class Watched:
    """A session and what it has told."""

    call_id: str
    session: AsteriskSession = field(init=False)
    told: list[tuple[float, RecorderEvent]] = field(default_factory=list)
    news: asyncio.Queue[RecorderEvent] = field(default_factory=asyncio.Queue)

    def take(self, event: RecorderEvent) -> None:
        self.told.append((asyncio.get_running_loop().time(), event))
        self.news.put_nowait(event)

    async def expect(self, kind: type[Event], within: float = 5.0) -> Event:
        """The next event, which must be of this kind."""
        event = await asyncio.wait_for(self.news.get(), within)
        assert isinstance(event, kind), (event, self.told)
        return event

    async def confirmed(self, order: Order) -> Confirmed:
        event = await self.expect(Confirmed)
        assert event.order is order
        return event

    async def held(self) -> Confirmed:
        """The confirmation of a hold by which recordings were muted: one that begins only after a
        hold was confirmed of a channel without any is a violation first."""
        while (event := await self.confirmed(Order.HOLD)).proof is not Proof.ACCEPTED:
            await self.expect(Violated)
        return event

    async def finished(self) -> Finished:
        self.session.close()
        return await self.expect(Finished, 10)


class House:
    """Asterisk, the adapter, and whoever calls."""

    def __init__(self, asterisk: Asterisk, sipp: StartSipp) -> None:
        self.asterisk = asterisk
        self.sipp = sipp
        self.address = HostPort(LOOPBACK, asterisk.ami_port)

    @asynccontextmanager
    async def recorder(self, user: str = RESTARTS) -> AsyncIterator[AsteriskRecorder]:
        folder = self.asterisk.recordings
        recorder = AsteriskRecorder(self.address, user, PASSWORD, folder, carried_by_another=alone)
        await recorder.start()
        assert recorder.problem == ""
        try:
            yield recorder
        finally:
            await recorder.close()
            await asyncio.to_thread(self.asterisk.hang_up)

    def watch(self, recorder: AsteriskRecorder, call_id: str) -> Watched:
        watched = Watched(call_id)
        leg: Any = watched  # it is asked for its Call-ID only
        watched.session = recorder.open(leg, Order.RELEASE, watched.take)
        return watched

    def call(self, number: str, name: str, **options: Any) -> Sipp:
        """Place calls whose Call-IDs are `1-NAME@127.0.0.1`, `2-...`; the callers are silent."""
        more = ("-cid_str", f"%u-{name}@%s")
        return self.sipp(
            "uac_basic",
            remote=self.asterisk.address,
            number=number,
            hold_ms=40_000,
            options=more,
            trace=False,
            **options,
        )

    @asynccontextmanager
    async def manager(self) -> AsyncIterator[Connection]:
        """A manager who plays a PBX's user interface: transfers and the like."""
        connection = Connection(
            self.address,
            "consent",
            PASSWORD,
            on_event=lambda _event: None,
            on_up=lambda: None,
            on_down=lambda: None,
            patience=Patience(),
        )
        await connection.start()
        try:
            yield connection
        finally:
            await connection.close()

    async def channel(self, begin: str) -> str:
        """The name of the only channel that begins like this."""
        listed = await asyncio.to_thread(self.asterisk.cli, "core show channels concise")
        (name,) = [line.split("!")[0] for line in listed.splitlines() if line.startswith(begin)]
        return name

    def tone_seconds(self, file: str | Path, hertz: float = TONE_HZ) -> float:
        sound = self.asterisk.sound(self.asterisk.recordings / file)
        return sum(span.seconds for span in tone_spans(sound, hertz, purity=0.3))


def called(name: str, number: int = 1) -> str:
    return f"{number}-{name}@{LOOPBACK}"


async def until_holds(what: Any, within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not what():  # noqa: ASYNC110 - no event of ours tells what others write to files
            await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    with Asterisk("recorder", free_port()) as running:
        yield running


@pytest.fixture(scope="module")
def phones(
    asterisk: Asterisk, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[BaresipPhone, BaresipPhone]]:
    folder = tmp_path_factory.mktemp("phones")
    with (
        BaresipPhone(folder, "phone1", tone=PHONE_HZ, account=asterisk.account("phone1")) as one,
        BaresipPhone(folder, "phone2", tone=SECOND_HZ, account=asterisk.account("phone2")) as two,
    ):
        asterisk.wait_registered("phone1")
        asterisk.wait_registered("phone2")
        yield one, two


@pytest.fixture
def house(asterisk: Asterisk, sipp: StartSipp) -> House:
    return House(asterisk, sipp)


async def test_two_recordings_hold_what_was_released_and_nothing_else(house: House) -> None:
    async with house.recorder(LEAST) as recorder:
        call = house.watch(recorder, called("twice"))
        call.session.hold()
        house.call(TWICE, "twice")
        held = await call.held()
        await asyncio.sleep(0.5)
        call.session.release()
        released = await call.confirmed(Order.RELEASE)
        await asyncio.sleep(0.8)
        call.session.stop()
        stopped = await call.confirmed(Order.STOP)
        await asyncio.sleep(0.3)
        call.session.status()
        status = await call.expect(Status)
        finished = await call.finished()

    assert (held.proof, released.proof) == (Proof.ACCEPTED, Proof.ACCEPTED)
    assert stopped.proof is Proof.READ_BACK
    assert status == Status(0, Proof.READ_BACK)
    assert finished.proof is Proof.FILES
    assert finished.recorded_seconds == pytest.approx(0.8, abs=SLACK)
    for file in (f"{TWICE}-first.wav", f"{TWICE}.wav", f"{TWICE}-t.wav"):
        assert house.tone_seconds(file) == pytest.approx(0.8, abs=SLACK), file


async def test_what_was_stopped_begins_again_in_the_same_files(house: House) -> None:
    async with house.recorder() as recorder:
        call = house.watch(recorder, called("again"))
        house.call(TWICE, "again")
        call.session.stop()
        await call.confirmed(Order.STOP)
        await asyncio.sleep(0.3)
        call.session.release()
        first = await call.confirmed(Order.RELEASE)
        await asyncio.sleep(0.5)
        call.session.stop()
        await call.confirmed(Order.STOP)
        await asyncio.sleep(0.3)
        call.session.release()
        await call.confirmed(Order.RELEASE)
        await asyncio.sleep(0.5)
        call.session.hold()
        await call.confirmed(Order.HOLD)
        finished = await call.finished()
        await asyncio.to_thread(house.asterisk.hang_up)

    assert first.proof is Proof.READ_BACK
    assert finished.recorded_seconds == pytest.approx(1.0, abs=2 * SLACK)
    for file in (f"{TWICE}-first.wav", f"{TWICE}.wav", f"{TWICE}-t.wav"):
        assert house.tone_seconds(file) == pytest.approx(1.0, abs=2 * SLACK), file


async def test_a_user_without_the_right_to_begin_recordings_is_told_so(house: House) -> None:
    async with house.recorder(LEAST) as recorder:
        call = house.watch(recorder, called("refused"))
        house.call(ONE_FILE, "refused")
        call.session.stop()
        await call.confirmed(Order.STOP)
        await call_with_recording_stopped(call)
        call.session.release()
        refused = await call.expect(Failed)
        call.session.stop()
        await call.confirmed(Order.STOP)

    assert refused == Failed(Order.RELEASE, "refused")


async def call_with_recording_stopped(call: Watched) -> None:
    """Until the dialplan's MixMonitor has begun and was stopped: it may come after the order."""
    try:
        while True:
            event = await asyncio.wait_for(call.news.get(), 0.5)
            assert isinstance(event, Violated | Confirmed)
    except TimeoutError:
        return


async def test_a_recording_that_begins_in_mid_call_is_stopped_at_once(house: House) -> None:
    async with house.recorder(LEAST) as recorder:
        call = house.watch(recorder, called("late"))
        call.session.stop()
        house.call(LATE, "late")
        await call.confirmed(Order.STOP)
        await call.expect(Violated)
        await call.confirmed(Order.STOP)
        await asyncio.sleep(0.3)
        finished = await call.finished()

    assert finished.proof in (Proof.STAYED, Proof.FILES)  # it may not have opened its file
    assert not house.asterisk.was_recorded(LATE) or house.tone_seconds(f"{LATE}.wav") < 0.1


async def test_one_touch_recording_of_the_phone_is_held(
    house: House, phones: tuple[BaresipPhone, BaresipPhone]
) -> None:
    async with house.recorder(LEAST) as recorder:
        call = house.watch(recorder, called("touch"))
        call.session.hold()
        house.call(ONE_TOUCH, "touch")
        await call.confirmed(Order.HOLD)
        await asyncio.to_thread(phones[0].expect, "established")
        await asyncio.sleep(0.3)
        phones[0].do("dtmf", digits="*3")
        await call.expect(Violated)
        await call.confirmed(Order.HOLD)
        await asyncio.sleep(0.5)
        call.session.release()
        await call.confirmed(Order.RELEASE)
        await asyncio.sleep(0.5)
        call.session.stop()
        await call.confirmed(Order.STOP)

    (file,) = house.asterisk.folder.glob("spool/monitor/auto-*touched.wav")
    assert house.tone_seconds(file, PHONE_HZ) == pytest.approx(0.5, abs=SLACK)


async def test_a_conference_s_hidden_recording_is_held_and_released(house: House) -> None:
    async with house.recorder(LEAST) as recorder:
        call = house.watch(recorder, called("meeting"))
        call.session.hold()
        house.call(MEETING, "meeting")
        await call.confirmed(Order.HOLD)
        await call.expect(Violated)  # once it has entered the conference
        await call.confirmed(Order.HOLD)
        await asyncio.to_thread(
            house.asterisk.cli,
            f"channel originate Local/{MEETING}@from-sidecar extension s@tone",
        )
        await asyncio.sleep(1.0)
        call.session.status()
        await until_holds(lambda: any(isinstance(event, Status) for _, event in call.told))
        call.session.release()
        await until_holds(lambda: call.told[-1][1] == Confirmed(Order.RELEASE, Proof.ACCEPTED))
        await asyncio.sleep(0.8)
        call.session.stop()
        await until_holds(lambda: call.told[-1][1] == Confirmed(Order.STOP, Proof.READ_BACK))
        await asyncio.sleep(0.3)

    assert next(event for _, event in call.told if isinstance(event, Status)).recordings == 1
    assert house.tone_seconds("meeting.wav") == pytest.approx(0.8, abs=SLACK)


async def test_a_blind_transfer_s_new_recording_is_held(
    house: House, phones: tuple[BaresipPhone, BaresipPhone]
) -> None:
    async with house.recorder(LEAST) as recorder, house.manager() as manager:
        call = house.watch(recorder, called("blind"))
        call.session.hold()
        house.call(PLAIN, "blind")
        await call.confirmed(Order.HOLD)
        await asyncio.to_thread(phones[0].expect, "established")
        reply = await manager.ask(
            "BlindTransfer",
            ("Channel", await house.channel("PJSIP/phone1")),
            ("Context", "from-sidecar"),
            ("Exten", SECOND_PHONE),
        )
        assert reply.failure == "", reply
        await call.expect(Violated)
        await call.confirmed(Order.HOLD)
        await asyncio.to_thread(phones[1].expect, "established")
        await asyncio.sleep(0.5)
        call.session.release()
        await call.confirmed(Order.RELEASE)
        await asyncio.sleep(0.5)
        call.session.hold()
        await call.confirmed(Order.HOLD)

    assert house.tone_seconds(f"{SECOND_PHONE}.wav", SECOND_HZ) == pytest.approx(0.5, abs=SLACK)


async def test_an_attended_transfer_takes_the_order_to_the_second_call(
    house: House, phones: tuple[BaresipPhone, BaresipPhone]
) -> None:
    file = f"{SECOND_PHONE}.wav"
    async with house.recorder(LEAST) as recorder, house.manager() as manager:
        call = house.watch(recorder, called("attended"))
        call.session.hold()
        house.call(ONE_TOUCH, "attended")
        await call.confirmed(Order.HOLD)
        await asyncio.to_thread(phones[0].expect, "established")
        reply = await manager.ask(
            "Atxfer",
            ("Channel", await house.channel("PJSIP/phone1")),
            ("Context", "transfers"),
            ("Exten", "2"),
        )
        assert reply.failure == "", reply
        await asyncio.to_thread(phones[1].expect, "established")
        await asyncio.sleep(0.3)
        phones[0].do("hangup")
        await asyncio.to_thread(phones[0].expect, "closed")
        await asyncio.sleep(0.5)
        call.session.release()
        await until_holds(lambda: call.told[-1][1] == Confirmed(Order.RELEASE, Proof.ACCEPTED))
        await asyncio.sleep(0.5)
        call.session.stop()
        await until_holds(lambda: call.told[-1][1] == Confirmed(Order.STOP, Proof.READ_BACK))
        await asyncio.sleep(0.3)

    assert house.tone_seconds(file, SECOND_HZ) == pytest.approx(0.5, abs=SLACK)


async def test_a_lost_connection_is_told_and_what_began_meanwhile_is_stopped(
    house: House,
) -> None:
    async with house.recorder(LEAST) as recorder:
        call = house.watch(recorder, called("lost"))
        call.session.stop()
        house.call(LATE, "lost")
        await call.confirmed(Order.STOP)
        await asyncio.to_thread(house.asterisk.close_manager_interface, LEAST, RESTARTS)
        await call.expect(Doubted)
        assert "lost" in recorder.problem or "reached" in recorder.problem
        call.session.stop()
        assert await call.expect(Failed) == Failed(Order.STOP, "unreachable")
        await asyncio.sleep(1.0)  # the dialplan's MixMonitor begins
        await asyncio.to_thread(house.asterisk.open_manager_interface)
        confirmed = await call.expect(Confirmed, 10)
        finished = await call.finished()

    assert confirmed == Confirmed(Order.STOP, Proof.READ_BACK)
    assert finished.proof in (Proof.NONE, Proof.READ_BACK)
    assert finished.recorded_seconds is None


async def test_a_call_that_was_only_ever_allowed_is_proven_by_its_files(house: House) -> None:
    async with house.recorder(LEAST) as recorder:
        call = house.watch(recorder, called("allowed"))
        call.session.release()
        house.call(TWICE, "allowed")
        await call.confirmed(Order.RELEASE)
        await asyncio.sleep(1.2)
        await asyncio.to_thread(house.asterisk.hang_up)
        finished = await call.finished()

    assert finished.proof is Proof.FILES
    assert finished.recorded_seconds is not None
    sounding = house.tone_seconds(f"{TWICE}.wav")  # Answer() waits half a second for a voice
    assert 0.4 < sounding < finished.recorded_seconds + SLACK


@pytest.mark.alone
async def test_fifty_calls_are_stopped_at_once(house: House) -> None:
    async with house.recorder(LEAST) as recorder:
        calls = [house.watch(recorder, called("many", each + 1)) for each in range(50)]
        house.call(ONE_FILE, "many", calls=50, rate=50)
        for call in calls:
            call.session.release()
        await asyncio.gather(*(call.confirmed(Order.RELEASE) for call in calls))
        await until_holds(lambda: len(list(house.asterisk.recordings.glob(f"{ONE_FILE}-*"))) >= 50)
        began = asyncio.get_running_loop().time()
        for call in calls:
            call.session.stop()
        stopped = await asyncio.gather(*(call.confirmed(Order.STOP) for call in calls))
        longest = max(call.told[-1][0] for call in calls) - began

    print(f"50 recordings stopped at once: the last was confirmed after {longest * 1000:.0f} ms")
    assert {event.proof for event in stopped} == {Proof.READ_BACK}
    assert longest < 2
