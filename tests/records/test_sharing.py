"""Several sidecars on one record file (docs/records.md)."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.errors import OperatorError
from sidecar.metrics import Metrics
from sidecar.records import CallRecord, Disposition, EndedBy, SqliteStore, WriterLimits, files
from sidecar.records.schema import APPLICATION_ID, MIGRATIONS, migrate

NOON = 1_767_268_800.0
Call = Callable[..., CallRecord]
Open = Callable[..., Awaitable[SqliteStore]]
Until = Callable[[Callable[[], bool]], Awaitable[None]]


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def ended(record: CallRecord) -> CallRecord:
    record.ended_at = record.started_at + 10
    record.disposition = Disposition.ANSWERED
    return record


async def test_a_start_leaves_the_calls_of_a_sidecar_that_runs_open(
    open_store: Open, call: Call
) -> None:
    first = await open_store()
    await first.begin(call("a"), "dialog")

    second = await open_store()

    assert [record.ended_at for record in await second.list(10)] == [None]


async def test_two_sidecars_write_to_one_file_and_each_reads_all(
    open_store: Open, call: Call
) -> None:
    patient = WriterLimits()  # each waits for the other's commits, however slow the disk
    stores = [await open_store(limits=patient), await open_store(limits=patient)]

    await asyncio.gather(
        *(stores[number % 2].begin(call(f"{number:03}"), "dialog") for number in range(200))
    )

    for store in stores:
        assert sorted(each.call_id for each in await store.list(999)) == [
            f"{number:03}" for number in range(200)
        ]


async def test_the_calls_of_a_sidecar_that_died_are_closed_by_one_that_runs(
    open_store: Open, path: Path, call: Call, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sidecar.records.housekeeping.HEARTBEAT", 0.01)
    metrics = Metrics()
    survivor = await open_store(metrics, clock=lambda: NOON + 999)
    await survivor.begin(call("up"), "dialog")
    died = await open_store(clock=lambda: NOON + 100)
    await died.begin(call("cut off"), "dialog")
    await died.close()

    open_calls = "SELECT call_id FROM cdr WHERE ended_at IS NULL"
    await until(lambda: rows(path, open_calls) == [("up",)])

    records = {record.call_id: record for record in await survivor.list(10)}
    assert records["cut off"].disposition is Disposition.INTERRUPTED
    assert records["cut off"].ended_by is EndedBy.SIDECAR
    assert records["cut off"].ended_at == NOON + 100
    interrupted = {"direction": "inbound", "disposition": "interrupted"}
    assert metrics.registry.get_sample_value("consent_sidecar_calls_total", interrupted) == 1
    await until(lambda: len(rows(path, "SELECT owner FROM heartbeat")) == 1)


async def test_several_that_close_the_same_calls_count_each_once(
    open_store: Open, call: Call
) -> None:
    counts = [Metrics(), Metrics()]
    survivors = [await open_store(metrics) for metrics in counts]
    died = await open_store()
    await asyncio.gather(*(died.begin(call(str(number)), "dialog") for number in range(20)))
    await died.close()

    await asyncio.gather(*(store._left_overs.put_right() for store in survivors))

    interrupted = {"direction": "inbound", "disposition": "interrupted"}
    counted = [
        metrics.registry.get_sample_value("consent_sidecar_calls_total", interrupted) or 0
        for metrics in counts
    ]
    assert sum(counted) == 20


async def test_a_sidecar_knows_the_calls_of_others_by_their_call_id_while_these_are_up(
    open_store: Open, path: Path, call: Call, until: Until
) -> None:
    ours, theirs = await open_store(), await open_store()
    record = call("a")
    await theirs.begin(record, "5f@pbx.example")
    await ours.begin(call("b"), "6f@pbx.example")
    ask = ours.rooms.carried_by_another

    while_up = await ask("5f@pbx.example"), await ask("6f@pbx.example"), await ask("7f@pbx.example")
    marks = [mark for (mark,) in rows(path, "SELECT dialog FROM cdr")]
    theirs.finish(ended(record))
    await until(lambda: theirs.pending == 0)
    afterwards = await ask("5f@pbx.example")

    assert while_up == (True, False, False)
    assert not afterwards
    assert ("",) in rows(path, "SELECT dialog FROM cdr")
    assert not any("example" in mark for mark in marks)


async def test_the_calls_of_a_sidecar_that_died_are_nobody_s(
    open_store: Open, path: Path, call: Call
) -> None:
    survivor, died = await open_store(), await open_store()
    await died.begin(call("cut off"), "5f")
    await died.close()

    await survivor._left_overs.put_right()

    assert not await survivor.rooms.carried_by_another("5f")
    assert rows(path, "SELECT dialog FROM cdr") == [("",)]


async def test_only_the_record_of_a_call_that_is_up_says_whose_it_is(
    store: SqliteStore, path: Path, call: Call, until: Until
) -> None:
    record = call("a")
    await store.begin(record, "dialog")
    while_up = rows(path, "SELECT owner FROM cdr")

    store.finish(ended(record))
    await until(lambda: store.pending == 0)

    assert while_up == [(store._owner.name,)]
    assert rows(path, "SELECT owner FROM cdr") == [("",)]


async def test_a_sidecar_whose_lock_file_was_removed_ends_its_calls_itself_all_the_same(
    open_store: Open, path: Path, call: Call
) -> None:
    store = await open_store()
    record = call("a")
    await store.begin(record, "dialog")
    path.with_name(f"{path.name}.{store._owner.name}.lock").unlink()
    other = await open_store()
    taken_for_dead = [each.disposition for each in await other.list(9)]

    await store._left_overs.put_right()
    await other._left_overs.put_right()
    await store.begin(call("b"), "dialog")
    store.finish(ended(record))
    await store.close()

    assert taken_for_dead == [Disposition.INTERRUPTED]
    assert {each.call_id: each.disposition for each in await other.list(9)} == {
        "a": Disposition.ANSWERED,
        "b": None,
    }


async def test_records_left_by_the_version_before_are_closed_at_its_last_sign_of_life(
    open_store: Open, path: Path
) -> None:
    files.create(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, path, MIGRATIONS[:2])
        connection.execute("INSERT INTO heartbeat VALUES (1, '2026-01-01T12:01:40.000Z')")
        connection.execute(
            "INSERT INTO cdr VALUES ('a','2026-01-01T12:00:00.000Z',NULL,NULL,'inbound','','','',"
            "'',NULL,'','','off','not_asked',NULL,NULL,NULL,NULL,NULL,'','','none','','')"
        )

    store = await open_store()

    assert [(each.disposition, each.ended_at) for each in await store.list(9)] == [
        (Disposition.INTERRUPTED, NOON + 100)
    ]


async def test_a_file_is_not_brought_up_to_date_while_an_older_sidecar_uses_it(
    open_store: Open, path: Path
) -> None:
    files.create(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, path, MIGRATIONS[:2])
    older = files.Lock(path)
    older.share()

    with pytest.raises(OperatorError, match="older version"):
        await open_store()

    assert rows(path, "PRAGMA user_version") == [(2,)]
    older.release()
    assert (await open_store()).healthy
    assert rows(path, "PRAGMA application_id") == [(APPLICATION_ID,)]


async def test_a_file_that_another_writes_to_all_the_time_still_takes_records(
    open_store: Open, path: Path, call: Call
) -> None:
    store = await open_store(limits=WriterLimits(first_retry=0.001))
    stop = asyncio.Event()

    def hold_again_and_again(loop: asyncio.AbstractEventLoop) -> None:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=9)) as other:
            for _ in range(40):
                other.execute("BEGIN IMMEDIATE")
                other.execute("PRAGMA user_version").fetchall()
                other.execute("COMMIT")
        loop.call_soon_threadsafe(stop.set)

    other = asyncio.create_task(asyncio.to_thread(hold_again_and_again, asyncio.get_running_loop()))
    begun = 0
    while not stop.is_set():
        await store.begin(call(str(begun)), "dialog")
        begun += 1
    await other

    assert store.healthy
    assert begun == len(await store.list(9999))
