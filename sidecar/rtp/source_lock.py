"""Whose packets count: the lock on a source (symmetric RTP, RFC 4961, against RTP bleed).

A session description may name an address that the party's packets never come from (NAT), and
anyone may send packets to an open port. So:

- Whatever comes from the signalled address is the party, and locks for good.
- Before that, the first packet from elsewhere locks too, but may be overruled: by another address
  within the first second after that first packet, by the signalled address at any time.
- Everybody else is a stranger. So is, for a second, the address that the party has just left.
"""

from __future__ import annotations

from enum import Enum

Address = tuple[str, int]

RELOCK_WINDOW_S = 1.0


class Verdict(Enum):
    """What a packet's source address makes of it."""

    PARTY = "party"
    MOVED = "moved"
    STRANGER = "stranger"


class SourceLock:
    """The lock of one stream of one party. Times are seconds of one monotonic clock."""

    __slots__ = ("_first_at", "_former", "_former_until", "_signalled", "_source")

    def __init__(
        self, signalled: Address, *, former: Address | None = None, now: float = 0.0
    ) -> None:
        self._signalled = signalled
        self._source: Address | None = None
        self._first_at = 0.0
        self._former = former if former != signalled else None
        self._former_until = now + RELOCK_WINDOW_S

    @property
    def target(self) -> Address:
        """Where packets for the party go: its source once known, before that as signalled."""
        return self._source or self._signalled

    @property
    def signalled(self) -> Address:
        """The address of the session description."""
        return self._signalled

    def judge(self, source: Address, now: float) -> Verdict:
        """Judge a packet that came from `source`: MOVED is PARTY, with a new `target`."""
        if source == self._source:
            return Verdict.PARTY
        if source == self._signalled:
            moved = self._source is not None
            self._source = source
            return Verdict.MOVED if moved else Verdict.PARTY
        if self._source == self._signalled or (source == self._former and now < self._former_until):
            return Verdict.STRANGER
        if self._source is None:
            self._first_at = now
        elif now - self._first_at >= RELOCK_WINDOW_S:
            return Verdict.STRANGER
        self._source = source
        return Verdict.MOVED

    def settled(self, now: float) -> bool:
        """Whether no unsignalled address can take the lock any more."""
        if self._source is None:
            return False
        return self._source == self._signalled or now - self._first_at >= RELOCK_WINDOW_S
