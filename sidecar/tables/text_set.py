"""Texts, and beginnings of texts, that a header's value is compared with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextSet:
    """Texts, and beginnings of texts (`sales*`; `*` is any), compared in any case of letters."""

    written: tuple[str, ...]
    exact: frozenset[str]
    beginnings: tuple[str, ...]

    @classmethod
    def parse(cls, written: Iterable[str]) -> TextSet:
        """Take them as they are written. Raises ValueError naming the first that is none."""
        texts = tuple(written)
        for each in texts:
            if not each.strip() or not each.isprintable():
                raise ValueError(f'"{each}" must be one line of text; any text is "*"')
            if "*" in each[:-1]:
                raise ValueError(f'"{each}" can have "*" at its end only')
        folded = [each.casefold() for each in texts]
        return cls(
            texts,
            frozenset(each for each in folded if each[-1] != "*"),
            tuple(each[:-1] for each in folded if each[-1] == "*"),
        )

    def __contains__(self, text: str) -> bool:
        """Tell whether a text (in the case of `str.casefold`) is one of them."""
        return text in self.exact or text.startswith(self.beginnings)

    def covers(self, other: TextSet) -> bool:
        """Tell whether every text of the other is one of these too."""
        return all(text in self for text in other.exact) and all(
            beginning.startswith(self.beginnings) for beginning in other.beginnings
        )

    def __str__(self) -> str:
        return ", ".join(self.written)
