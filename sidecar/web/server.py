"""The HTTP listener: started and stopped with the sidecar."""

from __future__ import annotations

import asyncio
import os
from typing import cast

from aiohttp import web

from sidecar.errors import OperatorError
from sidecar.web.log import REFUSED, HttpLog

MAX_LINE = 4096
"""Bytes of a request line or of a header."""
MAX_HEADERS = 64
IDLE_SECONDS = 75.0
"""A connection that says nothing is closed then; Prometheus scrapes every 15 to 60 seconds."""
MOST_CONNECTIONS = 64
"""Connections at once; up to sixteen of them watch events (`sidecar.calls.event_hub`)."""
MOST_OF_ONE_HOST = 48
"""Connections of one address: the rest is left for probes and scrapes from elsewhere."""
STOP_SECONDS = 2.0
"""How long `stop` waits for answers that are under way."""


class WebServer:
    """Serves an application on one address; loopback unless the operator says otherwise."""

    def __init__(self, app: web.Application, host: str = "127.0.0.1", port: int = 9464) -> None:
        self._host = host
        self._port = port
        self._log = HttpLog()
        self._server: asyncio.Server | None = None
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=self._log,
            handle_signals=False,
            keepalive_timeout=IDLE_SECONDS,
            max_line_size=MAX_LINE,
            max_field_size=MAX_LINE,
            max_headers=MAX_HEADERS,
            shutdown_timeout=STOP_SECONDS,
        )

    async def start(self) -> None:
        """Listen. Raises OperatorError where the address can't be had."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._connection, self._host, self._port)
        except OSError as error:
            await self._runner.cleanup()
            raise OperatorError(
                f"can't listen on {self._host}:{self._port}: {_reason(error)}", key="http.listen"
            ) from error

    @property
    def port(self) -> int:
        """The port in use (where 0 was asked for: the one that was given)."""
        assert self._server is not None, "it has been started"
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Finish what is under way, at most `STOP_SECONDS`, and close."""
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()

    def _connection(self) -> asyncio.BaseProtocol:
        """Return what serves a new connection; past `MOST_CONNECTIONS` it is closed at once."""
        server = self._runner.server
        assert server is not None, "it was set up"
        connections = len(server.connections)
        if connections >= MOST_CONNECTIONS:
            self._log.tell(REFUSED, connections=MOST_CONNECTIONS)
            return _Closing()
        return server() if connections < MOST_OF_ONE_HOST else _Scarce(self._log, server)


class _Closing(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A transport of uvloop is none of asyncio's classes.
        cast("asyncio.Transport", transport).abort()


class _Scarce(asyncio.Protocol):
    """Has a connection served unless its host has `MOST_OF_ONE_HOST` of them already."""

    def __init__(self, log: HttpLog, server: web.Server) -> None:
        self._log = log
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        host = _host(transport)
        there = [each.transport for each in self._server.connections]
        if [_host(each) for each in there].count(host) >= MOST_OF_ONE_HOST:
            self._log.tell(REFUSED, connections=MOST_OF_ONE_HOST)
            cast("asyncio.Transport", transport).abort()
            return
        serving = self._server()
        transport.set_protocol(serving)
        serving.connection_made(transport)


def _host(transport: asyncio.BaseTransport | None) -> str:
    """Return whom a connection is with; "" once it is gone."""
    peer = transport.get_extra_info("peername") if transport is not None else None
    return str(peer[0]) if peer else ""


def _reason(error: OSError) -> str:
    """The system's own words: asyncio puts more before them, where there is a number of the
    system's; the resolver's numbers are negative.
    """
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or str(error)
