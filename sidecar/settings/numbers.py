"""Numbers of telephones as rules name and compare them."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SHOWN = 5
_SEPARATORS = str.maketrans("", "", " -.()/\t")
_DIALLED = re.compile(r"[+]?[0-9*#]+")
_WRITTEN = re.compile(r"(?:[*#][*#\d\s]*|[^*]*[^*\W][^*]*|\+)\*?")
_PART_OF_A_URI = re.compile(r"(?:sips?|tel):|[@;<>]")


def normal_number(text: str) -> str:
    """Return a number as it is compared.

    Of what can be dialled, visual separators (RFC 3966 section 5.1.1, and blanks and slashes) are
    left out and a leading "00" is "+", so that "0*" means national numbers and "00*" the others.
    Other users are compared in any case of their letters. Parameters of a user part are cut off.
    """
    user = text.partition(";")[0]
    number = user.translate(_SEPARATORS)
    if not _DIALLED.fullmatch(number):
        return user.strip().casefold()
    return "+" + number[2:] if number.startswith("00") else number


class NumberSet:
    """Numbers, and beginnings of numbers (`+4420*`)."""

    __slots__ = ("beginnings", "exact", "written")

    def __init__(self, written: Iterable[str]) -> None:
        """Take them as they are written. Raises ValueError naming the first that is none."""
        self.written = tuple(written)
        for each in self.written:
            if _PART_OF_A_URI.search(each):
                raise ValueError(f'"{each}" must be the number alone, without "sip:" and "@"')
            if not _WRITTEN.fullmatch(each) or each == "*":
                raise ValueError(f'"{each}" must be a number, or the beginning of one and "*"')
        self.exact = frozenset(normal_number(each) for each in self.written if each[-1] != "*")
        self.beginnings = tuple(
            normal_number(each[:-1]) for each in self.written if each[-1] == "*"
        )

    def __contains__(self, number: str) -> bool:
        """Tell whether a normal number is one of them."""
        return number in self.exact or number.startswith(self.beginnings)

    def entry_of(self, number: str) -> str:
        """Return the entry by which a normal number is one of them, as it is written."""
        return next(each for each in self.written if number in NumberSet((each,)))

    @property
    def sample(self) -> str:
        """A normal number that is one of them."""
        return next(iter(self.exact), None) or self.beginnings[0]

    def covers(self, other: NumberSet) -> bool:
        """Tell whether every number of the other is one of these too."""
        return all(number in self for number in other.exact) and all(
            beginning.startswith(self.beginnings) for beginning in other.beginnings
        )

    def __str__(self) -> str:
        more = len(self.written) - _SHOWN
        return ", ".join(self.written[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
