"""Whose consent the law of a place asks for before a call is recorded. A table, no legal advice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sidecar.numbers.number import Number

Consent = Literal["all-party", "one-party"]


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """One row of the table."""

    code: str
    """ISO 3166-1 alpha-2, or ISO 3166-2 for a state of it (`DE`, `US-CA`)."""
    name: str
    consent: Consent
    """Whose: "one-party" where a party to the call may record it on its own."""
    checked: date
    """When the row was last compared with `source`."""
    source: str
    """The statute, and how it was looked at."""
    note: str = ""
    """What the word leaves out: exceptions, notice duties, doubts."""


class Jurisdictions:
    """The table, asked by numbers."""

    def __init__(self, rows: Iterable[Jurisdiction]) -> None:
        """Take the rows; of two with one code the later holds."""
        self.rows = {row.code: row for row in rows}

    def of(self, number: Number) -> Jurisdiction | None:
        """Return the row of a number's region, or else of its country; None where none is known."""
        return self.rows.get(number.region) or self.rows.get(number.country)

    def consent_of(self, number: Number) -> Consent | Literal["unknown"]:
        """Return what holds where a number is; "unknown" where nothing is known of the place."""
        row = self.of(number)
        return row.consent if row is not None else "unknown"

    def strictest(self, numbers: Iterable[Number]) -> Consent:
        """Return "one-party" only where that is known to hold for each of the numbers.

        What is not known (withheld, an extension, a country without a row, a US number of no
        state) counts as "all-party"; so do no numbers at all.
        """
        found = {self.consent_of(number) for number in numbers}
        return "one-party" if found == {"one-party"} else "all-party"
