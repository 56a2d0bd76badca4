"""What was told and would loosen something, until it is read back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Generic, TypeVar

import structlog

from sidecar.recorders.asterisk.eyes.evidence import is_id
from sidecar.recorders.asterisk.wire.connection import Connection

log = structlog.get_logger(__name__)

MOST = 10_000
"""How many may wait to be read."""
AT_ONCE = 500
"""How many are read at once: each takes a few of the connection's pending actions."""
Found = TypeVar("Found")


class Doubts(Generic[Found]):
    """Reads what is in doubt, each thing once at a time, and tells what was found.

    Where one can't be read everything is in doubt: the connection is given up for another.
    """

    def __init__(
        self,
        connection: Connection,
        read: Callable[[Connection, str], Awaitable[Found | None]],
        on_found: Callable[[str, Found], None],
        can_be: Callable[[str], bool] = is_id,
    ) -> None:
        """`can_be`: whether a word can name what is read; others are passed over."""
        self._can_be = can_be
        self._connection = connection
        self._read = read
        self._on_found = on_found
        self._again: set[str] = set()
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._free = asyncio.Semaphore(AT_ONCE)
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def about(self, name: str, *, after: float = 0.0) -> None:
        """Something was told of a channel or bridge; read it, `after` so many seconds."""
        if timer := self._timers.pop(name, None):
            timer.cancel()
        if after:
            if len(self._timers) < MOST:
                loop = asyncio.get_running_loop()
                self._timers[name] = loop.call_later(after, self.about, name)
        elif name in self._reading:
            self._again.add(name)
        elif self._can_be(name):
            if len(self._reading) >= MOST:
                self._give_up()
                return
            task = asyncio.create_task(self._settle(name), name="asterisk-doubt")
            self._reading[name] = task
            task.add_done_callback(partial(self._settled, name))

    async def settled(self, *names: str) -> None:
        """Wait until these were read."""
        tasks = [self._reading[name] for name in names if name in self._reading]
        if tasks:
            await asyncio.wait(tasks)

    def clear(self) -> None:
        """Nothing of what was told counts any more."""
        self._again.clear()
        for task in self._reading.values():
            task.cancel()
        self._reading.clear()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    async def _settle(self, name: str) -> None:
        self._again.add(name)
        while name in self._again:
            self._again.discard(name)
            async with self._free:
                found = await self._read(self._connection, name)
            if found is None:
                self._give_up()
                return
            self._on_found(name, found)

    def _settled(self, name: str, task: asyncio.Task[None]) -> None:
        if self._reading.get(name) is task:
            del self._reading[name]

    def _give_up(self) -> None:
        log.warning("asterisk_unread", hint="what the PBX tells can't be read back")
        self._connection.drop()
