"""Which rules can match a call, found by what it is and not by asking every rule.

A rule is found by one of its conditions: that whose values fewest other rules share.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from sidecar.consent.decision import CallFacts
from sidecar.numbers import Number
from sidecar.rules.asked import Side

Places = Sequence[int]
"""Places of rules in their file, ascending."""


class Subject(Protocol):
    """What is looked up: a call, or what stands for all calls of a rule."""

    @property
    def facts(self) -> CallFacts:
        """The names of its trunk and its PBX."""

    def number(self, side: Side) -> Number:
        """Return the number of a party."""

    def is_in_list(self, side: Side, name: str) -> bool:
        """Tell whether a party's number is in a list."""

    def header(self, name: str) -> list[str]:
        """Return the values of a header."""


class Dimension(ABC):
    """One thing that rules ask of a call."""

    @abstractmethod
    def values(self, subject: Subject) -> Iterable[str]:
        """Return what a call answers; rules that are listed under none of it can't match."""


@dataclass(frozen=True, slots=True)
class TheNumber(Dimension):
    """A party's number."""

    side: Side

    def values(self, subject: Subject) -> Iterable[str]:
        """Return it."""
        return (subject.number(self.side).text,)


@dataclass(frozen=True, slots=True)
class TheBeginning(Dimension):
    """The first characters of a party's number."""

    side: Side
    length: int

    def values(self, subject: Subject) -> Iterable[str]:
        """Return them."""
        return (subject.number(self.side).text[: self.length],)


@dataclass(frozen=True, slots=True)
class TheList(Dimension):
    """A list that a party's number is in, or not."""

    side: Side
    name: str

    def values(self, subject: Subject) -> Iterable[str]:
        """Return its name if the number is in it."""
        return (self.name,) if subject.is_in_list(self.side, self.name) else ()


@dataclass(frozen=True, slots=True)
class TheCountry(Dimension):
    """The country of a party's number."""

    side: Side

    def values(self, subject: Subject) -> Iterable[str]:
        """Return it."""
        return (subject.number(self.side).country,)


@dataclass(frozen=True, slots=True)
class TheRegion(Dimension):
    """The region of a party's number."""

    side: Side

    def values(self, subject: Subject) -> Iterable[str]:
        """Return it."""
        return (subject.number(self.side).region,)


@dataclass(frozen=True, slots=True)
class TheTrunk(Dimension):
    """The name of the trunk."""

    def values(self, subject: Subject) -> Iterable[str]:
        """Return it."""
        return (subject.facts.trunk,)


@dataclass(frozen=True, slots=True)
class ThePbx(Dimension):
    """The name of the PBX."""

    def values(self, subject: Subject) -> Iterable[str]:
        """Return it."""
        return (subject.facts.pbx,)


@dataclass(frozen=True, slots=True)
class TheHeader(Dimension):
    """The values of a header."""

    name: str

    def values(self, subject: Subject) -> Iterable[str]:
        """Return them."""
        return subject.header(self.name)


class Entry(NamedTuple):
    """A value that a rule asks for: of the entries of one condition, a call must have one."""

    dimension: Dimension
    value: str


class RuleIndex:
    """All rules, each under the entries of one of its conditions; or under none."""

    def __init__(self, rules: Iterable[Sequence[Collection[Entry]]]) -> None:
        """Take, of each rule in order, the entries of each condition that has any."""
        listed = list(rules)
        shared = Counter(entry for conditions in listed for each in conditions for entry in each)
        self._tables: dict[Dimension, dict[str, list[int]]] = {}
        self._anyone: list[int] = []
        for place, conditions in enumerate(listed):
            if not conditions:
                self._anyone.append(place)
                continue
            rarest = min(conditions, key=lambda each: max(shared[entry] for entry in each))
            for dimension, value in dict.fromkeys(rarest):
                self._tables.setdefault(dimension, {}).setdefault(value, []).append(place)

    def candidates(self, subject: Subject) -> Iterator[Places]:
        """Yield the places of all rules that can match; the rest can't."""
        for dimension, table in self._tables.items():
            for value in dimension.values(subject):
                if value in table:
                    yield table[value]
        yield self._anyone
