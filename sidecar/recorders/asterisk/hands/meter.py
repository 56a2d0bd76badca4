"""How long a call was recorded."""

from __future__ import annotations


class Meter:
    """Adds up the time during which at least one recording ran unheld. Times are in seconds."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._total = 0.0

    def set(self, recording: bool, now: float) -> None:
        """From now on something records, or nothing does."""
        if recording and self._since is None:
            self._since = now
        elif not recording and self._since is not None:
            self._total += now - self._since
            self._since = None

    def seconds(self, now: float) -> float:
        """Return what was recorded until now."""
        return self._total + (now - self._since if self._since is not None else 0.0)
