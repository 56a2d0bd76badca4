"""What the calls need from a place where records are kept; SQLite today, others beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sidecar.records.record import CallRecord, clean

MAX_ROOM = 120
"""Longest name of a room."""


class RecordStore(Protocol):
    """Keeps exactly one record a call, also when the process is killed.

    The methods take a snapshot of the record: whoever calls may go on changing it.
    """

    def begin(self, record: CallRecord, dialog: str, on_done: Callable[[bool], None]) -> None:
        """Keep that the call exists; `on_done(True)` is called once that is on disk.

        `dialog`: the Call-ID by which the PBX knows the call, for the other sidecars on the store
        (`RoomBoard.carried_by_another`); kept as a hash, and only while the call is up.

        `on_done(False)`: that can't be promised, as the store is not healthy, too much waits for
        the disk already, or the disk did not take it in time. The call must then be refused
        (promises 6 and 8). `finish` it all the same: where the disk comes back, the record of the
        refused call is written then. Either is told once, in the event loop, never from within
        `begin`; not at all where the store is closed before.
        """

    def update(self, record: CallRecord) -> None:
        """Keep what has changed (answered, notice heard), in case the call gets no proper end.

        Written with the next group; for a record that `begin` never took it does nothing.
        """

    def finish(self, record: CallRecord) -> None:
        """Write the record of an ended call with the next group. Never blocks, never fails.

        A call that never went through `begin` (refused on arrival) may be finished alone, as long
        as there is room; where there is none, that record is dropped and counted as lost.
        """

    def amend(self, record: CallRecord) -> None:
        """Write again what has become known of an ended call (the proof of its recording)."""

    async def list(self, limit: int, since: float | None = None) -> list[CallRecord]:
        """The newest records first, at most `limit`; `since`: started at or after (Unix seconds).

        Raises OperatorError where the store can't be read.
        """

    async def close(self) -> None:
        """Write everything that waits, then let go of the store. Calls that are up stay open."""

    @property
    def pending(self) -> int:
        """Records that wait to be written."""

    @property
    def healthy(self) -> bool:
        """False while the disk has not taken records for longer than can be called a hiccup."""


def room_name(text: str) -> str:
    """The name by which a room stands on the board: printable, at most MAX_ROOM characters.

    Two rooms that differ only in what is lost count as one: an objection holds in both.
    """
    return clean(text)[:MAX_ROOM]


class RoomBoard(Protocol):
    """Who objects to being recorded in which conference, known to every sidecar on the store.

    All methods return at once and never raise. Rooms are told by their `room_name`.
    """

    def stand(self, room: str, call_id: str, objects: bool) -> None:
        """A call is in a room; `objects`: someone in it has asked that the room isn't recorded.

        To be said again whenever that changes.
        """

    def leave(self, room: str, call_id: str) -> None:
        """The call has left the room, and with it what it has asked for."""

    def watch(
        self,
        on_change: Callable[[str, frozenset[str]], None],
        on_blind: Callable[[bool], None],
    ) -> None:
        """Have changes told in the event loop, never from within a method; before any `stand`.

        `on_change(room, call ids)`: which calls object, whenever that changes in a room in which
        a call of this process stands, and after the first `stand` there, if any do. Own changes
        are told at once, before any disk; those of others within a quarter of a second. It may
        still come just after the last call of this process has left.

        `on_blind(blind)`: whenever `blind` changes.
        """

    async def carried_by_another(self, dialog: str) -> bool:
        """Tell whether a call that is up, known to the PBX by this Call-ID, is another sidecar's.

        False where the store can't be read.
        """

    @property
    def blind(self) -> bool:
        """True while the board can't vouch for what it told, or that others are told.

        Every room must count as one in which somebody objects (promise 8). It becomes true two
        seconds after the store could last be read and written while a call stands in a room.
        """
