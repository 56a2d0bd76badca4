"""Socket addresses as the transports use them: (IP address, port)."""

from __future__ import annotations

import ipaddress
import socket
from functools import lru_cache

Address = tuple[str, int]


def family_of(host: str) -> socket.AddressFamily:
    """Return the address family of a numeric IP address."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


LONGEST_ADDRESS = 64
"""Characters; the longest IPv6 address with a scope has fewer."""


def is_numeric(host: str) -> bool:
    """Tell whether `host` is an IP address rather than a name."""
    return len(host) <= LONGEST_ADDRESS and _is_numeric(host)


@lru_cache(maxsize=1024)
def _is_numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def host_port(host: str, port: int) -> str:
    """Write `host:port`, with brackets around an IPv6 address (RFC 3261 section 25.1)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
