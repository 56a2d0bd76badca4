from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest

from sidecar.errors import OperatorError, PeerError
from sidecar.media import process
from sidecar.media.engine import Lost, Opened, Played, Refused, RemoteMedia, Side, Silent
from sidecar.media.local import LocalEngine
from sidecar.media.prompts import PromptLibrary

from .phones import SPEECH, WAIT_S, Call, Phone


async def test_a_dead_worker_is_told_and_replaced(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "RESTART_DELAY_S", 0.05)
    call = await Call(engine).connected()
    (pid,) = engine.worker_pids

    os.kill(pid, signal.SIGKILL)
    await call.event(Lost)
    refused = Call(engine)
    await refused.event(Refused)

    again = await _open_when_it_is_back(engine)
    assert engine.worker_pids != [pid]
    assert not set(again.ports_a + again.ports_b) & set(call.ports_a + call.ports_b)
    await again.close()
    for left in (call, refused):
        left.a.close()
        left.b.close()


async def _open_when_it_is_back(engine: LocalEngine) -> Call:
    async with asyncio.timeout(WAIT_S):
        while True:
            call = Call(engine)
            event = await call._events.get()
            if isinstance(event, Opened):
                call.ports_a, call.ports_b = event.ports_a, event.ports_b
                return call
            call.a.close()
            call.b.close()


async def test_a_worker_ends_with_its_engine(library: PromptLibrary) -> None:
    engine = LocalEngine("127.0.0.1", range(32200, 32240), library, workers=2)
    await engine.start()
    pids = engine.worker_pids
    assert len(set(pids)) == 2

    await engine.close()

    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)  # noqa: ASYNC240


async def test_a_worker_does_not_mind_the_keyboard(engine: LocalEngine) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(engine.worker_pids[0], number)
    call = await Call(engine).connected()
    assert (await call.speak()).payload == SPEECH
    await call.close()


async def test_sessions_go_to_the_worker_with_the_fewest(library: PromptLibrary) -> None:
    engine = LocalEngine("127.0.0.1", range(32200, 32240), library, workers=2)
    await engine.start()
    calls = [await Call(engine).opened() for _ in range(4)]
    lower = [call for call in calls if call.ports_a[0] < 32220]
    assert len(lower) == 2
    for call in calls:
        await call.close()
    await engine.close()


async def test_a_range_that_is_used_up_refuses_and_a_port_rests_before_reuse(
    library: PromptLibrary,
) -> None:
    engine = LocalEngine("127.0.0.1", range(32300, 32304), library, workers=1)
    await engine.start()
    call = await Call(engine).opened()
    second = Call(engine)
    await second.event(Refused)
    assert engine.sessions == 1

    await call.close()
    third = Call(engine)
    await third.event(Refused)

    for left in (second, third):
        left.a.close()
        left.b.close()
    assert engine.sessions == 0
    await engine.close()


async def test_an_address_that_is_not_ours_is_told_at_the_start(library: PromptLibrary) -> None:
    engine = LocalEngine("192.0.2.1", range(32300, 32304), library, workers=1)
    with pytest.raises(OperatorError, match=r"media\.address.*192\.0\.2\.1"):
        await engine.start()
    assert engine.worker_pids == []


@pytest.mark.parametrize(
    ("address", "port"),
    [
        ("phone.example", 4000),
        ("::1", 4000),
        ("0.0.0.0", 4000),
        ("224.0.0.1", 4000),
        ("255.255.255.255", 4000),
        ("127.0.0.1", 0),
        ("127.0.0.1", 70000),
    ],
)
async def test_media_is_not_sent_just_anywhere(
    engine: LocalEngine, address: str, port: int
) -> None:
    call = await Call(engine).opened()
    with pytest.raises(PeerError) as caught:
        call.session.configure(Side.A, 0, RemoteMedia(address, port))
    assert caught.value.status == 488
    with pytest.raises(PeerError):
        call.session.configure(Side.A, 0, call.a.remote(payload_type=128))
    await call.close()


