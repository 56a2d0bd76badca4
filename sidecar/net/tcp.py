"""SIP over TCP (RFC 3261 section 18, RFC 5626 keep-alives): listener and reused connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import cast

import structlog

from sidecar.budgets import LineBudget
from sidecar.net.address import Address
from sidecar.net.places import MOST_OWN, Neighbour, Places
from sidecar.net.stream import Connection
from sidecar.sip.flow import Flow

log = structlog.get_logger(__name__)

CONNECT_WITHIN = 5.0
MOST_WAITING = 64
"""Messages that wait for a connection to be made."""
MOST_WAITING_BYTES = 256 * 1024


class TcpListener:
    """A TCP port on which SIP is spoken, with the connections made and taken through it.

    `receive(data, flow)` gets one whole message a call. `neighbour_of(address)` decides before the
    first byte is read: a stranger's connection is dropped. `crowded(name)` tells that a neighbour
    has opened more connections than it may. `failed(flow)` tells that what was queued for `flow`
    can't be delivered.
    """

    def __init__(
        self,
        address: Address,
        sent_by: Callable[[Address], str],
        receive: Callable[[bytes, Flow], None],
        neighbour_of: Callable[[Address], Neighbour | None],
        failed: Callable[[Flow], None],
        crowded: Callable[[str], None],
    ) -> None:
        self._wanted = address
        self._sent_by = sent_by
        self._neighbour_of = neighbour_of
        self._failed = failed
        self._crowded = crowded
        self._server: asyncio.Server | None = None
        self._connections: dict[int, Connection] = {}
        self._by_remote: dict[Address, Connection] = {}
        self._places = Places()
        self._lines = LineBudget()
        self._waiting: dict[Address, list[bytes]] = {}
        self._connecting: set[asyncio.Task[None]] = set()
        self._last_number = 0
        self.receive = receive
        self.address = address

    async def start(self) -> None:
        """Bind the port. Raises OSError when it can't be had."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            partial(self._new_connection, own=False), *self._wanted
        )
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
            room = sum(map(len, queue)) + len(data) <= MOST_WAITING_BYTES
            if room and len(queue) < MOST_WAITING:
                queue.append(data)
        elif len(self._connecting) >= MOST_OWN:
            asyncio.get_running_loop().call_soon(self._failed, flow)
        else:
            self._waiting[flow.remote] = [data]
            task = asyncio.create_task(self._connect(flow), name=f"tcp-connect-{flow.remote}")
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    def _usable(self, flow: Flow) -> Connection | None:
        """Return a connection of the flow that still takes messages."""
        found = (self._connections.get(flow.connection), self._by_remote.get(flow.remote))
        return next((each for each in found if each is not None and each.open), None)

    def opened(self, connection: Connection) -> None:
        """Take a new connection in, in the place of an older one if need be; drop a stranger's."""
        neighbour = self._neighbour_of(connection.remote)
        if neighbour is None:
            connection.abort()
            return
        connection.neighbour = neighbour
        leaving = self._places.take(connection, neighbour)
        if leaving is not None:
            if not connection.own:
                self._crowded(neighbour.name)
            cast(Connection, leaving).abort()
        connection.flow = Flow(
            "TCP",
            self.address,
            connection.remote,
            self._sent_by(self.address),
            connection.number,
        )
        self._connections[connection.number] = connection
        self._by_remote[connection.remote] = connection

    def closed(self, connection: Connection) -> None:
        """Forget a connection."""
        self._connections.pop(connection.number, None)
        if self._by_remote.get(connection.remote) is connection:
            del self._by_remote[connection.remote]
        if connection.neighbour is not None:
            self._places.leave(connection, connection.neighbour)

    def heard(self, connection: Connection) -> None:
        """Take note of which connections are used."""
        if connection.neighbour is not None:
            self._places.heard_of(connection, connection.neighbour)

    def unreadable(self, connection: Connection, problem: str) -> None:
        """Tell of a stream that is no SIP."""
        self._tell("tcp_stream_unreadable", connection.neighbour, problem)

    def _tell(self, event: str, neighbour: Neighbour | None, problem: str) -> None:
        """Write a line, as long as a neighbour gives no cause for more than anybody could read."""
        name = neighbour.name if neighbour is not None else ""
        if self._lines.take(name, asyncio.get_running_loop().time()):
            more = self._lines.kept_back(name)
            log.warning(event, neighbour=name, problem=problem, kept_back=more)

    def _new_connection(self, *, own: bool) -> Connection:
        self._last_number += 1
        return Connection(self, self._last_number, own=own)

    async def _connect(self, flow: Flow) -> None:
        loop = asyncio.get_running_loop()
        host, port = flow.remote
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                await loop.create_connection(partial(self._new_connection, own=True), host, port)
        except OSError as error:
            problem = error.strerror or type(error).__name__
            self._tell("tcp_connect_failed", self._neighbour_of(flow.remote), problem)
        waiting = self._waiting.pop(flow.remote, [])
        connection = self._usable(flow)
        if connection is None:
            self._failed(flow)
            return
        for data in waiting:
            connection.send(data)
