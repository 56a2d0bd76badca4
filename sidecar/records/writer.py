"""The one writer of the record file: it owns the connection and commits rows in groups.

Rows wait in a dict by call, newest state only, so that a call that begins and ends within one
group costs one row, and what waits is bounded by the calls that live. The writer sleeps until a
row is urgent (somebody waits for it) or has waited for `lazy` seconds, takes all there is up to
`group` rows, and commits them in one transaction and one hop to the connection's thread. On an
error the rows go back to the queue and are tried again, with back-off, for as long as it takes.

One watchdog decides what "healthy" means: a group that is not on disk `patience` seconds after
its first attempt (error or hanging disk alike) makes the store unhealthy and fails everyone who
waits; the next commit makes it healthy again. Seconds in which this process got no CPU don't count:
the disk is not to blame for them.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from sidecar.records.pacing import Pacer
from sidecar.records.watchdog import Watchdog

Row = tuple[object, ...]
OnDone = Callable[[bool], None]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WriterLimits:
    """Sizes (rows) and times (seconds) of the writer."""

    queue: int = 10_000
    """Rows that may wait before new calls are refused; rows of calls that are up come on top."""
    group: int = 500
    """Most rows in one transaction."""
    pace: float = 0.02
    """Time between the starts of two groups while many calls begin; else there is no waiting."""
    lazy: float = 0.25
    """How long a row that nobody waits for may stay in memory (lost to kill -9 until then)."""
    patience: float = 1.0
    """How long the disk may fail or hang before calls are refused."""
    first_retry: float = 0.05
    longest_retry: float = 2.0
    """Pause after a failed attempt: doubled from the first to the longest."""


DEFAULT_LIMITS = WriterLimits()


class GroupWriter:
    """The queue of rows and the task that empties it; `commit` does one transaction."""

    def __init__(
        self,
        commit: Callable[[Sequence[Row]], Awaitable[object]],
        limits: WriterLimits,
        on_commit: Callable[[Sequence[Row]], None],
    ) -> None:
        self._commit = commit
        self._limits = limits
        self._on_commit = on_commit
        self._loop = asyncio.get_running_loop()
        self._rows: dict[str, Row] = {}
        self._waiters: dict[str, OnDone] = {}
        self._in_flight = 0
        self._pacer = Pacer(limits.pace)
        self._wake = asyncio.Event()
        self._lazy: asyncio.TimerHandle | None = None
        self._watchdog = Watchdog(self._loop, limits.patience, self._lose_patience)
        self._unhealthy_since: float | None = None
        self._closing = False
        self._task = asyncio.create_task(self._run(), name="records-writer")
        self._task.add_done_callback(_tell_if_it_broke)

    @property
    def pending(self) -> int:
        """Rows not on disk yet."""
        return len(self._rows) + self._in_flight

    @property
    def healthy(self) -> bool:
        """False while the disk fails or hangs for longer than `patience`, and when closed."""
        return self._unhealthy_since is None and not self._task.done()

    @property
    def full(self) -> bool:
        """True where no row of a new call is taken."""
        return self.pending >= self._limits.queue

    def put(self, call_id: str, row: Row) -> None:
        """Queue a row that nobody waits for; it replaces what waits for the same call."""
        self._rows[call_id] = row
        if self._lazy is None:
            self._lazy = self._loop.call_later(self._limits.lazy, self._wake.set)

    def waits(self, call_id: str) -> bool:
        """Whether a row of that call is still to be taken; another one would take its place."""
        return call_id in self._rows

    def put_urgent(self, call_id: str, row: Row, on_done: OnDone) -> None:
        """Queue a row; tell whether it is on disk, or the disk did not take it in time."""
        self._waiters[call_id] = on_done
        self._rows[call_id] = row
        self._wake.set()

    async def close(self) -> int:
        """Write what waits, end the task; returns how many rows could not be written."""
        self._closing = True
        self._wake.set()
        await self._task
        return self.pending

    async def _run(self) -> None:
        retry = self._limits.first_retry
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                started, urgent = self._loop.time(), len(self._waiters)
                if await self._write_group():
                    retry = self._limits.first_retry
                    pause = self._pacer.pause(started, urgent, self._loop.time())
                else:
                    pause, retry = retry, min(2 * retry, self._limits.longest_retry)
                if self._closing:
                    if not self._rows or self._unhealthy_since is not None:
                        return
                    self._wake.set()
                if pause > 0:
                    await asyncio.sleep(pause)
        finally:
            self._drop_lazy()
            self._watchdog.stop()
            self._fail_waiters()

    async def _write_group(self) -> bool:
        """One attempt at the oldest rows; False: they wait for another."""
        self._drop_lazy()
        group = self._take()
        if not group:
            return True
        self._watchdog.start()
        self._in_flight = len(group)
        try:
            await self._commit(list(group.values()))
        except sqlite3.Error as error:
            log.warning("records_not_written", reason=str(error), pending=self.pending)
            self._rows = group | self._rows
            self._wake.set()
            return False
        finally:
            self._in_flight = 0
        self._committed(group)
        return True

    def _take(self) -> dict[str, Row]:
        if len(self._rows) <= self._limits.group:
            group, self._rows = self._rows, {}
            return group
        oldest = list(self._rows)[: self._limits.group]
        self._wake.set()
        return {call_id: self._rows.pop(call_id) for call_id in oldest}

    def _committed(self, group: dict[str, Row]) -> None:
        self._watchdog.stop()
        if self._unhealthy_since is not None:
            seconds = self._loop.time() - self._unhealthy_since
            log.warning("records_written_again", after_seconds=round(seconds, 1))
            self._unhealthy_since = None
        for call_id in group:
            if (on_done := self._waiters.pop(call_id, None)) is not None:
                self._loop.call_soon(on_done, True)
        self._on_commit(list(group.values()))

    def _lose_patience(self) -> None:
        """The disk has not taken a group for `patience` seconds: nobody is kept waiting."""
        if self._unhealthy_since is None:
            self._unhealthy_since = self._loop.time()
            log.error("records_unavailable", pending=self.pending, effect="calls are refused")
        self._fail_waiters()

    def _fail_waiters(self) -> None:
        for on_done in self._waiters.values():
            self._loop.call_soon(on_done, False)
        self._waiters.clear()

    def _drop_lazy(self) -> None:
        if self._lazy is not None:
            self._lazy.cancel()
            self._lazy = None


def _tell_if_it_broke(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("records_writer_broke", exc_info=error, effect="calls are refused")
