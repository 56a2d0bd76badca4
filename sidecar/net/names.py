"""Host names of trunks and PBXs -> addresses, looked up outside the message path."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable

import structlog

from sidecar.net.address import is_numeric

log = structlog.get_logger(__name__)

REFRESH_EVERY = 60.0


class Names:
    """The addresses of a fixed set of host names, refreshed once a minute.

    A name that can't be resolved keeps its last known address. SRV and NAPTR records
    (RFC 3263) are not looked up.
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        self._names = {host for host in hosts if not is_numeric(host)}
        self._addresses: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look every name up once; keep them fresh from then on."""
        if self._names:
            await self._refresh()
            self._task = asyncio.create_task(self._keep_fresh(), name="names")

    async def close(self) -> None:
        """Stop refreshing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def address_of(self, host: str) -> str | None:
        """Return the address of a name of the set, a numeric host itself, or None."""
        return self._addresses.get(host) or (host if is_numeric(host) else None)

    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_EVERY)
            await self._refresh()

    async def _refresh(self) -> None:
        loop = asyncio.get_running_loop()
        for host in self._names:
            try:
                found = await loop.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
            except OSError as error:
                log.warning("name_not_resolved", host=host, problem=error.strerror)
                continue
            self._addresses[host] = str(found[0][4][0])
