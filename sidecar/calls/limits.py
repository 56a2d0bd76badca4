"""How much each neighbour has taken of what the sidecar has, and whether it may take more.

No neighbour can shut the others out: what it takes is counted, and ends at its own limits, which
the settings name (`limits`) or which follow from them. Of the media ports a part is kept for
calls from PBXs, however many trunks there are. Refusing costs next to nothing: a request over a
limit leaves nothing behind. Pure: times are given, in seconds that never jump.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from sidecar.budgets import Bucket
from sidecar.media.engine import QUARANTINE_S

BURST_SECONDS = 4.0
"""So many seconds' worth of a rate may come at once: after a lost second, or at the full hour."""
REQUESTS_PER_CALL = 10
"""Requests outside of dialogs that may come for each new call: OPTIONS, REGISTER, SUBSCRIBE."""
STREAMS_PER_CALL = 2
"""Streams of media that calls may have on average: audio, and video or a fax."""
RINGING_IN_ALL = 4
"""So many times `ringing` a call may ring, whatever progress is told of."""
MOST_TRANSACTIONS = 25_000
"""Requests of one neighbour that are not forgotten yet: half of what there may be."""
MOST_BYTES = 64 * 1024 * 1024
"""Bytes of them."""
MOST_BYTES_OF_ALL = 192 * 1024 * 1024
OF_TRUNKS = 0.7
"""The part of what there may be of both that all trunks together may take."""
INSIDE = 1.25
"""Requests within dialogs may go so far over that, so that a call can still be ended."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the settings say of one neighbour (`limits`)."""

    calls: int = 1000
    """Calls from it at once."""
    rate: int = 50
    """New calls from it a second."""
    ringing: float = 180.0
    """Seconds that a call from it may ring after the last sign of progress."""
    connections: int = 100
    """TCP connections from it."""


class Pool:
    """What all neighbours share."""

    def __init__(self, streams: int = 2500, reserved: int = 20) -> None:
        """`streams` of media have ports; `reserved` percent of them are kept for PBXs' calls."""
        self.for_trunks = max(1, streams * (100 - reserved) // 100)
        self.streams_of_trunks = 0
        self.transactions_of_trunks = 0
        self.bytes = 0
        self.bytes_of_trunks = 0

    def over_by(self, size: int, share: float, *, trunk: bool) -> str:
        """Return which of the limits of all a request would exceed, "" where none."""
        if self.bytes + size > MOST_BYTES_OF_ALL * share:
            return "bytes"
        if not trunk:
            return ""
        if self.bytes_of_trunks + size > MOST_BYTES_OF_ALL * OF_TRUNKS * share:
            return "bytes"
        most = 2 * MOST_TRANSACTIONS * OF_TRUNKS * share
        return "transactions" if self.transactions_of_trunks >= most else ""

    def hold(self, requests: int, size: int, *, trunk: bool) -> None:
        """Count requests that are kept; negative where they are forgotten."""
        self.bytes += size
        if trunk:
            self.transactions_of_trunks += requests
            self.bytes_of_trunks += size


class Account:
    """What one neighbour has taken."""

    __slots__ = (
        "_pool",
        "_rate",
        "_requests",
        "_resting",
        "bytes",
        "calls",
        "limits",
        "streams",
        "transactions",
        "trunk",
    )

    def __init__(self, limits: Limits, pool: Pool, *, trunk: bool) -> None:
        self.limits = limits
        self.trunk = trunk
        self.calls = 0
        self.streams = 0
        """Streams whose ports calls of this neighbour hold, or held until a moment ago."""
        self.transactions = 0
        self.bytes = 0
        """Of its requests that are not forgotten."""
        self._pool = pool
        self._resting: deque[tuple[float, int]] = deque()
        rate = float(limits.rate)
        self._rate = Bucket(rate, max(1.0, rate * BURST_SECONDS))
        requests = rate * REQUESTS_PER_CALL
        self._requests = Bucket(requests, requests * BURST_SECONDS)

    # Requests.

    def over_by_request(self, method: str, now: float, *, inside: bool, size: int) -> str:
        """Return which limit a new request would exceed; "" where none, and it counts."""
        share = INSIDE if inside else 1.0
        if self.transactions >= MOST_TRANSACTIONS * share:
            return "transactions"
        if self.bytes + size > MOST_BYTES * share:
            return "bytes"
        if limit := self._pool.over_by(size, share, trunk=self.trunk):
            return limit
        if not inside and (limit := self._too_many(method, now)):
            return limit
        self.transactions += 1
        self.bytes += size
        self._pool.hold(1, size, trunk=self.trunk)
        return ""

    def _too_many(self, method: str, now: float) -> str:
        if method != "INVITE":
            return "" if self._requests.take(now) else "requests"
        if self.calls >= self.limits.calls:
            return "calls"
        return "" if self._rate.take(now) else "rate"

    def release(self, size: int) -> None:
        """A request of that size is forgotten."""
        self.transactions -= 1
        self.bytes -= size
        self._pool.hold(-1, -size, trunk=self.trunk)

    # Media.

    def take_streams(self, streams: int, now: float) -> bool:
        """Take the ports of so many streams; False, and nothing taken, where they are too many."""
        while self._resting and self._resting[0][0] <= now:
            self._hold(-self._resting.popleft()[1])
        if self.streams + streams > self.limits.calls * STREAMS_PER_CALL:
            return False
        if self.trunk and self._pool.streams_of_trunks + streams > self._pool.for_trunks:
            return False
        self._hold(streams)
        return True

    def give_streams_back(self, streams: int, now: float) -> None:
        """Give them back; their ports rest before they are used again, and count until then."""
        self._resting.append((now + QUARANTINE_S, streams))

    def _hold(self, streams: int) -> None:
        self.streams += streams
        if self.trunk:
            self._pool.streams_of_trunks += streams


class Share:
    """What one call takes: of the neighbour that it came from, and of whoever adds streams."""

    __slots__ = ("_begun", "_source", "_streams")

    def __init__(self, source: Account) -> None:
        """Nothing is taken yet."""
        self._source = source
        self._begun = False
        self._streams: dict[Account, int] = {}

    def begin(self, streams: int, now: float) -> bool:
        """Take a place for the call and ports for its streams; False where it may not."""
        if not self.add_streams(self._source, streams, now):
            return False
        self._source.calls += 1
        self._begun = True
        return True

    def add_streams(self, account: Account, streams: int, now: float) -> bool:
        """Take ports for streams that `account` has asked for; False where it may not."""
        if not account.take_streams(streams, now):
            return False
        self._streams[account] = self._streams.get(account, 0) + streams
        return True

    def give_back(self, now: float) -> None:
        """The call is over. Repeating it does no harm."""
        if self._begun:
            self._begun = False
            self._source.calls -= 1
        streams, self._streams = self._streams, {}
        for account, taken in streams.items():
            account.give_streams_back(taken, now)
