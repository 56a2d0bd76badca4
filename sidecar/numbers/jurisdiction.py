"""Whose consent the law of a place asks for before a call is recorded. A table, no legal advice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from sidecar.numbers.number import Number

Consent = Literal["all-party", "one-party"]
ALL: Final = "all-party"
ONE: Final = "one-party"


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """One row of the table."""

    code: str
    """ISO 3166-1 alpha-2, or ISO 3166-2 for a state of it (`DE`, `US-CA`)."""
    name: str
    """As people call it."""
    consent: Consent
    """Whose consent: "one-party" where a party to the call may record it on its own."""
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
        self._strict_somewhere = frozenset(
            code.partition("-")[0] for code, row in self.rows.items() if row.consent == ALL
        )

    def of(self, number: Number) -> Jurisdiction | None:
        """Return the row of a number's region, or else of its country; None where there is none."""
        return self.rows.get(number.region) or self.rows.get(number.country)

    def consent_of(self, number: Number) -> Consent | Literal["unknown"]:
        """Return what holds where a number is; "unknown" where nothing is known of the place.

        Where only the country is known, and one of its states asks for all parties, so does this.
        """
        row = self.of(number)
        if row is None:
            return "unknown"
        if not number.region and number.country in self._strict_somewhere:
            return ALL
        return row.consent

    def strictest(self, numbers: Iterable[Number]) -> Consent:
        """Return "one-party" only where that is known to hold for each of the numbers.

        What is not known (withheld, an extension, a country without a row, a US number of no
        state) counts as "all-party"; so do no numbers at all.
        """
        found = {self.consent_of(number) for number in numbers}
        return ONE if found == {ONE} else ALL
