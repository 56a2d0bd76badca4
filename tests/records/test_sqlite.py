from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.errors import OperatorError
from sidecar.metrics import Metrics
from sidecar.records.record import CallRecord, Disposition, EndedBy
from sidecar.records.schema import APPLICATION_ID
from sidecar.records.sqlite import SqliteStore
from sidecar.records.writer import WriterLimits
from tests.records.keeping import NotKept, begin

NOON = 1_767_268_800.0

Call = Callable[..., CallRecord]
Open = Callable[..., Awaitable[SqliteStore]]
Until = Callable[[Callable[[], bool]], Awaitable[None]]


def rows(path: Path, what: str = "call_id, ended_at") -> list[tuple[object, ...]]:
    """What another program sees of the records on disk at this moment."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT {what} FROM cdr ORDER BY rowid").fetchall()


def ended(record: CallRecord, after: float = 10.0) -> CallRecord:
    record.ended_at = record.started_at + after
    record.disposition = Disposition.ANSWERED
    record.ended_by = EndedBy.CALLER
    return record


def write_text(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("this is a text file, and a long one at that\n" * 100)


async def test_a_call_that_began_is_on_disk_before_it_goes_on(
    store: SqliteStore, path: Path, metrics: Metrics, call: Call
) -> None:
    await begin(store, call("a"), "dialog")

    assert rows(path) == [("a", None)]
    assert metrics.registry.get_sample_value("consent_sidecar_records_written_total") == 0


async def test_a_call_that_ended_has_one_record_with_all_it_did(
    store: SqliteStore, path: Path, call: Call
) -> None:
    record = call("a", caller="+4930123456")
    await begin(store, record, "dialog")
    record.answered_at = record.notice_caller_at = NOON + 3.25

    store.finish(ended(record))
    await store.close()

    assert await store.list(10) == [record]


async def test_a_record_is_kept_as_it_was_when_it_was_handed_over(
    store: SqliteStore, path: Path, call: Call
) -> None:
    record = call("a", caller="1")
    begun = begin(store, record, "dialog")
    record.caller = "2"

    await begun

    assert rows(path, "caller") == [("1",)]


async def test_a_call_that_begins_and_ends_at_once_is_written_once(
    store: SqliteStore, path: Path, metrics: Metrics, call: Call
) -> None:
    record = call("a")
    begun = begin(store, record, "dialog")
    store.finish(ended(record))

    await begun

    assert rows(path, "call_id, disposition") == [("a", "answered")]
    assert metrics.registry.get_sample_value("consent_sidecar_records_written_total") == 1


async def test_calls_that_begin_together_share_a_commit(
    store: SqliteStore, path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits: list[int] = []
    commit = store._commit

    async def counted(group: Sequence[tuple[object, ...]]) -> None:
        commits.append(len(group))
        await commit(group)

    monkeypatch.setattr(store._writer, "_commit", counted)

    await asyncio.gather(*(begin(store, call(str(number)), "dialog") for number in range(200)))

    assert commits == [200]
    assert len(rows(path)) == 200


async def test_what_changed_meanwhile_survives_in_the_record(
    store: SqliteStore, path: Path, call: Call, until: Until
) -> None:
    record = call("a")
    await begin(store, record, "dialog")
    record.answered_at = NOON + 1

    store.update(record)
    await until(lambda: store.pending == 0)

    assert rows(path, "answered_at, ended_at") == [("2026-01-01T12:00:01.000Z", None)]


async def test_a_call_nobody_began_is_not_updated_but_may_be_finished(
    store: SqliteStore, path: Path, call: Call
) -> None:
    store.update(call("stranger"))
    store.finish(ended(call("refused on arrival")))
    await store.close()

    assert rows(path, "call_id") == [("refused on arrival",)]


async def test_what_changes_while_a_group_fails_is_not_undone_by_trying_again(
    store: SqliteStore, path: Path, call: Call, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, commit = call("a"), store._commit

    async def failing(group: Sequence[tuple[object, ...]]) -> None:
        monkeypatch.setattr(store._writer, "_commit", commit)
        record.answered_at = NOON
        store.update(record)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(store._writer, "_commit", failing)
    await begin(store, record, "dialog")
    await until(lambda: store.pending == 0)

    assert rows(path, "answered_at") == [("2026-01-01T12:00:00.000Z",)]


async def test_a_group_is_written_whole_or_not_at_all(
    store: SqliteStore, path: Path, call: Call, until: Until
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON cdr WHEN NEW.call_id = 'b' "
            "BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        begun = [begin(store, call(name), "dialog") for name in "abc"]
        with pytest.raises(NotKept):
            await begun[0]
        assert rows(path) == []
        other.execute("DROP TRIGGER broken")
    await until(lambda: store.healthy)

    assert rows(path, "call_id") == [("a",), ("b",), ("c",)]


async def test_closing_writes_all_that_waits_in_as_many_groups_as_it_takes(
    open_store: Open, path: Path, call: Call
) -> None:
    store = await open_store(limits=WriterLimits(group=10))
    for number in range(35):
        store.finish(ended(call(str(number))))

    await store.close()

    assert len(rows(path)) == 35


def store_locked(path: Path) -> closing[sqlite3.Connection]:
    """Another program holds the file's write lock until the `with` block is left."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return closing(other)


