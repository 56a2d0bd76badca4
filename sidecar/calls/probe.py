"""Asking the neighbours by OPTIONS whether they are there (RFC 3261 section 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from sidecar.calls.fair_timer import FairTimer
from sidecar.calls.identifiers import new_call_id, new_tag
from sidecar.sip.headers import Headers
from sidecar.sip.message import Request, Response
from sidecar.sip.timers import Timer

if TYPE_CHECKING:
    from sidecar.calls.agent import Agent
    from sidecar.calls.routing import Peer
    from sidecar.sip.transactions import ClientTransaction
    from sidecar.sip.uri import Uri

log = structlog.get_logger(__name__)

ASK_EVERY = 30.0
ANSWER_WITHIN = 4.0


class Probe:
    """Keeps asking one URI of one neighbour, and tells when it begins or ceases to answer.

    Any answer counts: a neighbour that refuses OPTIONS is there. `reachable` is None until the
    first answer, or the first silence.
    """

    call = None

    def __init__(self, agent: Agent, peer: Peer, uri: Uri) -> None:
        self._agent = agent
        self._uri = uri
        self._asked: ClientTransaction | None = None
        self._deadline: FairTimer | None = None
        self._next: Timer | None = None
        self.peer = peer
        self.reachable: bool | None = None

    def ask(self, now: float) -> None:
        """Ask once, and again in half a minute."""
        agent = self._agent
        self._next = agent.timers.schedule(now + ASK_EVERY, self.ask)
        flow = agent.flow_to(self._uri)
        if flow is None:
            self._set(False)
            return
        here = f"<sip:{flow.sent_by}>"
        headers = Headers(
            [
                ("Max-Forwards", "70"),
                ("From", f"{here};tag={new_tag()}"),
                ("To", f"<{self._uri}>"),
                ("Call-ID", new_call_id()),
                ("CSeq", "1 OPTIONS"),
                ("Contact", here),
                ("Accept", "application/sdp"),
            ]
        )
        request = Request("OPTIONS", str(self._uri), headers)
        self._asked = agent.send_request(request, flow, self.peer, self)
        self._deadline = FairTimer(
            agent.timers.schedule, now, ANSWER_WITHIN, lambda _now: self._set(False)
        )

    def close(self) -> None:
        """Stop asking."""
        for timer in (self._deadline, self._next):
            if timer is not None:
                timer.cancel()

    def on_response(self, transaction: ClientTransaction, response: Response) -> None:
        """It is there."""
        if transaction is self._asked and response.status >= 200:
            self._set(True)

    def on_failure(self, transaction: ClientTransaction) -> None:
        """It can't be reached."""
        if transaction is self._asked:
            self._set(False)

    def _set(self, reachable: bool) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        if reachable == self.reachable:
            return
        self.reachable = reachable
        if reachable:
            self._agent.unreachable.discard(self._uri)
            log.info("peer_answers", kind=self.peer.kind, name=self.peer.name)
        else:
            self._agent.unreachable.add(self._uri)
            log.warning(
                "peer_does_not_answer",
                kind=self.peer.kind,
                name=self.peer.name,
                uri=str(self._uri),
                hint="calls to it get 503 until it does",
            )
