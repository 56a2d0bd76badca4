"""A call as conditions see it: what is costly is found out once, and only if a rule asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Literal

from sidecar.consent.decision import CallFacts
from sidecar.numbers import Consent, Number, read_number
from sidecar.rules.file.site import Site

Side = Literal["from", "to"]
LONGEST_VALUE = 1000
"""Characters; a header whose value is longer matches nothing."""
_PRIVATE = frozenset(("id", "user", "header"))
"""What a Privacy header asks to be withheld (RFC 3323 section 4.2, RFC 3325 section 9.3)."""


class Asked:
    """One call."""

    def __init__(self, facts: CallFacts, site: Site) -> None:
        self.facts = facts
        self.site = site

    def number(self, side: Side) -> Number:
        """Return what is known of a party's number.

        Someone of the PBX whose number tells no place, such as an extension, is where the PBX is.
        """
        return self._caller if side == "from" else self._callee

    def is_in_list(self, side: Side, name: str) -> bool:
        """Tell whether a party's number is in a list."""
        found = self.site.lists.get(name)
        return found is not None and self.number(side) in found

    @cached_property
    def _caller(self) -> Number:
        return self._read(self.facts.from_, of_the_pbx=self.facts.direction == "outbound")

    @cached_property
    def _callee(self) -> Number:
        return self._read(self.facts.to, of_the_pbx=self.facts.direction == "inbound")

    def _read(self, text: str, *, of_the_pbx: bool) -> Number:
        number = read_number(text, self.site.country)
        place = self.site.places.get(self.facts.pbx, "") if of_the_pbx else ""
        if number.country or not place:
            return number
        return replace(number, country=place[:2], region=place if len(place) > 2 else "")

    @cached_property
    def anonymous(self) -> bool:
        """Whether the caller withholds its number."""
        asked = (word for value in self.header("privacy") for word in value.split(";"))
        return self._caller.anonymous or any(word.strip() in _PRIVATE for word in asked)

    @cached_property
    def jurisdiction(self) -> Consent:
        """Whose consent the law asks for, the strictest of both places."""
        return self.site.jurisdictions.strictest((self._caller, self._callee))

    @cached_property
    def moment(self) -> datetime | None:
        """When the call began, in the time zone of the site."""
        at = self.facts.at
        return datetime.fromtimestamp(at, self.site.timezone) if at is not None else None

    def header(self, name: str) -> list[str]:
        """Return the values of a header, one a line, both in the case of `str.casefold`."""
        return self._headers.get(name, [])

    @cached_property
    def _headers(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, value in self.facts.headers:
            if len(value) <= LONGEST_VALUE:
                found.setdefault(name.casefold(), []).append(value.casefold())
        return found
