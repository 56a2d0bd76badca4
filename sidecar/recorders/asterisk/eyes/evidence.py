"""What Asterisk itself answers when it is asked: the proof of what its events only hint at.

An event can be a telephone's from its first to its last byte: Asterisk writes the user of a From
header into `CallerIDNum`, line breaks and all. So nothing that would loosen is taken from events,
nor from lists that hold such fields, but from the answers to actions of our own. They have an id
that nobody can guess, name the channel by its uniqueid, and ask for what no telephone can write.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from sidecar.recorders.asterisk.wire.connection import Connection, Reply

_ITEMS = ("name", "linkedid", "appname", "state")
_GETVAR = {"response", "actionid", "variable", "value"}
LONGEST_NAME = 300
_ID = re.compile(r"[A-Za-z0-9._-]{1,150}")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a channel has answered; nothing but `gone` counts of one that Asterisk hasn't.

    `unclear`: the answer holds more than was asked for, as where a telephone has dialled line
    breaks into the name of a Local channel. Then nothing else counts, and claims stay in doubt.
    """

    gone: bool = False
    unclear: bool = False
    name: str = ""
    linkedid: str = ""
    application: str = ""
    up: bool = False
    bridge: str = ""
    """One that it is said to have left, and is in."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """What Asterisk says of a bridge. `channels`: the names of those in it."""

    gone: bool = False
    technology: str = ""
    room: str = ""
    """The name of the conference that it is, empty for none."""
    channels: frozenset[str] = frozenset()


def is_id(word: str) -> bool:
    """Whether a word can be the id of a channel or bridge, and nothing else in a command."""
    return _ID.fullmatch(word) is not None


def is_name(word: str) -> bool:
    """Whether a word can be the name of a channel; no uniqueid can be one."""
    return "/" in word and len(word) <= LONGEST_NAME and word.isprintable()


async def read_name(connection: Connection, name: str) -> str | None:
    """Return the uniqueid of the channel with a name, empty where there is none; None: unknown."""
    reply = await connection.ask("Getvar", ("Channel", name), ("Variable", "CHANNEL(uniqueid)"))
    if reply.no_channel:
        return ""
    return None if reply.failure else value_of(reply)


async def read_channel(connection: Connection, uniqueid: str) -> Facts | None:
    """Ask a channel; None where nothing can be known now."""
    replies = await asyncio.gather(
        *(
            connection.ask("Getvar", ("Channel", uniqueid), ("Variable", f"CHANNEL({item})"))
            for item in _ITEMS
        )
    )
    if any(reply.no_channel for reply in replies):
        return Facts(gone=True)
    if any(reply.failure not in ("", "unproven") for reply in replies):
        return None
    values = [None if reply.failure else value_of(reply) for reply in replies]
    if None in values:
        return Facts(unclear=True)
    name, linkedid, application, state = (value or "" for value in values)
    return Facts(False, False, name, linkedid, application, state == "Up")


def value_of(reply: Reply) -> str | None:
    """Return what Getvar has answered; None where more than that stands in the answer."""
    return reply.message.get("value") if reply.message.fields.keys() == _GETVAR else None


async def read_bridge(connection: Connection, bridge: str) -> Bridge | None:
    """Ask for a bridge; None where nothing can be known now."""
    reply = await connection.ask("Command", ("Command", f"bridge show {bridge}"))
    return None if reply.failure else parse_bridge(bridge, reply.message.output)


def parse_bridge(bridge: str, output: tuple[str, ...]) -> Bridge | None:
    """Read what `bridge show` answers of one bridge; None where it is not that."""
    if output == (f"Bridge '{bridge}' not found",):
        return Bridge(gone=True)
    lines = [line.partition(": ") for line in output]
    if not lines or lines[0] != ("Id", ": ", bridge):
        return None
    said: dict[str, str] = {}
    for name, _, value in lines:
        said.setdefault(name, value)
    return Bridge(
        technology=said.get("Technology", ""),
        room=said.get("Name", "") if said.get("Creator") == "ConfBridge" else "",
        channels=frozenset(value for name, _, value in lines if name == "Channel"),
    )
