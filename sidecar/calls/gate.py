"""The gate for new requests: within the limits of whoever sends them, or 503 (docs/limits.md).

A refusal is counted and costs next to nothing: no transaction, no route, no decision. But calls
leave records (promise 6): one refused for a limit leaves one as long as these are few, and is
only counted (`limits_hit_total`) beyond that, so that a flood fills no disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.budgets import Bucket
from sidecar.calls.limits import Account, Pool
from sidecar.records.record import Disposition, EndedBy

if TYPE_CHECKING:
    from sidecar.calls.agent import Agent
    from sidecar.calls.routing import Peer
    from sidecar.sip.flow import Flow
    from sidecar.sip.message import Request

RECORDS_A_SECOND = 1.0
RECORDS_AT_ONCE = 20.0
"""Records of refused calls, for each neighbour."""
UNAVAILABLE = 503


class Gate:
    """Keeps the account of each neighbour."""

    def __init__(self, agent: Agent, pool: Pool) -> None:
        self._agent = agent
        self._pool = pool
        self._accounts: dict[tuple[str, str], Account] = {}
        self._records: dict[Account, Bucket] = {}

    def account_of(self, peer: Peer) -> Account:
        """Return what a neighbour has taken."""
        name = peer.kind, peer.name
        account = self._accounts.get(name)
        if account is None:
            trunk = peer.kind == "trunk"
            account = self._accounts[name] = Account(peer.limits, self._pool, trunk=trunk)
            self._records[account] = Bucket(RECORDS_A_SECOND, RECORDS_AT_ONCE)
        return account

    def admit(self, request: Request, flow: Flow, size: int, now: float) -> Account | None:
        """Take a new request in; None where it is to be refused. See `transactions.gate.Gate`."""
        agent = self._agent
        peer = agent.ports.source_of(flow.remote)
        if peer is None:
            return None
        account = self.account_of(peer)
        inside = request.to_tag is not None
        limit = account.over_by_request(request.method, now, inside=inside, size=size)
        if not limit:
            return account
        agent.metrics.sip_request(request.method, peer.kind)
        agent.metrics.sip_response(UNAVAILABLE, peer.kind)
        self.hit(peer, limit)
        if request.method == "INVITE" and not inside and self.keeps_record(peer):
            self._record(request, peer)
        return None

    def hit(self, peer: Peer, limit: str) -> None:
        """A limit of a neighbour was reached: count it, and say so."""
        agent = self._agent
        agent.metrics.limit_hit(f"{peer.kind}.{peer.name}", limit)
        agent.complaints.tell(peer, "limit_reached", limit=limit)

    def keeps_record(self, peer: Peer) -> bool:
        """Tell whether one more call of this neighbour's, refused for a limit, gets a record."""
        return self._records[self.account_of(peer)].take(self._agent.now)

    def _record(self, request: Request, peer: Peer) -> None:
        agent = self._agent
        if request.target.scheme not in ("sip", "sips", "tel"):
            return
        route = agent.router.route(request, peer, agent.wall())
        if route is None:
            return
        ledger = agent.books.open(route.facts, agent.rules.decide(route.facts))
        ledger.counted()
        ledger.ended(Disposition.REFUSED, EndedBy.SIDECAR)
        ledger.close()
