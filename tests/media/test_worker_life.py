from __future__ import annotations

import asyncio
import os
import signal

import pytest

from sidecar.errors import OperatorError, PeerError
from sidecar.media import process
from sidecar.media.engine import Lost, Opened, Played, Refused, RemoteMedia, Side, Silent
from sidecar.media.local import LocalEngine
from sidecar.media.prompts import PromptLibrary

from .phones import SPEECH, WAIT_S, Call


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


async def test_a_party_that_falls_silent_is_told_but_not_one_on_hold(
    library: PromptLibrary,
) -> None:
    engine = LocalEngine("127.0.0.1", range(32400, 32440), library, workers=1, silent_after=0.5)
    await engine.start()
    call = await Call(engine).connected()
    await call.speak()
    call.b.send(call.ports_b[0], SPEECH)
    await call.a.hear()
    call.session.configure(Side.B, 0, call.b.remote(sends=False))

    silent = await call.event(Silent)

    assert silent.side is Side.A
    assert silent.seconds >= 0.5
    assert call.no_event()
    await call.close()
    await engine.close()


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
