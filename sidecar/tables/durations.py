"""Times as they stand in both files: a number and its unit, as in `8s` or `500ms`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sidecar.tables.words import shown

_WRITTEN = re.compile(r"([0-9]{1,7}) ?(ms|s|m|h)")
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}


def parse_duration(value: Any) -> float:
    """Return seconds. Raises ValueError where it is no time."""
    found = _WRITTEN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'must be a time like "8s" or "500ms", not {shown(value)}')
    return int(found[1]) * _MILLISECONDS[found[2]] / 1000


def duration_between(shortest: str, longest: str) -> Callable[[Any], float]:
    """Return what reads a time, and raises ValueError where it is none within these two."""
    low, high = parse_duration(shortest), parse_duration(longest)

    def read(value: Any) -> float:
        seconds = parse_duration(value)
        if not low <= seconds <= high:
            raise ValueError(f"{shown(value)} must be between {shortest} and {longest}")
        return seconds

    return read


def written_duration(seconds: float) -> str:
    """Write seconds as `parse_duration` reads them, in the largest unit that is exact."""
    milliseconds = round(seconds * 1000)
    for unit, length in reversed(_MILLISECONDS.items()):
        if milliseconds % length == 0:
            return f"{milliseconds // length}{unit}"
    raise AssertionError("whole milliseconds always do")
