"""A UDP port for the telephone, on asyncio's own datagram endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sidecar.net.address import Address, host_port
from sidecar.sip.flow import Flow


class UdpWire(asyncio.DatagramProtocol):
    """Same face as `sidecar.net.tcp.TcpListener`: start, close, flow_to, send, address."""

    def __init__(self, address: Address, receive: Callable[[bytes, Flow], None]) -> None:
        self.address = address
        self._receive = receive
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self) -> None:
        """Bind the port; raises OSError where it can't be had."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=self.address
        )
        self.address = self._transport.get_extra_info("sockname")[:2]

    async def close(self) -> None:
        """Give the port back."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def flow_to(self, remote: Address) -> Flow:
        """The flow from here to `remote`."""
        return Flow("UDP", self.address, remote, host_port(*self.address))

    def send(self, data: bytes, flow: Flow) -> None:
        """Send a datagram; nothing is told where that fails."""
        if self._transport is not None:
            self._transport.sendto(data, flow.remote)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Hand a datagram on."""
        self._receive(data, self.flow_to((addr[0], addr[1])))
