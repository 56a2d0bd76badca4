"""Sets of numbers, and of beginnings of numbers, as rules name them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sidecar.numbers.beginnings import beginnings_of
from sidecar.numbers.number import read_number

_SHOWN = 5
_WRITTEN = re.compile(r"(?:[*#][*#\d\s]*|[^*]*[^*\W][^*]*|\+)\*?")
_PART_OF_A_URI = re.compile(r"(?:sips?|tel):|[@;<>]")


class NumberSet:
    """Numbers, and beginnings of numbers (`+4420*`)."""

    __slots__ = ("_by_length", "beginnings", "country", "exact", "written")

    def __init__(self, written: Iterable[str], country: str = "") -> None:
        """Take them as they are written, national numbers as those of a country.

        `country` is an ISO 3166-1 code, "" where none is given: then national numbers are only
        equal to national ones. Raises ValueError naming the first that is no number.
        """
        self.written = tuple(written)
        self.country = country
        for each in self.written:
            if _PART_OF_A_URI.search(each):
                raise ValueError(f'"{each}" must be the number alone, without "sip:" and "@"')
            if not _WRITTEN.fullmatch(each) or each == "*":
                raise ValueError(f'"{each}" must be a number, or the beginning of one and "*"')
        exact = (each for each in self.written if each[-1] != "*")
        self.exact = frozenset(read_number(each, country).text for each in exact)
        beginnings = (
            beginning
            for each in self.written
            if each[-1] == "*"
            for beginning in beginnings_of(each[:-1], country)
        )
        self.beginnings = tuple(dict.fromkeys(beginnings))
        by_length: dict[int, set[str]] = {}
        for beginning in self.beginnings:
            by_length.setdefault(len(beginning), set()).add(beginning)
        self._by_length = tuple(by_length.items())

    def __contains__(self, number: str) -> bool:
        """Tell whether a number (`Number.text`) is one of them."""
        return number in self.exact or self._begins(number)

    def _begins(self, number: str) -> bool:
        return any(number[:length] in beginnings for length, beginnings in self._by_length)

    def read_in(self, country: str) -> NumberSet:
        """Return the same numbers, national ones read as those of a country."""
        return NumberSet(self.written, country)

    def entry_of(self, number: str) -> str:
        """Return the entry by which a number (`Number.text`) is one of them, as it is written."""
        return next(each for each in self.written if number in NumberSet((each,), self.country))

    @property
    def sample(self) -> str:
        """A normal number that is one of them."""
        return next(iter(self.exact), None) or self.beginnings[0]

    def covers(self, other: NumberSet) -> bool:
        """Tell whether every number of the other is one of these too."""
        return all(number in self for number in other.exact) and all(
            self._begins(beginning) for beginning in other.beginnings
        )

    def __str__(self) -> str:
        more = len(self.written) - _SHOWN
        return ", ".join(self.written[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
