"""What the four transaction machines share: the table, the two timers, the bytes to repeat.

A machine is a table: (state, input) -> (next state, actions). An input without a row changes
nothing. The names of the actions are the names of methods; a table is bound to its class once, at
import, so that an input costs two dictionary look-ups and the calls of its actions. The state
changes before the actions run, and a wait of no time (reliable transports) ends at once: it is
the last action of its row.

At most one timer retransmits (A, E or G) and at most one ends the present wait; beginning a new
wait ends both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple, Protocol

from sidecar.sip.flow import Flow
from sidecar.sip.message import Request, Response
from sidecar.sip.transactions.durations import TransactionTimers
from sidecar.sip.transactions.events import Event, ResponseArrived, TimedOut, TransportFailed
from sidecar.sip.transactions.gate import Account
from sidecar.sip.transactions.own_messages import own_via
from sidecar.sip.transactions.vocabulary import ACCEPTED, COMPLETED, CONFIRMED, TERMINATED
from sidecar.timers import Timer, TimerHeap


class Transition(NamedTuple):
    """Where an input leads and what is done on the way."""

    state: str
    actions: tuple[str, ...]


Table = Mapping[str, Mapping[str, Transition]]
_Bound = dict[str, dict[str, tuple[str, tuple[Callable[..., None], ...]]]]

_FINISHED = frozenset({ACCEPTED, COMPLETED, CONFIRMED, TERMINATED})


def to(state: str, *actions: str) -> Transition:
    """One cell of a table: go to `state` and carry out `actions` in this order."""
    return Transition(state, actions)


class Host(Protocol):
    """What a machine needs of the layer that it lives in."""

    timers: TimerHeap
    durations: TransactionTimers

    def transmit(self, data: bytes, flow: Flow) -> None:
        """Put a message into the outbox."""

    def retransmit(self, data: bytes, flow: Flow) -> None:
        """Put a message into the outbox that was sent before."""

    def report(self, event: Event) -> None:
        """Tell the transaction user."""

    def spend(self, transaction: Transaction) -> None:
        """Drop the transaction's request once the events of now have been handled."""

    def forget(self, transaction: Transaction) -> None:
        """Remove a terminated transaction."""

    def send_cancel(self, transaction: ClientTransaction, now: float) -> None:
        """Start a transaction for the CANCEL of this INVITE."""


class Transaction(ABC):
    """A request and its responses, as seen from one end."""

    __slots__ = (
        "_data",
        "_deadline",
        "_ends_with",
        "_host",
        "_interval",
        "_repetition",
        "_request",
        "flow",
        "method",
        "owner",
        "state",
    )

    TABLE: ClassVar[Table]
    FIRST: ClassVar[str]
    REPETITION: ClassVar[str] = ""
    """The input that the retransmission timer is."""
    _bound: ClassVar[_Bound]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if hasattr(cls, "TABLE"):
            cls._bound = {
                state: {
                    word: (cell.state, tuple(getattr(cls, name) for name in cell.actions))
                    for word, cell in row.items()
                }
                for state, row in cls.TABLE.items()
            }

    def __init__(self, host: Host, request: Request, flow: Flow, owner: object) -> None:
        self._host = host
        self._request: Request | None = request
        self._data = b""
        self._repetition: Timer | None = None
        self._deadline: Timer | None = None
        self._ends_with = ""
        self._interval = 0.0
        self.flow = flow
        """Where our messages of this transaction go; for a server the way back (18.2.2)."""
        self.method = request.method
        self.owner = owner
        """Whatever the transaction user wants to find again; free to set. None once `release`d."""
        self.state = self.FIRST
        """One of the states of the machine's table."""

    @property
    def request(self) -> Request:
        """The request, until the events that came with its final response have been handled.

        Then it is let go, for a finished transaction lives up to 32 s longer: LookupError. Only an
        INVITE that got a 2xx keeps it to its end, since a 2xx of another fork may need it.
        """
        if self._request is None:
            message = f"the {self.method} transaction has finished and let go of its request"
            raise LookupError(message)
        return self._request

    @property
    def finished(self) -> bool:
        """True once there is a final response, or will be none."""
        return self.state in _FINISHED

    def handle(self, word: str, now: float, message: object = None) -> bool:
        """Look `word` up in the row of the present state and obey; False where it has no cell."""
        cell = self._bound[self.state].get(word)
        if cell is None:
            return False
        state, actions = cell
        self.state = state
        for action in actions:
            action(self, now, message)
        if state == TERMINATED:
            self._end()
        return True

    def release(self) -> None:
        """Let go of the request and the owner. The layer calls it when nobody can want them."""
        self._request = None
        self.owner = None

    def _end(self) -> None:
        self._stop_timers()
        self._data = b""
        self._host.forget(self)

    def _stop_timers(self) -> None:
        if self._repetition is not None:
            self._repetition.cancel()
            self._repetition = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _wait(self, word: str, delay: float, now: float) -> None:
        """End what is being waited for and wait for `word`, `delay` seconds from now."""
        self._stop_timers()
        if delay > 0:
            self._ends_with = word
            self._deadline = self._host.timers.schedule(now + delay, self._on_deadline)
        else:
            self.handle(word, now)

    def _wait_unless_reliable(self, word: str, delay: float, now: float) -> None:
        self._wait(word, 0.0 if self.flow.reliable else delay, now)

    def _repeat_after(self, interval: float, now: float) -> None:
        """Have the retransmission timer fire in `interval` seconds (unreliable transports only)."""
        if not self.flow.reliable:
            self._interval = interval
            self._repetition = self._host.timers.schedule(now + interval, self._on_repetition)

    def _on_deadline(self, now: float) -> None:
        self._deadline = None
        self.handle(self._ends_with, now)

    def _on_repetition(self, now: float) -> None:
        self._repetition = None
        self.handle(self.REPETITION, now)

    # Actions that several tables name.

    def resend(self, _now: float, _message: object) -> None:
        """Send the same bytes as last time."""
        if self._data:
            self._host.retransmit(self._data, self.flow)

    def report_timeout(self, _now: float, _message: object) -> None:
        """Tell that the peer stayed silent."""
        self._host.report(TimedOut(self))

    def report_failure(self, _now: float, _message: object) -> None:
        """Tell that the transport failed."""
        self._host.report(TransportFailed(self))