async def test_a_short_lock_of_another_program_is_waited_for(
    open_store: Open, path: Path, call: Call, until: Until
) -> None:
    store = await open_store(limits=WriterLimits(first_retry=0.001))
    with store_locked(path):
        begun = begin(store, call("a"), "dialog")
        await until(lambda: store.pending == 1)
        assert store.healthy

    await begun

    assert store.healthy
    assert store.pending == 0


async def test_a_disk_that_takes_nothing_refuses_calls_until_it_does(
    store: SqliteStore, path: Path, call: Call, until: Until
) -> None:
    with store_locked(path):
        with pytest.raises(NotKept):
            await begin(store, call("waited in vain"), "dialog")
        assert not store.healthy
        assert store.pending == 1
        with pytest.raises(NotKept):
            await begin(store, call("refused at once"), "dialog")
        assert store.pending == 1
    await until(lambda: store.healthy)

    await begin(store, call("after"), "dialog")

    assert rows(path, "call_id") == [("waited in vain",), ("after",)]


async def test_calls_that_are_up_are_finished_even_while_the_disk_takes_nothing(
    open_store: Open, path: Path, metrics: Metrics, limits: WriterLimits, call: Call
) -> None:
    limits = WriterLimits(queue=2, pace=0, lazy=0.001, patience=0.05, first_retry=0.01)
    store = await open_store(limits=limits)
    calls = [call(name) for name in "abcd"]
    for record in calls:
        await begin(store, record, "dialog")

    with store_locked(path):
        for record in calls:
            store.finish(ended(record))
        store.finish(ended(call("refused on arrival")))
        pending = store.pending
    await store.close()

    assert pending == 4
    assert [disposition for (disposition,) in rows(path, "disposition")] == ["answered"] * 4
    assert metrics.registry.get_sample_value("consent_sidecar_records_lost_total") == 1


async def test_a_full_queue_refuses_the_next_call(open_store: Open, path: Path, call: Call) -> None:
    store = await open_store(limits=WriterLimits(queue=3))

    begun = [begin(store, call(name), "dialog") for name in "abc"]
    refused = begin(store, call("d"), "dialog")

    with pytest.raises(NotKept):
        await refused
    await asyncio.gather(*begun)
    assert len(rows(path)) == 3


