"""A SIP port with its transactions: the shell that the telephone is built on.

Bytes go in, events are handed to whom they concern, bytes go out, one timer is re-armed. All
that passes the wire is kept, and can be lost on purpose.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Literal

from sidecar.demo.awaited import Awaited, Owner
from sidecar.demo.udp_wire import UdpWire
from sidecar.demo.watched import Watched
from sidecar.net.address import Address as SocketAddress
from sidecar.net.address import host_port
from sidecar.net.places import Neighbour
from sidecar.net.tcp import TcpListener
from sidecar.sip.errors import ParseError
from sidecar.sip.flow import Flow
from sidecar.sip.message import Message, Request, Response
from sidecar.sip.parser import parse_message
from sidecar.sip.transactions import (
    AckArrived,
    CancelArrived,
    ClientTransaction,
    Event,
    RequestArrived,
    ResponseArrived,
    ServerTransaction,
    TimedOut,
    TransactionLayer,
    TransactionTimers,
)
from sidecar.timers import TimerHeap

Direction = Literal["sent", "received"]
Trace = Callable[[Direction, Message], None]
Filter = Callable[[Message], bool]
HeaderList = Iterable[tuple[str, str]]

ANYBODY = Neighbour("anybody", 100)
"""Whoever calls: a telephone that shows how it is done takes everybody in."""


def outline(messages: Iterable[Message]) -> list[str]:
    """Methods and statuses in order, such as ["INVITE", "180"]."""
    return [
        message.method if isinstance(message, Request) else str(message.status)
        for message in messages
        if isinstance(message, Request | Response)
    ]


class SipPort(Watched, ABC):
    """Sends requests for their owners and hands arrivals to its subclass.

    `sent` and `received` are all messages on the wire, repeated ones too; `garbage` is what came
    and could not be read. A message for which `drop_sent` or `drop_received` returns True is lost
    as if by the network. `until` waits for what is received.
    """

    def __init__(
        self,
        address: SocketAddress,
        transport: Literal["udp", "tcp"],
        timers: TransactionTimers,
        trace: Trace | None,
    ) -> None:
        super().__init__()
        self.sent: list[Message] = []
        self.received: list[Message] = []
        self.garbage: list[bytes] = []
        self.drop_sent: Filter | None = None
        self.drop_received: Filter | None = None
        self.layer = TransactionLayer(TimerHeap(), timers)
        self._trace = trace
        self._wire = self._make_wire(transport, address)
        self._alarm: asyncio.TimerHandle | None = None
        self._pumping = False

    async def start(self) -> None:
        """Bind the port; raises OSError where it can't be had."""
        await self._wire.start()

    async def close(self) -> None:
        """Stop at once and give the port back."""
        if self._alarm is not None:
            self._alarm.cancel()
        await self._wire.close()

    @abstractmethod
    def on_arrival(self, event: RequestArrived | AckArrived | CancelArrived) -> None:
        """Take what a peer wants of us."""

    @property
    def address(self) -> SocketAddress:
        """Host and port of the SIP port."""
        return self._wire.address

    @property
    def transport(self) -> Literal["udp", "tcp"]:
        """What the port speaks."""
        return "udp" if isinstance(self._wire, UdpWire) else "tcp"

    def flow_to(self, remote: SocketAddress) -> Flow:
        """The way from this port to a peer."""
        return self._wire.flow_to(remote)

    def send_raw(self, data: bytes, to: SocketAddress) -> None:
        """Send any bytes at all."""
        self._wire.send(data, self._wire.flow_to(to))

    def now(self) -> float:
        """The clock that the transactions run by, in seconds."""
        return asyncio.get_running_loop().time()

    def send(self, request: Request, flow: Flow, owner: Owner) -> ClientTransaction:
        """Start a transaction whose fate is told to `owner`."""
        transaction = self.layer.send_request(request, flow, self.now(), owner)
        self.pump()
        return transaction

    async def transact(self, request: Request, flow: Flow) -> Response:
        """Send a request and wait for its final response; raises CallFailed without one."""
        owner = Awaited()
        self.send(request, flow, owner)
        return await owner.final()

    def respond(self, transaction: ServerTransaction, response: Response) -> bytes:
        """Answer a request; returns the bytes sent."""
        data = self.layer.respond(transaction, response, self.now())
        self.pump()
        return data

    def acknowledge(self, ack: Request, flow: Flow) -> bytes:
        """Send the ACK to a 2xx; returns the bytes, for `repeat`."""
        data = self.layer.send_ack(ack, flow, self.now())
        self.pump()
        return data

    def repeat(self, data: bytes, flow: Flow) -> None:
        """Send again what was sent before."""
        self.layer.retransmit(data, flow)
        self.pump()

    def cancel(self, transaction: ClientTransaction, headers: HeaderList = ()) -> None:
        """Cancel an INVITE of ours."""
        self.layer.cancel(transaction, self.now(), headers)
        self.pump()

    def pump(self) -> None:
        """Hand out what has happened, send what is to be sent, and set the alarm."""
        if self._pumping:
            return
        self._pumping = True
        try:
            while True:
                events = self.layer.take_events()
                for event in events:
                    self._on_event(event)
                outbox = self.layer.take_outbox()
                for data, flow in outbox:
                    self._transmit(data, flow)
                if not events and not outbox:
                    break
        finally:
            self._pumping = False
        self._set_alarm()

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        deadline = self.layer.timers.next_deadline()
        if deadline is not None:
            self._alarm = asyncio.get_running_loop().call_at(deadline, self._on_alarm)

    def _on_alarm(self) -> None:
        self._alarm = None
        self.layer.timers.run(self.now())
        self.pump()

    def _transmit(self, data: bytes, flow: Flow) -> None:
        message = parse_message(data)
        if self.drop_sent is not None and self.drop_sent(message):
            return
        self.sent.append(message)
        if self._trace is not None:
            self._trace("sent", message)
        self._wire.send(data, flow)

    def _on_data(self, data: bytes, flow: Flow) -> None:
        try:
            message = parse_message(data)
        except ParseError:
            self.garbage.append(data)
            self._news.set()
            return
        if self.drop_received is not None and self.drop_received(message):
            return
        self.received.append(message)
        if self._trace is not None:
            self._trace("received", message)
        self.layer.receive(message, flow, self.now())
        self.pump()
        self._news.set()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, RequestArrived | AckArrived | CancelArrived):
            self.on_arrival(event)
            return
        if not isinstance(event.transaction, ClientTransaction):
            return
        owner: Owner | None = event.transaction.owner  # type: ignore[assignment]
        if owner is None:
            return
        if isinstance(event, ResponseArrived):
            owner.on_response(event.response)
        else:
            owner.on_failure("timeout" if isinstance(event, TimedOut) else "transport failed")

    def _make_wire(self, transport: str, address: SocketAddress) -> UdpWire | TcpListener:
        if transport == "udp":
            return UdpWire(address, self._on_data)
        return TcpListener(
            address,
            lambda bound: host_port(*bound),
            self._on_data,
            lambda _remote: ANYBODY,
            self._on_lost,
            lambda _name: None,
        )

    def _on_lost(self, flow: Flow) -> None:
        self.layer.transport_failed(flow, self.now())
        self.pump()
