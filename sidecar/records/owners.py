"""Which sidecar an open record belongs to, and whether that sidecar still lives.

Several sidecars on one machine may write to one record file. Each has a random name, and holds a
lock on a file of that name beside the database (`records.db.NAME.lock`) for as long as it lives.
The kernel drops the lock with the process, however it ends; process ids would be reused, and mean
nothing across containers. A name whose lock can be had is that of a dead sidecar.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from pathlib import Path

from sidecar.records import files

NAME = re.compile(r"[0-9a-f]{16}")
"""What a name looks like. Names are read from the database, and become names of files."""
_THERE = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


class Owner:
    """This process as the owner of records; made with its lock held, which `release` gives back."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self.name = secrets.token_hex(8)
        self._descriptor = _take(_lock_file(database, self.name))

    def keep(self) -> bool:
        """Make the lock anew where its file was removed or replaced; True if so."""
        file = _lock_file(self._database, self.name)
        if files.identity(file) == _identity_of(self._descriptor):
            return False
        former, self._descriptor = self._descriptor, _take(file)
        os.close(former)
        return True

    def release(self) -> None:
        """Let the others see that this owner is gone."""
        _lock_file(self._database, self.name).unlink(missing_ok=True)
        os.close(self._descriptor)


def is_dead(database: Path, name: str) -> bool:
    """Whether no process holds the lock of that name; where it can't be told, one does."""
    if not NAME.fullmatch(name):
        return True
    try:
        descriptor = os.open(_lock_file(database, name), _THERE)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        return _lock_at_once(descriptor)
    finally:
        os.close(descriptor)


def forget(database: Path, name: str) -> None:
    """Remove the lock file that a dead owner left; a file that is locked stays."""
    file = _lock_file(database, name)
    try:
        descriptor = os.open(file, _THERE)
    except OSError:
        return
    try:
        if _lock_at_once(descriptor) and files.identity(file) == _identity_of(descriptor):
            file.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def names_with_lock_files(database: Path) -> set[str]:
    """The owners, dead or alive, whose lock files lie beside the database."""
    before, after = f"{database.name}.", ".lock"
    names = {
        file.name[len(before) : -len(after)]
        for file in database.parent.iterdir()
        if file.name.startswith(before) and file.name.endswith(after)
    }
    return {name for name in names if NAME.fullmatch(name)}


def _take(file: Path) -> int:
    """Create the file and lock it; returns the descriptor that holds the lock."""
    while True:
        descriptor = files.open_lock(file)
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # somebody may just be looking whether it is held
        if files.identity(file) == _identity_of(descriptor):
            return descriptor
        os.close(descriptor)  # it was taken for a dead owner's, and removed, before it was locked


def _lock_file(database: Path, name: str) -> Path:
    return database.with_name(f"{database.name}.{name}.lock")


def _lock_at_once(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _identity_of(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino
