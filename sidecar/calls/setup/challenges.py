"""Calls that were asked to come again: the same call, and one record, when the caller returns.

A refusal that asks for something (credentials, another interval) crosses to the caller, who sends
the INVITE again with the same Call-ID and From tag (RFC 3261 section 8.1.3.5). Until then, or
until it is clear that it won't come, the call's record waits here.
"""

from __future__ import annotations

from sidecar.calls.ledger import Ledger
from sidecar.sip.message import Request
from sidecar.timers import Timer, TimerHeap

TRIED_AGAIN = (401, 407, 420, 422)
"""For want of credentials, for an extension too many, for too short a session interval."""
RETURNS_WITHIN = 32.0
MOST_WAITING = 5000


class Challenges:
    """The ledgers of calls that wait for their second INVITE; those given up are closed."""

    def __init__(self, timers: TimerHeap) -> None:
        self._timers = timers
        self._waiting: dict[tuple[str, str], tuple[Ledger, Timer]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def park(self, request: Request, ledger: Ledger, now: float) -> bool:
        """Keep the ledger for the caller's return; False where too many wait already."""
        if len(self._waiting) >= MOST_WAITING:
            return False
        key = _key(request)
        if key in self._waiting:  # an earlier INVITE that was challenged at the same time
            self._waiting[key][1].cancel()
            self._expire(key)
        timer = self._timers.schedule(now + RETURNS_WITHIN, lambda _now: self._expire(key))
        self._waiting[key] = (ledger, timer)
        return True

    def resume(self, request: Request) -> Ledger | None:
        """Return the ledger of the call that this INVITE takes up again, or None."""
        found = self._waiting.pop(_key(request), None)
        if found is None:
            return None
        ledger, timer = found
        timer.cancel()
        return ledger

    def close(self) -> None:
        """Give up all that wait."""
        for key in tuple(self._waiting):
            self._waiting[key][1].cancel()
            self._expire(key)

    def _expire(self, key: tuple[str, str]) -> None:
        ledger, _timer = self._waiting.pop(key)
        ledger.close()


def _key(request: Request) -> tuple[str, str]:
    return request.call_id, request.from_tag or ""
