"""Errors that are expected to happen, each with whose fault it is.

The operator's become lines on stderr and an exit code in `sidecar/cli/faults.py`, a peer's become
the status it is answered. What is neither is a mistake of the sidecar's own and is not caught here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


class SidecarError(Exception):
    """The root of all errors that are expected to happen."""


@dataclass(eq=False)
class OperatorError(SidecarError):
    """The operator can set it right: settings, rules, prompts, files, addresses.

    `message` says what is wrong and what would be right; `file`, `line` (from 1) and `key`
    (dotted, as in `pbx.main.uri`) say where, as far as that is known.
    """

    message: str
    file: str | Path | None = None
    line: int | None = None
    key: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return _on_one_line(": ".join(part for part in (place, self.key, self.message) if part))


def _on_one_line(text: str) -> str:
    """Write what can't be printed as an escape: messages show what stands in files."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


class OperatorErrors(SidecarError):
    """All that was found wrong at once; str() gives a line for each of `errors`."""

    def __init__(self, errors: Iterable[OperatorError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(map(str, self.errors)))


@dataclass(eq=False)
class PeerError(SidecarError):
    """A peer asked for what it can't have; it is answered `status` and `reason` (RFC 3261 21)."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.status} {self.reason}"
