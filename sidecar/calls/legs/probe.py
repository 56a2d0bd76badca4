"""Asking the neighbours by OPTIONS whether they are there (RFC 3261 section 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from sidecar.calls.identifiers import new_call_id, new_tag
from sidecar.fair_time import FairTimer
from sidecar.sip.headers import Headers
from sidecar.sip.message import Request, Response
from sidecar.timers import Timer

if TYPE_CHECKING:
    from sidecar.calls.agent import Agent
    from sidecar.calls.routing import Peer
    from sidecar.sip.transactions import ClientTransaction
    from sidecar.sip.uri import Uri

log = structlog.get_logger(__name__)

ASK_EVERY = 30.0
ANSWER_WITHIN = 4.0
TRY_AGAIN_AFTER = 10
"""How often one is asked in vain before calls may try it again in its turn."""


class Probe:
    """Keeps asking one URI of one neighbour, and tells when it begins or ceases to answer.

    Any answer counts: a neighbour that refuses OPTIONS is there. One that never answers them may
    be there as well: of such a one only its calls tell (see `placing`).
    """

    call = None

    def __init__(self, agent: Agent, peer: Peer, uri: Uri) -> None:
        self._agent = agent
        self._uri = uri
        self._asked: ClientTransaction | None = None
        self._deadline: FairTimer | None = None
        self._next: Timer | None = None
        self._answers: bool | None = None
        """Whether it has answered when it was asked last; None until that is known."""
        self._has_answered = False
        self._asked_in_vain = 0
        self.peer = peer

    @property
    def reachable(self) -> bool | None:
        """Whether it is there, None while nobody knows."""
        if self._uri in self._agent.unreachable:
            return False
        return self._answers or None

    def ask(self, now: float) -> None:
        """Ask once, and again in half a minute."""
        agent = self._agent
        self._next = agent.timers.schedule(now + ASK_EVERY, self.ask)
        self._let_try_again()
        flow = agent.flow_to(self._uri)
        if flow is None:
            self._lost("it can't be reached")
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
        self._deadline = FairTimer(agent.timers.schedule, now, ANSWER_WITHIN, self._silent)

    def close(self) -> None:
        """Stop asking."""
        for timer in (self._deadline, self._next):
            if timer is not None:
                timer.cancel()

    def on_response(self, transaction: ClientTransaction, response: Response) -> None:
        """It is there."""
        if transaction is self._asked and response.status >= 200:
            self._settle()
            if self.reachable is not True:
                log.info("peer_answers", kind=self.peer.kind, name=self.peer.name)
            self._answers = self._has_answered = True
            self._agent.unreachable.discard(self._uri)

    def on_failure(self, transaction: ClientTransaction) -> None:
        """It can't be reached, unless it only has been silent for all that time."""
        if transaction is self._asked and self._deadline is not None:
            self._settle()
            self._lost("it can't be reached")

    def _silent(self, _now: float) -> None:
        """No answer: a sign only of one that used to answer."""
        self._settle()
        if self._answers:
            self._lost("it has ceased to answer OPTIONS")
        elif self._answers is None:
            log.info(
                "peer_answers_no_options",
                kind=self.peer.kind,
                name=self.peer.name,
                hint="calls will show whether it is there",
            )
        self._answers = False

    def _lost(self, reason: str) -> None:
        self._answers = False
        if self._uri in self._agent.unreachable:
            return
        self._agent.unreachable.add(self._uri)
        log.warning(
            "peer_does_not_answer",
            kind=self.peer.kind,
            name=self.peer.name,
            uri=str(self._uri),
            reason=reason,
            hint="calls try its other targets first",
        )

    def _let_try_again(self) -> None:
        """Let calls try one again that they did not reach, and that answers no OPTIONS at all."""
        if self._uri not in self._agent.unreachable or self._has_answered:
            self._asked_in_vain = 0
            return
        self._asked_in_vain += 1
        if self._asked_in_vain > TRY_AGAIN_AFTER:
            self._asked_in_vain = 0
            self._agent.unreachable.discard(self._uri)

    def _settle(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
