"""A rule made ready to be asked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sidecar.consent.decision import CallFacts
from sidecar.numbers import Number
from sidecar.rules.asked import Asked, Side
from sidecar.rules.conditions import (
    AnonymousIs,
    Condition,
    DirectionIs,
    HeaderIs,
    JurisdictionIs,
    NeighbourIs,
    NumberIs,
    PlaceIs,
)
from sidecar.rules.deciding import decision_of
from sidecar.rules.file.match import MatchTable
from sidecar.rules.file.schema import Rule, RulesFile
from sidecar.rules.file.site import Site
from sidecar.rules.index import Entry
from sidecar.rules.moment import MomentIs

_SIDES: tuple[Side, Side] = ("from", "to")


class Compiled:
    """Its conditions, and what it decides."""

    __slots__ = ("_by_key", "_conditions", "decision")

    def __init__(self, rule: Rule, file: RulesFile) -> None:
        self.decision = decision_of(rule, file)
        self._conditions = tuple(_conditions(rule.match, file.origin.site))
        self._by_key = {each.key: each for each in self._conditions}

    def holds(self, call: Asked) -> bool:
        """Tell whether every condition holds for a call."""
        return all(condition.holds(call) for condition in self._conditions)

    def told(self, call: Asked) -> tuple[str, str]:
        """Return in words why it holds and why not; one of both is empty."""
        failing = [each.told(call) for each in self._conditions if not each.holds(call)]
        if failing:
            return "", "; ".join(failing)
        holding = [each.told(call) for each in self._conditions]
        return "; ".join(holding) or "it matches every call", ""

    def entries(self) -> Sequence[Collection[Entry]]:
        """Return, of each condition that has some, what a call must have one of."""
        return [entries for each in self._conditions if (entries := each.entries())]

    def covers(self, other: Compiled) -> bool:
        """Tell whether it holds for every call for which the other does; in doubt not."""
        return all(each.covers(other._by_key) for each in self._conditions)

    def sample(self) -> Sample:
        """Return what stands for all calls for which it holds."""
        return Sample(self._by_key)


class Sample:
    """A call made of one value for each condition of a rule.

    A rule that covers the other is listed under one of these values, or under none at all.
    """

    def __init__(self, conditions: dict[str, Condition]) -> None:
        self._conditions = conditions
        self.facts = CallFacts("inbound", self._name("trunk"), self._name("pbx"), "", "")

    def _name(self, key: str) -> str:
        found = self._conditions.get(key)
        return found.names[0] if isinstance(found, NeighbourIs) else ""

    def number(self, side: Side) -> Number:
        """Return one of the numbers that are asked for, in one of the places."""
        numbers = self._conditions.get(side)
        wanted = numbers.wanted.numbers if isinstance(numbers, NumberIs) else None
        region = self._place(f"{side}_region")
        country = self._place(f"{side}_country") if not region else region[:2]
        return Number(wanted.sample if wanted else "", country=country, region=region)

    def _place(self, key: str) -> str:
        found = self._conditions.get(key)
        return found.places[0] if isinstance(found, PlaceIs) else ""

    def is_in_list(self, side: Side, name: str) -> bool:
        """Tell whether a list is among those that are asked for."""
        found = self._conditions.get(side)
        return isinstance(found, NumberIs) and name in found.wanted.lists

    def header(self, name: str) -> list[str]:
        """Return a text that is asked for in a header."""
        found = self._conditions.get(f"header {name}")
        return list(found.wanted.exact)[:1] if isinstance(found, HeaderIs) else []


def _conditions(match: MatchTable, site: Site) -> Iterator[Condition]:
    """Yield what a rule asks; what is known without work comes first."""
    if match.direction is not None:
        yield DirectionIs(match.direction)
    if match.trunk is not None:
        yield NeighbourIs("trunk", match.trunk)
    if match.pbx is not None:
        yield NeighbourIs("pbx", match.pbx)
    if match.to is not None:
        yield NumberIs("to", match.to.read_in(site.country))
    if match.from_ is not None:
        yield NumberIs("from", match.from_.read_in(site.country))
    for side in _SIDES:
        countries: tuple[str, ...] | None = getattr(match, f"{side}_country")
        regions: tuple[str, ...] | None = getattr(match, f"{side}_region")
        if countries is not None:
            yield PlaceIs(side, "country", countries)
        if regions is not None:
            yield PlaceIs(side, "region", regions)
    if match.jurisdiction is not None:
        yield JurisdictionIs(match.jurisdiction)
    if match.hours is not None or match.days is not None:
        yield MomentIs(match.hours, match.days, site.holidays)
    if match.anonymous is not None:
        yield AnonymousIs(match.anonymous)
    for name, texts in (match.header or {}).items():
        yield HeaderIs(name, texts)
