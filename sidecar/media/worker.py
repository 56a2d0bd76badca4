"""The worker process: `python -m sidecar.media.worker CHANNEL PROMPTS` (two inherited numbers).

A plain loop. It carries out the commands that come through the channel, moves packets, and ends
when the channel does. Garbage collection is off: nothing here refers to itself once it is closed.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from .engine import Lost, MediaEvent, Refused
from .ports import NoPorts, PortPool, bind
from .protocol import (
    MAX_BATCH,
    MAX_DATAGRAM,
    MAX_WAITING,
    AddStream,
    Answered,
    BehindNat,
    Close,
    Collect,
    Command,
    Configure,
    Failed,
    Gate,
    Message,
    Open,
    Play,
    Press,
    Prompts,
    Ready,
    Report,
    Ring,
    Start,
    Stop,
    decode_commands,
    decode_prompts,
    encode,
)
from .reactor import Reactor
from .session import Session, Surroundings

_READS_AT_ONCE = 16
"""Datagrams of commands taken in one round."""


class Worker:
    """Sessions and the channel to the signalling process."""

    def __init__(self, channel: socket.socket, prompts: Prompts) -> None:
        self._channel = channel
        self._prompts = prompts
        self._reactor = Reactor()
        self._outbox: list[Message] = []
        self._sessions: dict[int, Session] = {}
        self._around: Surroundings | None = None
        self._silent_after = self._never_after = 0.0
        channel.setblocking(False)
        self._reactor.watch(channel, self._on_commands)

    def run(self) -> None:
        """Serve until the channel ends."""
        self._reactor.run(self._flush)
        now = time.monotonic()
        for session in self._sessions.values():
            session.close(now)
        self._channel.close()
        self._reactor.close()

    def _on_commands(self, now: float) -> None:
        """Take all that waits: one of many packets a round would let calls that have ended go on
        talking, and who is late by them would never catch up.
        """
        for _ in range(_READS_AT_ONCE):
            try:
                data = self._channel.recv(MAX_DATAGRAM)
            except BlockingIOError:
                break
            except ConnectionError:
                data = b""
            if not data:
                self._reactor.running = False
                return
            self._take(data, now)
        self._reactor.replan()

    def _take(self, data: bytes, now: float) -> None:
        for command in decode_commands(data):
            if isinstance(command, Start):
                self._start(command, now)
            elif isinstance(command, Open):
                self._open(command, now)
            elif (session := self._sessions.get(command.session)) is not None:
                self._carry_out(session, command, now)

    def _start(self, command: Start, now: float) -> None:
        try:
            bind(command.address, 0).close()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            self._outbox.append(Failed(f"can't use {command.address}: {reason}"))
            return
        ports = PortPool(command.address, command.first_port, command.last_port)
        ports.avoid(command.avoid, now)
        self._around = Surroundings(self._reactor, ports, self._prompts, self._report)
        self._silent_after = command.silent_after
        self._never_after = command.never_after
        self._reactor.schedule(now + 1.0, self._every_second)
        self._outbox.append(Ready())

    def _open(self, command: Open, now: float) -> None:
        if self._around is None:
            self._report(command.session, Refused("not started"))
            return
        try:
            session = Session(command.session, command.streams, self._around, now)
        except NoPorts as error:
            self._report(command.session, Refused(str(error)))
            return
        self._sessions[session.id] = session
        self._report(session.id, session.opened())

    def _carry_out(self, session: Session, command: Command, now: float) -> None:
        """One command. A fault of ours costs this session, which is told, not the others."""
        try:
            _COMMANDS[type(command)](self, session, command, now)
        except Exception:  # noqa: BLE001 - the boundary of a session's work
            traceback.print_exc()
            self._sessions.pop(session.id, None)
            session.close(now)
            self._report(session.id, Lost("fault in the media worker"))

    def _add_stream(self, session: Session, command: AddStream, now: float) -> None:
        try:
            session.add_stream(now)
        except NoPorts as error:
            self._report(session.id, Refused(str(error)))
            return
        self._report(session.id, session.opened())

    def _answered(self, session: Session, command: Answered, now: float) -> None:
        session.answered(now)

    def _behind_nat(self, session: Session, command: BehindNat, now: float) -> None:
        session.behind_nat(command.side, command.networks)

    def _configure(self, session: Session, command: Configure, now: float) -> None:
        session.configure(command.side, command.stream, command.remote, now)

    def _gate(self, session: Session, command: Gate, now: float) -> None:
        session.gate(command.side, command.open, now)

    def _play(self, session: Session, command: Play, now: float) -> None:
        session.play(command.side, command.name, command.key, now)

    def _ring(self, session: Session, command: Ring, now: float) -> None:
        session.party(command.side).ringing = command.on

    def _stop(self, session: Session, command: Stop, now: float) -> None:
        session.stop(command.side, now)

    def _collect(self, session: Session, command: Collect, now: float) -> None:
        session.collect(command.side, command.on, now)

    def _press(self, session: Session, command: Press, now: float) -> None:
        session.press(command.side, command.digits, now)

    def _close(self, session: Session, command: Close, now: float) -> None:
        del self._sessions[session.id]
        self._report(session.id, session.close(now))

    def _report(self, session: int, event: MediaEvent) -> None:
        self._outbox.append(Report(session, event))

    def _every_second(self, now: float) -> None:
        self._reactor.schedule(now + 1.0, self._every_second)
        for session in self._sessions.values():
            session.check_silence(now, self._silent_after, self._never_after)

    def _flush(self) -> bool:
        """Send what there is to report; True if the channel is full for now."""
        while self._outbox:
            try:
                self._channel.send(encode(self._outbox[:MAX_BATCH]))
            except BlockingIOError:
                if len(self._outbox) > MAX_WAITING:
                    sys.stderr.write("media worker: nobody reads its reports any more: ending\n")
                    self._reactor.running = False
                return True
            except ConnectionError:
                self._reactor.running = False
                return False
            del self._outbox[:MAX_BATCH]
        return False


_COMMANDS: dict[type[Command], Callable[[Worker, Session, Any, float], None]] = {
    AddStream: Worker._add_stream,
    Answered: Worker._answered,
    BehindNat: Worker._behind_nat,
    Configure: Worker._configure,
    Gate: Worker._gate,
    Play: Worker._play,
    Ring: Worker._ring,
    Stop: Worker._stop,
    Collect: Worker._collect,
    Press: Worker._press,
    Close: Worker._close,
}


def main(channel_number: int, prompts_number: int) -> None:
    """Serve on the inherited channel with the prompts of the inherited file."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the end of the channel is what ends a worker
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    size = os.fstat(prompts_number).st_size
    prompts = decode_prompts(os.pread(prompts_number, size, 0))  # the workers share its position
    os.close(prompts_number)
    worker = Worker(socket.socket(fileno=channel_number), prompts)
    gc.collect()
    gc.freeze()
    gc.disable()
    worker.run()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
