"""What sidecars that were killed left in the file, and how it is put right."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import aiosqlite
import structlog

from sidecar.records import owners
from sidecar.records.record import Disposition, EndedBy

OWNERS = """
    SELECT owner FROM cdr WHERE ended_at IS NULL
    UNION SELECT owner FROM heartbeat UNION SELECT owner FROM room_objection
"""
CLOSE_RECORDS = f"""
    UPDATE cdr SET disposition = '{Disposition.INTERRUPTED}', ended_by = '{EndedBy.SIDECAR}',
        ended_at = max(started_at, coalesce(answered_at, ''), coalesce(notice_caller_at, ''),
                       coalesce(notice_callee_at, ''),
                       coalesce((SELECT at FROM heartbeat WHERE owner = cdr.owner), '')),
        owner = '', dialog = ''
    WHERE ended_at IS NULL AND owner = ? RETURNING direction
"""  # noqa: S608 (our own words)
LEAVE_ROOMS = "DELETE FROM room_objection WHERE owner = ?"
FORGET_HEARTBEAT = "DELETE FROM heartbeat WHERE owner = ?"
log = structlog.get_logger(__name__)


class LeftOvers:
    """Closes the records of owners that are dead, and takes their calls out of the rooms.

    Any number of sidecars may do it at once: each statement is a transaction, and each record is
    closed by one of them. One that is killed half way leaves the rest to the next.
    """

    def __init__(
        self,
        connection: aiosqlite.Connection,
        path: Path,
        owner: owners.Owner,
        on_interrupted: Callable[[str], None],
        on_buried: Callable[[], None],
    ) -> None:
        """`on_interrupted` is called with the direction of each call that was closed.

        `on_buried`: rows of a dead owner were changed and deleted.
        """
        self._connection = connection
        self._path = path
        self._owner = owner
        self._on_interrupted = on_interrupted
        self._on_buried = on_buried

    async def put_right(self) -> None:
        """Look for dead owners. On an error the rest is left for the next time."""
        try:
            if await asyncio.to_thread(self._owner.keep):
                log.warning("records_lock_made_again", reason="its file was removed")
            found = {str(name) for (name,) in await self._connection.execute_fetchall(OWNERS)}
            dead = await asyncio.to_thread(self._dead_among, found)
            for name in dead:
                await self._bury(name)
        except (sqlite3.Error, OSError) as error:
            log.warning("records_of_dead_sidecars_not_closed", reason=str(error))

    def _dead_among(self, found: set[str]) -> list[str]:
        """The owners that are dead, of those found in the file and those with a lock file."""
        names = found | owners.names_with_lock_files(self._path)
        others = names - {self._owner.name}
        return sorted(name for name in others if owners.is_dead(self._path, name))

    async def _bury(self, name: str) -> None:
        """The heartbeat goes after the records: until then another may need it for them."""
        closed = list(await self._connection.execute_fetchall(CLOSE_RECORDS, (name,)))
        for (direction,) in closed:
            self._on_interrupted(str(direction))
        if closed:
            log.warning("calls_interrupted", records=len(closed))
        await self._connection.execute(LEAVE_ROOMS, (name,))
        self._on_buried()
        await self._connection.execute(FORGET_HEARTBEAT, (name,))
        await asyncio.to_thread(owners.forget, self._path, name)
