"""The key that Contacts are sealed with: a file beside the record file, made at the first start.

Several sidecars that write to one record file share it, and a registration outlives a restart. Who
takes the file away ends every Contact that was handed out.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from sidecar.errors import OperatorError

NAME = "contact.key"
LENGTH = 64
"""Bytes of the key; the file holds them in hexadecimal."""
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def contact_key(database: Path) -> bytes:
    """Return the key beside a record file, whose folder is there; make it where it is missing.

    Raises OperatorError where it can't be made or read, is no file of ours, may be read by others,
    or holds no key.
    """
    path = database.with_name(NAME)
    try:
        found = _read(path)
        if found is None:
            _make(path)
            found = _read(path)
    except OSError as error:
        raise _fault(path, f"cannot keep the key of Contacts here: {error.strerror}") from error
    if found is None:
        raise _fault(path, "the key of Contacts is taken away again as soon as it is made")
    return found


def _read(path: Path) -> bytes | None:
    """Return the key, None where there is no file."""
    try:
        descriptor = os.open(path, _READ)
    except FileNotFoundError:
        return None
    try:
        _check(path, os.fstat(descriptor))
        text = os.read(descriptor, 3 * LENGTH)
    finally:
        os.close(descriptor)
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != LENGTH:
        raise _fault(path, "this is no key of Contacts; remove it, and a new one is made")
    return key


def _check(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise _fault(path, "the key of Contacts must be a file")
    if found.st_uid not in (os.geteuid(), 0):
        raise _fault(path, "the key of Contacts belongs to another user")
    if found.st_mode & 0o077:
        raise _fault(path, "others may read or write the key of Contacts: chmod 600")


def _make(path: Path) -> None:
    """Make the file, whole at once: another sidecar that starts now reads all of it or none."""
    draft = path.with_name(f"{NAME}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, _MAKE, 0o600)
    try:
        os.write(descriptor, f"{secrets.token_hex(LENGTH)}\n".encode())
        os.fsync(descriptor)
        with suppress(FileExistsError):  # another one was faster: its key is everybody's
            os.link(draft, path)
    finally:
        os.close(descriptor)
        draft.unlink(missing_ok=True)


def _fault(path: Path, message: str) -> OperatorError:
    return OperatorError(message, file=str(path), key="records.database")
