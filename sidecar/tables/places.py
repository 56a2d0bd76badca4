"""Countries and regions as they are written in both files."""

from __future__ import annotations

from typing import Any

from sidecar.numbers import COUNTRIES
from sidecar.numbers.nanp import AREAS
from sidecar.tables.words import nearest, shown

REGIONS = frozenset(region for _, region in AREAS.values() if region)
_EXAMPLE = 'like "GB" (ISO 3166-1)'
_ALIASES = {"UK": "GB", "EL": "GR"}


def parse_country(value: Any) -> str:
    """Read an ISO 3166-1 code of a country that has telephone numbers. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(f"must be a country {_EXAMPLE}, not {shown(value)}")
    if value not in COUNTRIES:
        raise ValueError(f"{shown(value)} is no country {_EXAMPLE}{_near(value)}")
    return value


def parse_region(value: Any) -> str:
    """Read an ISO 3166-2 code of a region that numbers tell. Raises ValueError."""
    if value not in REGIONS:
        wanted = 'a state of the US or a province of Canada, like "US-CA"'
        state = f"US-{value}".upper()
        hint = nearest(state if state in REGIONS else value, REGIONS)
        near = f" ({hint})" if hint.startswith("did") else ""
        raise ValueError(f"{shown(value)} is no region whose numbers are known: {wanted}{near}")
    return str(value)


def parse_place(value: Any) -> str:
    """Read a country or a region. Raises ValueError."""
    is_region = isinstance(value, str) and "-" in value
    return parse_region(value) if is_region else parse_country(value)


def _near(value: str) -> str:
    upper = value.upper()
    near = _ALIASES.get(upper, upper)
    return f' (did you mean "{near}"?)' if near in COUNTRIES else ""
