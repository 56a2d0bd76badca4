"""Limits in time that counts only where this process could do its work.

A process that got no CPU for a second (a loaded machine, a suspended one, a long collection of
garbage) finds the answers that it waits for in its sockets, and its timers due before it has read
them. A verdict by the clock alone would be about the machine, not about whoever is awaited. So a
limit is looked at several times on its way; a look that comes late, for which nobody but this
process is to blame, counts for nothing: it is a grace, in which what has arrived is read.
"""

from __future__ import annotations

from collections.abc import Callable

from sidecar.timers import Callback, Timer

LOOKS = 4
"""Least number of looks on the way to a limit."""
LONGEST_STEP = 0.5
"""Seconds between two looks at the most: so long is a grace."""
LATE = 0.5
"""A look is late that comes later than this part of its step."""
MOST_LATE = 8
"""Late looks of one limit that are forgiven: a machine that is always late has limits too."""
_NOTHING = 1e-9
"""Seconds that are only the rounding of sums."""


class FairTime:
    """One limit on its way. Times are seconds of one clock that never jumps."""

    __slots__ = ("_due", "_forgiven", "_left", "_step")

    def __init__(self, seconds: float, now: float) -> None:
        self._left = seconds
        self._step = min(seconds / LOOKS, LONGEST_STEP)
        self._forgiven = 0
        self._due = now + self._step

    @property
    def due(self) -> float:
        """When to look next."""
        return self._due

    def over(self, now: float) -> bool:
        """Look; True where the limit is over, else `due` says when to look again."""
        step = min(self._step, self._left)
        late = now - self._due > step * LATE
        if late and self._forgiven < MOST_LATE:
            self._forgiven += 1
            self._due = now + step
            return False
        self._left -= step
        self._due = max(now, self._due + min(self._step, self._left))
        return self._left <= _NOTHING


class FairTimer:
    """Calls `verdict(now)` when a limit is over (`FairTime`), unless it is cancelled before.

    It takes the place of a `Timer` wherever what is awaited may lie in a socket already.
    """

    __slots__ = ("_next", "_schedule", "_time", "_verdict")

    def __init__(
        self,
        schedule: Callable[[float, Callback], Timer],
        now: float,
        seconds: float,
        verdict: Callback,
    ) -> None:
        """`schedule`: `TimerHeap.schedule`, or what does it for a call."""
        self._schedule = schedule
        self._verdict: Callback | None = verdict
        self._time = FairTime(seconds, now)
        self._next: Timer | None = schedule(self._time.due, self._look)

    def cancel(self) -> None:
        """Make sure that there is no verdict any more. Repeating it does no harm."""
        self._verdict = None  # and let go of what it holds
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _look(self, now: float) -> None:
        self._next = None
        verdict = self._verdict
        if verdict is None:
            return
        if self._time.over(now):
            self._verdict = None
            verdict(now)
        else:
            self._next = self._schedule(self._time.due, self._look)
