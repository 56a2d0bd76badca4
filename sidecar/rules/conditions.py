"""What a rule asks of a call, one class a kind of key of `match`."""

# ruff: noqa: D102 (every method does what `Condition` says of it)
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sidecar.numbers import Number
from sidecar.rules.asked import Asked, Side
from sidecar.rules.file.match import PartyNumbers
from sidecar.rules.index import (
    Dimension,
    Entry,
    TheBeginning,
    TheCountry,
    TheHeader,
    TheList,
    TheNumber,
    ThePbx,
    TheRegion,
    TheTrunk,
)
from sidecar.tables.text_set import TextSet


class Condition(ABC):
    """One key of `match`, or several that belong together; `key` names it."""

    key: str

    @abstractmethod
    def holds(self, call: Asked) -> bool:
        """Tell whether it holds for a call."""

    @abstractmethod
    def told(self, call: Asked) -> str:
        """Return in words why it holds for a call, or why not."""

    def covers(self, others: Mapping[str, Condition]) -> bool:
        """Tell whether it holds for every call for which all the others hold; in doubt not.

        The others are those of one rule, by their keys.
        """
        other = others.get(self.key)
        return other is not None and self._covers(other)

    @abstractmethod
    def _covers(self, other: Condition) -> bool:
        """Tell whether it holds wherever another one of the same key does."""

    def entries(self) -> Collection[Entry]:
        """Return what a call must have one of for it to hold; nothing where that can't be said."""
        return ()


def _is_not_one_of(what: str, wanted: object) -> str:
    return f"{what} is none of {wanted}"


@dataclass(frozen=True)
class DirectionIs(Condition):
    """`direction`"""

    direction: str
    key = "direction"

    def holds(self, call: Asked) -> bool:
        return call.facts.direction == self.direction

    def told(self, call: Asked) -> str:
        direction = f"direction is {call.facts.direction}"
        return direction if self.holds(call) else f"{direction}, not {self.direction}"

    def _covers(self, other: Condition) -> bool:
        return self == other


@dataclass(frozen=True)
class NeighbourIs(Condition):
    """`trunk` and `pbx`"""

    key: Literal["trunk", "pbx"]
    names: tuple[str, ...]

    def _of(self, call: Asked) -> str:
        return call.facts.trunk if self.key == "trunk" else call.facts.pbx

    def holds(self, call: Asked) -> bool:
        return self._of(call) in self.names

    def told(self, call: Asked) -> str:
        name = self._of(call)
        if self.holds(call):
            return f"{self.key} is {name!r}"
        return _is_not_one_of(f"{self.key} {name!r}", ", ".join(self.names))

    def _covers(self, other: Condition) -> bool:
        return isinstance(other, NeighbourIs) and set(other.names) <= set(self.names)

    def entries(self) -> Collection[Entry]:
        dimension: Dimension = TheTrunk() if self.key == "trunk" else ThePbx()
        return [Entry(dimension, name) for name in self.names]


@dataclass(frozen=True)
class NumberIs(Condition):
    """`from` and `to`"""

    key: Side
    wanted: PartyNumbers

    def holds(self, call: Asked) -> bool:
        numbers = self.wanted.numbers
        if numbers is not None and call.number(self.key).text in numbers:
            return True
        return any(call.is_in_list(self.key, name) for name in self.wanted.lists)

    def told(self, call: Asked) -> str:
        number = f"{self.key} {call.number(self.key).text!r}"
        if not self.holds(call):
            return _is_not_one_of(number, self.wanted)
        return f"{number} is {self._entry_of(call)}"

    def _entry_of(self, call: Asked) -> str:
        text, numbers = call.number(self.key).text, self.wanted.numbers
        if numbers is not None and text in numbers:
            return numbers.entry_of(text)
        return next(
            f"in list:{name}" for name in self.wanted.lists if call.is_in_list(self.key, name)
        )

    def _covers(self, other: Condition) -> bool:
        return isinstance(other, NumberIs) and self.wanted.covers(other.wanted)

    def entries(self) -> Collection[Entry]:
        return list(self._entries())

    def _entries(self) -> Iterator[Entry]:
        if self.wanted.numbers is not None:
            for number in self.wanted.numbers.exact:
                yield Entry(TheNumber(self.key), number)
            for beginning in self.wanted.numbers.beginnings:
                yield Entry(TheBeginning(self.key, len(beginning)), beginning)
        for name in self.wanted.lists:
            yield Entry(TheList(self.key, name), name)


