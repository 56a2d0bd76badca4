"""Whose packets are a party's, and where it hears: when is a source settled?

A session description says where a party hears. Where it speaks from is another matter: most speak
from there, some from another port (RTP need not be symmetric), and behind NAT neither address nor
port need be what was said. Anyone else may send to an open port, too. So each source is judged:

| source | party? |
|---|---|
| the signalled address and port | at once, at any time |
| the signalled address, another port | once it has settled |
| another address within the networks that NAT of this party is known by | once it has settled |
| any other | never |

A source settles by a run of `RUN` packets over at least `RUN_S`: one SSRC, numbers and timestamps
that grow as in one stream, audio of an agreed payload type. Those before the last one are dropped,
and events never help, so whoever only fires keys at ports gains nothing by it. While another
source is settled it must have been quiet for `QUIET_S` first, unless the run goes on with that
source's own stream (a port that NAT has changed): a stranger can't know its numbers.

Packets go to the signalled address; only where NAT is known of they go to the source that has
settled. So without NAT the party hears at once, and with it only when a source has settled.

Whoever can send with a forged source address, and knows which one, is the party; nothing in RTP
without SRTP can tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import NamedTuple

from .packet import sequence_ahead

Address = tuple[str, int]
Network = IPv4Network | IPv6Network

RUN = 5
RUN_S = 0.06
RUN_ENDS_S = 1.0
"""A run that pauses for longer begins anew."""

QUIET_S = 2.0
FORMER_S = 1.0
"""The address that a party has just left is not followed for so long."""

MAX_LOST = 10
"""Packets of a run that may be missing between two others."""

MAX_LOST_IN_STREAM = 100
MAX_STEP = 48_000
"""Timestamp units between two packets of a run: one second of the fastest clock."""

MAX_CANDIDATES = 4
_MASK32 = 0xFFFFFFFF


class Numbers(NamedTuple):
    """What tells a packet's place in a stream."""

    ssrc: int
    sequence: int
    timestamp: int


UNNUMBERED = Numbers(-1, 0, 0)
"""Stands for a packet of a stream that is no RTP: each follows the one before."""


class Verdict(Enum):
    """What a packet's source makes of it."""

    PARTY = "party"
    MOVED = "moved"
    STRANGER = "stranger"


class _Run:
    """Packets of one source that could be the beginning of a party's stream."""

    __slots__ = ("began_at", "count", "last", "last_at")

    def __init__(self, numbers: Numbers, now: float) -> None:
        self.began_at = self.last_at = now
        self.count = 1
        self.last = numbers

    def add(self, numbers: Numbers, now: float) -> bool:
        """Take one more packet. Returns False where it does not follow: a new run begins."""
        if now - self.last_at > RUN_ENDS_S or numbers.ssrc != self.last.ssrc:
            return False
        if numbers is not UNNUMBERED:
            ahead = sequence_ahead(numbers.sequence, self.last.sequence)
            if -MAX_LOST <= ahead <= 0:
                return True  # repeated or overtaken
            step = (numbers.timestamp - self.last.timestamp) & _MASK32
            if not 0 < ahead <= 1 + MAX_LOST or not 0 < step <= MAX_STEP:
                return False
        self.count += 1
        self.last, self.last_at = numbers, now
        return True

    @property
    def complete(self) -> bool:
        """Whether the source has settled by it."""
        return self.count >= RUN and self.last_at - self.began_at >= RUN_S


class Settling:
    """The sources of one stream of one party. Times are seconds of one monotonic clock."""

    __slots__ = ("_former", "_former_until", "_nat", "_runs", "signalled", "source")

    def __init__(
        self,
        signalled: Address,
        *,
        nat: Iterable[Network] = (),
        former: Address | None = None,
        now: float = 0.0,
    ) -> None:
        """nat: where the party's packets may come from besides; empty without NAT.

        former: where packets went before this address was signalled.
        """
        self.signalled = signalled
        self.source: Address | None = None
        """Whose packets count; None until somebody has spoken."""
        self._nat = tuple(nat)
        self._former = former if former != signalled else None
        self._former_until = now + FORMER_S
        self._runs: dict[Address, _Run] = {}

    @property
    def target(self) -> Address:
        """Where packets for the party go."""
        return self.source if self._nat and self.source is not None else self.signalled

    @property
    def settled(self) -> bool:
        """Whether what goes to `target` reaches the party, as far as addresses can tell."""
        return self.source is not None or not self._nat

    def judge(
        self,
        source: Address,
        numbers: Numbers | None,
        now: float,
        *,
        stream: Numbers | None = None,
        heard_at: float = 0.0,
    ) -> Verdict:
        """Judge a packet that came from `source`: MOVED is PARTY, with a new `target`.

        numbers: of a packet of agreed audio, else None. stream, heard_at: the numbers of the last
        packet that counted, and when it came.
        """
        if source == self.source:
            return Verdict.PARTY
        if source == self.signalled:
            return self._settle_on(source)
        if numbers is None or not self._may_settle(source, now):
            return Verdict.STRANGER
        if self.source is not None and now - heard_at < QUIET_S and not _goes_on(stream, numbers):
            return Verdict.STRANGER
        return self._settle_on(source) if self._run(source, numbers, now) else Verdict.STRANGER

    def _may_settle(self, source: Address, now: float) -> bool:
        if source == self._former and now < self._former_until:
            return False
        if source[0] == self.signalled[0]:
            return True
        if not self._nat:
            return False
        address = ip_address(source[0])
        return any(address in network for network in self._nat)

    def _run(self, source: Address, numbers: Numbers, now: float) -> bool:
        """Count the packet. Returns whether its source has settled."""
        run = self._runs.get(source)
        if run is None or not run.add(numbers, now):
            self._runs.pop(source, None)
            if len(self._runs) == MAX_CANDIDATES:
                del self._runs[min(self._runs, key=lambda each: self._runs[each].last_at)]
            self._runs[source] = _Run(numbers, now)
            return False
        return run.complete

    def _settle_on(self, source: Address) -> Verdict:
        before = self.target
        self.source = source
        self._runs.clear()
        return Verdict.MOVED if self.target != before else Verdict.PARTY


def _goes_on(stream: Numbers | None, numbers: Numbers) -> bool:
    """Whether a packet comes after another one of the same stream."""
    if stream is None or stream.ssrc != numbers.ssrc:
        return False
    return 0 < sequence_ahead(numbers.sequence, stream.sequence) <= MAX_LOST_IN_STREAM
