"""Rooms whose calls are spread over several sidecars on one record file."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.records import rooms
from sidecar.records.sqlite import SqliteStore
from sidecar.records.store import room_name

Open = Callable[..., Awaitable[SqliteStore]]
Until = Callable[[Callable[[], bool]], Awaitable[None]]

OTHER_SIDECAR = """
import asyncio, sys
from pathlib import Path
from sidecar.metrics import Metrics
from sidecar.records.sqlite import SqliteStore

async def main():
    store = await SqliteStore.open(Path(sys.argv[1]), Metrics(), keep_days=0)
    store.rooms.stand("board", "theirs", True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


class Told:
    """What one sidecar's board has told."""

    def __init__(self, store: SqliteStore) -> None:
        self.board = store.rooms
        self.changes: list[tuple[str, set[str]]] = []
        self.blind: list[bool] = []
        self.board.watch(
            lambda room, calls: self.changes.append((room, set(calls))), self.blind.append
        )

    @property
    def last(self) -> tuple[str, set[str]] | None:
        return self.changes[-1] if self.changes else None


def rows(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT room, call_id FROM room_objection").fetchall()


async def test_an_objection_in_one_sidecar_is_told_in_the_other_and_ends_with_the_call(
    open_store: Open, path: Path, until: Until
) -> None:
    ours, theirs = Told(await open_store()), Told(await open_store())
    ours.board.stand("board", "a", False)
    theirs.board.stand("board", "b", False)

    theirs.board.stand("board", "b", True)
    await until(lambda: ours.last == ("board", {"b"}))
    theirs.board.leave("board", "b")
    await until(lambda: ours.last == ("board", set()))

    assert theirs.changes == [("board", {"b"})]
    assert rows(path) == []


async def test_an_objection_taken_back_is_told(open_store: Open, until: Until) -> None:
    ours, theirs = Told(await open_store()), Told(await open_store())
    ours.board.stand("board", "a", False)
    theirs.board.stand("board", "b", True)
    await until(lambda: ours.last == ("board", {"b"}))

    theirs.board.stand("board", "b", False)

    await until(lambda: ours.last == ("board", set()))


async def test_own_changes_are_told_before_any_disk_but_not_from_within(
    open_store: Open, path: Path
) -> None:
    told = Told(await open_store())
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        told.board.stand("board", "a", True)
        told.board.stand("board", "b", False)
        from_within = list(told.changes)
        await asyncio.sleep(0)

        assert from_within == []
        assert told.changes == [("board", {"a"})]


async def test_who_comes_later_is_told_what_holds_already(open_store: Open, until: Until) -> None:
    ours, theirs = Told(await open_store()), Told(await open_store())
    theirs.board.stand("board", "b", True)
    await until(lambda: theirs.changes != [])

    ours.board.stand("other room", "a", False)
    ours.board.stand("board", "a", False)

    await until(lambda: ours.last == ("board", {"b"}))
    assert len(ours.changes) == 1


async def test_kill_9_of_the_other_sidecar_takes_its_calls_out_of_the_room(
    store: SqliteStore, path: Path, until: Until
) -> None:
    ours = Told(store)
    ours.board.stand("board", "ours", False)
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", OTHER_SIDECAR, str(path))
    await until(lambda: ours.last == ("board", {"theirs"}))
    other.send_signal(signal.SIGKILL)
    await other.wait()

    await store._left_overs.put_right()

    await until(lambda: ours.last == ("board", set()))
    assert rows(path) == []


async def test_nothing_is_read_or_kept_while_no_call_is_in_a_room(
    store: SqliteStore, path: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "POLL", 0.001)
    looks = 0
    look = store.rooms._look

    async def counted() -> None:
        nonlocal looks
        looks += 1
        await look()

    monkeypatch.setattr(store.rooms, "_look", counted)
    await asyncio.sleep(0.02)
    before = looks
    store.rooms.stand("board", "a", True)
    await until(lambda: looks > 3 and rows(path) == [("board", "a")])
    store.rooms.leave("board", "a")
    await until(lambda: rows(path) == [])
    await asyncio.sleep(0.02)
    after = looks
    await asyncio.sleep(0.02)

    assert (before, looks - after) == (0, 0)


async def test_a_call_that_never_objects_leaves_no_trace_on_disk(
    store: SqliteStore, path: Path, until: Until
) -> None:
    told = Told(store)
    told.board.stand("quiet", "a", False)
    told.board.stand("loud", "b", True)

    await until(lambda: rows(path) != [])

    assert rows(path) == [("loud", "b")]


async def test_a_board_that_cannot_read_or_write_is_blind_until_it_can(
    store: SqliteStore, path: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "BLIND_AFTER", 0.05)
    monkeypatch.setattr(rooms, "POLL", 0.01)
    told = Told(store)
    told.board.stand("board", "a", False)
    os.rename(path, path.with_suffix(".old"))
    await until(lambda: told.blind == [True])
    blind = told.board.blind

    os.rename(path.with_suffix(".old"), path)
    await until(lambda: told.blind == [True, False])

    assert blind
    assert not told.board.blind


async def test_an_objection_that_cannot_be_written_makes_the_board_blind(
    store: SqliteStore, path: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "BLIND_AFTER", 0.05)
    told = Told(store)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        told.board.stand("board", "a", True)
        await until(lambda: told.blind == [True])
    await until(lambda: told.blind == [True, False])

    assert rows(path) == [("board", "a")]


async def test_a_board_without_rooms_is_not_blind_whatever_the_disk_does(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "BLIND_AFTER", 0.01)
    told = Told(store)
    told.board.stand("board", "a", False)
    told.board.leave("board", "a")
    os.rename(path, path.with_suffix(".old"))

    await asyncio.sleep(0.05)

    assert told.blind == []
    os.rename(path.with_suffix(".old"), path)


async def test_an_objection_that_another_took_for_a_dead_ones_is_written_again(
    store: SqliteStore, path: Path, until: Until
) -> None:
    store.rooms.stand("board", "a", True)
    await until(lambda: rows(path) == [("board", "a")])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("DELETE FROM room_objection")

    await until(lambda: rows(path) == [("board", "a")])


async def test_closing_takes_the_calls_out_of_the_rooms(store: SqliteStore, path: Path) -> None:
    store.rooms.stand("board", "a", True)

    await store.close()

    assert rows(path) == []


def test_the_name_of_a_room_is_printable_and_bounded() -> None:
    assert room_name("board") == "board"
    assert room_name("a\x1b[2J\n" + "b" * 500) == "a\ufffd[2J\ufffd" + "b" * 114
    assert room_name(room_name("\udc80" * 300)) == room_name("\udc80" * 300)


def test_what_others_write_is_looked_for_often_enough() -> None:
    assert rooms.POLL < 0.25 / 2


async def test_an_objection_that_was_never_written_is_not_left_behind_by_closing(
    open_store: Open, path: Path
) -> None:
    store = await open_store()
    store.rooms.stand("board", "a", True)

    await store.rooms.close()

    assert rows(path) == []
