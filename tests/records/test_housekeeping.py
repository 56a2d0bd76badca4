from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.records.housekeeping import BATCH, DAY
from sidecar.records.reader import read_records
from sidecar.records.record import CallRecord, Disposition
from sidecar.records.sqlite import SqliteStore
from tests.records.keeping import begin

Call = Callable[..., CallRecord]
Open = Callable[..., Awaitable[SqliteStore]]
Until = Callable[[Callable[[], bool]], Awaitable[None]]
NOON = 1_767_268_800.0


class Clock:
    """Stands at noon, so that opening a store erases nothing, until a test moves it."""

    now = NOON

    def __call__(self) -> float:
        return self.now


async def keep(store: SqliteStore, record: CallRecord) -> None:
    """Begin and end the call, ten seconds later."""
    begun = begin(store, record, "dialog")
    record.ended_at, record.disposition = record.started_at + 10, Disposition.ANSWERED
    store.finish(record)
    await begun


async def test_records_older_than_keep_days_are_erased_calls_that_are_up_are_not(
    open_store: Open, call: Call
) -> None:
    clock = Clock()
    store = await open_store(keep_days=30, clock=clock)
    await keep(store, call("old", NOON - 11))
    await keep(store, call("on the day", NOON - 10))
    await begin(store, call("old and up", NOON - 100), "dialog")

    clock.now = NOON + 30 * DAY
    await store._housekeeper.erase()

    assert {record.call_id for record in await store.list(10)} == {"on the day", "old and up"}


async def test_keep_days_of_0_keeps_all(open_store: Open, call: Call) -> None:
    clock = Clock()
    store = await open_store(keep_days=0, clock=clock)
    await keep(store, call("old"))

    clock.now = NOON + 9999 * DAY
    await store._housekeeper.erase()

    assert len(await store.list(10)) == 1


async def test_many_old_records_go_in_batches_when_the_store_is_opened(
    open_store: Open, path: Path, call: Call, until: Until
) -> None:
    store = await open_store(clock=Clock())
    await asyncio.gather(*(keep(store, call(str(number))) for number in range(2 * BATCH + 1)))
    await store.close()

    store = await open_store(keep_days=1, clock=lambda: NOON + 2 * DAY)
    await until(lambda: not read_records(path, 1))

    assert await store.list(10) == []


async def test_what_is_erased_is_gone_from_every_file(
    open_store: Open, path: Path, call: Call
) -> None:
    clock = Clock()
    store = await open_store(keep_days=1, clock=clock)
    for number in range(50):
        await keep(store, call(str(number), caller="+15550123456"))
    before = b"".join(file.read_bytes() for file in path.parent.iterdir())

    clock.now = NOON + 2 * DAY
    await store._housekeeper.erase()

    after = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"+15550123456" in before
    assert b"+15550123456" not in after


async def test_a_reader_in_the_way_only_puts_off_the_clearing_of_the_log(
    open_store: Open, path: Path, call: Call
) -> None:
    clock = Clock()
    store = await open_store(keep_days=1, clock=clock)
    await keep(store, call("a", caller="+15550123456"))
    with closing(sqlite3.connect(path)) as reader:
        clock.now = NOON + 2 * DAY
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM cdr").fetchall()
        await store._housekeeper.erase()
        meanwhile = b"".join(file.read_bytes() for file in path.parent.iterdir())

    await store._housekeeper.erase()

    after = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"+15550123456" in meanwhile
    assert b"+15550123456" not in after


async def test_an_error_while_erasing_leaves_the_rest_for_the_next_time(
    open_store: Open, path: Path, call: Call
) -> None:
    clock = Clock()
    store = await open_store(keep_days=1, clock=clock)
    await keep(store, call("a"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        clock.now = NOON + 2 * DAY
        other.execute("BEGIN IMMEDIATE")
        await store._housekeeper.erase()
    assert len(await store.list(10)) == 1

    await store._housekeeper.erase()

    assert await store.list(10) == []


async def test_there_is_a_sign_of_life_only_while_calls_are_up(
    open_store: Open, path: Path, call: Call, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    def signs() -> list[tuple[str]]:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute("SELECT at FROM heartbeat").fetchall()

    monkeypatch.setattr("sidecar.records.housekeeping.HEARTBEAT", 0.001)
    clock = Clock()
    store = await open_store(keep_days=0, clock=clock)
    await keep(store, call("over"))
    quiet = signs()
    await begin(store, call("up"), "dialog")
    await until(lambda: signs() != [])
    clock.now = NOON + 5
    await until(lambda: signs() == [("2026-01-01T12:00:05.000Z",)])

    assert quiet == []
