"""The tables of a record file, and how an older file becomes a current one.

`PRAGMA user_version` counts the migrations a file has been through. A migration that has been
released is never changed: a new one is added below it. `PRAGMA application_id` marks the file
as ours, so that another program's database is refused instead of written into.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from sidecar.records.files import fault

APPLICATION_ID = 0x436F6E53
"""`ConS`; shown by `file records.db`."""

Migration = tuple[str, ...]
"""SQL statements, run in one transaction."""

MIGRATIONS: tuple[Migration, ...] = (
    (
        """
        CREATE TABLE cdr (
            call_id            TEXT PRIMARY KEY,
            started_at         TEXT NOT NULL,
            answered_at        TEXT,
            ended_at           TEXT,
            direction          TEXT NOT NULL,
            trunk              TEXT NOT NULL,
            pbx                TEXT NOT NULL,
            caller             TEXT NOT NULL,
            callee             TEXT NOT NULL,
            disposition        TEXT,
            ended_by           TEXT NOT NULL,
            rule               TEXT NOT NULL,
            recording_policy   TEXT NOT NULL,
            consent            TEXT NOT NULL,
            notice_caller_at   TEXT,
            notice_callee_at   TEXT,
            recorded_seconds   REAL,
            stop_requested_at  TEXT,
            stop_confirmed_at  TEXT,
            voicemail          TEXT NOT NULL
        )
        """,
        "CREATE INDEX cdr_started_at ON cdr (started_at)",
        "CREATE INDEX cdr_open ON cdr (call_id) WHERE ended_at IS NULL",
        "CREATE TABLE heartbeat (one INTEGER PRIMARY KEY CHECK (one = 1), at TEXT NOT NULL)",
    ),
    (
        "ALTER TABLE cdr ADD COLUMN recorder TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE cdr ADD COLUMN recording_proof TEXT NOT NULL DEFAULT 'none'",
        "ALTER TABLE cdr ADD COLUMN fail_closed TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE cdr ADD COLUMN rules_version TEXT NOT NULL DEFAULT ''",
    ),
    (
        "ALTER TABLE cdr ADD COLUMN owner TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE cdr ADD COLUMN dialog TEXT NOT NULL DEFAULT ''",
        "DROP INDEX cdr_open",
        "CREATE INDEX cdr_open ON cdr (owner) WHERE ended_at IS NULL",
        "ALTER TABLE heartbeat RENAME TO last_heartbeat",
        "CREATE TABLE heartbeat (owner TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID",
        "INSERT INTO heartbeat SELECT '', at FROM last_heartbeat",
        "DROP TABLE last_heartbeat",
        """
        CREATE TABLE room_objection (
            room     TEXT NOT NULL,
            call_id  TEXT NOT NULL,
            owner    TEXT NOT NULL,
            PRIMARY KEY (room, call_id)
        ) WITHOUT ROWID
        """,
    ),
)


def migrate(
    connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS
) -> int:
    """Bring the file up to date, one transaction a step; returns the version it had before.

    Raises OperatorError where the file is another program's, or newer than this version knows.
    The connection must be in autocommit mode (`isolation_level=None`).
    """
    found = check_version(connection, path, migrations)
    for version, migration in enumerate(migrations[found:], start=found + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in migration:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {version}")
        except sqlite3.Error:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    return found


def check_version(
    connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS
) -> int:
    """The version of an open record file (0: empty); raises OperatorError as `migrate` does."""
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables and mark != APPLICATION_ID:
        raise fault(
            path,
            "this is the database of another program; name a file of its own for the call records",
        )
    if found > len(migrations):
        raise fault(
            path,
            f"the call records were written by a newer version (format {found}, this version "
            f"knows {len(migrations)}); run that version, or name another file",
        )
    return int(found)
