"""A time-out that blames a peer only for time in which its answer could have been read."""

from __future__ import annotations

from collections.abc import Callable

from sidecar.fair_time import FairTime
from sidecar.timers import Callback, Timer


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
