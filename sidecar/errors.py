"""Errors, each with whose fault it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


class SidecarError(Exception):
    """The root of all errors that are expected to happen."""


@dataclass
class OperatorError(SidecarError):
    """The operator can set it right: settings, rules, prompts."""

    message: str
    file: str | Path | None = None
    line: int | None = None
    key: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return ": ".join(part for part in (place, self.key, self.message) if part)


class OperatorErrors(SidecarError):
    """All that was found wrong at once."""

    def __init__(self, errors: Iterable[OperatorError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(map(str, self.errors)))


@dataclass
class PeerError(SidecarError):
    """The peer is told: a SIP status."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.status} {self.reason}"
