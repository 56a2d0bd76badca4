"""All listeners of the service as one: start, close, send by flow, find the flow to an address."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sidecar.errors import OperatorError
from sidecar.net.address import Address, family_of, host_port
from sidecar.net.places import Neighbour
from sidecar.net.tcp import TcpListener
from sidecar.net.udp import UdpListener
from sidecar.sip.flow import Flow


class Transports:
    """The UDP and TCP listeners of one service.

    `listen` names them as (transport, host, port); `advertise` is the host written into Via
    instead of the bound one (an address behind NAT). `receive`, `neighbour_of`, `failed`
    and `crowded` are those of the listeners.
    """

    def __init__(
        self,
        listen: Iterable[tuple[str, str, int]],
        advertise: str | None,
        receive: Callable[[bytes, Flow], None],
        neighbour_of: Callable[[Address], Neighbour | None],
        failed: Callable[[Flow], None],
        crowded: Callable[[str], None],
    ) -> None:
        def sent_by(address: Address) -> str:
            return host_port(advertise or address[0], address[1])

        self._udp: list[UdpListener] = []
        self._tcp: list[TcpListener] = []
        for transport, host, port in listen:
            if transport == "udp":
                self._udp.append(UdpListener((host, port), sent_by, receive))
            else:
                listener = TcpListener(
                    (host, port), sent_by, receive, neighbour_of, failed, crowded
                )
                self._tcp.append(listener)
        self._by_local: dict[tuple[str, Address], UdpListener | TcpListener] = {}

    @property
    def addresses(self) -> list[tuple[str, Address]]:
        """The (transport, bound address) of each listener, once started."""
        return list(self._by_local)

    async def start(self) -> None:
        """Bind every listener. Raises OperatorError naming the one that can't be bound."""
        for name, listeners in (("UDP", self._udp), ("TCP", self._tcp)):
            for listener in listeners:
                wanted = host_port(*listener.address)
                try:
                    await listener.start()
                except OSError as error:
                    await self.close()
                    raise OperatorError(
                        f"can't listen on {name.lower()}://{wanted}: {error.strerror}",
                        key="sip.listen",
                    ) from error
                self._by_local[(name, listener.address)] = listener

    async def close(self) -> None:
        """Close every listener; what UDP has queued is sent first."""
        for listener in self._by_local.values():
            await listener.close()
        self._by_local.clear()

    def flow_to(self, transport: str, remote: Address) -> Flow | None:
        """Return a flow to a numeric address, or None where no listener can reach it."""
        family = family_of(remote[0])
        for listener in self._tcp if transport == "TCP" else self._udp:
            if family_of(listener.address[0]) == family:
                return listener.flow_to(remote)
        return None

    def send(self, data: bytes, flow: Flow) -> None:
        """Send one message over the listener of its flow."""
        listener = self._by_local.get((flow.transport, flow.local))
        if isinstance(listener, UdpListener):
            listener.send(data, flow.remote)
        elif listener is not None:
            listener.send(data, flow)
