"""One lasting connection to a manager interface: it is kept up, and every action gets an answer.

What is an answer is told by the action's id, which nobody can guess: messages that come here may
be a telephone's (protocol.py). The secret never crosses as it is, but as an answer to a challenge.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import structlog

from sidecar.recorders.asterisk.patience import Patience
from sidecar.recorders.asterisk.wire.protocol import (
    Framer,
    FramingError,
    Message,
    UnsafeValueError,
    encode,
)
from sidecar.tables.addresses import HostPort, written

log = structlog.get_logger(__name__)

MOST_PENDING = 10_000
MOST_UNSENT = 1024 * 1024
MOST_LISTED = 50_000
ID_BYTES = 16
EVENTS = "call,dialplan"
"""The classes of events that are asked for: channels, bridges, MixMonitor, ConfBridge; and each
step of the dialplan (Newexten), which tells of mailboxes."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an action came to. `failure` is empty, or a word of recorder.REASONS.

    `listed`: the events of an action that answers with a list. A response that is doubtful has
    failed with "unproven"; what is listed says so itself.
    """

    message: Message = field(default_factory=Message)
    failure: str = ""
    listed: tuple[Message, ...] = ()

    @property
    def denied(self) -> bool:
        """Whether the user may not do this."""
        return self.failure == "refused" and self.message.get("message") == "Permission denied"

    @property
    def no_channel(self) -> bool:
        """Whether Asterisk has no such channel."""
        return self.failure == "refused" and self.message.get("message") == "No such channel"


UNREACHABLE = Reply(failure="unreachable")
TIMED_OUT = Reply(failure="timed_out")


class _Pending:
    """An action that waits for its answer."""

    def __init__(self, answer: asyncio.Future[Reply], limit: asyncio.TimerHandle) -> None:
        self.answer = answer
        self.limit = limit
        self.response: Message | None = None
        self.listed: list[Message] = []

    def take(self, message: Message) -> Reply | None:
        """Take a message with the action's id; return the reply once it is complete.

        Within a list anything may have the id at its end that a telephone begins: its channel's
        uniqueid stands before it then.
        """
        word = message.get("eventlist").lower()
        if self.response is None and "response" in message.fields and "event" not in message.fields:
            self.response = message
            if word == "start":
                return None
        elif word != "complete" or "uniqueid" in message.fields:
            if len(self.listed) < MOST_LISTED:
                self.listed.append(message)
            return None
        response = self.response or message
        if response.doubtful:
            return Reply(response, "unproven", tuple(self.listed))
        good = response.get("response") in ("Success", "Goodbye", "Follows")
        return Reply(response, "" if good else "refused", tuple(self.listed))

    def settle(self, reply: Reply) -> None:
        """Answer, unless nobody waits any more."""
        self.limit.cancel()
        if not self.answer.done():
            self.answer.set_result(reply)


class _Wire(asyncio.Protocol):
    """The connection itself: bytes in, messages out."""

    def __init__(
        self,
        place: str,
        receive: Callable[[Message], None],
        lost: Callable[[asyncio.Protocol], None],
    ) -> None:
        self._place = place
        self._receive = receive
        self._lost = lost
        self._framer = Framer()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._framer.feed(data)
        except FramingError as error:
            log.warning("ami_unreadable", address=self._place, problem=str(error))
            self.abort()
            return
        for message in messages:
            self._receive(message)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(self)

    def send(self, data: bytes) -> bool:
        """Write, unless it is closed or whoever is there doesn't read."""
        if self.transport is None or self.transport.is_closing():
            return False
        if self.transport.get_write_buffer_size() > MOST_UNSENT:
            self.abort()
            return False
        self.transport.write(data)
        return True

    def abort(self) -> None:
        """Drop it."""
        if self.transport is not None:
            self.transport.abort()