async def test_a_disk_that_hangs_refuses_calls_until_it_answers(
    store: SqliteStore, path: Path, call: Call, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, answer = store._commit, asyncio.Event()

    async def hanging(group: Sequence[tuple[object, ...]]) -> None:
        await answer.wait()
        await commit(group)

    monkeypatch.setattr(store._writer, "_commit", hanging)
    with pytest.raises(NotKept):
        await begin(store, call("a"), "dialog")
    assert not store.healthy
    assert store.pending == 1

    answer.set()
    await until(lambda: store.healthy)

    assert rows(path) == [("a", None)]


async def test_a_file_that_was_moved_away_takes_no_records_until_it_is_back(
    store: SqliteStore, path: Path, call: Call, until: Until
) -> None:
    os.rename(path, path.with_suffix(".old"))

    with pytest.raises(NotKept):
        await begin(store, call("a"), "dialog")
    os.rename(path.with_suffix(".old"), path)
    await until(lambda: store.healthy)

    assert rows(path, "call_id") == [("a",)]


async def test_a_full_disk_is_a_disk_that_takes_nothing(
    store: SqliteStore, path: Path, call: Call, until: Until
) -> None:
    (pages,) = (await store._connection.execute_fetchall("PRAGMA page_count"))[0]
    await store._connection.execute(f"PRAGMA max_page_count = {pages}")

    begun = [begin(store, call(str(number), caller="9" * 200), "dialog") for number in range(200)]
    with pytest.raises(NotKept):
        await begun[0]

    assert not store.healthy
    await store._connection.execute("PRAGMA max_page_count = 100000")
    await until(lambda: store.healthy)
    assert len(rows(path)) == 200


async def test_closing_with_a_broken_disk_gives_up_and_says_what_is_lost(
    open_store: Open, path: Path, metrics: Metrics, limits: WriterLimits, call: Call
) -> None:
    store = await open_store(limits=limits)
    with store_locked(path):
        store.finish(ended(call("a")))
        await store.close()

    assert not store.healthy
    assert metrics.registry.get_sample_value("consent_sidecar_records_lost_total") == 1


async def test_a_writer_that_breaks_makes_the_store_unhealthy(
    open_store: Open, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await open_store()

    async def broken(_group: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(store._writer, "_commit", broken)
    with pytest.raises(NotKept):
        await begin(store, call("a"), "dialog")
    assert not store.healthy
    with pytest.raises(NotKept):
        await begin(store, call("b"), "dialog")
    with pytest.raises(ZeroDivisionError):
        await store.close()


async def test_left_over_calls_are_closed_as_interrupted_at_the_last_sign_of_life(
    open_store: Open, metrics: Metrics, call: Call
) -> None:
    store = await open_store(clock=lambda: NOON + 100)
    await begin(store, call("long", NOON), "dialog")
    done = call("done", NOON)
    await begin(store, done, "dialog")
    store.finish(ended(done))
    await begin(store, call("later than the sign", NOON + 200), "dialog")
    await store.close()

    again = await open_store()
    interrupted = {"direction": "inbound", "disposition": "interrupted"}
    assert metrics.registry.get_sample_value("consent_sidecar_calls_total", interrupted) == 2
    records = {record.call_id: record for record in await again.list(10)}
    await again.close()

    assert len(records) == 3
    assert records["done"] == done
    for name, end in (("long", NOON + 100), ("later than the sign", NOON + 200)):
        assert records[name].disposition is Disposition.INTERRUPTED
        assert records[name].ended_by is EndedBy.SIDECAR
        assert records[name].ended_at == end


async def test_the_newest_records_come_first(store: SqliteStore, call: Call) -> None:
    for number in range(5):
        await begin(store, call(str(number), NOON + number), "dialog")

    assert [record.call_id for record in await store.list(3)] == ["4", "3", "2"]
    assert [record.call_id for record in await store.list(9, since=NOON + 3)] == ["4", "3"]


async def test_records_can_be_read_where_no_sidecar_runs(
    store: SqliteStore, path: Path, call: Call
) -> None:
    await begin(store, call("a"), "dialog")
    await store.close()

    records = await store.list(10)

    assert [record.call_id for record in records] == ["a"]


async def test_a_missing_or_foreign_file_is_an_operators_error(
    open_store: Open, path: Path
) -> None:
    store = await open_store()
    await store.close()
    os.unlink(path)
    with pytest.raises(OperatorError, match="no call records yet"):
        await store.list(1)
    write_text(path)

    with pytest.raises(OperatorError, match="not a database"):
        await store.list(1)
    with pytest.raises(OperatorError, match="not a database"):
        await open_store()


async def test_a_file_of_an_older_version_is_not_read_before_the_sidecar_has_run(
    open_store: Open, path: Path
) -> None:
    store = await open_store()
    await store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 0")

    with pytest.raises(OperatorError, match="older version"):
        await store.list(1)


async def test_an_open_that_fails_leaves_nothing_locked(open_store: Open, path: Path) -> None:
    write_text(path)
    with pytest.raises(OperatorError):
        await open_store()
    os.unlink(path)

    store = await open_store()

    assert store.healthy


async def test_the_file_keeps_its_promises_to_the_disk(store: SqliteStore) -> None:
    async def pragma(name: str) -> object:
        return (await store._connection.execute_fetchall(f"PRAGMA {name}"))[0][0]

    assert await pragma("journal_mode") == "wal"
    assert await pragma("synchronous") == 2
    assert await pragma("secure_delete") == 1
    assert await pragma("application_id") == APPLICATION_ID


async def test_no_file_of_the_store_can_be_read_by_others(
    store: SqliteStore, path: Path, call: Call
) -> None:
    await begin(store, call("a"), "dialog")

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    of_the_process = f"records.db.{store._owner.name}.lock"
    assert modes == dict.fromkeys(
        ("records.db", "records.db-wal", "records.db-shm", "records.db.lock", of_the_process), 0o600
    )


async def test_the_gauge_shows_what_waits(
    store: SqliteStore, path: Path, metrics: Metrics, call: Call
) -> None:
    with store_locked(path):
        begun = begin(store, call("a"), "dialog")

        assert metrics.registry.get_sample_value("consent_sidecar_records_pending") == 1

    await begun
    assert metrics.registry.get_sample_value("consent_sidecar_records_pending") == 0
