"""Paths in the settings: what can be one, and what of a file is open to others."""

from __future__ import annotations

import re
import stat
from pathlib import Path

_CONTROL = re.compile("[\x00-\x1f\x7f]")


def checked_path(path: Path) -> Path:
    """Return a path that can be one. Raises ValueError for others."""
    if path == Path():
        raise ValueError("must not be empty")
    if _CONTROL.search(str(path)):
        raise ValueError("must hold no control characters")
    return path


def written_by_others(path: Path) -> str:
    """Say so where other users can write a file, and what to do; "" where they can't."""
    return _open_to(path, stat.S_IWGRP | stat.S_IWOTH, "can be written by other users", "go-w")


def writable_by_all(path: Path) -> str:
    """Say so where every user can write a file; "" where not, or where it can't be looked at."""
    return _open_to(path, stat.S_IWOTH, "can be written by every user of this machine", "o-w")


def readable_by_all(path: Path) -> str:
    """Say so where every user can read a file; "" where not, or where it can't be looked at."""
    return _open_to(path, stat.S_IROTH, "can be read by every user of this machine", "o-rwx")


def _open_to(path: Path, bits: int, problem: str, cure: str) -> str:
    try:
        mode = path.stat().st_mode
    except OSError:
        return ""
    return f"{path} {problem}: chmod {cure} {path}" if mode & bits else ""
