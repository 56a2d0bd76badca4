"""Which neighbour an address belongs to: the most specific of the settings' `hosts` wins."""

from __future__ import annotations

from functools import lru_cache

from sidecar.settings.schema import Settings
from sidecar.tables.addresses import Host, IpAddress, parse_address

CACHED = 4096
"""Answers kept. More strangers than that only cost the time of a look-up each."""

Neighbour = tuple[str, str]
"""("trunk" or "pbx", its name)."""
Width = tuple[bool, int, int]
"""(has no port, bits that are free, version): how specific an entry is, the most specific first."""


class HostTable:
    """Finds the neighbour behind an address: ADDRESS:PORT before address before longer prefix."""

    def __init__(self, settings: Settings) -> None:
        self._by_width: dict[Width, dict[tuple[int, int | None], Neighbour]] = {}
        for name, pbx in settings.pbx.items():
            self._add(pbx.hosts, ("pbx", name))
        for name, trunk in settings.trunk.items():
            self._add(trunk.hosts, ("trunk", name))
        self._by_width = dict(sorted(self._by_width.items()))
        self.find = lru_cache(CACHED)(self._look_up)
        """The neighbour that a message from an address and port comes from; None for a stranger."""

    def _add(self, hosts: tuple[Host, ...], neighbour: Neighbour) -> None:
        for network, port in hosts:
            free = network.max_prefixlen - network.prefixlen
            table = self._by_width.setdefault((port is None, free, network.version), {})
            table[int(network.network_address) >> free, port] = neighbour

    def _look_up(self, address: str, port: int) -> Neighbour | None:
        try:
            ip: IpAddress = parse_address(address)
        except ValueError:
            return None
        number = int(ip)
        for (any_port, free, version), table in self._by_width.items():
            if version == ip.version:
                found = table.get((number >> free, None if any_port else port))
                if found is not None:
                    return found
        return None
