"""A process that does not read is given up on, before what waits for it has no end."""

from __future__ import annotations

import asyncio
import os
import signal
import socket

import pytest

from sidecar.media import process, worker
from sidecar.media.engine import Digit, Lost, Opened, Side
from sidecar.media.local import LocalEngine
from sidecar.media.protocol import Open, Start, decode_messages, encode
from sidecar.media.worker import Worker

from .phones import WAIT_S, Call


async def test_a_worker_that_does_not_read_is_killed_and_its_calls_are_lost(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "MAX_WAITING", 500)
    monkeypatch.setattr(process, "RESTART_DELAY_S", 0.05)
    call = await Call(engine).connected()
    (pid,) = engine.worker_pids
    os.kill(pid, signal.SIGSTOP)

    for _ in range(5_000):
        call.session.gate(Side.A, True)
        call.session.gate(Side.A, False)
        await asyncio.sleep(0)

    await call.event(Lost)
    await asyncio.sleep(0.1)
    await engine._workers[0].ready()
    assert engine.worker_pids != [pid]
    call.a.close()
    call.b.close()


async def test_commands_to_a_worker_that_pauses_are_not_lost(engine: LocalEngine) -> None:
    call = await Call(engine).connected()
    (pid,) = engine.worker_pids
    os.kill(pid, signal.SIGSTOP)
    for _ in range(2_000):
        call.session.gate(Side.A, False)
        await asyncio.sleep(0)
    call.session.gate(Side.A, True)
    os.kill(pid, signal.SIGCONT)

    await call.done()

    assert (await call.speak()).payload
    await call.close()


def test_a_worker_whose_reports_nobody_reads_ends(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Rather than go on to carry speech that nobody can stop."""
    monkeypatch.setattr(worker, "MAX_WAITING", 1_000)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(WAIT_S)
    stalled = Worker(theirs, {})
    ours.send(encode([Start("127.0.0.1", 32800, 32820, 300.0, 120.0), Open(1, 1)]))
    for _ in range(5_000):
        stalled._report(1, Digit(Side.A, "1", 100))

    stalled.run()

    assert "nobody reads" in capfd.readouterr().err
    told = []
    while data := ours.recv(1 << 18):
        told += decode_messages(data)
    assert not any(isinstance(each, Opened) for each in told)
    ours.close()


def test_a_reader_that_comes_back_in_time_gets_every_report_in_order() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(WAIT_S)
    busy = Worker(theirs, {})
    for number in range(20_000):
        busy._report(number, Digit(Side.A, "1", 100))
    assert busy._flush()

    told = []
    while busy._flush():
        told += decode_messages(ours.recv(1 << 18))
    theirs.close()
    while data := ours.recv(1 << 18):
        told += decode_messages(data)

    assert [each.session for each in told] == list(range(20_000))
    ours.close()
    busy._reactor.close()
