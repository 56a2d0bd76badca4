"""The garbage collector sweeps over everything only while nobody waits for it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator
from contextlib import suppress

import pytest

from sidecar import collector


class Knot:
    """An object in a cycle."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


async def sweep(monkeypatch, *, busy: bool) -> None:
    monkeypatch.setattr(collector, "EVERY_S", 0.0)
    asked = asyncio.Event()

    def waits() -> bool:
        asked.set()
        return busy

    task = asyncio.create_task(collector.collect_when_quiet(waits))
    await asked.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("busy", [True, False])
async def test_old_garbage_waits_for_a_quiet_moment(monkeypatch, busy):
    gc.disable()
    knot = weakref.ref(Knot())

    await sweep(monkeypatch, busy=busy)

    assert (knot() is not None) is busy
    gc.enable()


def test_under_load_only_the_youngest_are_swept():
    collector.spare()

    before = [each["collections"] for each in gc.get_stats()]
    kept = [[] for _ in range(100_000)]
    after = [each["collections"] for each in gc.get_stats()]

    assert len(kept) == 100_000
    assert after[0] > before[0]
    assert after[1:] == before[1:]