@pytest.fixture
async def impatient(library: PromptLibrary) -> AsyncIterator[LocalEngine]:
    """An engine with seconds in place of minutes. It looks once a second."""
    engine = LocalEngine(
        "127.0.0.1",
        range(32400, 32440),
        library,
        workers=1,
        silent_after=2.0,
        never_after=0.5,
    )
    await engine.start()
    yield engine
    await engine.close()


async def test_silence_of_both_sides_is_told_once(impatient: LocalEngine) -> None:
    call = await Call(impatient).connected()
    call.session.answered()
    await call.speak()
    call.b.send(call.ports_b[0], SPEECH)
    await call.a.hear()

    silent = await call.event(Silent)

    assert silent.side is Side.B
    assert silent.seconds >= 2.0
    await asyncio.sleep(1.5)
    assert call.no_event()
    await call.close()


@pytest.mark.parametrize("life", ["speech", "comfort noise", "report"])
async def test_one_side_that_is_heard_is_enough(impatient: LocalEngine, life: str) -> None:
    """The other one may be muted, and who is muted may send comfort noise or reports alone."""
    call = await Call(impatient).connected()
    call.session.answered()
    for _ in range(8):
        if life == "speech":
            call.a.send(call.ports_a[0], SPEECH)
        elif life == "comfort noise":
            call.a.send(call.ports_a[0], b"\x40", payload_type=13)
        else:
            call.a.send_raw(call.ports_a[0] + 1, b"\x80\xc9\x00\x01abcd")
        await asyncio.sleep(0.5)
    assert call.no_event()
    await call.close()


async def test_a_call_in_which_nobody_was_ever_heard_is_told_of_sooner(
    impatient: LocalEngine,
) -> None:
    call = await Call(impatient).connected(open_gates=False)
    call.session.answered()
    assert (await call.event(Silent)).seconds < 2.0
    await call.close()


async def test_what_strangers_send_is_no_life(impatient: LocalEngine) -> None:
    call = await Call(impatient).connected(open_gates=False)
    stranger = Phone("127.0.0.2")
    call.session.answered()
    told = asyncio.create_task(call.event(Silent))
    while not told.done():
        stranger.send(call.ports_a[0], SPEECH)
        stranger.send_raw(call.ports_a[0] + 1, b"\x80\xc9\x00\x01abcd")
        await asyncio.sleep(0.05)
    await told
    stranger.close()
    await call.close()


async def test_on_hold_and_before_the_answer_silence_is_none(impatient: LocalEngine) -> None:
    held, ringing = await Call(impatient).connected(), await Call(impatient).connected()
    held.session.answered()
    for side, phone in ((Side.A, held.a), (Side.B, held.b)):
        held.session.configure(side, 0, phone.remote(hears=False, sends=False))
    await asyncio.sleep(3.2)
    assert held.no_event()
    assert ringing.no_event()

    held.session.configure(Side.A, 0, held.a.remote())
    await held.event(Silent)
    await held.close()
    await ringing.close()


async def test_after_close_a_session_says_nothing_more(engine: LocalEngine) -> None:
    call = await Call(engine).connected(open_gates=False)
    call.session.play(Side.A, "notice", "en")
    await call.close()
    call.session.play(Side.A, "notice", "en")
    call.session.close()
    await call.done()
    assert call.no_event()


async def test_a_session_that_was_refused_after_its_end_is_closed(library: PromptLibrary) -> None:
    engine = LocalEngine("127.0.0.1", range(32300, 32304), library, workers=1)
    await engine.start()
    call = await Call(engine).opened()
    second = Call(engine)

    closed = await second.close()

    assert closed.a.received == 0
    assert engine.sessions == 1
    await call.close()
    await engine.close()


async def test_many_workers_get_the_same_prompts(library: PromptLibrary) -> None:
    engine = LocalEngine("127.0.0.1", range(32200, 32240), library, workers=4)
    await engine.start()
    calls = [await Call(engine).connected(open_gates=False) for _ in range(4)]
    for call in calls:
        call.session.play(Side.A, "notice", "en")
    for call in calls:
        await call.event(Played)
        await call.close()
    await engine.close()
