"""One TCP connection on which SIP is spoken: bytes in, whole messages out."""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

from sidecar.net.address import Address
from sidecar.net.places import Neighbour
from sidecar.sip.flow import Flow
from sidecar.sip.framing import FramingError, StreamFramer

IDLE_FOR = 600.0
"""Seconds without a whole message or a ping (RFC 5626) after which a connection is closed."""
MESSAGE_WITHIN = 30.0
"""Seconds for the rest of a message, and for the first one of a connection that was taken."""
MOST_UNSENT = 256 * 1024
"""Bytes that may wait for a peer which does not read."""


class Listener(Protocol):
    """What a connection belongs to."""

    def opened(self, connection: Connection) -> None:
        """A connection is there."""

    def closed(self, connection: Connection) -> None:
        """A connection is gone."""

    def heard(self, connection: Connection) -> None:
        """A whole message or a ping has come."""

    def unreadable(self, connection: Connection, problem: str) -> None:
        """What has come can't be cut into messages."""

    def receive(self, data: bytes, flow: Flow) -> None:
        """Take a whole message."""


class Connection(asyncio.Protocol):
    """Cuts out messages, answers pings, ends idleness; `flow` is None until it is taken in."""

    def __init__(self, listener: Listener, number: int, *, own: bool) -> None:
        """`own`: the sidecar has made it, to send something."""
        self._listener = listener
        self._framer = StreamFramer()
        self._limit: asyncio.TimerHandle | None = None
        self._waits_for_rest = False
        self._heard = own
        self.number = number
        self.own = own
        self.transport: asyncio.Transport | None = None
        self.remote: Address = ("", 0)
        self.flow: Flow | None = None
        self.neighbour: Neighbour | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self.transport = cast(asyncio.Transport, transport)
        self.remote = transport.get_extra_info("peername")[:2]
        self._listener.opened(self)
        self._expect(rest=False)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        if self._limit is not None:
            self._limit.cancel()
        self._listener.closed(self)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        flow = self.flow
        if flow is None:
            return
        try:
            arrived = self._framer.feed(data)
        except FramingError as error:
            self._listener.unreadable(self, str(error))
            self.abort()
            return
        if arrived.messages or arrived.pongs:
            self._heard = True
            self._waits_for_rest = False  # whatever is awaited now has begun only now
            self._listener.heard(self)
        for message in arrived.messages:
            self._listener.receive(message, flow)
        if arrived.pongs:
            self.send(b"\r\n" * arrived.pongs)
        self._expect(rest=self._framer.pending)

    @property
    def open(self) -> bool:
        """Whether messages can still be written."""
        return self.transport is not None and not self.transport.is_closing()

    def send(self, data: bytes) -> None:
        """Write one message; a peer that doesn't read loses its connection."""
        if self.transport is None or not self.open:
            return
        if self.transport.get_write_buffer_size() > MOST_UNSENT:
            self.abort()
            return
        self.transport.write(data)

    def abort(self) -> None:
        """Drop the connection without waiting for unsent bytes."""
        if self.transport is not None:
            self.transport.abort()

    def _expect(self, rest: bool) -> None:
        """Give the rest of a message, or the next message, its time; more bytes win no more."""
        if rest and self._waits_for_rest:
            return
        if not self.open or (self._limit is not None and not (rest or self._heard)):
            return
        if self._limit is not None:
            self._limit.cancel()
        self._waits_for_rest = rest
        seconds = IDLE_FOR if self._heard and not rest else MESSAGE_WITHIN
        self._limit = asyncio.get_running_loop().call_later(seconds, self.abort)
