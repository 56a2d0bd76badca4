"""The header fields of one message, in order and by name (RFC 3261 section 7.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sidecar.sip.errors import ParseError
from sidecar.sip.grammar import WHITESPACE, breaks_line, split_values
from sidecar.sip.header_names import canonical_name, spellings

SINGLE = frozenset(
    (
        "Authorization",
        "Call-ID",
        "CSeq",
        "Date",
        "Identity",
        "Organization",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "Retry-After",
        "Server",
        "Subject",
        "Timestamp",
        "User-Agent",
        "WWW-Authenticate",
    )
)
"""Headers whose value may hold a comma without being a list (RFC 3261 section 7.3.1)."""


def _unfolded(lines: Sequence[str]) -> list[str]:
    """Join each line with the ones that continue it, by one space."""
    unfolded: list[list[str]] = []
    for line in lines:
        if line[:1] not in (" ", "\t"):
            unfolded.append([line])
        elif not unfolded:
            raise ParseError("Folded Start Line")
        elif stripped := line.strip(WHITESPACE):
            unfolded[-1].append(stripped)
    return [" ".join(parts) for parts in unfolded]


def _read_line(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise ParseError("Header Without Colon")
    try:
        return canonical_name(name.rstrip(WHITESPACE)), value.strip(WHITESPACE)
    except ValueError as error:
        raise ParseError("Malformed Header Name") from error


def _checked(value: str) -> str:
    if breaks_line(value):
        raise ValueError("a header value can't hold a line break")
    return value.strip(WHITESPACE)


class Headers:
    """An ordered multimap of header fields.

    Names are compared without regard to case or compact form. A value is one header line's
    text, unfolded; bytes that are no UTF-8 are kept as surrogate escapes (PEP 383), so that
    whatever came is written again. What would break out of its line is refused with
    ValueError by every method that writes.
    """

    __slots__ = ("_first", "_items")

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self._items = [(canonical_name(name), _checked(value)) for name, value in items]
        self._first: dict[str, str] | None = None

    @classmethod
    def trusted(cls, items: list[tuple[str, str]]) -> Headers:
        """Make headers of canonical names and values that a parser has checked."""
        headers = cls.__new__(cls)
        headers._items = items
        headers._first = None
        return headers

    @classmethod
    def parse(cls, lines: Sequence[str]) -> Headers:
        """Read header lines, folded or not (RFC 3261 section 7.3.1); raises ParseError."""
        try:
            items = [
                (spellings[name], value.strip(" \t"))
                for name, value in [line.split(":", 1) for line in lines]
            ]
        except (KeyError, ValueError):  # a new name, a folded line, a space before a colon
            items = [_read_line(line) for line in _unfolded(lines)]
        return cls.trusted(items)

    @classmethod
    def parse_readable(cls, lines: Sequence[str], once: frozenset[str]) -> Headers:
        """Read what can be read of the header lines of a message that was refused.

        Of the names in `once` the first line is kept. Raises ParseError where the first line
        is a continuation.
        """
        items: list[tuple[str, str]] = []
        seen: set[str] = set()
        for line in _unfolded(lines):
            try:
                name, value = _read_line(line)
            except ParseError:
                continue
            if not breaks_line(value) and not (name in once and name in seen):
                items.append((name, value))
                seen.add(name)
        return cls.trusted(items)

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the first line's value, or the default."""
        first = self._first or self._index()
        return first.get(spellings.get(name) or canonical_name(name), default)

    def missing(self, names: frozenset[str]) -> frozenset[str]:
        """Return which of these canonical names have no line."""
        return names - (self._first or self._index()).keys()

    def _index(self) -> dict[str, str]:
        self._first = dict(reversed(self._items))
        return self._first

    def get_all(self, name: str) -> list[str]:
        """Return the values, one a header line."""
        name = canonical_name(name)
        return [value for key, value in self._items if key == name]

    def values(self, name: str) -> list[str]:
        """Return the values with comma separated lines split (RFC 3261 section 7.3.1)."""
        name = canonical_name(name)
        lines = [value for key, value in self._items if key == name]
        if name in SINGLE:
            return lines
        return [value for line in lines for value in split_values(line)]

    def set(self, name: str, value: str) -> None:
        """Put one line in the place of all of that name; at the end where there was none."""
        name, value = canonical_name(name), _checked(value)
        self._first = None
        for index, (key, _) in enumerate(self._items):
            if key == name:
                rest = [item for item in self._items[index + 1 :] if item[0] != name]
                self._items[index:] = [(name, value), *rest]
                return
        self._items.append((name, value))

    def add(self, name: str, value: str) -> None:
        """Append a line."""
        self._items.append((canonical_name(name), _checked(value)))
        self._first = None

    def prepend(self, name: str, value: str) -> None:
        """Put a line before all others of that name; at the top where there are none."""
        name, value = canonical_name(name), _checked(value)
        self._first = None
        index = next((i for i, item in enumerate(self._items) if item[0] == name), 0)
        self._items.insert(index, (name, value))

    def replace_first(self, name: str, value: str) -> None:
        """Put a value in the place of the first one, even where it shares its line.

        Raises KeyError where there is none.
        """
        name, value = canonical_name(name), _checked(value)
        for index, (key, line) in enumerate(self._items):
            if key == name:
                others = split_values(line)[1:] if name not in SINGLE else []
                self._items[index] = (name, ", ".join([value, *others]))
                self._first = None
                return
        raise KeyError(name)

    def remove(self, name: str) -> None:
        """Remove every line of that name."""
        name = canonical_name(name)
        self._items = [item for item in self._items if item[0] != name]
        self._first = None

    def repeated(self, names: frozenset[str]) -> str | None:
        """Return one of the canonical names that has more than one line, or None."""
        if self._first is not None and len(self._first) == len(self._items):
            return None
        seen = set()
        for name, _ in self._items:
            if name in names:
                if name in seen:
                    return name
                seen.add(name)
        return None

    def items(self) -> Iterator[tuple[str, str]]:
        """Return (canonical name, value) of each line in order."""
        return iter(self._items)

    def copy(self) -> Headers:
        """Return headers that can be changed without changing these."""
        return Headers.trusted(self._items.copy())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return self._items == other._items

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Headers({self._items!r})"
