"""Which rules can match a call, found by its numbers and not by asking every rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from sidecar.numbers import NumberSet

Places = Sequence[int]
"""Places of rules in their file, ascending."""


class NumberIndex:
    """Each rule under the numbers of one side, that which fewer others share; or under none.

    It is made of (numbers of callees, numbers of callers) of each rule in order; None where a
    rule doesn't ask for them.
    """

    def __init__(self, rules: Iterable[tuple[NumberSet | None, NumberSet | None]]) -> None:
        sides = list(rules)
        self._callees, self._callers = _Side(), _Side()
        self._anyone: list[int] = []
        shared_callees = Counter(each for callees, _ in sides for each in _entries(callees))
        shared_callers = Counter(each for _, callers in sides for each in _entries(callers))
        for place, (callees, callers) in enumerate(sides):
            crowd_at_callees = max((shared_callees[each] for each in _entries(callees)), default=0)
            crowd_at_callers = max((shared_callers[each] for each in _entries(callers)), default=0)
            if callees is not None and (callers is None or crowd_at_callees <= crowd_at_callers):
                self._callees.add(callees, place)
            elif callers is not None:
                self._callers.add(callers, place)
            else:
                self._anyone.append(place)

    def candidates(self, callee: str, caller: str) -> Iterator[Places]:
        """Yield the places of all rules that can match; the rest can't."""
        yield from self._callees.candidates(callee)
        yield from self._callers.candidates(caller)
        yield self._anyone


class _Side:
    """Rules by the numbers, and beginnings of numbers, of one side."""

    def __init__(self) -> None:
        self._exact: dict[str, list[int]] = {}
        self._beginnings: dict[int, dict[str, list[int]]] = {}
        """By their length."""

    def add(self, numbers: NumberSet, place: int) -> None:
        for number in numbers.exact:
            self._exact.setdefault(number, []).append(place)
        for beginning in set(numbers.beginnings):
            table = self._beginnings.setdefault(len(beginning), {})
            table.setdefault(beginning, []).append(place)

    def candidates(self, number: str) -> Iterator[Places]:
        if number in self._exact:
            yield self._exact[number]
        for length, table in self._beginnings.items():
            found = table.get(number[:length])
            if found is not None:
                yield found


def _entries(numbers: NumberSet | None) -> Iterator[str]:
    if numbers is not None:
        yield from numbers.exact
        yield from (f"{beginning}*" for beginning in numbers.beginnings)
