"""SIP over TCP (RFC 3261 section 18, RFC 5626 keep-alives): listener and reused connections."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import cast

import structlog

from sidecar.net.address import Address
from sidecar.sip.flow import Flow
from sidecar.sip.framing import FramingError, StreamFramer

log = structlog.get_logger(__name__)

CONNECT_WITHIN = 5.0
IDLE_FOR = 600.0
MESSAGE_WITHIN = 30.0
MOST_CONNECTIONS = 2000
MOST_UNSENT = 1024 * 1024
MOST_WAITING = 64


class _Connection(asyncio.Protocol):
    """One TCP connection: bytes in, whole messages out, pings answered, idleness ended."""

    def __init__(self, listener: TcpListener, number: int) -> None:
        self._listener = listener
        self._framer = StreamFramer()
        self._limit: asyncio.TimerHandle | None = None
        self._waits_for_rest = False
        self.number = number
        self.transport: asyncio.Transport | None = None
        self.remote: Address = ("", 0)
        self.flow: Flow | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.remote = transport.get_extra_info("peername")[:2]
        self._listener.opened(self)
        self._expect(rest=False)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._limit is not None:
            self._limit.cancel()
        self._listener.closed(self)

    def data_received(self, data: bytes) -> None:
        flow = self.flow
        if flow is None:
            return
        try:
            arrived = self._framer.feed(data)
        except FramingError as error:
            log.warning("tcp_stream_unreadable", problem=str(error))
            self.abort()
            return
        for message in arrived.messages:
            self._listener.receive(message, flow)
        if arrived.pongs and self.transport is not None:
            self.transport.write(b"\r\n" * arrived.pongs)
        self._expect(rest=self._framer.pending)

    @property
    def open(self) -> bool:
        """Whether messages can still be written."""
        return self.transport is not None and not self.transport.is_closing()

    def send(self, data: bytes) -> None:
        """Write one message; a peer that doesn't read loses its connection."""
        if self.transport is None or not self.open:
            return
        if self.transport.get_write_buffer_size() > MOST_UNSENT:
            self.abort()
            return
        self.transport.write(data)

    def abort(self) -> None:
        """Drop the connection without waiting for unsent bytes."""
        if self.transport is not None:
            self.transport.abort()

    def _expect(self, rest: bool) -> None:
        """Give the rest of a message, or the next message, its time; more bytes win no more."""
        if rest and self._waits_for_rest:
            return
        if self._limit is not None:
            self._limit.cancel()
        self._waits_for_rest = rest
        seconds = MESSAGE_WITHIN if rest else IDLE_FOR
        self._limit = asyncio.get_running_loop().call_later(seconds, self.abort)


class TcpListener:
    """A TCP port on which SIP is spoken, with the connections made and taken through it.

    `receive(data, flow)` gets one whole message a call. `admits(address)` decides before the
    first byte is read. `failed(flow)` tells that what was queued for `flow` can't be delivered.
    """

    def __init__(
        self,
        address: Address,
        sent_by: Callable[[Address], str],
        receive: Callable[[bytes, Flow], None],
        admits: Callable[[Address], bool],
        failed: Callable[[Flow], None],
    ) -> None:
        self._wanted = address
        self._sent_by = sent_by
        self._admits = admits
        self._failed = failed
        self._server: asyncio.Server | None = None
        self._connections: OrderedDict[int, _Connection] = OrderedDict()
        self._by_remote: dict[Address, _Connection] = {}
        self._waiting: dict[Address, list[bytes]] = {}
        self._connecting: set[asyncio.Task[None]] = set()
        self._last_number = 0
        self.receive = receive
        self.address = address

    async def start(self) -> None:
        """Bind the port. Raises OSError when it can't be had."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._new_connection, *self._wanted)
        self.address = self._server.sockets[0].getsockname()[:2]

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        for task in tuple(self._connecting):
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections.values()):
            if connection.transport is not None:
                connection.transport.close()
        if self._server is not None:
            await self._server.wait_closed()

    def flow_to(self, remote: Address) -> Flow:
        """Return a flow to `remote`: over whichever connection there is when it is used."""
        return Flow("TCP", self.address, remote, self._sent_by(self.address))

    def send(self, data: bytes, flow: Flow) -> None:
        """Write over the flow's connection, another one to the same address, or a new one."""
        connection = self._usable(flow)
        if connection is not None:
            connection.send(data)
        elif flow.remote in self._waiting:
            queue = self._waiting[flow.remote]
            if len(queue) < MOST_WAITING:
                queue.append(data)
        else:
            self._waiting[flow.remote] = [data]
            task = asyncio.create_task(self._connect(flow), name=f"tcp-connect-{flow.remote}")
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    def _usable(self, flow: Flow) -> _Connection | None:
        """Return a connection of the flow that still takes messages."""
        found = (self._connections.get(flow.connection), self._by_remote.get(flow.remote))
        return next((each for each in found if each is not None and each.open), None)

    def opened(self, connection: _Connection) -> None:
        """Take a new connection in, or drop it: unknown source, or too many."""
        if not self._admits(connection.remote) or len(self._connections) >= MOST_CONNECTIONS:
            connection.abort()
            return
        connection.flow = Flow(
            "TCP",
            self.address,
            connection.remote,
            self._sent_by(self.address),
            connection.number,
        )
        self._connections[connection.number] = connection
        self._by_remote[connection.remote] = connection

    def closed(self, connection: _Connection) -> None:
        """Forget a connection."""
        self._connections.pop(connection.number, None)
        if self._by_remote.get(connection.remote) is connection:
            del self._by_remote[connection.remote]

    def _new_connection(self) -> _Connection:
        self._last_number += 1
        return _Connection(self, self._last_number)

    async def _connect(self, flow: Flow) -> None:
        loop = asyncio.get_running_loop()
        host, port = flow.remote
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                await loop.create_connection(self._new_connection, host, port)
        except OSError as error:
            log.info("tcp_connect_failed", problem=error.strerror or type(error).__name__)
        waiting = self._waiting.pop(flow.remote, [])
        connection = self._usable(flow)
        if connection is None:
            self._failed(flow)
            return
        for data in waiting:
            connection.send(data)
