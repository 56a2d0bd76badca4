"""One transaction layer with a clock of its own and a peer that says what the test wants."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import pytest

from sidecar.sip.flow import Flow
from sidecar.sip.headers import Headers
from sidecar.sip.message import Request, Response, respond
from sidecar.sip.parser import parse_message
from sidecar.sip.transactions import (
    ClientTransaction,
    Event,
    RequestArrived,
    ServerTransaction,
    TransactionLayer,
)
from sidecar.timers import TimerHeap

OURS = ("192.0.2.1", 5060)
PEER = ("192.0.2.2", 5060)


class Bench:
    """A layer under test; `sent` and `events` hold all that came out of it so far."""

    def __init__(self, transport: str = "UDP", limit: int = 1000) -> None:
        self.now = 0.0
        self.timers = TimerHeap()
        numbers = itertools.count(1)
        self.layer = TransactionLayer(
            self.timers, branch=lambda: f"z9hG4bK-ours-{next(numbers)}", limit=limit
        )
        self.flow = Flow(transport, OURS, PEER, "192.0.2.1:5060", 7 if transport != "UDP" else 0)
        self.sent: list[tuple[float, Request | Response, Flow]] = []
        self.events: list[Event] = []
        self.asked_for: dict[ServerTransaction, Request] = {}
        self._posed: list[Request] = []

    def drain(self) -> None:
        for data, flow in self.layer.take_outbox():
            message = parse_message(data)
            self.sent.append((self.now, message, flow))
            if isinstance(message, Request) and message.method not in ("ACK", "CANCEL"):
                self._posed.append(message)
        self.events += self.layer.take_events()

    def forget(self) -> None:
        """Look only at what happens from here on."""
        self.drain()
        self.sent.clear()
        self.events.clear()

    def run_until(self, end: float) -> None:
        """Let the time pass, firing each timer at its very moment."""
        while (due := self.timers.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.timers.run(self.now)
            self.drain()
        self.now = end

    def times(self, what: str | int) -> list[float]:
        """When a method or a status was sent."""
        return [at for at, message, _ in self.sent if _name(message) == str(what)]

    def said(self) -> list[str]:
        """Methods and statuses sent, in order."""
        return [_name(message) for _, message, _ in self.sent]

    def told(self) -> list[str]:
        """Names of the events, in order."""
        return [type(event).__name__ for event in self.events]

    # As client.

    def send(self, method: str, extra: Iterable[tuple[str, str]] = ()) -> ClientTransaction:
        request = self.request(method, extra)
        transaction = self.layer.send_request(request, self.flow, self.now)
        self.drain()
        return transaction

    def request(self, method: str, extra: Iterable[tuple[str, str]] = ()) -> Request:
        return Request(
            method,
            "sip:callee@example.com",
            Headers(
                [
                    ("Max-Forwards", "70"),
                    ("From", "<sip:caller@example.org>;tag=ours"),
                    ("To", "<sip:callee@example.com>"),
                    ("Call-ID", "call-1"),
                    ("CSeq", f"1 {method}"),
                    *extra,
                ]
            ),
        )

    def answer(self, status: int, to_tag: str = "theirs") -> Request | Response:
        """Let the peer answer the latest request of ours that is no ACK or CANCEL."""
        response = respond(self._posed[-1], status, to_tag=to_tag if status > 100 else None)
        return self.hear(response)

    # As server.

    def hear(self, message: Request | Response, flow: Flow | None = None) -> Request | Response:
        """Receive a message as it comes from the wire."""
        return self.hear_bytes(message.encode(), flow)

    def hear_bytes(self, data: bytes, flow: Flow | None = None) -> Request | Response:
        message = parse_message(data)
        self.layer.receive(message, flow or self.flow, self.now)
        self.drain()
        return message

    def asked(
        self,
        method: str,
        branch: str = "z9hG4bK-theirs",
        *,
        number: int = 1,
        in_dialog: bool = False,
        via: str = "",
        as_method: str = "",
        uri: str = "sip:caller@192.0.2.1",
        to_tag: str = "",
    ) -> Request:
        """What a peer's request looks like on the wire."""
        tag = to_tag or ("ours" if in_dialog else "")
        transport = self.flow.transport
        return Request(
            method,
            uri,
            Headers(
                [
                    ("Via", via or f"SIP/2.0/{transport} 192.0.2.2:5060;branch={branch}"),
                    ("Max-Forwards", "70"),
                    ("From", "<sip:callee@example.com>;tag=theirs"),
                    ("To", "<sip:caller@example.org>" + (f";tag={tag}" if tag else "")),
                    ("Call-ID", "call-2"),
                    ("CSeq", f"{number} {as_method or method}"),
                ]
            ),
        )

    def arrive(self, request: Request, flow: Flow | None = None) -> ServerTransaction:
        """Let a new request come and give its transaction."""
        before = len(self.events)
        self.hear(request, flow)
        (event,) = self.events[before:]
        assert isinstance(event, RequestArrived)
        self.asked_for[event.transaction] = event.request
        return event.transaction

    def respond(self, transaction: ServerTransaction, status: int, tag: str = "ours") -> bytes:
        request = self.asked_for[transaction]
        response = respond(request, status, to_tag=tag)
        data = self.layer.respond(transaction, response, self.now)
        self.drain()
        return data


def _name(message: Request | Response) -> str:
    return message.method if isinstance(message, Request) else str(message.status)


@pytest.fixture
def bench() -> Callable[..., Bench]:
    """Make a bench: `bench("TCP", limit=3)`."""
    return Bench
