"""Reading call records beside a running sidecar, or without one: never writes, never locks."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sidecar.records import files, schema
from sidecar.records.record import COLUMNS, CallRecord
from sidecar.records.timestamps import to_text

COLUMN_LIST = ", ".join(COLUMNS)
NEWEST = (
    f"SELECT {COLUMN_LIST} FROM cdr "  # noqa: S608 (our own column names)
    "WHERE started_at >= ? ORDER BY started_at DESC, rowid DESC LIMIT ?"
)


def read_records(path: Path, limit: int, since: float | None = None) -> list[CallRecord]:
    """The newest records first, at most `limit`; `since`: started then or later (Unix seconds).

    Blocks on the disk: in the event loop's process, call it in a thread. Raises OperatorError
    where there is no such file, or it isn't one of this version's.
    """
    try:
        path.stat()
    except FileNotFoundError as error:
        raise files.fault(path, "there are no call records yet") from error
    except OSError as error:
        raise files.fault(path, f"the call records can't be read: {error.strerror}") from error
    try:
        with closing(
            sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)
        ) as connection:
            if schema.check_version(connection, path) < len(schema.MIGRATIONS):
                raise files.fault(
                    path,
                    "the call records are of an older version; start the sidecar once to bring "
                    "them up to date",
                )
            start = "" if since is None else to_text(since)
            return [CallRecord.of_row(row) for row in connection.execute(NEWEST, (start, limit))]
    except sqlite3.Error as error:
        raise files.fault(path, f"the call records can't be read: {error}") from error
