"""Which neighbour an address belongs to: the most specific of the settings' `hosts` wins."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from sidecar.settings.schema import Network, Settings, parse_host

CACHED = 4096

Neighbour = tuple[str, str]
"""("trunk" or "pbx", its name)."""


class HostTable:
    """Finds the neighbour behind an address; ADDRESS:PORT goes before address before network."""

    def __init__(self, settings: Settings) -> None:
        entries = [
            (*parse_host(host), ("pbx", name))
            for name, pbx in settings.pbx.items()
            for host in pbx.hosts
        ] + [
            (*parse_host(host), ("trunk", name))
            for name, trunk in settings.trunk.items()
            for host in trunk.hosts
        ]
        self._entries = sorted(entries, key=lambda e: (e[1] is None, -e[0].prefixlen))
        self._found: dict[tuple[str, int], Neighbour | None] = {}

    def find(self, address: str, port: int) -> Neighbour | None:
        """Return the neighbour that a message from there comes from; None for a stranger."""
        key = (address, port)
        if key in self._found:
            return self._found[key]
        if len(self._found) >= CACHED:
            self._found.clear()
        found = self._found[key] = self._look_up(address, port)
        return found

    def _look_up(self, address: str, port: int) -> Neighbour | None:
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return None
        for network, only_port, neighbour in self._entries:
            if only_port in (None, port) and ip.version == network.version and ip in network:
                return neighbour
        return None


def conflicts(settings: Settings) -> Iterable[tuple[str, Neighbour, Neighbour]]:
    """Yield each `hosts` entry that two neighbours claim alike."""
    seen: dict[tuple[Network, int | None], Neighbour] = {}
    neighbours = [("pbx", settings.pbx), ("trunk", settings.trunk)]
    for kind, tables in neighbours:
        for name, table in tables.items():  # type: ignore[attr-defined]
            for host in table.hosts:
                other = seen.setdefault(parse_host(host), (kind, name))
                if other != (kind, name):
                    yield host, other, (kind, name)