class ClientTransaction(Transaction):
    """A request of ours (RFC 3261 17.1). Made by `TransactionLayer.send_request`."""

    __slots__ = ("branch", "via")

    def __init__(
        self, host: Host, request: Request, flow: Flow, owner: object, branch: str
    ) -> None:
        super().__init__(host, request, flow, owner)
        self.branch = branch
        """The branch parameter of our Via."""
        self.via = own_via(flow, branch)
        """Our whole Via value; CANCEL and the ACK to a failure carry the same one."""

    def start(self, data: bytes, now: float) -> None:
        """Send the request for the first time and start the timers."""
        self._data = data
        self._host.transmit(data, self.flow)
        self._begin(now)

    @abstractmethod
    def _begin(self, now: float) -> None:
        """Start the timers of the first state."""

    @abstractmethod
    def receive(self, response: Response, now: float) -> None:
        """Take a response that matches this transaction."""

    def report(self, _now: float, response: Response) -> None:
        """Pass the response to the transaction user."""
        self._host.report(ResponseArrived(self, response))


class ServerTransaction(Transaction):
    """A request of the peer's (RFC 3261 17.2); told by `RequestArrived`."""

    __slots__ = ("account", "final_tag", "key", "merge_key", "size")

    account: Account
    """Where it is written down what the request takes."""
    size: int
    """Bytes of the request."""

    def __init__(self, host: Host, request: Request, flow: Flow, key: tuple[Any, ...]) -> None:
        super().__init__(host, request, flow, None)
        self.key = key
        """What a retransmission of the request is known by."""
        self.merge_key: tuple[Any, ...] | None = None
        """What a merged request is known by (RFC 3261 8.2.2.2); None within a dialog."""
        self.final_tag: str | None = None
        """To tag of our final response, kept for peers of RFC 2543 only: their ACK repeats it."""

    @property
    def last_response(self) -> bytes:
        """What a retransmitted request is answered with; empty where that is nothing."""
        return self._data

    @abstractmethod
    def start(self, now: float) -> None:
        """Do what is due when the request has just arrived."""

    def respond(self, response: Response, now: float) -> bytes:
        """Send a response and return its bytes; nothing is sent, b"", where it comes too late."""
        word = self._word_for(response.status)
        if word not in self._bound[self.state]:
            return b""
        data = response.encode()
        self.handle(word, now, data)
        return data

    @abstractmethod
    def _word_for(self, status: int) -> str:
        """Name the input that sending this status is."""

    def send(self, _now: float, data: bytes) -> None:
        """Send a response and keep its bytes for retransmissions."""
        self._data = data
        self._host.transmit(data, self.flow)

    def forget_response(self, _now: float, _message: object) -> None:
        """Let go of the bytes: from here on a repeated request is not answered."""
        self._data = b""


__all__ = ["ClientTransaction", "Host", "ServerTransaction", "Table", "Transaction", "Transition"]
