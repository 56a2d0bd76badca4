"""The transaction layer: messages and time in; events for the user and bytes for the wire out."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable

from sidecar.sip.flow import Flow
from sidecar.sip.message import Request, Response
from sidecar.sip.transactions.durations import RFC_TIMERS, TransactionTimers
from sidecar.sip.transactions.events import AckArrived, Event, RequestArrived
from sidecar.sip.transactions.gate import Gate, open_gate
from sidecar.sip.transactions.invite_client import InviteClient
from sidecar.sip.transactions.invite_server import InviteServer
from sidecar.sip.transactions.machine import ClientTransaction, ServerTransaction, Transaction
from sidecar.sip.transactions.matching import (
    ServerKey,
    is_legacy,
    is_ours,
    merge_key,
    note_source,
    reply_flow,
    server_key,
)
from sidecar.sip.transactions.non_invite_client import CancelClient, NonInviteClient
from sidecar.sip.transactions.non_invite_server import NonInviteServer
from sidecar.sip.transactions.own_messages import (
    cancel_of,
    derived_tag,
    encode_with_via,
    own_answer,
    own_via,
    tag_in,
)
from sidecar.sip.transactions.vocabulary import CANCEL, REQUEST, TRANSPORT_ERROR
from sidecar.sip.via import BRANCH_COOKIE
from sidecar.timers import TimerHeap

DEFAULT_LIMIT = 50_000
"""Live transactions. A call leaves four or so behind for up to 32 s each: 400 calls a second."""

RETRY_AFTER = "5"
"""Seconds after which a peer may come again when there are too many transactions."""


def random_branch() -> str:
    """Make a branch nobody can guess (RFC 3261 8.1.1.7)."""
    return BRANCH_COOKIE + secrets.token_hex(9)


class Counters:
    """What the layer has seen since it was made; for the metrics."""

    __slots__ = ("absorbed", "merged", "overload", "retransmitted", "strays")

    def __init__(self) -> None:
        self.retransmitted = 0
        """Messages sent again."""
        self.absorbed = 0
        """Requests and final responses that had come before."""
        self.strays = 0
        """Responses that belong to no transaction of ours."""
        self.merged = 0
        """Requests answered 482."""
        self.overload = 0
        """Requests answered 503: there were too many transactions, or the gate was closed."""


class TransactionLayer:
    """All transactions of one process.

    After `receive`, `send_request`, `respond` and the like, and after running the timers, take
    `take_outbox` to the wire and `take_events` to the transaction user.
    """

    def __init__(
        self,
        timers: TimerHeap,
        settings: TransactionTimers = RFC_TIMERS,
        *,
        branch: Callable[[], str] = random_branch,
        limit: int = DEFAULT_LIMIT,
        gate: Gate = open_gate,
    ) -> None:
        self.timers = timers
        self.durations = settings
        self.counters = Counters()
        self._branch = branch
        self._limit = limit
        self._gate = gate
        self._clients: dict[tuple[str, str], ClientTransaction] = {}
        self._servers: dict[ServerKey, ServerTransaction] = {}
        self._mergeable: dict[ServerKey, ServerTransaction] = {}
        self._outbox: list[tuple[bytes, Flow]] = []
        self._events: list[Event] = []
        self._spent: list[Transaction] = []
        self._handed_out: list[Transaction] = []

    def __len__(self) -> int:
        """How many transactions live, those included that only wait for stragglers."""
        return len(self._clients) + len(self._servers)

    # What comes in.

    def receive(self, message: Request | Response, flow: Flow, now: float, size: int = 0) -> None:
        """Take a message that `parse_message` has accepted; `size`: bytes that it came as.

        A new request gets `received` and `rport` written into its top Via.
        """
        if isinstance(message, Response):
            self._receive_response(message, flow, now)
        elif message.method == "ACK":
            self._receive_ack(message, flow, now)
        elif message.method == "CANCEL":
            self._receive_cancel(message, flow, now)
        else:
            self._receive_request(message, flow, now, size)

    def transport_failed(self, flow: Flow, now: float) -> None:
        """Take note that nothing reaches the peer of `flow` (or, for TCP, that connection)."""
        concerned = [
            transaction
            for transactions in (self._clients, self._servers)
            for transaction in transactions.values()
            if _same_path(transaction.flow, flow)
        ]
        for transaction in concerned:
            transaction.handle(TRANSPORT_ERROR, now)

    # What the transaction user does.

    def send_request(
        self, request: Request, flow: Flow, now: float, owner: object = None
    ) -> ClientTransaction:
        """Send a request of any method but ACK and CANCEL, and see it through.

        Our Via is put on top of what is written; `request` itself is not changed, and must not be
        while the transaction lives. Raises ValueError for ACK (`send_ack`) and CANCEL (`cancel`).
        """
        if request.method in ("ACK", "CANCEL"):
            message = f"{request.method} is not sent by send_request"
            raise ValueError(message)
        branch = self._branch()
        machine = InviteClient if request.method == "INVITE" else NonInviteClient
        transaction = machine(self, request, flow, owner, branch)
        self._clients[branch, request.method] = transaction
        transaction.start(encode_with_via(request, transaction.via), now)
        return transaction

    def send_ack(self, request: Request, flow: Flow, _now: float) -> bytes:
        """Send the ACK to a 2xx, which has no transaction (RFC 3261 13.2.2.4).

        Returns what was written, for `transmit` when the 2xx comes again.
        """
        data = encode_with_via(request, own_via(flow, self._branch()))
        self.transmit(data, flow)
        return data

    def cancel(
        self,
        transaction: ClientTransaction,
        now: float,
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Cancel an INVITE of ours, adding `headers` (Reason) to the CANCEL (RFC 3261 9.1).

        It is sent as soon as a provisional has come, never after a final response. The
        transaction still ends by a final response, or by `TimedOut` 64*T1 after the CANCEL.
        Raises ValueError where it is no INVITE.
        """
        if not isinstance(transaction, InviteClient):
            raise ValueError("only an INVITE can be cancelled")
        transaction.cancel(now, headers)

    def respond(self, transaction: ServerTransaction, response: Response, now: float) -> bytes:
        """Answer a request: any number of 1xx, one final; for an INVITE its 2xx again and again.

        Returns what was sent, so that a 2xx to an INVITE can be repeated by `transmit` until its
        ACK comes. Sends nothing and returns b"" where a final response has gone before.
        """
        data = transaction.respond(response, now)
        if data and response.status >= 200:
            self.spend(transaction)
            if response.status >= 300:
                self._free_merge_key(transaction)
            if is_legacy(transaction.key):
                transaction.final_tag = response.to_tag
        return data

    def transmit(self, data: bytes, flow: Flow) -> None:
        """Put a message into the outbox."""
        self._outbox.append((data, flow))

    def retransmit(self, data: bytes, flow: Flow) -> None:
        """Put a message into the outbox that was sent before, and count it."""
        self.counters.retransmitted += 1
        self._outbox.append((data, flow))

    # What goes out.

    def take_events(self) -> list[Event]:
        """Return what happened since last time, in order.

        Taking them says that those taken before have been handled: the finished transactions
        among them let go of their requests.
        """
        if self._handed_out:
            for transaction in self._handed_out:
                transaction.release()
        self._handed_out, self._spent = self._spent, []
        events, self._events = self._events, []
        return events

    def take_outbox(self) -> list[tuple[bytes, Flow]]:
        """Return what is to be sent, in order."""
        outbox, self._outbox = self._outbox, []
        return outbox

    # What the machines need (see `machine.Host`).

    def report(self, event: Event) -> None:
        """Tell the transaction user."""
        self._events.append(event)

    def spend(self, transaction: Transaction) -> None:
        """Drop the transaction's request once the events of now have been handled."""
        self._spent.append(transaction)

    def forget(self, transaction: Transaction) -> None:
        """Remove a terminated transaction."""
        if isinstance(transaction, ClientTransaction):
            self._clients.pop((transaction.branch, transaction.method), None)
        elif isinstance(transaction, ServerTransaction):
            if self._servers.pop(transaction.key, None) is not None:
                transaction.account.release(transaction.size)
            self._free_merge_key(transaction)
        self.spend(transaction)

    def send_cancel(self, transaction: ClientTransaction, now: float) -> None:
        """Start a transaction for the CANCEL of this INVITE, on the INVITE's branch."""
        extra = transaction.cancel_headers if isinstance(transaction, InviteClient) else ()
        request = cancel_of(transaction.request, transaction.via, extra)
        cancel = CancelClient(self, request, transaction.flow, None, transaction.branch)
        self._clients[transaction.branch, CANCEL] = cancel
        cancel.start(request.encode(), now)

    # How messages find their transaction.

    def _receive_response(self, response: Response, flow: Flow, now: float) -> None:
        via = response.via
        transaction = self._clients.get((via.branch or "", response.cseq.method))
        if transaction is None or not is_ours(response, via, transaction.flow):
            self.counters.strays += 1
            return
        if transaction.finished:
            self.counters.absorbed += 1
        transaction.receive(response, now)

    def _receive_ack(self, ack: Request, flow: Flow, now: float) -> None:
        transaction = self._find_invite(ack)
        if transaction is None or (
            transaction.final_tag is not None and transaction.final_tag != ack.to_tag
        ):
            self.report(AckArrived(ack, flow, None))
        else:
            transaction.acknowledged(ack, flow, now)

    def _receive_cancel(self, cancel: Request, flow: Flow, now: float) -> None:
        """Answer without a transaction: the INVITE's knows all that one would (RFC 3261 9.2)."""
        transaction = self._find_invite(cancel)
        if transaction is None:
            self._answer(cancel, flow, 481)
            return
        self._answer(cancel, flow, 200, tag_in(transaction.last_response))
        transaction.handle(CANCEL, now, cancel)

    def _answer(
        self, request: Request, flow: Flow, status: int, tag: str = "", **headers: str
    ) -> None:
        """Answer without a transaction: the same request gets the same To tag each time (8.2.7)."""
        via, tag = request.via, tag or derived_tag(request)
        note_source(request, via, flow)
        data = own_answer(request, status, tag, headers).encode()
        self.transmit(data, reply_flow(via, flow))

    def _find_invite(self, request: Request) -> InviteServer | None:
        transaction = self._servers.get(server_key(request, request.via, "INVITE"))
        return transaction if isinstance(transaction, InviteServer) else None

    def _receive_request(self, request: Request, flow: Flow, now: float, size: int) -> None:
        method, via = request.method, request.via
        key = server_key(request, via, method)
        transaction = self._servers.get(key)
        if transaction is not None:
            self.counters.absorbed += 1
            transaction.handle(REQUEST, now)
            return
        merge = merge_key(request)
        if len(self) >= self._limit and (merge is not None or len(self) >= self._limit * 5 // 4):
            self._refuse(request, flow)
            return
        if merge is not None and merge in self._mergeable:
            self.counters.merged += 1
            self._answer(request, flow, 482)
            return
        account = self._gate(request, flow, size, now)
        if account is None:
            self._refuse(request, flow)
            return
        note_source(request, via, flow)
        machine = InviteServer if method == "INVITE" else NonInviteServer
        transaction = machine(self, request, reply_flow(via, flow), key)
        transaction.account, transaction.size = account, size
        self._servers[key] = transaction
        if merge is not None:
            transaction.merge_key = merge
            self._mergeable[merge] = transaction
        transaction.start(now)
        self.report(RequestArrived(transaction, request, flow))

    def _refuse(self, request: Request, flow: Flow) -> None:
        """Send the peer away for now, and keep nothing of its request (RFC 3261 21.5.4)."""
        self.counters.overload += 1
        self._answer(request, flow, 503, **{"Retry-After": RETRY_AFTER})

    def _free_merge_key(self, transaction: ServerTransaction) -> None:
        if transaction.merge_key is not None:
            self._mergeable.pop(transaction.merge_key, None)
            transaction.merge_key = None


def _same_path(flow: Flow, failed: Flow) -> bool:
    return (
        flow.remote == failed.remote
        and flow.transport == failed.transport
        and (0 in (flow.connection, failed.connection) or flow.connection == failed.connection)
    )
