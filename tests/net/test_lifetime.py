"""Real calls over real sockets leave nothing behind, in this process or to the collector."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from collections import Counter

import pytest
import structlog

from bench.load import Load
from sidecar.sip.transactions.durations import TransactionTimers

QUICK = TransactionTimers(t1=0.05, t2=0.2, t4=0.2)
OF_A_CALL = {
    "Call",
    "CallRecord",
    "ConsentProcess",
    "Dialog",
    "InviteClient",
    "InviteServer",
    "Leg",
    "LocalSession",
    "NonInviteClient",
    "NonInviteServer",
    "Placing",
    "RecorderProcess",
    "Request",
    "Response",
    "SessionDescription",
}


def living() -> Counter[str]:
    """How many objects of calls there are, by class."""
    kinds = (type(each) for each in gc.get_objects() if not _weak(each))
    ours = (kind.__name__ for kind in kinds if str(kind.__module__).startswith("sidecar."))
    return Counter(name for name in ours if name in OF_A_CALL)


def left_to_the_collector() -> Counter[str]:
    gc.collect()
    of_ours = (each for each in gc.garbage if not _weak(each))
    found = Counter(
        type(each).__qualname__
        for each in of_ours
        if str(type(each).__module__).startswith("sidecar.")
    )
    gc.garbage.clear()
    return found


def _weak(thing: object) -> bool:
    return type(thing) in weakref.ProxyTypes


async def until_quiet(service) -> None:
    async with asyncio.timeout(30.0):
        while _busy(service):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)
    service.b2bua.wake()
    service.b2bua.wake()


def _busy(service) -> bool:
    return service.b2bua.unfinished or service.media.sessions or service.records.pending


@pytest.mark.parametrize("prefix", ["1", "2"], ids=["unrecorded", "announced"])
async def test_two_hundred_calls_are_freed_without_the_collector(sidecar, monkeypatch, prefix):
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    monkeypatch.setattr("sidecar.service._durations", lambda _peers: QUICK)
    load = Load(("127.0.0.1", 0), prefix=prefix)
    service, address = await sidecar(pbx_port=load.callee_port, media_ports=1000)
    load.target = address
    await asyncio.to_thread(load.run, 20.0, 1.0, 0.1)  # imports, caches
    await until_quiet(service)
    gc.collect()
    before = living()

    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        result = await asyncio.to_thread(load.run, 100.0, 2.0, 0.1)
        await until_quiet(service)
        left, garbage = living() - before, left_to_the_collector()
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
        structlog.reset_defaults()
        load.close()

    assert result.completed == 200
    assert not left
    assert not garbage
