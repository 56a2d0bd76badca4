"""The record file on disk: where it is, who may read it, who has it open."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path

from sidecar.errors import OperatorError

KEY = "records.database"
BUSY_SECONDS = 0.2
"""How long one attempt waits for another program's lock; the writer tries again after that."""


def create(path: Path) -> None:
    """Make the file and its folder where they are missing, readable by this user only.

    The folder gets mode 0700, the file 0600; SQLite gives its -wal and -shm files the same mode.
    Raises OperatorError where that isn't possible.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise OperatorError(
            f"cannot write call records here: {error.strerror}", file=str(path), key=KEY
        ) from error


def lock(path: Path) -> int:
    """Take the file for this process; returns the descriptor that holds the lock.

    Two sidecars on one file would close each other's calls as interrupted. The lock is on a file
    beside the database (locks of SQLite's own files are SQLite's), and ends with the process.
    Raises OperatorError where another process has it.
    """
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise OperatorError(
            "another consent-sidecar writes its call records here; stop it, or name another file",
            file=str(path),
            key=KEY,
        ) from error
    return descriptor


def identity(path: Path) -> tuple[int, int] | None:
    """Which file the path leads to now; None where it leads to none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def set_up(connection: sqlite3.Connection) -> None:
    """The pragmas of the connection that writes.

    WAL with synchronous FULL: what was committed survives a power cut. secure_delete: deleted
    records are overwritten with zeros, not only unlinked.
    """
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")
