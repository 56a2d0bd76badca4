"""A worker process, seen from the signalling process."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import msgspec

import sidecar
from sidecar.errors import OperatorError

from .engine import Lost, MediaEvent
from .protocol import (
    MAX_BATCH,
    MAX_DATAGRAM,
    MAX_WAITING,
    Command,
    Failed,
    Message,
    Ready,
    Report,
    Start,
    decode_messages,
    encode,
)

log = logging.getLogger(__name__)

RESTART_DELAY_S = 1.0
"""From the death of a worker to its successor's start."""

END_TIMEOUT_S = 5.0
"""A worker that has not ended by then is killed."""

_READS_AT_ONCE = 16


class Listener(Protocol):
    """A session, as far as its worker process is concerned."""

    ports: tuple[int, ...]

    def deliver(self, event: MediaEvent) -> bool:
        """Take an event; True if it was the last one."""


class WorkerProcess:
    """Keeps one worker running from `launch` to `end`, and carries what is said."""

    def __init__(self, start: Start) -> None:
        """start: what each process is told first."""
        self._start = start
        self.sessions: dict[int, Listener] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._outbox: list[Command] = []
        self._flush_at: asyncio.Handle | None = None
        self._relaunch_at: asyncio.TimerHandle | None = None
        self._ready: asyncio.Future[None] | None = None
        self._exited = asyncio.Event()
        self._prompts = -1
        self._stuck = False

    @property
    def alive(self) -> bool:
        """Whether sessions can be opened."""
        ready = self._ready
        return self._channel is not None and ready is not None and ready.done()

    @property
    def pid(self) -> int:
        """Its process id, or 0 between two of them."""
        return self._process.pid if self._process is not None and self._channel else 0

    def launch(self, prompts: int, avoid: tuple[int, ...] = ()) -> None:
        """Start a process. prompts: the number of the file it reads its prompts from."""
        loop = asyncio.get_running_loop()
        self._relaunch_at = None
        self._prompts = prompts
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            numbers = (theirs.fileno(), prompts)
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "sidecar.media.worker", *map(str, numbers)],
                pass_fds=numbers,
                stdin=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": _same_code()},
            )
        ours.setblocking(False)
        self._channel = ours
        self._ready = loop.create_future()
        self._exited.clear()
        self._stuck = False
        watched = os.pidfd_open(self._process.pid)
        loop.add_reader(watched, self._on_exit, watched, self._process)
        loop.add_reader(ours, self._on_readable)
        self.tell(msgspec.structs.replace(self._start, avoid=avoid))

    async def ready(self) -> None:
        """Wait until sessions can be opened. Raises OperatorError where they never could."""
        if self._ready is not None:
            await asyncio.shield(self._ready)

    async def end(self) -> None:
        """End the process; sessions that are left get no further event."""
        self.sessions.clear()
        if self._relaunch_at is not None:
            self._relaunch_at.cancel()
        self._close_channel()
        if self._ready is not None and not self._ready.done():
            self._ready.cancel()
        if self._process is None:
            return
        try:
            async with asyncio.timeout(END_TIMEOUT_S):
                await self._exited.wait()
        except TimeoutError:
            self._process.kill()
            await self._exited.wait()
        self._process = None

    def tell(self, command: Command) -> None:
        """Send a command, together with others of this turn of the loop."""
        if self._channel is None:
            return
        if len(self._outbox) >= MAX_WAITING:
            self._kill()
            return
        self._outbox.append(command)
        if self._flush_at is None:
            self._flush_at = asyncio.get_running_loop().call_soon(self._flush)

    def _kill(self) -> None:
        """The worker has not read for too long: what follows is what follows its death."""
        if self._process is not None and not self._stuck:
            self._stuck = True
            log.error("a media worker does not read its commands: killed")
            self._process.kill()

    def _flush(self) -> None:
        self._flush_at = None
        while self._outbox and self._channel is not None:
            try:
                self._channel.send(encode(self._outbox[:MAX_BATCH]))
            except BlockingIOError:
                loop = asyncio.get_running_loop()
                loop.add_writer(self._channel, self._on_writable)
                return
            except ConnectionError:
                return  # what is left to read comes first, then the end
            del self._outbox[:MAX_BATCH]

    def _on_writable(self) -> None:
        if self._channel is not None:
            asyncio.get_running_loop().remove_writer(self._channel)
            self._flush()

    def _on_readable(self) -> None:
        for _ in range(_READS_AT_ONCE):
            if self._channel is None:
                return
            try:
                data = self._channel.recv(MAX_DATAGRAM)
            except BlockingIOError:
                return
            except ConnectionError:
                data = b""
            if not data:
                self._on_death()
                return
            for message in decode_messages(data):
                self._take(message)

    def _take(self, message: Message) -> None:
        if isinstance(message, Report):
            session = self.sessions.get(message.session)
            if session is not None and session.deliver(message.event):
                self.sessions.pop(message.session, None)
        elif self._ready is not None and not self._ready.done():
            if isinstance(message, Ready):
                self._ready.set_result(None)
            elif isinstance(message, Failed):
                self._ready.set_exception(OperatorError(message.reason, key="media.address"))

    def _on_death(self) -> None:
        """The channel has ended though we did not end it."""
        self._close_channel()
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(OperatorError("the media worker ended at its start"))
            return
        lost, self.sessions = self.sessions, {}
        log.error("a media worker died, calls lost: %d", len(lost))
        avoid = tuple(port for session in lost.values() for port in session.ports)
        loop = asyncio.get_running_loop()
        self._relaunch_at = loop.call_later(RESTART_DELAY_S, self.launch, self._prompts, avoid)
        for session in lost.values():
            session.deliver(Lost("the media worker died"))

    def _on_exit(self, watched: int, process: subprocess.Popen[bytes]) -> None:
        """The process is over: take its exit status, or it stays a zombie."""
        asyncio.get_running_loop().remove_reader(watched)
        os.close(watched)
        process.wait()
        self._exited.set()

    def _close_channel(self) -> None:
        self._outbox.clear()
        if self._channel is None:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._channel)
        loop.remove_writer(self._channel)
        self._channel.close()
        self._channel = None


def _same_code() -> str:
    """PYTHONPATH for a worker: it must run the code that its parent runs."""
    root = str(Path(sidecar.__file__).parent.parent)
    rest = os.environ.get("PYTHONPATH")
    return root + os.pathsep + rest if rest else root
