"""Hours of the day as they stand in rules: `09:00-17:30`, or over midnight, `22:00-06:00`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sidecar.tables.words import shown

DAY = 24 * 60
"""Minutes."""
_TIME = r"([01][0-9]|2[0-4]):([0-5][0-9])"
_WRITTEN = re.compile(f"{_TIME}-{_TIME}")


@dataclass(frozen=True, slots=True)
class Hours:
    """Times of the day, the end not among them.

    `minutes` has a bit for each minute from the beginning of a day to the end of the next: hours
    over midnight belong to the day on which they began.
    """

    written: tuple[str, ...]
    minutes: int

    @classmethod
    def parse(cls, written: Iterable[str]) -> Hours:
        """Read them. Raises ValueError naming the first that are none."""
        texts = tuple(written)
        minutes = 0
        for each in texts:
            minutes |= _minutes(each)
        return cls(texts, minutes)

    def on(self, minute: int) -> bool:
        """Tell whether a minute of a day is among the hours that began on that day."""
        return bool(self.minutes >> minute & 1)

    def over_midnight(self, minute: int) -> bool:
        """Tell whether a minute of a day is among the hours that began on the day before."""
        return bool(self.minutes >> (minute + DAY) & 1)

    def covers(self, other: Hours, *, every_day: bool) -> bool:
        """Tell whether all of the other hours are among these, whatever the days.

        Under `every_day` it makes no difference on which day hours began.
        """
        mine, others = self.minutes, other.minutes
        if every_day:
            mine, others = _folded(mine), _folded(others)
        return not others & ~mine

    def __str__(self) -> str:
        return ", ".join(self.written)


ALL_DAY = Hours(("00:00-24:00",), (1 << DAY) - 1)


def _folded(minutes: int) -> int:
    return (minutes | minutes >> DAY) & ALL_DAY.minutes


def _minutes(text: str) -> int:
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f'{shown(text)} must be hours like "09:00-17:30"')
    start, end = (int(found[at]) * 60 + int(found[at + 1]) for at in (1, 3))
    if start >= DAY or end > DAY:
        raise ValueError(f'{shown(text)} must lie within "00:00-24:00"')
    if start == end:
        raise ValueError(f'{shown(text)} holds no time; all day is "00:00-24:00"')
    if end < start:
        end += DAY
    return ((1 << (end - start)) - 1) << start
