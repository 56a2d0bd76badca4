"""The shipped table of jurisdictions, and a site's own rows over it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from sidecar.numbers import COUNTRIES, Consent, Jurisdiction, Jurisdictions
from sidecar.tables.complaints import Table
from sidecar.tables.toml_file import TomlFile
from sidecar.tables.words import shown

SHIPPED = Path(__file__).parents[2] / "numbers" / "jurisdictions.toml"
_CODE = re.compile(r"([A-Z]{2})(-[A-Z0-9]{1,3})?")


def _code(value: str) -> str:
    found = _CODE.fullmatch(value)
    if found is None or found[1] not in COUNTRIES:
        raise ValueError(f'"{value}" must be a code of ISO 3166, like "DE" or "US-CA"')
    return value


def _date(value: Any) -> Any:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError(f"{shown(value)} must be a date without quotes, like 2026-11-25")
    return value


class Row(Table):
    """`[jurisdiction.CODE]`."""

    name: str = ""
    """As people call it; that of the shipped row where it is left out."""
    consent: Consent = Field(examples=['consent = "all-party"'])
    """Whose consent is asked for."""
    checked: Annotated[date, BeforeValidator(_date)] = Field(examples=["checked = 2026-11-25"])
    """When it was last compared with the source."""
    source: str = Field(min_length=1, examples=['source = "our lawyers, letter of 3 March"'])
    """Statute, court or counsel."""
    note: str = ""
    """Exceptions and doubts."""


class JurisdictionsFile(Table):
    """The whole file."""

    jurisdiction: dict[Annotated[str, AfterValidator(_code)], Row] = Field(
        examples=["[jurisdiction.US-NV]"]
    )
    """By ISO 3166-1 alpha-2 code, or ISO 3166-2 code of a state."""


def load_jurisdictions(own: Path | None = None) -> Jurisdictions:
    """Return the shipped rows; those of a site's own file hold in place of them.

    Raises OperatorErrors naming file, line and key of all that is wrong in it.
    """
    rows = Jurisdictions(_rows(SHIPPED, {}))
    if own is None:
        return rows
    return Jurisdictions([*rows.rows.values(), *_rows(own, rows.rows)])


def _rows(path: Path, shipped: dict[str, Jurisdiction]) -> Iterator[Jurisdiction]:
    for code, row in TomlFile(path).validated(JurisdictionsFile).jurisdiction.items():
        name = row.name or (shipped[code].name if code in shipped else code)
        yield Jurisdiction(code, name, row.consent, row.checked, row.source, row.note)
