"""When a call begins: the keys `hours` and `days`, which belong together."""

# ruff: noqa: D102 (every method does what `Condition` says of it)
from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, timedelta

from sidecar.rules.asked import Asked
from sidecar.rules.conditions import Condition
from sidecar.rules.file.days import WEEKDAYS, Days
from sidecar.rules.file.hours import ALL_DAY, Hours

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class MomentIs(Condition):
    """`hours` and `days`: hours over midnight belong to the day on which they began."""

    hours: Hours | None
    days: Days | None
    holidays: Container[date]
    key = "hours and days"

    def holds(self, call: Asked) -> bool:
        moment = call.moment
        if moment is None:
            return False
        hours = self.hours or ALL_DAY
        minute, today = moment.hour * 60 + moment.minute, moment.date()
        return (hours.on(minute) and self._is_day(today)) or (
            hours.over_midnight(minute) and self._is_day(today - _ONE_DAY)
        )

    def _is_day(self, day: date) -> bool:
        return self.days is None or self.days.has(day, self.holidays)

    def told(self, call: Asked) -> str:
        if call.moment is None:
            return "the time of the call is not known"
        kind = ", a public holiday" if self._is_holiday(call.moment.date()) else ""
        day = WEEKDAYS[call.moment.weekday()]
        moment = f"{day} {call.moment:%Y-%m-%d %H:%M}{kind}"
        wanted = " on ".join(str(each) for each in (self.hours, self.days) if each is not None)
        return f"it is {moment}, {'within' if self.holds(call) else 'not within'} {wanted}"

    def _is_holiday(self, day: date) -> bool:
        asked = self.days is not None and self.days.need_holidays
        return asked and day in self.holidays

    def _covers(self, other: Condition) -> bool:
        if not isinstance(other, MomentIs):
            return False
        if self.days is not None and (
            other.days is None or not self.days.covers(other.days, self.holidays)
        ):
            return False
        hours, others = self.hours or ALL_DAY, other.hours or ALL_DAY
        return hours.covers(others, every_day=self.days is None)
