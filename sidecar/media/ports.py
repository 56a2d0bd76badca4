"""Port pairs: even for RTP, the next one for RTCP (RFC 3550, section 11), out of one range."""

from __future__ import annotations

import ipaddress
import random
import socket
from collections import deque
from collections.abc import Iterable

QUARANTINE_S = 5.0
"""A port rests this long before another call gets it: the last call's party may still send."""

RECEIVE_BUFFER = 1 << 17
"""Bytes asked for; the kernel doubles it: some 300 packets, 6 s of one voice."""


SO_TIMESTAMPNS = 35
"""Have the kernel note when each datagram came (socket(7)); Python has no name for it."""


class NoPorts(Exception):  # noqa: N818 - not an error of ours: the range is used up
    """No pair is free."""


class PortPair:
    """Two bound, non-blocking sockets on neighbouring ports."""

    __slots__ = ("address", "port", "rtcp", "rtp")

    def __init__(self, address: str, port: int) -> None:
        """Raises OSError where one of the ports is taken."""
        self.address = address
        self.port = port
        self.rtp = bind(address, port)
        try:
            self.rtcp = bind(address, port + 1)
        except OSError:
            self.rtp.close()
            raise

    def twin(self) -> socket.socket:
        """One more socket on the RTP port: it gets what the connected one does not take.

        Raises OSError.
        """
        return bind(self.address, self.port, shared=True)

    def close(self) -> None:
        """Close both sockets."""
        self.rtp.close()
        self.rtcp.close()


class PortPool:
    """The pairs of one range. Times are seconds of one monotonic clock."""

    def __init__(self, address: str, first: int, last: int) -> None:
        """first, last: inclusive bounds of all ports used, RTCP's too."""
        self._address = address
        ports = list(range(first + first % 2, last, 2))
        random.SystemRandom().shuffle(ports)
        self._free = deque(ports)
        self._resting: deque[tuple[float, int]] = deque()
        self.in_use = 0

    def take(self, now: float) -> PortPair:
        """Bind the next free pair; ports that someone else has are passed over. Raises NoPorts."""
        while self._resting and self._resting[0][0] <= now:
            self._free.append(self._resting.popleft()[1])
        while self._free:
            port = self._free.popleft()
            try:
                pair = PortPair(self._address, port)
            except OSError:
                self._resting.append((now + QUARANTINE_S, port))
                continue
            self.in_use += 1
            return pair
        raise NoPorts(f"all port pairs on {self._address} are in use")

    def give_back(self, pair: PortPair, now: float) -> None:
        """Close a pair and let its ports rest."""
        pair.close()
        self.in_use -= 1
        self._resting.append((now + QUARANTINE_S, pair.port))

    def avoid(self, ports: Iterable[int], now: float) -> None:
        """Let these RTP ports rest before their first use."""
        resting = set(ports)
        self._resting.extend((now + QUARANTINE_S, port) for port in self._free if port in resting)
        self._free = deque(port for port in self._free if port not in resting)


def bind(address: str, port: int, *, shared: bool = False) -> socket.socket:
    """A non-blocking UDP socket. shared: join the socket which already has this port.

    The port is asked for without SO_REUSEADDR, so that one of another program is noticed; the
    option is set afterwards, which lets in nobody but sockets that ask for it. Raises OSError.
    """
    family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.bind((address, port))
        if not shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    except OSError:
        sock.close()
        raise
    return sock
