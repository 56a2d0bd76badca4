"""What may stand in `match = { … }` of a rule: which calls it is for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator

from sidecar.numbers import NumberSet
from sidecar.rules.file.days import Days
from sidecar.rules.file.hours import Hours
from sidecar.settings.schema import as_list
from sidecar.tables.complaints import Table
from sidecar.tables.places import parse_country, parse_region
from sidecar.tables.text_set import TextSet
from sidecar.tables.words import shown

_LIST = "list:"
_HEADER = re.compile(r"[A-Za-z0-9!%'*+\-._`~]{1,64}")


def _texts(value: Any) -> list[str]:
    """Read one text, or a list of some."""
    written = as_list(value)
    if not written:
        raise ValueError("must not be empty: no call could match")
    for each in written:
        if not isinstance(each, str):
            raise ValueError(f"each must stand in quotes, like {shown(str(each))}")
    return written


@dataclass(frozen=True, slots=True)
class PartyNumbers:
    """Numbers, beginnings of numbers, and names of lists of numbers."""

    numbers: NumberSet | None
    lists: tuple[str, ...]

    @classmethod
    def parse(cls, value: Any) -> PartyNumbers:
        """Read them, `list:NAME` as a list. Raises ValueError."""
        written = _texts(value)
        lists = [each.removeprefix(_LIST) for each in written if each.startswith(_LIST)]
        numbers = [each for each in written if not each.startswith(_LIST)]
        return cls(NumberSet(numbers) if numbers else None, tuple(lists))

    def read_in(self, country: str) -> PartyNumbers:
        """Return the same, national numbers read as those of a country."""
        return PartyNumbers(self.numbers and self.numbers.read_in(country), self.lists)

    def covers(self, other: PartyNumbers) -> bool:
        """Tell whether all of the other's numbers are among these, whatever stands in lists."""
        numbers = other.numbers is None or (
            self.numbers is not None and self.numbers.covers(other.numbers)
        )
        return numbers and set(other.lists) <= set(self.lists)

    def __str__(self) -> str:
        lists = [f"{_LIST}{each}" for each in self.lists]
        return ", ".join([*([str(self.numbers)] if self.numbers else []), *lists])


def read_countries(value: Any) -> tuple[str, ...]:
    """Read one country, or a list of some. Raises ValueError."""
    return tuple(map(parse_country, _texts(value)))


def read_regions(value: Any) -> tuple[str, ...]:
    """Read one region, or a list of some. Raises ValueError."""
    return tuple(map(parse_region, _texts(value)))


def _hours(value: Any) -> Hours:
    return Hours.parse(_texts(value))


def _days(value: Any) -> Days:
    return Days.parse(_texts(value))


def _headers(value: Any) -> dict[str, TextSet]:
    if not isinstance(value, dict):
        raise ValueError(f'must be a table like {{ "X-Queue" = "sales" }}, not {shown(value)}')
    if not value:
        raise ValueError("must not be empty: name a header")
    for name in value:
        if not _HEADER.fullmatch(name):
            raise ValueError(f"{shown(name)} is no header name")
    if len({name.casefold() for name in value}) < len(value):
        raise ValueError("a header is there twice: names are the same in any case of letters")
    return {name: TextSet.parse(_texts(texts)) for name, texts in value.items()}


Direction = Literal["inbound", "outbound"]
Names = Annotated[tuple[str, ...], BeforeValidator(as_list), Field(min_length=1)]
Numbers = Annotated[PartyNumbers, PlainValidator(PartyNumbers.parse)]
Countries = Annotated[tuple[str, ...], PlainValidator(read_countries)]
Regions = Annotated[tuple[str, ...], PlainValidator(read_regions)]


class MatchTable(Table):
    """`match = { … }`: all of its keys must hold; of a list, one entry."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    direction: Direction | None = None
    """As the PBX sees it: inbound from a trunk, outbound to one."""
    trunk: Names | None = None
    """Names of trunks of the settings."""
    pbx: Names | None = None
    """Names of PBXs of the settings."""
    from_: Numbers | None = Field(default=None, alias="from")
    """Who calls: numbers, beginnings of numbers and "*", or "list:NAME" of `[lists]`."""
    to: Numbers | None = None
    """Who is called: numbers, beginnings of numbers and "*", or "list:NAME" of `[lists]`."""
    from_country: Countries | None = None
    """Where the caller's number belongs: countries like "GB" (ISO 3166-1)."""
    to_country: Countries | None = None
    """Where the number belongs that is called."""
    from_region: Regions | None = None
    """Where the caller's number belongs: states of the US or provinces of Canada, like "US-CA"
    (ISO 3166-2), by the area code."""
    to_region: Regions | None = None
    """The same of the number that is called."""
    jurisdiction: Literal["all-party", "one-party"] | None = None
    """Whose consent the law asks for, the strictest of the places of both parties; a place that
    is not known counts as "all-party"."""
    hours: Annotated[Hours, PlainValidator(_hours)] | None = None
    """When the call begins: "09:00-17:30"; "22:00-06:00" is over midnight."""
    days: Annotated[Days, PlainValidator(_days)] | None = None
    """On which day: "mon-fri", "sat", "2026-12-24", "12-24" (every year), "holidays", "workdays".
    Hours over midnight belong to the day on which they began."""
    anonymous: bool | None = Field(default=None, strict=True)
    """Whether the caller withholds its number (or asks for privacy, RFC 3323)."""
    header: Annotated[dict[str, TextSet], PlainValidator(_headers)] | None = None
    """SIP headers of the INVITE by name: texts, or beginnings and "*"; { "X-Queue" = "*" } holds
    where there is one. All must hold. Headers from a trunk can be forged by whoever calls."""
