"""Times in records: Unix seconds in memory, ISO 8601 in UTC with milliseconds on disk."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import overload


@overload
def to_text(seconds: float) -> str: ...
@overload
def to_text(seconds: None) -> None: ...
def to_text(seconds: float | None) -> str | None:
    """Unix seconds as `2026-03-01T09:30:00.125Z`, rounded to the nearest millisecond.

    The width is fixed, so that the texts sort as the times do. None stays None.
    """
    if seconds is None:
        return None
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{_second(whole)}.{milliseconds:03d}Z"


@overload
def from_text(text: str) -> float: ...
@overload
def from_text(text: None) -> None: ...
def from_text(text: str | None) -> float | None:
    """The inverse of `to_text`; raises ValueError where the text isn't such a time."""
    return None if text is None else datetime.fromisoformat(text).timestamp()


@lru_cache(maxsize=64)
def _second(whole: int) -> str:
    return datetime.fromtimestamp(whole, UTC).isoformat()[:19]
