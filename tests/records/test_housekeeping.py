from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.metrics import Metrics
from sidecar.records import CallRecord, Disposition, SqliteStore
from sidecar.records.housekeeping import BATCH, DAY
from sidecar.records.reader import read_records

Call = Callable[..., CallRecord]
Until = Callable[[Callable[[], bool]], Awaitable[None]]
NOON = 1_767_268_800.0


async def keep(store: SqliteStore, record: CallRecord) -> None:
    """Begin and end the call, ten seconds later."""
    begun = store.begin(record)
    record.ended_at, record.disposition = record.started_at + 10, Disposition.ANSWERED
    store.finish(record)
    await begun


async def test_records_older_than_keep_days_are_erased_calls_that_are_up_are_not(
    path: Path, metrics: Metrics, call: Call
) -> None:
    now = NOON + 30 * DAY
    store = await SqliteStore.open(path, metrics, keep_days=30, clock=lambda: now)
    await keep(store, call("old", NOON - 11))
    await keep(store, call("on the day", NOON - 10))
    await store.begin(call("old and up", NOON - 100))

    await store._housekeeper.erase()

    assert {record.call_id for record in await store.list(10)} == {"on the day", "old and up"}
    await store.close()


async def test_keep_days_of_0_keeps_all(path: Path, metrics: Metrics, call: Call) -> None:
    store = await SqliteStore.open(path, metrics, keep_days=0, clock=lambda: NOON + 9999 * DAY)
    await keep(store, call("old"))

    await store._housekeeper.erase()

    assert len(await store.list(10)) == 1
    await store.close()


async def test_many_old_records_go_in_batches_when_the_store_is_opened(
    path: Path, metrics: Metrics, call: Call, until: Until
) -> None:
    store = await SqliteStore.open(path, metrics, clock=lambda: NOON)
    await asyncio.gather(*(keep(store, call(str(number))) for number in range(2 * BATCH + 1)))
    await store.close()

    store = await SqliteStore.open(path, metrics, keep_days=1, clock=lambda: NOON + 2 * DAY)
    await until(lambda: not read_records(path, 1))

    assert await store.list(10) == []
    await store.close()


async def test_what_is_erased_is_gone_from_every_file(
    path: Path, metrics: Metrics, call: Call
) -> None:
    store = await SqliteStore.open(path, metrics, keep_days=1, clock=lambda: NOON + 2 * DAY)
    for number in range(50):
        await keep(store, call(str(number), caller="+15550123456"))
    before = b"".join(file.read_bytes() for file in path.parent.iterdir())

    await store._housekeeper.erase()

    after = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"+15550123456" in before
    assert b"+15550123456" not in after
    await store.close()


async def test_a_reader_in_the_way_only_puts_off_the_clearing_of_the_log(
    path: Path, metrics: Metrics, call: Call
) -> None:
    store = await SqliteStore.open(path, metrics, keep_days=1, clock=lambda: NOON + 2 * DAY)
    await keep(store, call("a", caller="+15550123456"))
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM cdr").fetchall()
        await store._housekeeper.erase()
        meanwhile = b"".join(file.read_bytes() for file in path.parent.iterdir())

    await store._housekeeper.erase()

    after = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"+15550123456" in meanwhile
    assert b"+15550123456" not in after
    await store.close()


async def test_an_error_while_erasing_leaves_the_rest_for_the_next_time(
    path: Path, metrics: Metrics, call: Call
) -> None:
    store = await SqliteStore.open(path, metrics, keep_days=1, clock=lambda: NOON + 2 * DAY)
    await keep(store, call("a"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await store._housekeeper.erase()
    assert len(await store.list(10)) == 1

    await store._housekeeper.erase()

    assert await store.list(10) == []
    await store.close()


async def test_there_is_a_sign_of_life_only_while_calls_are_up(
    path: Path, metrics: Metrics, call: Call, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    def signs() -> list[tuple[str]]:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute("SELECT at FROM heartbeat").fetchall()

    monkeypatch.setattr("sidecar.records.housekeeping.HEARTBEAT", 0.001)
    now = NOON
    store = await SqliteStore.open(path, metrics, keep_days=0, clock=lambda: now)
    await keep(store, call("over"))
    quiet = signs()
    await store.begin(call("up"))
    await until(lambda: signs() != [])
    now = NOON + 5
    await until(lambda: signs() == [("2026-01-01T12:00:05.000Z",)])

    assert quiet == []
    await store.close()
