from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from sidecar.metrics import Metrics
from sidecar.records.record import CallRecord
from sidecar.records.sqlite import SqliteStore
from sidecar.records.writer import WriterLimits

NOON = 1_767_268_800.0
"""2026-01-01T12:00:00Z"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "records.db"


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def limits() -> WriterLimits:
    """Limits that let a test see a lazy write and a loss of patience without waiting for it."""
    return WriterLimits(pace=0.0, lazy=0.001, patience=0.05, first_retry=0.01, longest_retry=0.01)


@pytest.fixture
async def open_store(
    path: Path, metrics: Metrics, limits: WriterLimits
) -> AsyncIterator[Callable[..., Awaitable[SqliteStore]]]:
    """`SqliteStore.open` with the test's path; what it opened is closed, however the test ends."""
    stores: list[SqliteStore] = []

    async def open_one(counts: Metrics = metrics, **options: Any) -> SqliteStore:
        store = await SqliteStore.open(
            path, counts, **{"limits": limits, "keep_days": 0, **options}
        )
        stores.append(store)
        return store

    yield open_one
    for store in stores:
        await store.close()


@pytest.fixture
async def store(open_store: Callable[..., Awaitable[SqliteStore]]) -> SqliteStore:
    return await open_store()


@pytest.fixture
def call() -> Callable[..., CallRecord]:
    """A call that has just begun; `call("b", caller="...")` changes what matters."""

    def make(call_id: str = "a", started_at: float = NOON, **values: object) -> CallRecord:
        record = CallRecord(call_id, started_at, trunk="carrier", pbx="main", rule="support")
        for name, value in values.items():
            setattr(record, name, value)
        return record

    return make


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Let the loop run until a condition holds; the test's time-out ends a vain wait."""

    async def wait(condition: Callable[[], bool]) -> None:
        while not condition():  # noqa: ASYNC110 (what is waited for is on disk, in another thread)
            await asyncio.sleep(0.001)

    return wait
