"""SIP over UDP (RFC 3261 section 18): one bound socket, one reader and one writer task."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from typing import cast

import asyncio_dgram
import structlog

from sidecar.net.address import Address, family_of
from sidecar.sip.flow import Flow

log = structlog.get_logger(__name__)

RECEIVE_BUFFER = 4 * 1024 * 1024
SEND_QUEUE = 10_000
"""Datagrams that may wait to be sent."""
SEND_QUEUE_BYTES = 4 * 1024 * 1024
KNOWN_FLOWS = 4096


class UdpListener:
    """A UDP socket on which SIP is spoken.

    `receive(data, flow)` is called for each datagram and must not raise; it is never awaited, so
    that the socket's queue is emptied as fast as messages can be handled. What can't be sent at
    once waits in a queue; past `SEND_QUEUE` datagrams, or `SEND_QUEUE_BYTES`, they are dropped, as
    UDP may.
    """

    def __init__(
        self,
        address: Address,
        sent_by: Callable[[Address], str],
        receive: Callable[[bytes, Flow], None],
    ) -> None:
        self._wanted = address
        self._sent_by = sent_by
        self._receive = receive
        self._stream: asyncio_dgram.DatagramServer | None = None
        self._outgoing: deque[tuple[bytes, Address]] = deque()
        self._queued = 0
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._flows: dict[Address, Flow] = {}
        self.address = address
        self.dropped = 0

    async def start(self) -> None:
        """Bind the socket and start reading. Raises OSError when the address can't be had."""
        sock = socket.socket(family_of(self._wanted[0]), socket.SOCK_DGRAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            if sock.family == socket.AF_INET6:
                # As asyncio does for TCP: an IPv4 peer is never seen as ::ffff:192.0.2.1.
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setblocking(False)
            sock.bind(self._wanted)
            stream = await asyncio_dgram.from_socket(sock)
        except OSError:
            sock.close()
            raise
        self._stream = cast("asyncio_dgram.DatagramServer", stream)
        self.address = sock.getsockname()[:2]
        self._tasks = [
            asyncio.create_task(self._read(self._stream), name=f"udp-read-{self.address}"),
            asyncio.create_task(self._write(self._stream), name=f"udp-write-{self.address}"),
        ]

    async def close(self) -> None:
        """Send what is queued, then close the socket."""
        if self._stream is None:
            return
        while self._outgoing:
            await self._send_one(self._stream, *self._take_queued())
        self._stream.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._stream = None

    def flow_to(self, remote: Address) -> Flow:
        """Return the flow between this socket and `remote`."""
        flow = self._flows.get(remote)
        if flow is None:
            if len(self._flows) >= KNOWN_FLOWS:
                self._flows.clear()
            flow = Flow("UDP", self.address, remote, self._sent_by(self.address))
            self._flows[remote] = flow
        return flow

    def send(self, data: bytes, remote: Address) -> None:
        """Queue one datagram."""
        stream = self._stream
        full = len(self._outgoing) >= SEND_QUEUE or self._queued + len(data) > SEND_QUEUE_BYTES
        if stream is None or full:
            self.dropped += 1
        elif self._outgoing or not self._sent_at_once(stream, data, remote):
            self._outgoing.append((data, remote))
            self._queued += len(data)
            self._wake.set()

    async def _read(self, stream: asyncio_dgram.DatagramServer) -> None:
        while True:
            try:
                data, remote = await stream.recv()
            except asyncio_dgram.TransportClosed:
                return
            except OSError as error:
                log.debug("udp_socket_error", error=str(error))
                continue
            self._receive(data, self.flow_to(cast(Address, remote)[:2]))

    async def _write(self, stream: asyncio_dgram.DatagramServer) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._outgoing:
                await self._send_one(stream, *self._take_queued())

    def _take_queued(self) -> tuple[bytes, Address]:
        data, remote = self._outgoing.popleft()
        self._queued -= len(data)
        return data, remote

    @staticmethod
    def _sent_at_once(stream: asyncio_dgram.DatagramServer, data: bytes, remote: Address) -> bool:
        """Send without a turn of the loop, as nearly always can be done.

        A coroutine that need not wait ends at its first step. One that would wait has handed
        its datagram to the socket's own queue already and is closed.
        """
        sending = stream.send(data, remote)
        try:
            sending.send(None)
        except StopIteration:
            return True
        except (asyncio_dgram.TransportClosed, OSError):
            return False
        sending.close()
        return True

    async def _send_one(
        self, stream: asyncio_dgram.DatagramServer, data: bytes, remote: Address
    ) -> None:
        """Send one datagram; an error left by an earlier one is raised first and costs a retry."""
        for _ in range(2):
            try:
                await stream.send(data, remote)
                return
            except asyncio_dgram.TransportClosed:
                return
            except OSError as error:
                log.debug("udp_socket_error", error=str(error))
