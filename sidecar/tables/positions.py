"""On which line each key of a TOML document stands.

The standard library parses TOML but tells no positions. This scanner only finds the way through a
document that is known to be valid, so it checks nothing.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect

Key = tuple[str | int, ...]
"""A way into the document: names of tables and keys, indexes (from 0) of list elements."""

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_NAME = re.compile(r"""[ \t]*(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)[ \t]*""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\]|\\.)*"'
    r"|'[^']*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^\s,\]}#]+(?: \d[^\s,\]}#]*)?")
"""The part behind the space is the time of a date."""


def lines_of(text: str) -> dict[Key, int]:
    """Return the line (from 1) of each table, key and list element of a valid document."""
    return _Scanner(text).lines


class _Scanner:
    def __init__(self, text: str) -> None:
        self.lines: dict[Key, int] = {}
        self._text = text
        self._at = 0
        self._line_ends = [found.start() for found in re.finditer("\n", text)]
        self._elements: dict[Key, int] = {}
        self._document()

    def _document(self) -> None:
        table: Key = ()
        while self._next():
            if self._next() == "[":
                table = self._header()
            else:
                self._key_and_value(table)

    def _next(self) -> str:
        """Pass blanks and comments; return the character there, nothing at the end."""
        self._pass(_SPACE)
        return self._text[self._at : self._at + 1]

    def _pass(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        assert found is not None, "the document is valid"
        self._at = found.end()
        return found[0]

    def _note(self, key: Key, start: int) -> None:
        self.lines.setdefault(key, bisect(self._line_ends, start - 1) + 1)

    def _names(self) -> list[str]:
        names = [_plain(self._pass(_NAME))]
        while self._text[self._at] == ".":
            self._at += 1
            names.append(_plain(self._pass(_NAME)))
        return names

    def _header(self) -> Key:
        start = self._at
        is_element = self._text.startswith("[[", start)
        self._at += 1 + is_element
        *parents, name = self._names()
        self._at += 1 + is_element
        key: Key = ()
        for parent in parents:
            key = (*key, parent)
            self._note(key, start)
            key = self._latest(key)
        key = (*key, name)
        if is_element:
            self._elements[key] = self._elements.get(key, -1) + 1
            self._note(key, start)
        key = self._latest(key)
        self._note(key, start)
        return key

    def _latest(self, key: Key) -> Key:
        """Return the last element where the key is that of an array of tables."""
        return (*key, self._elements[key]) if key in self._elements else key

    def _key_and_value(self, table: Key) -> None:
        start = self._at
        key = table
        for name in self._names():
            key = (*key, name)
            self._note(key, start)
        self._at += 1  # the equals sign
        self._value(key)

    def _value(self, key: Key) -> None:
        match self._next():
            case '"' | "'":
                self._pass(_STRING)
            case "[":
                self._list(key)
            case "{":
                self._inline_table(key)
            case _:
                self._pass(_SCALAR)

    def _list(self, key: Key) -> None:
        self._at += 1
        index = 0
        while self._next() != "]":
            if self._next() == ",":
                self._at += 1
                continue
            self._note((*key, index), self._at)
            self._value((*key, index))
            index += 1
        self._at += 1

    def _inline_table(self, key: Key) -> None:
        self._at += 1
        while self._next() != "}":
            if self._next() == ",":
                self._at += 1
                continue
            self._key_and_value(key)
        self._at += 1


def _plain(name: str) -> str:
    name = name.strip(" \t")
    if name[0] == "'":
        return name[1:-1]
    if name[0] == '"':
        return str(tomllib.loads(f"name = {name}")["name"])
    return name
