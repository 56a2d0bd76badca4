"""How long the disk may keep us waiting, in time in which this process could wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sidecar.fair_time import FairTime


class Watchdog:
    """Calls `verdict` once a wait has lasted `seconds`, unless `stop` comes first."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, seconds: float, verdict: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._seconds = seconds
        self._verdict = verdict
        self._time: FairTime | None = None
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to wait, where no wait is on its way."""
        if self._time is None:
            self._time = FairTime(self._seconds, self._loop.time())
            self._next = self._loop.call_at(self._time.due, self._look)

    def stop(self) -> None:
        """What was waited for has come."""
        self._time = None
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _look(self) -> None:
        waited = self._time
        if waited is None:
            return
        if waited.over(self._loop.time()):
            self.stop()
            self._verdict()
        else:
            self._next = self._loop.call_at(waited.due, self._look)
