"""What the signalling process and a media worker say to each other.

Each datagram of the socket pair is one MessagePack list of commands (to the worker) or reports
(from it). Order is kept. The end of the connection ends the worker.
"""

from __future__ import annotations

import msgspec

from .engine import MediaEvent, RemoteMedia, Side

MAX_BATCH = 200
"""Commands or reports in one datagram: far below what a socket buffer takes."""

MAX_DATAGRAM = 1 << 18

MAX_WAITING = 50_000
"""Commands or reports, some 10 MB, that may wait for a process which does not read.

It is as good as dead then: a worker ends, and its calls with it, rather than carry speech that
nobody can stop any more; a worker that does not read is killed, which is told as its death is.
"""


class Start(msgspec.Struct, frozen=True, tag=True):
    """The first command.

    silent_after, never_after: see `LocalEngine`. avoid: ports that strangers may still send to;
    they are quarantined.
    """

    address: str
    first_port: int
    last_port: int
    silent_after: float
    never_after: float
    avoid: tuple[int, ...] = ()


class Open(msgspec.Struct, frozen=True, tag=True):
    """Start a session; the number is the engine's."""

    session: int
    streams: int


class AddStream(msgspec.Struct, frozen=True, tag=True):
    """See MediaSession.add_stream."""

    session: int


class BehindNat(msgspec.Struct, frozen=True, tag=True):
    """See MediaSession.behind_nat."""

    session: int
    side: Side
    networks: tuple[str, ...]


class Configure(msgspec.Struct, frozen=True, tag=True):
    """See MediaSession.configure."""

    session: int
    side: Side
    stream: int
    remote: RemoteMedia | None


class Answered(msgspec.Struct, frozen=True, tag=True):
    """See MediaSession.answered."""

    session: int


class Gate(msgspec.Struct, frozen=True, tag=True):
    """See MediaSession.gate."""

    session: int
    side: Side
    open: bool


class Play(msgspec.Struct, frozen=True, tag=True):
    """See MediaSession.play. key: of the prompt among those given to the worker at its start."""

    session: int
    side: Side
    name: str
    key: str


class Ring(msgspec.Struct, frozen=True, tag=True):
    """See MediaSession.ring."""

    session: int
    side: Side
    on: bool


class Stop(msgspec.Struct, frozen=True, tag=True):
    """See MediaSession.stop."""

    session: int
    side: Side


class Collect(msgspec.Struct, frozen=True, tag=True):
    """See MediaSession.collect."""

    session: int
    side: Side
    on: bool


class Press(msgspec.Struct, frozen=True, tag=True):
    """See MediaSession.press."""

    session: int
    side: Side
    digits: str


class Close(msgspec.Struct, frozen=True, tag=True):
    """See MediaSession.close."""

    session: int


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The answer to Start: sessions can be opened."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The answer to Start where no session could ever be opened."""

    reason: str


class Report(msgspec.Struct, frozen=True, tag=True):
    """Something happened in a session."""

    session: int
    event: MediaEvent


SessionCommand = (
    AddStream
    | Answered
    | BehindNat
    | Configure
    | Gate
    | Play
    | Ring
    | Stop
    | Collect
    | Press
    | Close
)
Command = Start | Open | SessionCommand
Message = Ready | Failed | Report

Prompts = dict[str, dict[str, bytes]]
"""Prompt key -> codec -> encoded audio, whole packets of 20 ms."""

encode = msgspec.msgpack.Encoder().encode
decode_commands = msgspec.msgpack.Decoder(list[Command]).decode
decode_messages = msgspec.msgpack.Decoder(list[Message]).decode
decode_prompts = msgspec.msgpack.Decoder(Prompts).decode
