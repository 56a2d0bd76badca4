"""What rules go by beside their own file: the place, its time, its holidays, lists, laws."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo

from sidecar.numbers import Jurisdictions, NumberList


@dataclass(frozen=True, slots=True)
class Site:
    """All of it; made anew each time that rules are loaded."""

    country: str = ""
    """Where national numbers belong, ISO 3166-1."""
    places: Mapping[str, str] = field(default_factory=dict)
    """PBX -> where its users are, ISO 3166-1 or 3166-2, as far as it is known."""
    timezone: tzinfo = UTC
    holidays: Container[date] = frozenset()
    lists: Mapping[str, NumberList] = field(default_factory=dict)
    jurisdictions: Jurisdictions = field(default_factory=lambda: Jurisdictions(()))
