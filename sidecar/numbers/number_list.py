"""Long lists of numbers read from files: numbers that are never to be recorded, say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sidecar.numbers.number import Number


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells one state of a file from another."""

    modified_ns: int
    size: int
    inode: int


class NumberList:
    """The numbers of one file, as it was at one time."""

    path: Path
    country: str
    state: FileState

    def __contains__(self, number: Number) -> bool:
        """Tell whether a number is in the list."""
        raise KeyError

    def __len__(self) -> int:
        """Return how many different numbers there are."""
        return 0


def load_number_list(path: Path, default_country: str = "") -> NumberList:
    """Read a list: one number a line in any form, `#` comments, blank lines.

    Takes seconds for a million numbers: call it in a thread (`asyncio.to_thread`). Raises
    OperatorErrors with file and line of what is no number, the first 20.
    """
    raise KeyError(path, default_country)


def changed(number_list: NumberList) -> bool:
    """Tell whether the file is another one than was read (one `stat`); True where it is gone."""
    raise KeyError(number_list)
