"""Errors, each with whose fault it is."""

from __future__ import annotations

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


@dataclass
class PeerError(SidecarError):
    """The peer is told: a SIP status."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.status} {self.reason}"
