"""Days as they stand in rules: `mon-fri`, `2026-12-24`, `12-24`, `holidays`, `workdays`."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import date

from sidecar.tables.words import nearest, shown

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAYS, WORKDAYS = "holidays", "workdays"
_MONDAY_TO_FRIDAY = frozenset(range(5))
_YEARLY = re.compile(r"[0-9]{2}-[0-9]{2}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LEAP_YEAR = 2000


@dataclass(frozen=True, slots=True)
class Days:
    """Days of the week and of the year; a day is among them if any part of it says so."""

    written: tuple[str, ...]
    weekdays: frozenset[int] = frozenset()
    """From 0, Monday."""
    dates: frozenset[date] = frozenset()
    yearly: frozenset[tuple[int, int]] = frozenset()
    """Month and day."""
    holidays: bool = False
    """Public holidays, whatever day of the week."""
    workdays: bool = False
    """Mondays to Fridays that are no public holidays."""

    @classmethod
    def parse(cls, written: Iterable[str]) -> Days:
        """Read them. Raises ValueError naming the first that is none."""
        texts = tuple(written)
        weekdays: set[int] = set()
        dates: set[date] = set()
        yearly: set[tuple[int, int]] = set()
        for each in texts:
            if _DATE.fullmatch(each):
                dates.add(_date(each, each))
            elif _YEARLY.fullmatch(each):
                day = _date(f"{_LEAP_YEAR}-{each}", each)
                yearly.add((day.month, day.day))
            elif each not in (HOLIDAYS, WORKDAYS):
                weekdays |= _weekdays(each)
        return cls(
            texts,
            frozenset(weekdays),
            frozenset(dates),
            frozenset(yearly),
            HOLIDAYS in texts,
            WORKDAYS in texts,
        )

    @property
    def need_holidays(self) -> bool:
        """Whether it must be known which days are public holidays."""
        return self.holidays or self.workdays

    def has(self, day: date, holidays: Container[date]) -> bool:
        """Tell whether a day is among them."""
        weekday = day.weekday()
        return (
            weekday in self.weekdays
            or day in self.dates
            or (day.month, day.day) in self.yearly
            or (self.holidays and day in holidays)
            or (self.workdays and weekday in _MONDAY_TO_FRIDAY and day not in holidays)
        )

    def covers(self, other: Days, holidays: Container[date]) -> bool:
        """Tell whether all of the other days are among these; in doubt not."""
        whole_week = len(self._weekdays) == len(WEEKDAYS)
        return (
            other.weekdays <= self._weekdays
            and all(self.has(day, holidays) for day in other.dates)
            and (whole_week or other.yearly <= self.yearly)
            and (whole_week or self.holidays or not other.holidays)
            and (self.workdays or self.weekdays >= _MONDAY_TO_FRIDAY or not other.workdays)
        )

    @property
    def _weekdays(self) -> frozenset[int]:
        """The days of the week that are among them in every week."""
        every = self.workdays and self.holidays
        return self.weekdays | _MONDAY_TO_FRIDAY if every else self.weekdays

    def __str__(self) -> str:
        return ", ".join(self.written)


def _date(text: str, shown_as: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f'there is no day "{shown_as}"') from None


def _weekdays(text: str) -> set[int]:
    first, dash, last = text.partition("-")
    for name in (first, last) if dash else (first,):
        if name not in WEEKDAYS:
            raise ValueError(_no_day(text, name))
    start = WEEKDAYS.index(first)
    length = (WEEKDAYS.index(last) - start) % len(WEEKDAYS) if dash else 0
    return {(start + each) % len(WEEKDAYS) for each in range(length + 1)}


def _no_day(text: str, name: str) -> str:
    hint = nearest(name, (*WEEKDAYS, HOLIDAYS, WORKDAYS)) if name.isalpha() else ""
    near = f" ({hint})" if hint.startswith("did") else ""
    examples = '"mon-fri", "2026-12-24", "12-24", "holidays" or "workdays"'
    return f"{shown(text)} must be days like {examples}{near}"
