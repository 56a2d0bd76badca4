"""What a record file needs now and then: a sign of life, a look at the other sidecars' signs,
and the erasure of old records.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sized

import aiosqlite
import structlog

from sidecar.records.left_overs import LeftOvers
from sidecar.records.timestamps import to_text

HEARTBEAT = 5.0
"""Seconds between two signs of life while calls are up; so exact is an interrupted `ended_at`.
As often it is looked whether another sidecar has died."""
ERASE_EVERY = 3600.0
"""Seconds between two looks for records that are too old."""
BATCH = 200
"""Records erased in one transaction: short enough not to keep calls waiting."""
DAY = 86_400.0

BEAT = "INSERT INTO heartbeat VALUES (?, ?) ON CONFLICT (owner) DO UPDATE SET at = excluded.at"
ERASE = """
    DELETE FROM cdr WHERE call_id IN (
        SELECT call_id FROM cdr WHERE started_at < ? AND ended_at < ? LIMIT ?)
"""
log = structlog.get_logger(__name__)


class Housekeeper:
    """The task that does it, on the writer's connection, one transaction a statement."""

    def __init__(
        self,
        connection: aiosqlite.Connection,
        owner: str,
        left_overs: LeftOvers,
        calls_up: Sized,
        keep_days: int,
        clock: Callable[[], float],
    ) -> None:
        self._connection = connection
        self._owner = owner
        self._left_overs = left_overs
        self._calls_up = calls_up
        self._keep = keep_days * DAY
        self._clock = clock
        self._uncleared = True
        """Erased records may still stand in the write-ahead log."""
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="records-housekeeping")

    async def close(self) -> None:
        """End the task, after a last sign of life for calls that are still up."""
        self._stop.set()
        await self._task
        await self._beat()

    def clear_log_later(self) -> None:
        """Something was deleted: have it gone from the write-ahead log too, within an hour."""
        self._uncleared = True

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        erase_at = loop.time()
        while not self._stop.is_set():
            if loop.time() >= erase_at:
                erase_at = loop.time() + ERASE_EVERY
                await self.erase()
            await self._beat()
            try:
                await asyncio.wait_for(self._stop.wait(), HEARTBEAT)
            except TimeoutError:
                await self._left_overs.put_right()

    async def _beat(self) -> None:
        if not self._calls_up:
            return
        try:
            await self._connection.execute(BEAT, (self._owner, to_text(self._clock())))
        except sqlite3.Error as error:
            log.warning("records_heartbeat_failed", reason=str(error))

    async def erase(self) -> None:
        """Delete finished records that are too old, and empty the log of what was deleted.

        On an error the rest is left for the next time.
        """
        try:
            if self._keep:
                await self._erase_records()
            if self._uncleared:
                self._uncleared = False
                self._uncleared = await self._truncate_log() or self._uncleared
        except sqlite3.Error as error:
            self._uncleared = True
            log.warning("records_not_erased", reason=str(error))

    async def _erase_records(self) -> None:
        """In batches; each is gone from the file at once, from its log when that is emptied."""
        before = to_text(self._clock() - self._keep)
        erased = 0
        try:
            while not self._stop.is_set():
                cursor = await self._connection.execute(ERASE, (before, before, BATCH))
                erased += cursor.rowcount
                if cursor.rowcount < BATCH:
                    break
        finally:
            if erased:
                self._uncleared = True
                log.info("records_erased", records=erased)

    async def _truncate_log(self) -> bool:
        """Empty the write-ahead log; True where a reader is in the way."""
        rows = await self._connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        return any(busy for busy, _in_log, _moved in rows)
