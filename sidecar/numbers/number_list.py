"""Long lists of numbers read from files: numbers that are never to be recorded, say.

A million numbers are 8 MB: each is a 64-bit integer in a sorted array. What does not fit into one
(users with letters, stars and hashes, more than 18 digits) stands in a set beside it.
"""

from __future__ import annotations

import re
import stat
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from sys import getsizeof

import numpy

from sidecar.errors import OperatorError, OperatorErrors
from sidecar.numbers.nanp import as_dialled
from sidecar.numbers.number import NANP, Number, read_plain
from sidecar.numbers.plans import plan_of, stays_as_it_is
from sidecar.numbers.written import is_dialled, plain

LARGEST = 128 * 1024 * 1024
"""Bytes of a file; enough for eight million numbers."""
MOST_ERRORS = 20
"""After so many the rest of the file is not read."""
LONGEST = 200
"""Bytes of a line."""
LONGEST_NUMBER = 21
"""Characters; E.164 has 15 digits, and a plus or a prefix may stand before them."""
_PIECE = 256 * 1024
"""Bytes read at once. Much smaller would stall others: a thread that gives up the interpreter of
itself, for a moment, keeps those that wait from ever asking for it."""
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_DIGITS = re.compile(r"\+?[0-9]{1,18}")
_ENTRY = re.compile(r"[+*#0-9(][-*#0-9 ./()\t]*|[^\W\d_][\w.+-]*")
_COMMENT = re.compile(r"(?:^|\s)#.*")


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells one state of a file from another."""

    modified_ns: int
    size: int
    inode: int


class NumberList:
    """The numbers of one file, as it was at one time."""

    __slots__ = ("_others", "_sorted", "country", "path", "state")

    def __init__(
        self, path: Path, country: str, state: FileState, numbers: array[int], others: set[str]
    ) -> None:
        """Take `numbers` as `_packed` makes them, in any order, and all others as text."""
        self.path = path
        self.country = country
        self.state = state
        self._sorted = _sorted(numbers)
        self._others = frozenset(others)

    def __contains__(self, number: Number) -> bool:
        """Tell whether a number, read with the same default country, is in the list."""
        packed = _packed(number.text)
        if packed is None:
            return number.text in self._others
        place = bisect_left(self._sorted, packed)
        return place < len(self._sorted) and self._sorted[place] == packed

    def __len__(self) -> int:
        """Return how many different numbers there are."""
        return len(self._sorted) + len(self._others)

    @property
    def size(self) -> int:
        """Bytes of the numbers in memory, about."""
        return self._sorted.nbytes + getsizeof(self._others) + sum(map(getsizeof, self._others))


def load_number_list(path: Path, default_country: str = "") -> NumberList:
    """Read a list: one number a line in any form; `#` begins a comment; blank lines are nothing.

    It takes seconds for a million numbers: call it in a thread (`asyncio.to_thread`), where others
    run meanwhile and wait some milliseconds. Raises OperatorErrors naming file and line of what is
    no number, of the first MOST_ERRORS.
    """
    state = _state_of(path)
    if state.size > LARGEST:
        raise OperatorErrors([OperatorError(f"is larger than {LARGEST >> 20} MiB", path)])
    numbers, others = array("q"), set[str]()
    errors: list[OperatorError] = []
    for line, written in enumerate(_lines(path), 1):
        try:
            text = _text_of(written, default_country)
        except ValueError as error:
            errors.append(OperatorError(str(error), path, line))
            if len(errors) == MOST_ERRORS:
                break
            continue
        packed = _packed(text)
        if packed is not None:
            numbers.append(packed)
        elif text:
            others.add(text)
    if errors:
        raise OperatorErrors(errors)
    return NumberList(path, default_country, state, numbers, others)


def changed(number_list: NumberList) -> bool:
    """Tell whether the file is no longer the one that was read (one `stat`).

    True also where it can't be looked at: reading it again then says why.
    """
    try:
        return _state_of(number_list.path) != number_list.state
    except OperatorErrors:
        return True


def _state_of(path: Path) -> FileState:
    try:
        found = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise OperatorErrors([OperatorError("is no plain file", path)])
    return FileState(found.st_mtime_ns, found.st_size, found.st_ino)


def _unreadable(path: Path, error: OSError) -> OperatorErrors:
    return OperatorErrors([OperatorError(f"can't be read: {error.strerror}", path)])


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines; of one that is too long, its beginning, longer than LONGEST."""
    rest = b""
    try:
        with path.open("rb", buffering=0) as file:
            while piece := file.read(_PIECE):
                *lines, rest = (rest + piece).split(b"\n")
                yield from lines
                rest = rest[: LONGEST + 1]
    except OSError as error:
        raise _unreadable(path, error) from error
    if rest:
        yield rest


def _text_of(line: bytes, country: str) -> str:
    """Return the number of a line as `Number.text`; "" where there is none.

    Raises ValueError saying what is wrong with it.
    """
    if len(line) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} characters; write one number a line")
    try:
        written = line.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise ValueError("is not UTF-8 text") from error
    if _E164.fullmatch(written) and stays_as_it_is(written):
        return written
    written = _COMMENT.sub("", written).strip()
    if not written:
        return ""
    if not _ENTRY.fullmatch(written) or not re.search(r"\w", written):
        raise ValueError("is no number; write one number a line, a comment behind #")
    if written.endswith("*") and not written.startswith(("*", "#")):
        raise ValueError("is the beginning of numbers; that can only stand in a rule")
    number = plain(written)
    if len(number) > LONGEST_NUMBER and is_dialled(number):
        raise ValueError("is longer than any number; write one number a line")
    plan = plan_of(country)
    is_nanp = plan is not None and plan.code == NANP
    return (as_dialled(number) if is_nanp else "") or read_plain(number, "", country).text


def _packed(text: str) -> int | None:
    """Return up to 18 digits, with or without plus, as an integer of 64 bits.

    A first digit, 1 with a plus and 2 without, keeps leading zeros and tells both kinds apart.
    """
    if not _DIGITS.fullmatch(text):
        return None
    return int("1" + text[1:]) if text[0] == "+" else int("2" + text)


def _sorted(numbers: array[int]) -> memoryview[int]:
    """Return each number once, in order; numpy lets other threads run meanwhile."""
    ordered = numpy.sort(numpy.frombuffer(numbers, dtype=numpy.int64))
    is_first = numpy.ones(len(ordered), dtype=bool)
    numpy.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    return ordered[is_first].data
