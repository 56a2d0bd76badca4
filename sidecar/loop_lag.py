"""How late the event loop comes to what is due: whatever delays it delays every call at once."""

from __future__ import annotations

import asyncio
import time

EVERY_S = 0.01
"""A delay that is shorter may go unseen."""
WINDOW_S = 30.0


class LoopLag:
    """Has itself woken all the time, and keeps how late that was at worst."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._window_ends = 0.0
        self._before = 0.0
        self._worst = 0.0

    @property
    def longest(self) -> float:
        """Seconds, of the last half minute at least and of the last minute at most."""
        return max(self._before, self._worst)

    def start(self) -> None:
        """Begin to look, in the running event loop."""
        self._window_ends = time.monotonic() + WINDOW_S
        self._wait()

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def note(self, late: float, now: float) -> None:
        """Take how late one look was; `now` in monotonic seconds."""
        if now >= self._window_ends:
            self._before, self._worst = self._worst, 0.0
            self._window_ends = now + WINDOW_S
        self._worst = max(self._worst, late)

    def _wait(self) -> None:
        # The loop's own time() stands still within one of its rounds.
        self._due = time.monotonic() + EVERY_S
        self._timer = asyncio.get_running_loop().call_later(EVERY_S, self._look)

    def _look(self) -> None:
        now = time.monotonic()
        self.note(max(0.0, now - self._due), now)
        self._wait()
