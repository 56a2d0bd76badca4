"""What keeps the sidecar from doing its work, in words for operators and probes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be."""

    part: str
    """Which part: `listeners`, `media`, `records`, `prompts`, `pbx`, ..."""
    message: str
    """What is wrong, for the operator; no personal data."""
    blocking: bool = True
    """True: new calls would be refused, so the sidecar isn't ready to take any.

    False: worth knowing, but taking calls is still right. A PBX that can't be reached is such a
    problem: all sidecars in front of it would become unready together, and nobody would be left
    to tell the callers with a proper 503.
    """
