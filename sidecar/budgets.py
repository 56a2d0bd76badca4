"""How much a sender may ask of us: a bucket of tokens, and lines of the log by it.

Pure: whoever asks says what time it is, in seconds that never jump.
"""

from __future__ import annotations

from collections.abc import Hashable


class Bucket:
    """Tokens that come back at a steady rate, up to a burst; full at first."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float) -> None:
        """`rate`: tokens a second."""
        self._rate = rate
        self._burst = self._left = burst
        self._at = 0.0

    def take(self, now: float) -> bool:
        """Take a token; False where there is none."""
        if now > self._at:
            self._left = min(self._burst, self._left + (now - self._at) * self._rate)
            self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


class LineBudget:
    """Lines of the log about what each sender does wrong: a few at once, then one in a while.

    What is kept back is counted, and told with the next line (`taken`) or alone
    (`kept_back`). Senders are the neighbours that the settings name, so they are few.
    """

    def __init__(self, burst: int = 20, every: float = 5.0) -> None:
        """A sender has `burst` lines, and one more each `every` seconds."""
        self._burst, self._rate = float(burst), 1.0 / every
        self._buckets: dict[Hashable, Bucket] = {}
        self._kept_back: dict[Hashable, int] = {}

    def take(self, sender: Hashable, now: float) -> bool:
        """Tell whether a line about this sender may be written now; counts it where not."""
        bucket = self._buckets.get(sender)
        if bucket is None:
            bucket = self._buckets[sender] = Bucket(self._rate, self._burst)
        if bucket.take(now):
            return True
        self._kept_back[sender] = self._kept_back.get(sender, 0) + 1
        return False

    def kept_back(self, sender: Hashable) -> int:
        """Return how many lines about a sender were kept back, and begin to count anew."""
        return self._kept_back.pop(sender, 0)
