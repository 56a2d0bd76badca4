"""Hours, days, holidays and moments as rules write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.file.days import WEEKDAYS, Days
from sidecar.rules.file.hours import DAY, Hours
from sidecar.tables.moments import holidays_of, parse_moment, seconds_of

BAVARIA = holidays_of("DE-BY")
CHRISTMAS, MONDAY = date(2026, 12, 25), date(2026, 11, 23)


def minute(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


@pytest.mark.parametrize(
    ("written", "time", "among"),
    [
        ("09:00-17:30", "09:00", True),
        ("09:00-17:30", "17:29", True),
        ("09:00-17:30", "17:30", False),
        ("09:00-17:30", "08:59", False),
        ("00:00-24:00", "23:59", True),
        ("22:00-06:00", "22:00", True),
        ("22:00-06:00", "23:59", True),
        ("22:00-06:00", "02:00", False),
        ("22:00-06:00", "12:00", False),
    ],
)
def test_hours_hold_from_their_beginning_to_before_their_end(
    written: str, time: str, among: bool
) -> None:
    assert Hours.parse([written]).on(minute(time)) is among


@pytest.mark.parametrize(("time", "among"), [("02:00", True), ("05:59", True), ("06:00", False)])
def test_the_morning_after_belongs_to_the_day_on_which_the_hours_began(
    time: str, among: bool
) -> None:
    assert Hours.parse(["22:00-06:00"]).over_midnight(minute(time)) is among


def test_several_hours_hold_each() -> None:
    hours = Hours.parse(["09:00-12:00", "13:00-17:00"])

    assert [hours.on(minute(time)) for time in ("11:59", "12:30", "13:00")] == [True, False, True]


@pytest.mark.parametrize(
    ("large", "small", "every_day", "covers"),
    [
        (["09:00-17:00"], ["10:00-11:00"], False, True),
        (["09:00-12:00", "12:00-17:00"], ["11:00-13:00"], False, True),
        (["09:00-17:00"], ["09:00-17:01"], False, False),
        (["00:00-24:00"], ["22:00-06:00"], True, True),
        (["00:00-24:00"], ["22:00-06:00"], False, False),
        (["22:00-06:00"], ["23:00-05:00"], False, True),
    ],
)
def test_hours_cover_others_only_if_every_minute_is_among_them(
    large: list[str], small: list[str], every_day: bool, covers: bool
) -> None:
    assert Hours.parse(large).covers(Hours.parse(small), every_day=every_day) is covers


@pytest.mark.parametrize(
    ("written", "day", "among"),
    [
        ("mon", MONDAY, True),
        ("tue", MONDAY, False),
        ("mon-fri", MONDAY, True),
        ("sat-mon", MONDAY, True),
        ("sat-mon", date(2026, 11, 24), False),
        ("2026-12-25", CHRISTMAS, True),
        ("2025-12-25", CHRISTMAS, False),
        ("12-25", CHRISTMAS, True),
        ("02-29", date(2028, 2, 29), True),
        ("holidays", CHRISTMAS, True),
        ("holidays", MONDAY, False),
        ("workdays", MONDAY, True),
        ("workdays", CHRISTMAS, False),
        ("workdays", date(2026, 11, 28), False),
        ("workdays", date(2026, 8, 15), False),
        ("workdays", date(2026, 1, 6), False),
    ],
)
def test_a_day_is_among_those_that_are_written(written: str, day: date, among: bool) -> None:
    assert Days.parse([written]).has(day, BAVARIA) is among


@pytest.mark.parametrize("text", ["", "mo", "mon-", "-fri", "mon-fri-sat", "13-01", "2026-2-1"])
def test_what_is_no_day_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be days like|there is no day"):
        Days.parse(["mon", text])


DAYS = st.lists(
    st.sampled_from(
        [*WEEKDAYS, "mon-fri", "sat-sun", "2026-12-25", "12-25", "holidays", "workdays"]
    ),
    min_size=1,
    max_size=4,
).map(Days.parse)
DATES = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@given(DAYS, DAYS, DATES)
def test_days_that_cover_others_have_all_of_them(large: Days, small: Days, day: date) -> None:
    if large.covers(small, BAVARIA) and small.has(day, BAVARIA):
        assert large.has(day, BAVARIA)


@given(DAYS)
def test_days_cover_themselves(days: Days) -> None:
    assert days.covers(days, BAVARIA)


@given(st.integers(0, DAY - 1), st.integers(1, DAY))
def test_hours_hold_for_as_many_minutes_as_they_say(start: int, length: int) -> None:
    end = (start + length) % DAY
    if start == end:
        return
    hours = Hours.parse([f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"])

    assert sum(hours.on(each) + hours.over_midnight(each) for each in range(DAY)) == length


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-25T10:00", datetime(2026, 11, 25, 9, 0, tzinfo=UTC)),
        ("2026-07-25T10:00", datetime(2026, 7, 25, 8, 0, tzinfo=UTC)),
        ("2026-11-25T10:00Z", datetime(2026, 11, 25, 10, 0, tzinfo=UTC)),
        ("2026-11-25T10:00-05:00", datetime(2026, 11, 25, 15, 0, tzinfo=UTC)),
    ],
)
def test_a_moment_is_in_the_time_zone_of_the_site_unless_it_says_its_own(
    text: str, moment: datetime
) -> None:
    assert seconds_of(parse_moment(text), ZoneInfo("Europe/Berlin")) == moment.timestamp()
