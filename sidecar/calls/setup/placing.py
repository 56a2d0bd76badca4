"""Placing the B leg: the INVITE to each target in turn, its forks, its answer or refusal.

A target that stays silent for one timer B, can't be reached, or answers 503 gives way to the
next; those that the probes found silent already come last. Each fork behind the target that
answers (1xx or 2xx with a tag of its own) is an early dialog and so a leg; the first 2xx wins,
later ones are acknowledged and hung up (RFC 3261 section 13.2.2.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sidecar.calls.identifiers import new_call_id, new_tag
from sidecar.calls.legs.leg import Leg
from sidecar.calls.setup import announcing
from sidecar.media.engine import Side
from sidecar.sip.dialog import Dialog
from sidecar.sip.headers import Headers
from sidecar.sip.message import Request, Response
from sidecar.sip.uri import Uri

if TYPE_CHECKING:
    from sidecar.calls.call import Call
    from sidecar.calls.setup.announcing import Terms
    from sidecar.sip.flow import Flow
    from sidecar.sip.transactions import ClientTransaction

MOST_FORKS = 12
FORK_ENDED = 199


class Diversion(NamedTuple):
    """Another target for the B leg; `headers` tell it for whom the call is, and why it comes."""

    target: Uri
    request_uri: str
    headers: tuple[tuple[str, str], ...]


class Placing:
    """The B leg of a call while it is being set up; the owner of its INVITE's transactions."""

    __slots__ = (
        "_call_id",
        "_client",
        "_cseq",
        "_diversion",
        "_flow",
        "_request",
        "_tag",
        "_target",
        "_targets",
        "call",
        "cancelled",
        "end",
        "forks",
        "offered",
        "winner",
    )

    def __init__(self, call: Call, diversion: Diversion | None = None) -> None:
        """`diversion`: where it goes in place of where the caller has called."""
        self.call = call
        silent = call.agent.unreachable
        targets = call.route.destination.uris if diversion is None else (diversion.target,)
        self._target: Uri | None = None
        self._targets = iter(sorted(targets, key=lambda uri: uri in silent))
        self._diversion = diversion
        inbound = call.route.inbound
        self._call_id = call.pbx_call_id if inbound else new_call_id()
        self._tag = new_tag()
        self._cseq = 0
        self._client: ClientTransaction | None = None
        self._flow: Flow | None = None
        self._request: Request | None = None
        self.end = call.new_end(Side.B)
        self.forks: dict[str, Leg] = {}
        self.winner: Leg | None = None
        self.cancelled = False
        self.offered: Terms = ()
        """What was agreed with a caller who was answered before, when the callee was called."""

    @property
    def progressed(self) -> bool:
        """Whether a fork has been told to the caller already."""
        return bool(self.forks)

    def next_target(self) -> bool:
        """Send the INVITE to the next target that can be reached; False where none is left.

        Raises SdpError or OfferAnswerError where the caller's offer can't cross.
        """
        agent = self.call.agent
        for target in self._targets:
            flow = agent.flow_to(target)
            if flow is not None:
                self._flow, self._target = flow, target
                self._invite(target, flow)
                return True
        return False

    def cancel(self, headers: list[tuple[str, str]]) -> None:
        """Give the INVITE up; a 2xx that crosses the CANCEL is hung up."""
        self.cancelled = True
        if self._client is not None:
            self.call.agent.layer.cancel(self._client, self.call.now, headers)

    def abandon(self) -> None:
        """Give it up with all its forks, while the call goes on elsewhere."""
        self.cancel([])
        self._drop_forks()

    def on_response(self, transaction: ClientTransaction, response: Response) -> None:
        """Take a response to one of our INVITEs: who answers it is there."""
        self._reached(there=True)
        if response.status < 200:
            self._provisional(transaction, response)
        elif response.status < 300:
            self._accepted(transaction, response)
        elif transaction is self._client and not self.cancelled:
            self._client = None
            if response.status != 503 or not self.call.try_next():
                self.call.callee_refused(response.status, response)

    def on_failure(self, transaction: ClientTransaction) -> None:
        """No answer within timer B, or the transport failed."""
        if transaction is self._client and not self.cancelled:
            self._client = None
            self._reached(there=False)
            if not self.call.try_next():
                self.call.callee_silent()

    def _reached(self, *, there: bool) -> None:
        """Have the next calls try first what calls have reached."""
        if self._target is not None:
            mark = self.call.agent.unreachable
            (mark.discard if there else mark.add)(self._target)

    def _invite(self, target: Uri, flow: Flow) -> None:
        call, agent, names = self.call, self.call.agent, self.call.agent.identities
        request, to_trunk = call.request, call.route.destination.kind == "trunk"
        self._cseq += 1
        self.end = call.new_end(Side.B)
        crossing, body = call.invite_content(self.end)
        self.offered = announcing.terms(call.a) if call.a is not None else ()
        headers = Headers(
            [
                ("Max-Forwards", str(agent.hops_left(request))),
                ("From", names.calling(request.from_, to_trunk=to_trunk, flow=flow, tag=self._tag)),
                ("To", names.called(request, call.route, target)),
                ("Call-ID", self._call_id),
                ("CSeq", f"{self._cseq} INVITE"),
                ("Contact", agent.contact(flow)),
                *crossing,
            ]
        )
        if self._diversion is not None:
            headers.remove("History-Info")
            for name, value in self._diversion.headers:
                headers.add(name, value)
        self._request = Request("INVITE", self._request_uri(target), headers, body)
        self._client = agent.send_request(self._request, flow, call.route.destination, self)

    def _request_uri(self, target: Uri) -> str:
        if self._diversion is not None:
            return self._diversion.request_uri
        route, agent = self.call.route, self.call.agent
        if route.contact is not None and agent.reaches(route.contact, route.destination):
            return str(route.contact.uri)
        return str(agent.router.request_uri(route, target))

    def _provisional(self, transaction: ClientTransaction, response: Response) -> None:
        if transaction is not self._client or response.status == 100 or self.cancelled:
            return
        if response.status == FORK_ENDED:
            return
        untagged = response.to_tag is None and self.forks  # of a peer of RFC 2543
        leg = next(iter(self.forks.values())) if untagged else self._fork(response)
        if leg is not None:
            self.call.callee_progressed(leg, response)

    def _accepted(self, transaction: ClientTransaction, response: Response) -> None:
        leg = self.forks.get(response.to_tag or "")
        if leg is not None and leg.ack:
            self.call.agent.repeat_ack(leg)
            return
        if leg is not None and leg is self.winner:
            return  # its ACK waits for the caller's
        stale = self.winner is not None or transaction is not self._client or self.cancelled
        leg = leg or self._fork(response)
        if leg is None:
            return
        leg.dialog.confirm(response)
        leg.ack_owed = transaction.request
        if stale:
            self.call.agent.send_ack(leg)
            self.call.agent.hang_up(leg)
            return
        self.winner = leg
        self._drop_forks()
        self.call.callee_answered(leg, response)

    def _fork(self, response: Response) -> Leg | None:
        tag = response.to_tag or ""
        leg = self.forks.get(tag)
        request, flow = self._request, self._flow
        if leg is None and len(self.forks) < MOST_FORKS and request and flow:
            call = self.call
            dialog = Dialog.as_uac(request, response, call.agent.contact(flow), flow)
            leg = Leg(call, call.route.destination, dialog, self.end.fork())
            self.forks[tag] = leg
            call.agent.add_leg(leg)
        return leg

    def _drop_forks(self) -> None:
        """Forget the early dialogs that lost, on both sides; the PBX ends them without us."""
        for leg in self.forks.values():
            if leg is not self.winner:
                self.call.agent.forget(leg)
                if leg.other is not None:
                    self.call.agent.forget(leg.other)
        self.forks = {tag: leg for tag, leg in self.forks.items() if leg is self.winner}
