"""The people of a call."""

from __future__ import annotations

from enum import StrEnum


class Party(StrEnum):
    """Who is meant: a person, not a leg."""

    CALLER = "caller"
    CALLEE = "callee"
