"""How long a callee may ring: timer C of RFC 3261 16.6 and 16.8, told to the caller as 408.

Each sign of progress gives the time anew, but not for ever: a peer that sends 180 and 183 without
end would hold ports and a call all the same.
"""

from __future__ import annotations

from functools import partial
from typing import Protocol

from sidecar.calls.limits import RINGING_IN_ALL
from sidecar.timers import Callback, Timer


class Ringer(Protocol):
    """The call whose callee rings."""

    @property
    def now(self) -> float:
        """Seconds that never jump."""

    def later(self, at: float, step: Callback) -> Timer:
        """Do `step(now)` at that time."""

    def rung_out(self) -> None:
        """The callee has rung for too long."""


class Ringing:
    """The ringing time of one call, `limit` seconds for each sign of progress."""

    __slots__ = ("_ends", "_limit", "_timer")

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._ends: float | None = None
        self._timer: Timer | None = None

    def progressed(self, call: Ringer) -> None:
        """The callee was asked, or tells of progress: the time runs anew."""
        now, limit = call.now, self._limit
        if self._ends is None:
            self._ends = now + RINGING_IN_ALL * limit
        self.stop()
        due = min(now + limit, self._ends)
        self._timer = call.later(due, partial(self._over, call))

    def stop(self) -> None:
        """Nobody rings any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _over(self, call: Ringer, _now: float) -> None:
        self._timer = None
        call.rung_out()
