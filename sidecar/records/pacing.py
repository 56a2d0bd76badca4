"""How long the writer waits between two groups of rows."""

from __future__ import annotations

import math

MEMORY = 0.5
"""Seconds over which the rate of rows is averaged."""
WORTH_WAITING = 2.0
"""Rows that have to be expected within one pace before waiting for them pays."""


class Pacer:
    """Holds groups apart while so much comes in that it pays, and not at all below that.

    A commit costs the same for one row as for a few. At 200 calls a second, groups 20 ms apart
    need a quarter of the CPU; at 20 calls a second they would save nothing, and each call would
    wait for nothing. The rate is estimated over an exponential window: no rows need be kept.
    """

    def __init__(self, pace: float) -> None:
        self._pace = pace
        self._rate = 0.0
        self._last = -math.inf

    def pause(self, started: float, urgent: int, now: float) -> float:
        """Seconds to wait after a group, begun at `started`, of `urgent` rows waited for."""
        self._rate = self._rate * math.exp((self._last - started) / MEMORY) + urgent / MEMORY
        self._last = started
        if self._rate * self._pace < WORTH_WAITING:
            return 0.0
        return max(0.0, started + self._pace - now)
