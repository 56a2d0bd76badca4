"""The rooms of conferences, as far as sidecars on one machine must know of each other's calls.

What is shared are the calls that object: one row each in `room_objection`, erased when the call
leaves. Own rows are written at once, by the connection that writes the records. Those of others
are looked for while a call of ours stands in a room: `PRAGMA data_version` tells whether another
process has written at all, and costs no read of the table.

What can't be read or written for `BLIND_AFTER` makes the board blind: it vouches for nothing then.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable

import aiosqlite
import structlog

from sidecar.records.store import room_name
from sidecar.records.watchdog import Watchdog

POLL = 0.1
"""Seconds between two looks at what others wrote, while a call stands in a room."""
BLIND_AFTER = 2.0
"""Seconds for which reading or writing may fail, or hang, before the board is blind."""
HANGS = "the disk hangs"

OBJECT = """
    INSERT INTO room_objection (room, call_id, owner) VALUES (?, ?, ?)
    ON CONFLICT (room, call_id) DO UPDATE SET owner = excluded.owner
"""
WITHDRAW = "DELETE FROM room_objection WHERE room = ? AND call_id = ?"
LOOK = "SELECT room, call_id, owner FROM room_objection"
CARRIED = "SELECT 1 FROM cdr WHERE ended_at IS NULL AND owner NOT IN ('', ?) AND dialog = ?"
Seat = tuple[str, str]
"""A room, and a call in it."""
log = structlog.get_logger(__name__)


def dialog_mark(call_id: str) -> str:
    """What is kept of a Call-ID, which often holds an address: it can be found again, not read."""
    return hashlib.sha256(call_id.encode(errors="surrogateescape")).hexdigest()[:32]


class SqliteRooms:
    """A RoomBoard in the record file; `close` takes the calls of this process out of it."""

    def __init__(
        self, connection: aiosqlite.Connection, owner: str, on_erased: Callable[[], None]
    ) -> None:
        """`on_erased`: rows were deleted, which may still stand in the write-ahead log."""
        self._connection = connection
        self._owner = owner
        self._on_erased = on_erased
        self._on_change: Callable[[str, frozenset[str]], None] | None = None
        self._on_blind: Callable[[bool], None] | None = None
        self._own: defaultdict[str, dict[str, bool]] = defaultdict(dict)
        """For each room the calls of this process in it, and whether they object."""
        self._others: defaultdict[str, set[str]] = defaultdict(set)
        """For each room the calls of other processes that object, as last read."""
        self._told: dict[str, frozenset[str]] = {}
        self._unwritten: dict[Seat, bool] = {}
        self._version: object = None
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._watchdog = Watchdog(self._loop, BLIND_AFTER, self._see_nothing)
        self._reason = HANGS
        self._closing = False
        self.blind = False
        """See `RoomBoard.blind`."""
        self._task = asyncio.create_task(self._run(), name="records-rooms")
        self._task.add_done_callback(self._blind_if_it_broke)

    def stand(self, room: str, call_id: str, objects: bool) -> None:
        """See `RoomBoard.stand`."""
        room = room_name(room)
        before = self._own[room].get(call_id, False)
        self._own[room][call_id] = objects
        if objects != before:
            self._unwritten[room, call_id] = objects
        self._tell((room,))
        self._wake.set()

    def leave(self, room: str, call_id: str) -> None:
        """See `RoomBoard.leave`."""
        room = room_name(room)
        if self._own[room].pop(call_id, False):
            self._unwritten[room, call_id] = False
        self._wake.set()
        if self._own[room]:
            self._tell((room,))
        else:
            del self._own[room]
            self._told.pop(room, None)

    def watch(
        self,
        on_change: Callable[[str, frozenset[str]], None],
        on_blind: Callable[[bool], None],
    ) -> None:
        """See `RoomBoard.watch`."""
        self._on_change, self._on_blind = on_change, on_blind

    async def carried_by_another(self, dialog: str) -> bool:
        """See `RoomBoard.carried_by_another`."""
        wanted = (self._owner, dialog_mark(dialog))
        try:
            return bool(list(await self._connection.execute_fetchall(CARRIED, wanted)))
        except sqlite3.Error as error:
            log.warning("calls_of_others_not_seen", reason=str(error))
            return False

    def look_again(self) -> None:
        """Read the table at the next look: this process itself has changed others' rows."""
        self._version = None

    async def close(self) -> None:
        """End the task; the calls of this process leave every room, if the disk takes it."""
        self._closing = True
        self._wake.set()
        await asyncio.wait((self._task,))
        seats = [(room, call_id) for room, calls in self._own.items() for call_id in calls]
        try:
            await self._write(self._unwritten | dict.fromkeys(seats, False))
        except sqlite3.Error as error:
            log.warning("rooms_not_left", reason=str(error))

    async def _run(self) -> None:
        while not self._closing:
            self._wake.clear()
            if not (self._own or self._unwritten or self.blind):
                self._forget_others()
                await self._wake.wait()
                continue
            await self._keep_up()
            try:
                await asyncio.wait_for(self._wake.wait(), POLL)
            except TimeoutError:
                continue
        self._watchdog.stop()

    def _forget_others(self) -> None:
        self._watchdog.stop()
        self._others.clear()
        self._version = None

    async def _keep_up(self) -> None:
        """Write and read once; what fails is tried again, and the watchdog runs on."""
        self._watchdog.start()
        unwritten, self._unwritten = self._unwritten, {}
        written = looked = False
        try:
            await self._write(unwritten)
            written = True
        except sqlite3.Error as error:
            self._reason = str(error)
            self._unwritten = unwritten | self._unwritten
        try:
            await self._look()
            looked = True
        except sqlite3.Error as error:
            self._reason = str(error)
        if written and looked:
            self._watchdog.stop()
            self._set_blind(False)
            self._reason = HANGS

    async def _write(self, changes: dict[Seat, bool]) -> None:
        added = [(*seat, self._owner) for seat, objects in changes.items() if objects]
        removed = [seat for seat, objects in changes.items() if not objects]
        if added:
            await self._connection.executemany(OBJECT, added)
        if removed:
            await self._connection.executemany(WITHDRAW, removed)
            self._on_erased()

    async def _look(self) -> None:
        ((version,),) = await self._connection.execute_fetchall("PRAGMA data_version")
        if version == self._version:
            return
        rows = await self._connection.execute_fetchall(LOOK)
        self._version = version
        self._others.clear()
        written: set[Seat] = set()
        for room, call_id, owner in rows:
            if owner == self._owner:
                written.add((room, call_id))
            else:
                self._others[room].add(call_id)
        self._write_again_all_but(written)
        self._tell(tuple(self._own))

    def _write_again_all_but(self, written: set[Seat]) -> None:
        """Others may have taken this process for dead, if its lock file was removed."""
        for room, calls in self._own.items():
            for call_id, objects in calls.items():
                if objects and (room, call_id) not in written:
                    self._unwritten.setdefault((room, call_id), True)
                    self._wake.set()

    def _tell(self, rooms: Iterable[str]) -> None:
        """Tell what has changed, after whoever runs now: nobody is called from within `stand`."""
        for room in rooms:
            own = {call_id for call_id, objects in self._own[room].items() if objects}
            objecting = frozenset(own | self._others.get(room, set()))
            if objecting != self._told.get(room, frozenset()) and self._on_change is not None:
                self._told[room] = objecting
                self._loop.call_soon(self._on_change, room, objecting)

    def _see_nothing(self) -> None:
        self._set_blind(True)

    def _set_blind(self, blind: bool) -> None:
        if blind == self.blind:
            return
        self.blind = blind
        if blind:
            log.error("rooms_not_seen", reason=self._reason, effect="all count as objecting")
        else:
            log.warning("rooms_seen_again")
        if self._on_blind is not None:
            self._loop.call_soon(self._on_blind, blind)

    def _blind_if_it_broke(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.critical("rooms_broke", exc_info=error)
            self._reason = "the board broke"
            self._set_blind(True)
