"""The record file on disk: where it is, who may read it, who has it open."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import stat
import time
from pathlib import Path

import structlog

from sidecar.errors import OperatorError

log = structlog.get_logger(__name__)

BUSY_SECONDS = 0.2
"""How long one attempt waits for another program's lock; the writer tries again after that."""
START_SECONDS = 5.0
"""How long a start waits for others: one that brings the file up to date, or that writes."""
OTHERS = stat.S_IRWXG | stat.S_IRWXO
"""What the group and all others may do with a file: nothing, with ours."""


def create(path: Path) -> None:
    """Make the file and its folder where they are missing, readable by this user only.

    The folder gets mode 0700, the file 0600; SQLite gives its -wal and -shm files the same mode.
    A file that is there and that others may read or write is closed to them, with those beside
    it. Raises OperatorError where that isn't possible. A file that is there is not opened: closing
    it would drop the locks that SQLite holds on it for this process.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        _take_over(path)
    except OSError as error:
        raise _cannot_write(path, str(error.strerror)) from error


def _take_over(path: Path) -> None:
    """Make sure that a file which is there already is ours alone. Raises OperatorError."""
    try:
        for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            if file == path or file.exists():
                _close_to_others(file)
    except OSError as error:
        raise _cannot_write(path, f"{error.filename or path}: {error.strerror}") from error
    if not os.access(path, os.R_OK | os.W_OK):
        raise _cannot_write(path, "Permission denied")


def _close_to_others(file: Path) -> None:
    found = file.stat()  # where a link leads to nothing: No such file or directory
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "is no plain file", str(file))
    if found.st_mode & OTHERS:
        file.chmod(stat.S_IMODE(found.st_mode) & ~OTHERS)
        log.warning("records_closed_to_others", file=str(file))


def open_lock(path: str | Path) -> int:
    """Open a lock file, made where it is missing; a link is not followed. Raises OSError."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "is a symbolic link; remove it", str(path)) from error
        raise
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "is no plain file; remove it", str(path))
        if found.st_mode & OTHERS:
            os.fchmod(descriptor, 0o600)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


class Lock:
    """That this process uses the file: shared with other sidecars, or alone to migrate it.

    Every sidecar holds the shared lock for as long as it lives, so that none brings the file up
    to date under the feet of another, older one. It is on a file beside the database (locks of
    SQLite's own files are SQLite's), and ends with the process.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock, alone if nobody else has it.

        Raises OperatorError where another keeps it for itself for more than START_SECONDS, or the
        file can't be opened.
        """
        try:
            self._descriptor = open_lock(f"{path}.lock")
        except OSError as error:
            raise _cannot_write(path, f"{path}.lock: {error.strerror}") from error
        until = time.monotonic() + START_SECONDS
        while not (self._take(fcntl.LOCK_EX) or self._take(fcntl.LOCK_SH)):
            if time.monotonic() > until:
                self.release()
                raise fault(
                    path,
                    "a consent-sidecar of another version writes its call records here; stop it, "
                    "or name another file",
                )
            time.sleep(0.01)

    def share(self) -> None:
        """Let others in."""
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def release(self) -> None:
        """Give it back."""
        os.close(self._descriptor)

    def _take(self, kind: int) -> bool:
        try:
            fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
        except OSError:
            return False
        self.alone = kind == fcntl.LOCK_EX
        return True


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


def fault(path: Path, message: str) -> OperatorError:
    """Return an error about a record file."""
    return OperatorError(message, file=str(path), key="records.database")


def _cannot_write(path: Path, reason: str) -> OperatorError:
    return fault(path, f"cannot write call records here: {reason}")
