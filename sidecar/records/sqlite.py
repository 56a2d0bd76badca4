"""Call records in a SQLite file: `begin` is durable, `finish` is cheap, kill -9 loses no call."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import aiosqlite
import structlog

from sidecar.metrics import Metrics
from sidecar.records import files, reader
from sidecar.records.connection import Connection, prepare
from sidecar.records.housekeeping import Housekeeper
from sidecar.records.left_overs import LeftOvers
from sidecar.records.owners import Owner
from sidecar.records.record import COLUMNS, CallRecord
from sidecar.records.rooms import SqliteRooms, dialog_mark
from sidecar.records.writer import DEFAULT_LIMITS, GroupWriter, OnDone, Row, WriterLimits

ENDED_AT = COLUMNS.index("ended_at")
# The SQL below is put together from our own column names and words only.
WRITTEN = (*COLUMNS, "owner", "dialog")
UPSERT = (
    f"INSERT INTO cdr ({', '.join(WRITTEN)}) VALUES ({', '.join('?' * len(WRITTEN))}) "  # noqa: S608
    "ON CONFLICT (call_id) DO UPDATE SET "
    + ", ".join(f"{column} = excluded.{column}" for column in WRITTEN[2:])
)
log = structlog.get_logger(__name__)


class SqliteStore:
    """A RecordStore in one SQLite file; make it with `open`, let go of it with `close`.

    Other processes may write to the file too; its room board is `rooms`.
    """

    rooms: SqliteRooms

    def __init__(
        self,
        path: Path,
        lock: files.Lock,
        owner: Owner,
        connection: aiosqlite.Connection,
        metrics: Metrics,
    ) -> None:
        self.path = path
        self._lock: files.Lock | None = lock
        self._owner = owner
        self._connection = connection
        self._metrics = metrics
        self._begun: dict[str, str] = {}
        """Calls that are up, and how their dialog with the PBX is marked."""
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
        """Open the file, made or migrated as needed, and close the calls killed processes left.

        Those get disposition `interrupted`, ended_by `sidecar`, and as `ended_at` the last sign
        of life (see docs/records.md). `keep_days`: finished records older than that are erased;
        0 keeps them all. Raises OperatorError where the file can't be used.
        """
        lock = await asyncio.to_thread(prepare, path)
        try:
            owner = await asyncio.to_thread(Owner, path)
        except OSError as error:
            lock.release()
            raise files.fault(path, f"cannot lock the call records: {error.strerror}") from error
        try:
            connection = await aiosqlite.connect(
                path, isolation_level=None, timeout=files.BUSY_SECONDS, factory=Connection
            )
        except sqlite3.Error:
            owner.release()
            lock.release()
            raise
        store = cls(path, lock, owner, connection, metrics)
        store._writer = GroupWriter(store._commit, limits, store._committed)
        await store._start_housekeeping(keep_days, clock)
        metrics.watch_records_pending(lambda: store.pending)
        return store

    async def _start_housekeeping(self, keep_days: int, clock: Callable[[], float]) -> None:
        self._left_overs = LeftOvers(
            self._connection, self.path, self._owner, self._metrics.call_interrupted, self._buried
        )
        self._housekeeper = Housekeeper(
            self._connection, self._owner.name, self._left_overs, self._begun, keep_days, clock
        )
        self.rooms = SqliteRooms(
            self._connection, self._owner.name, self._housekeeper.clear_log_later
        )
        await self._left_overs.put_right()

    def _buried(self) -> None:
        self._housekeeper.clear_log_later()
        self.rooms.look_again()

    @property
    def pending(self) -> int:
        """Records that wait to be written."""
        return self._writer.pending

    @property
    def healthy(self) -> bool:
        """False while the disk has not taken records for longer than can be called a hiccup."""
        return self._writer.healthy

    def begin(self, record: CallRecord, dialog: str, on_done: OnDone) -> None:
        """See `RecordStore.begin`."""
        if self._writer.full or not self._writer.healthy:
            asyncio.get_running_loop().call_soon(on_done, False)
            return
        self._begun[record.call_id] = dialog_mark(dialog)
        self._writer.put_urgent(record.call_id, self._row(record), on_done)

    def update(self, record: CallRecord) -> None:
        """See `RecordStore.update`."""
        if record.call_id in self._begun:
            self._writer.put(record.call_id, self._row(record))

    def finish(self, record: CallRecord) -> None:
        """See `RecordStore.finish`."""
        if record.call_id not in self._begun and self._writer.full:
            self._metrics.records_lost(1)
            return
        self._begun.pop(record.call_id, None)
        self._writer.put(record.call_id, self._row(record))

    def amend(self, record: CallRecord) -> None:
        """See `RecordStore.amend`."""
        if not self._writer.waits(record.call_id):
            self._amended.add(record.call_id)
        self._writer.put(record.call_id, self._row(record))

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
            await self.rooms.close()
            await self._housekeeper.close()
            await self._connection.close()
            self._owner.release()
            lock.release()

    def _row(self, record: CallRecord) -> Row:
        """Only an open record says whose it is, and by which dialog."""
        if record.ended_at is not None:
            return (*record.row(), "", "")
        return (*record.row(), self._owner.name, self._begun[record.call_id])

    async def _commit(self, rows: Sequence[Row]) -> None:
        await self._connection.executemany(UPSERT, rows)

    def _committed(self, rows: Sequence[Row]) -> None:
        written = {str(row[0]) for row in rows if row[ENDED_AT] is not None}
        again = written & self._amended
        self._amended -= again
        self._metrics.records_written(len(written) - len(again))