@dataclass(frozen=True)
class PlaceIs(Condition):
    """`from_country`, `to_country`, `from_region` and `to_region`"""

    side: Side
    kind: Literal["country", "region"]
    places: tuple[str, ...]

    @property
    def key(self) -> str:  # type: ignore[override]
        return f"{self.side}_{self.kind}"

    def _of(self, number: Number) -> str:
        return number.country if self.kind == "country" else number.region

    def holds(self, call: Asked) -> bool:
        return self._of(call.number(self.side)) in self.places

    def told(self, call: Asked) -> str:
        place = self._of(call.number(self.side))
        if self.holds(call):
            return f"{self.key} is {place}"
        if not place:
            return f"{self.key} is not known"
        return _is_not_one_of(f"{self.key} {place}", ", ".join(self.places))

    def covers(self, others: Mapping[str, Condition]) -> bool:
        region = others.get(f"{self.side}_region")
        countries = {each[:2] for each in region.places} if isinstance(region, PlaceIs) else set()
        by_region = self.kind == "country" and countries and countries <= set(self.places)
        return bool(by_region) or super().covers(others)

    def _covers(self, other: Condition) -> bool:
        return isinstance(other, PlaceIs) and set(other.places) <= set(self.places)

    def entries(self) -> Collection[Entry]:
        is_country = self.kind == "country"
        dimension: Dimension = TheCountry(self.side) if is_country else TheRegion(self.side)
        return [Entry(dimension, place) for place in self.places]


@dataclass(frozen=True)
class JurisdictionIs(Condition):
    """`jurisdiction`"""

    wanted: str
    key = "jurisdiction"

    def holds(self, call: Asked) -> bool:
        return call.jurisdiction == self.wanted

    def told(self, call: Asked) -> str:
        found = f"jurisdiction is {call.jurisdiction}"
        return found if self.holds(call) else f"{found}, not {self.wanted}"

    def _covers(self, other: Condition) -> bool:
        return self == other


@dataclass(frozen=True)
class AnonymousIs(Condition):
    """`anonymous`"""

    wanted: bool
    key = "anonymous"

    def holds(self, call: Asked) -> bool:
        return call.anonymous is self.wanted

    def told(self, call: Asked) -> str:
        return f"the caller's number is {'withheld' if call.anonymous else 'shown'}"

    def _covers(self, other: Condition) -> bool:
        return self == other


@dataclass(frozen=True)
class HeaderIs(Condition):
    """One entry of `header`"""

    name: str
    wanted: TextSet

    @property
    def key(self) -> str:  # type: ignore[override]
        return f"header {self.name.casefold()}"

    def _values(self, call: Asked) -> list[str]:
        return call.header(self.name.casefold())

    def holds(self, call: Asked) -> bool:
        return any(value in self.wanted for value in self._values(call))

    def told(self, call: Asked) -> str:
        values = self._values(call)
        if not values:
            return f"there is no header {self.name}"
        found = next((value for value in values if value in self.wanted), None)
        if found is not None:
            return f"header {self.name} is {found!r}"
        return _is_not_one_of(f"header {self.name} {values[0]!r}", self.wanted)

    def _covers(self, other: Condition) -> bool:
        return isinstance(other, HeaderIs) and self.wanted.covers(other.wanted)

    def entries(self) -> Collection[Entry]:
        if self.wanted.beginnings:
            return ()
        return [Entry(TheHeader(self.name.casefold()), text) for text in self.wanted.exact]
