"""How long a callee may ring: timer C of RFC 3261 16.6 and 16.8, told to the caller as 408.

Each sign of progress gives the time anew, but not for ever: a peer that sends 180 and 183 without
end would hold ports and a call all the same.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sidecar.calls.limits import RINGING_IN_ALL

if TYPE_CHECKING:
    from sidecar.calls.call import Call
    from sidecar.timers import Timer


class Ringing:
    """The ringing time of one call, by the limits of whoever calls."""

    __slots__ = ("_ends", "_timer")

    def __init__(self) -> None:
        self._ends: float | None = None
        self._timer: Timer | None = None

    def progressed(self, call: Call) -> None:
        """The callee was asked, or tells of progress: the time runs anew."""
        agent, limit = call.agent, call.route.source.limits.ringing
        if self._ends is None:
            self._ends = agent.now + RINGING_IN_ALL * limit
        self.stop()
        due = min(agent.now + limit, self._ends)
        self._timer = call.later(due, partial(self._over, call))

    def stop(self) -> None:
        """Nobody rings any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _over(self, call: Call, _now: float) -> None:
        self._timer = None
        call.rung_out()
