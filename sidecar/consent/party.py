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
    ROOM = "room"
    """Somebody else in the same conference."""
    HOLD = "hold"
    """The call is on hold, and its rule has no recording meanwhile."""
    SIDECAR = "sidecar"
    """The sidecar itself: the recorder could not be released."""


PEOPLE = frozenset((Objector.CALLER, Objector.CALLEE, Objector.OPERATOR))
"""Those who ask for themselves, and are told what came of it."""
