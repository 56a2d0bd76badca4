"""How long the transaction timers run (RFC 3261 table 4, RFC 6026 section 8)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TransactionTimers:
    """The base values, in seconds; every timer A to M is derived from them."""

    t1: float = 0.5
    """Estimate of the round trip: first retransmission; 64 * t1 is when a peer counts as silent."""
    t2: float = 4.0
    """Longest gap between retransmissions of non-INVITE requests and of INVITE responses."""
    t4: float = 5.0
    """Longest time a message is taken to stay in the network."""
    timer_c: float = 240.0
    """How long an INVITE may ring without a new provisional (RFC 3261 16.6: above 3 minutes)."""

    @property
    def silence(self) -> float:
        """64 * T1: timers B, D, F, H, J, L and M, and the wait for a cancelled INVITE to end."""
        return 64 * self.t1


RFC_TIMERS = TransactionTimers()
"""The values of RFC 3261: T1 500 ms, T2 4 s, T4 5 s."""
