"""Where a message came from or is to go: listener, peer and, for TCP, the connection."""

from __future__ import annotations

from typing import NamedTuple


class Flow(NamedTuple):
    """A path between one of our listeners and a peer (the "flow" of RFC 5626).

    A value, not a socket: the pure layers carry it, only the edges know what it leads to.
    """

    transport: str
    """"UDP", "TCP" or "TLS", as it is written in a Via."""
    local: tuple[str, int]
    """Address and port that we send from; an IPv6 address without brackets."""
    remote: tuple[str, int]
    """Address and port of the peer; an IPv6 address without brackets."""
    sent_by: str
    """`host:port` that we write into our Via for this listener (RFC 3261 18.1.1)."""
    connection: int = 0
    """Number of the TCP or TLS connection; 0 means any connection to `remote`."""

    @property
    def reliable(self) -> bool:
        """Whether the transport itself repeats what is lost (RFC 3261 section 17)."""
        return self.transport != "UDP"