class Connection:
    """Keeps a manager connection up. Everything happens in the event loop that started it.

    `on_event` gets every event, in the order of arrival. `on_up` is called when a user was let
    in, `on_down` when such a connection is lost; `problem` says why there is none. With `tls` the
    certificate must be the address's.
    """

    def __init__(
        self,
        address: HostPort,
        username: str,
        secret: str,
        *,
        on_event: Callable[[Message], None],
        on_up: Callable[[], None],
        on_down: Callable[[], None],
        tls: ssl.SSLContext | None = None,
        patience: Patience,
    ) -> None:
        self._address = address
        self._patience = patience
        self._tls = tls
        self._username = username
        self._secret = secret
        self._on_event = on_event
        self._on_up = on_up
        self._on_down = on_down
        self._wire: _Wire | None = None
        self._pending: dict[str, _Pending] = {}
        self._keeping: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()
        self._ended = asyncio.Event()
        self.up = False
        self.problem = f"no connection yet to the manager interface at {self._place}"

    @property
    def _place(self) -> str:
        return written(*self._address)

    async def start(self) -> None:
        """Begin to connect; returns when the first attempt has succeeded or failed."""
        self._keeping = asyncio.create_task(self._keep(), name=f"ami-{self._place}")
        await self._tried.wait()

    async def close(self) -> None:
        """Drop the connection and make no other. No callback is called any more."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.abort()
        self.up = False
        self._settle_all()

    def drop(self) -> None:
        """Give this connection up; another one is made after a pause."""
        if self._wire is not None:
            self._wire.abort()

    def ask(
        self, action: str, *fields: tuple[str, str], within: float | None = None
    ) -> asyncio.Future[Reply]:
        """Send an action now; the future gets its reply, after `within` seconds at the latest
        (Patience.answer_within, unless it is said).

        It never gets an exception: an action that can't be sent, or is not answered, has a reply
        that says so. Actions are carried out in the order in which they were sent.
        """
        if not self.up:
            return _answered(UNREACHABLE)
        return self._send(
            action, fields, self._patience.answer_within if within is None else within
        )

    def _send(
        self, action: str, fields: tuple[tuple[str, str], ...], within: float
    ) -> asyncio.Future[Reply]:
        action_id = secrets.token_hex(ID_BYTES)
        try:
            data = encode(action, (("ActionID", action_id), *fields))
        except UnsafeValueError:
            return _answered(Reply(failure="unsupported"))
        if len(self._pending) >= MOST_PENDING or self._wire is None or not self._wire.send(data):
            return _answered(UNREACHABLE)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Reply] = loop.create_future()
        limit = loop.call_later(within, self._give_up, action_id)
        self._pending[action_id] = _Pending(answer, limit)
        return answer

    def _give_up(self, action_id: str) -> None:
        pending = self._pending.pop(action_id, None)
        if pending is not None:
            pending.settle(TIMED_OUT)

    def _receive(self, message: Message) -> None:
        action_id = message.get("actionid")
        pending = self._pending.get(action_id)
        if pending is not None:
            reply = pending.take(message)
            if reply is not None:
                del self._pending[action_id]
                pending.settle(reply)
        elif "event" in message.fields and self.up:
            self._on_event(message)

    def _lost(self, wire: asyncio.Protocol) -> None:
        if wire is self._wire:
            self._drop()

    def _drop(self) -> None:
        """The connection is no more: whoever waits hears so."""
        self._wire = None
        self._ended.set()
        was_up, self.up = self.up, False
        self._settle_all()
        if was_up:
            self.problem = f"the connection to the manager interface at {self._place} was lost"
            log.warning("ami_lost", address=self._place)
            self._on_down()

    def _settle_all(self) -> None:
        pending, self._pending = self._pending, {}
        for each in pending.values():
            each.settle(UNREACHABLE)

    async def _keep(self) -> None:
        """Connect, stay, connect again, with pauses that grow and differ."""
        pause = self._patience.first_pause
        while True:
            if await self._connect():
                began = asyncio.get_running_loop().time()
                log.info("ami_connected", address=self._place)
                self._on_up()
                self._tried.set()
                await self._stay()
                if asyncio.get_running_loop().time() - began > self._patience.longest_pause:
                    pause = self._patience.first_pause
            self._tried.set()
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            pause = min(2 * pause, self._patience.longest_pause)

    async def _connect(self) -> bool:
        self._ended.clear()
        loop = asyncio.get_running_loop()
        wire = _Wire(self._place, self._receive, self._lost)
        try:
            async with asyncio.timeout(self._patience.connect_within):
                await loop.create_connection(lambda: wire, *self._address, ssl=self._tls)
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or error.reason or "TLS failed"
            self._fail("can't be trusted", reason)
            return False
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else "no answer in time"
            self._fail("can't be reached", reason)
            return False
        self._wire = wire
        reply = await self._log_in()
        if reply.failure:
            wire.abort()
            self._wire = None
            what = "let the user in" if reply.failure == "refused" else "answer the login"
            self._fail(f"did not {what}", reply.failure)
            return False
        self.up = True
        self.problem = ""
        return True

    async def _log_in(self) -> Reply:
        """Have the user let in. Who does not ask for an answer to a challenge gets no secret."""
        asked = await self._send("Challenge", (("AuthType", "MD5"),), self._patience.connect_within)
        if asked.failure:
            return asked
        answer = (asked.message.get("challenge") + self._secret).encode()
        key = hashlib.md5(answer, usedforsecurity=False).hexdigest()
        return await self._send(
            "Login",
            (
                *(("AuthType", "MD5"), ("Username", self._username)),
                *(("Key", key), ("Events", EVENTS)),
            ),
            self._patience.connect_within,
        )

    def _fail(self, what: str, reason: str) -> None:
        problem = f"the manager interface at {self._place} {what} ({reason})"
        if problem != self.problem:
            log.warning("ami_not_connected", address=self._place, problem=problem)
        self.problem = problem

    async def _stay(self) -> None:
        """Return when the connection has ended; end it when it is silent."""
        while not self._ended.is_set():
            try:
                async with asyncio.timeout(self._patience.ping_every):
                    await self._ended.wait()
            except TimeoutError:
                reply = await self.ask("Ping")
                if reply.failure == "timed_out":
                    self.drop()


def _answered(reply: Reply) -> asyncio.Future[Reply]:
    answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
    answer.set_result(reply)
    return answer
