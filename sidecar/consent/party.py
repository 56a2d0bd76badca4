"""The people of a call."""

from __future__ import annotations

from enum import StrEnum


class Party(StrEnum):
    """Who is meant: a person, not a leg."""

    CALLER = "caller"
    CALLEE = "callee"


class Objector(StrEnum):
    """Who keeps a call from being recorded."""

    CALLER = "caller"
    CALLEE = "callee"
    OPERATOR = "operator"
    """Somebody at the API or the console."""
    SIDECAR = "sidecar"
    """The sidecar itself: the recorder could not be released."""
