"""The connection that writes to the record file, and what is done before it is used."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog

from sidecar.errors import OperatorError
from sidecar.records import files, schema

log = structlog.get_logger(__name__)


class Connection(sqlite3.Connection):
    """`executemany` is one transaction, so that a group needs one hop to aiosqlite's thread.

    Nothing is read or written once the path leads elsewhere: SQLite would go on with a file that
    nobody finds any more.
    """

    def __init__(self, path: str | Path, **options: Any) -> None:
        super().__init__(path, **options)
        self._path = Path(path)
        self._identity = files.identity(self._path)
        try:
            files.set_up(self)
        except sqlite3.Error:
            self.close()  # nobody else will: whoever asked for it gets the error
            raise

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """As sqlite3's; OperationalError where the file was moved or removed."""
        if files.identity(self._path) != self._identity:
            raise sqlite3.OperationalError("the file was moved or removed; put it back, or restart")
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        """As sqlite3's, in a transaction of its own."""
        self.execute("BEGIN IMMEDIATE")
        with self:
            return super().executemany(sql, parameters)


def prepare(path: Path) -> files.Lock:
    """Create the file, or bring it up to date; returns the lock that says that it is in use.

    Raises OperatorError where that can't be done.
    """
    _leave_others_alone(path)
    files.create(path)
    lock = files.Lock(path)
    try:
        with closing(
            Connection(path, isolation_level=None, timeout=files.START_SECONDS)
        ) as connection:
            _bring_up_to_date(connection, path, lock)
    except sqlite3.Error as error:
        lock.release()
        raise files.fault(path, f"the call records can't be opened: {error}") from error
    except OperatorError:
        lock.release()
        raise
    return lock


def _leave_others_alone(path: Path) -> None:
    """Raise OperatorError where the file is another program's, before anything of it is changed.

    What can't be read, or is no file, is left to `files.create` to say.
    """
    if not (os.access(path, os.R_OK | os.W_OK) and path.is_file()):
        return
    location = f"file:{quote(str(path))}?mode=rw"
    try:
        with closing(
            sqlite3.connect(location, uri=True, timeout=files.START_SECONDS)
        ) as connection:
            schema.check_version(connection, path)
    except sqlite3.Error as error:
        raise files.fault(path, f"the call records can't be opened: {error}") from error


def _bring_up_to_date(connection: sqlite3.Connection, path: Path, lock: files.Lock) -> None:
    """Migrate where nobody else uses the file; what counts is what is found under a shared lock."""
    if lock.alone:
        before = schema.migrate(connection, path)
        if 0 < before < len(schema.MIGRATIONS):
            log.info("records_migrated", before=before, now=len(schema.MIGRATIONS))
        lock.share()
    if schema.check_version(connection, path) < len(schema.MIGRATIONS):
        raise files.fault(
            path,
            "a consent-sidecar of an older version writes its call records here; stop it first",
        )
