"""Time zones, public holidays, and moments as they are written for a made-up call."""

from __future__ import annotations

from collections.abc import Container
from datetime import date, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import holidays

from sidecar.tables.words import nearest, shown


def parse_timezone(value: Any) -> ZoneInfo:
    """Read the name of a time zone. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(f'must be a time zone like "Europe/London", not {shown(value)}')
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = available_timezones()
        hint = nearest(value, known) if known else "this machine has none (install tzdata)"
        hint = hint if not hint.startswith("known") else 'write one like "Europe/London"'
        raise ValueError(f"there is no time zone {shown(value)}; {hint}") from None


def parse_holidays(value: Any) -> str:
    """Read a country, or a country and a part of it, whose public holidays are known.

    Raises ValueError.
    """
    if not isinstance(value, str) or not value:
        raise ValueError(f'must be a country or a part of one, like "DE-BY", not {shown(value)}')
    country, dash, part = value.partition("-")
    parts = holidays.list_supported_countries().get(country)
    if parts is None:
        countries = [each for each in holidays.list_supported_countries() if len(each) == 2]
        hint = nearest(country, countries)
        near = f"; {hint}" if hint.startswith("did") else ', it must be one like "DE" or "DE-BY"'
        raise ValueError(f"no holidays are known of {shown(value)}{near}")
    if dash and part not in parts:
        known = ", ".join(f"{country}-{each}" for each in parts) or country
        raise ValueError(f"no holidays are known of {shown(value)}; known: {known}")
    return value


def holidays_of(place: str) -> Container[date]:
    """Return the public holidays of a place that `parse_holidays` has accepted.

    A year is worked out when it is first asked for, so no two threads may share what is returned.
    """
    country, _, part = place.partition("-")
    return holidays.country_holidays(country, subdiv=part or None)


def parse_moment(value: Any) -> datetime:
    """Read `2026-11-25T10:00`, with an offset from UTC or without. Raises ValueError."""
    try:
        if isinstance(value, str) and "T" in value:
            return datetime.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError(f'must be a time like "2026-11-25T10:00", not {shown(value)}')


def seconds_of(moment: datetime, timezone: tzinfo) -> float:
    """Return a moment as Unix time; one without an offset is in that time zone."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone)
    return moment.timestamp()
