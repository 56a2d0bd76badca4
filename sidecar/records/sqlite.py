"""Call records in a SQLite file: `begin` is durable, `finish` is cheap, kill -9 loses no call."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Self

import aiosqlite
import structlog

from sidecar.errors import OperatorError
from sidecar.metrics import Metrics
from sidecar.records import files, reader, schema
from sidecar.records.housekeeping import Housekeeper
from sidecar.records.record import COLUMNS, CallRecord, Disposition, EndedBy
from sidecar.records.writer import DEFAULT_LIMITS, GroupWriter, Row, WriterLimits, fail

ENDED_AT = COLUMNS.index("ended_at")
# The SQL below is put together from our own column names and words only.
UPSERT = (
    f"INSERT INTO cdr ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))}) "  # noqa: S608
    "ON CONFLICT (call_id) DO UPDATE SET "
    + ", ".join(f"{column} = excluded.{column}" for column in COLUMNS[2:])
)
CLOSE_LEFT_OVERS = f"""
    UPDATE cdr SET disposition = '{Disposition.INTERRUPTED}', ended_by = '{EndedBy.SIDECAR}',
        ended_at = max(started_at, coalesce(answered_at, ''), coalesce(notice_caller_at, ''),
                       coalesce(notice_callee_at, ''),
                       coalesce((SELECT at FROM heartbeat), ''))
    WHERE ended_at IS NULL RETURNING direction
"""  # noqa: S608
log = structlog.get_logger(__name__)


class SqliteStore:
    """A RecordStore in one SQLite file; make it with `open`, let go of it with `close`."""

    def __init__(
        self, path: Path, lock: int, connection: aiosqlite.Connection, metrics: Metrics
    ) -> None:
        self.path = path
        self._lock: int | None = lock
        self._connection = connection
        self._metrics = metrics
        self._begun: set[str] = set()
        self._amended: set[str] = set()
        """Calls whose row is on disk already, and waits to be written again."""
        self._writer: GroupWriter
        self._housekeeper: Housekeeper

    @classmethod
    async def open(
        cls,
        path: Path,
        metrics: Metrics,
        *,
        keep_days: int = 30,
        limits: WriterLimits = DEFAULT_LIMITS,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Open the file, made or migrated as needed, and close the calls a killed process left.

        Those get disposition `interrupted`, ended_by `sidecar`, and as `ended_at` the last sign
        of life (see docs/records.md). `keep_days`: finished records older than that are erased;
        0 keeps them all. Raises OperatorError where the file can't be used.
        """
        lock, interrupted = await asyncio.to_thread(_prepare, path)
        for direction in interrupted:
            metrics.call_interrupted(direction)
        try:
            connection = await aiosqlite.connect(
                path, isolation_level=None, timeout=files.BUSY_SECONDS, factory=_Connection
            )
        except sqlite3.Error:
            os.close(lock)
            raise
        store = cls(path, lock, connection, metrics)
        store._writer = GroupWriter(store._commit, limits, store._committed)
        store._housekeeper = Housekeeper(connection, store._begun, keep_days, clock)
        metrics.watch_records_pending(lambda: store.pending)
        return store

    @property
    def pending(self) -> int:
        """Records that wait to be written."""
        return self._writer.pending

    @property
    def healthy(self) -> bool:
        """False while the disk has not taken records for longer than can be called a hiccup."""
        return self._writer.healthy

    def begin(self, record: CallRecord) -> asyncio.Future[None]:
        """See `RecordStore.begin`."""
        if self._writer.full or not self._writer.healthy:
            refusal: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            fail(refusal, "too many call records wait for the disk")
            return refusal
        self._begun.add(record.call_id)
        return self._writer.put_urgent(record.call_id, record.row())

    def update(self, record: CallRecord) -> None:
        """See `RecordStore.update`."""
        if record.call_id in self._begun:
            self._writer.put(record.call_id, record.row())

    def finish(self, record: CallRecord) -> None:
        """See `RecordStore.finish`."""
        if record.call_id not in self._begun and self._writer.full:
            self._metrics.records_lost(1)
            return
        self._begun.discard(record.call_id)
        self._writer.put(record.call_id, record.row())

    def amend(self, record: CallRecord) -> None:
        """See `RecordStore.amend`."""
        if not self._writer.waits(record.call_id):
            self._amended.add(record.call_id)
        self._writer.put(record.call_id, record.row())

    async def list(self, limit: int, since: float | None = None) -> list[CallRecord]:
        """See `RecordStore.list`; reads by a connection of its own."""
        return await asyncio.to_thread(reader.read_records, self.path, limit, since)

    async def close(self) -> None:
        """Write what waits (giving up where the disk stays broken), then close the file."""
        if self._lock is None:
            return
        lock, self._lock = self._lock, None
        try:
            lost = await self._writer.close()
            if lost:
                self._metrics.records_lost(lost)
                log.error("records_lost", records=lost, reason="the disk took none until the end")
        finally:
            await self._housekeeper.close()
            await self._connection.close()
            os.close(lock)

    async def _commit(self, rows: Sequence[Row]) -> None:
        await self._connection.executemany(UPSERT, rows)

    def _committed(self, rows: Sequence[Row]) -> None:
        written = {str(row[0]) for row in rows if row[ENDED_AT] is not None}
        again = written & self._amended
        self._amended -= again
        self._metrics.records_written(len(written) - len(again))


class _Connection(sqlite3.Connection):
    """`executemany` is one transaction, so that a group needs one hop to aiosqlite's thread."""

    def __init__(self, path: str | Path, **options: Any) -> None:
        super().__init__(path, **options)
        files.set_up(self)
        self._path = Path(path)
        self._identity = files.identity(self._path)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        if files.identity(self._path) != self._identity:
            # SQLite would go on writing into a file that nobody finds any more.
            raise sqlite3.OperationalError("the file was moved or removed; put it back, or restart")
        self.execute("BEGIN IMMEDIATE")
        with self:
            return super().executemany(sql, parameters)


def _prepare(path: Path) -> tuple[int, list[str]]:
    """Create, lock and migrate the file, close left-over calls; the lock, and their directions."""
    files.create(path)
    lock = files.lock(path)
    try:
        with closing(
            _Connection(path, isolation_level=None, timeout=files.BUSY_SECONDS)
        ) as connection:
            before = schema.migrate(connection, path)
            interrupted = [direction for (direction,) in connection.execute(CLOSE_LEFT_OVERS)]
    except sqlite3.Error as error:
        os.close(lock)
        raise OperatorError(
            f"the call records can't be opened: {error}", file=str(path), key=files.KEY
        ) from error
    except OperatorError:
        os.close(lock)
        raise
    if 0 < before < len(schema.MIGRATIONS):
        log.info("records_migrated", before=before, now=len(schema.MIGRATIONS))
    if interrupted:
        log.warning("calls_interrupted", records=len(interrupted))
    return lock, interrupted
