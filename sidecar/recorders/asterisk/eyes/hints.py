"""What events claim, until it was read back: see evidence.py for why.

A claim that is being read holds back what would be told of the call; what then is read counts,
and whoever waits is told at once, so that claims without end hold nothing up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import structlog

from sidecar.recorders.asterisk.eyes.channels import UNTOLD, Channel, Channels
from sidecar.recorders.asterisk.eyes.doubts import Doubts
from sidecar.recorders.asterisk.eyes.evidence import (
    Bridge,
    Facts,
    is_name,
    read_bridge,
    read_channel,
    read_name,
)
from sidecar.recorders.asterisk.eyes.rooms import Rooms
from sidecar.recorders.asterisk.eyes.scenes import answerers, confirmed, reach
from sidecar.recorders.asterisk.wire.connection import Connection

log = structlog.get_logger(__name__)

MOST_CLAIMS = 10_000
LOOK_AGAIN = (0.1, 1.0)
"""Seconds after which a channel is read again that is said to have ended, and is there."""
WARN_EVERY = 60.0


class Readings(NamedTuple):
    """Whom to tell what was read."""

    channel: Callable[[str, str], None]
    """A channel's uniqueid and its application."""
    found: Callable[[Channel], None]
    """A channel that there is, and that was not known, or not to be in its bridge."""
    ended: Callable[[str, bool], None]
    """The uniqueid of one that there is not (any more), and whether it was known."""
    changed: Callable[[str], None]
    """The uniqueid of one in a bridge that is another than was told."""
    room: Callable[[str], None]
    """A bridge that was found to be a conference."""


class Hints:
    """The claims of one PBX's events."""

    def __init__(
        self, connection: Connection, channels: Channels, rooms: Rooms, tell: Readings
    ) -> None:
        self._channels = channels
        self._rooms = rooms
        self._tell = tell
        self._doubts = Doubts(connection, self._read_channel, self._channel_read)
        self._bridges = Doubts(connection, read_bridge, self._bridge_read)
        self._names = Doubts(connection, read_name, self._name_read, is_name)
        self._places: dict[str, str] = {}
        """The bridges that unknown channels were read to be in, by the names of these."""
        self._ended: dict[str, tuple[float, ...]] = {}
        """Channels that are said to have ended: when each is read again if it is still there."""
        self._missed: set[str] = set()
        """Channels that were not found, though nobody has said that they have ended."""
        self._up: set[str] = set()
        """Channels that are said to have been answered."""
        self._conferences: set[str] = set()
        """Bridges that are said to be conferences."""
        self._warned_at = float("-inf")

    def about(self, uniqueid: str) -> None:
        """Something was said of a channel that has to be read back."""
        self._doubts.about(uniqueid)

    def name(self, name: str) -> None:
        """Something was said of a channel by its name, and nothing, or another, by its uniqueid."""
        self._names.about(name)

    def bridge(self, bridge: str) -> None:
        """Somebody may be in a bridge who is not known to be."""
        self._bridges.about(bridge)

    def all_bridges(self) -> None:
        """Somebody may be in any bridge."""
        for each in self._channels.bridges():
            self._bridges.about(each)

    def look(self) -> None:
        """Have the bridges and names read of which something was said."""
        while self._channels.doubtful_bridges:
            self._bridges.about(self._channels.doubtful_bridges.pop())
        while self._channels.doubtful_names:
            self._names.about(self._channels.doubtful_names.pop())

    def answer(self, uniqueid: str) -> None:
        """A channel may be up: note who has answered it by then, and have it read."""
        channel = self._channels.get(uniqueid)
        if channel is None or not channel.up:
            return
        if channel.answered_by is None:
            channel.answered_by = answerers(self._channels, uniqueid)
        self._up.add(uniqueid)
        self._doubts.about(uniqueid)

    def hangup(self, uniqueid: str) -> None:
        """A channel may have ended."""
        if self._channels.get(uniqueid) is not None:
            self._ended[uniqueid] = LOOK_AGAIN
            self._doubts.about(uniqueid)

    def room(self, bridge: str) -> None:
        """A bridge may be a conference."""
        if bridge not in self._rooms and len(self._conferences) < MOST_CLAIMS:
            self._conferences.add(bridge)
            self._bridges.about(bridge)

    def claimed(self, uniqueid: str) -> bool:
        """Whether it is being read that a call was answered, or has come into a conference."""
        if uniqueid in self._up:
            return True
        return bool(self._conferences) and any(
            each.bridge in self._conferences
            for each in reach(self._channels, uniqueid, self._rooms)
        )

    async def settled(self, *uniqueids: str) -> None:
        """Wait until these channels were read."""
        await self._doubts.settled(*uniqueids)

    def clear(self) -> None:
        """Nothing of what was said counts any more."""
        self._doubts.clear()
        self._bridges.clear()
        self._names.clear()
        self._places.clear()
        self._conferences.clear()
        self._up.clear()
        self._ended.clear()
        self._missed.clear()

    def show_forgery(self) -> None:
        """What no Asterisk writes by itself has come: a telephone may hide behind it."""
        now = asyncio.get_running_loop().time()
        if now >= self._warned_at + WARN_EVERY:
            self._warned_at = now
            log.warning("asterisk_forged", hint="a telephone writes lines into manager events")

    async def _read_channel(self, connection: Connection, uniqueid: str) -> Facts | None:
        """Read a channel, and whether it is in a bridge still that it is said to have left."""
        facts = await read_channel(connection, uniqueid)
        if facts is None or facts.gone or facts.unclear:
            return facts
        for each in self._channels.former_bridges(uniqueid):
            bridge = await read_bridge(connection, each)
            if bridge is None:
                return None
            if facts.name in bridge.channels:
                return replace(facts, bridge=each)
        return facts

    def _channel_read(self, uniqueid: str, facts: Facts) -> None:
        if facts.unclear or (facts.gone and self._is_missed(uniqueid)):
            return  # what was claimed of it stays in doubt
        self._missed.discard(uniqueid)
        looks = self._ended.pop(uniqueid, ())
        said_up = uniqueid in self._up
        self._up.discard(uniqueid)
        if facts.gone:
            self._tell.ended(uniqueid, self._channels.remove(uniqueid))
            self.look()
            return
        if looks:
            self._ended[uniqueid] = looks[1:]
            self._doubts.about(uniqueid, after=looks[0])
        new = self._channels.found(uniqueid, facts.name, facts.linkedid, up=facts.up)
        self._channels.settle(uniqueid, facts.name, facts.linkedid, facts.bridge or None)
        self.look()
        channel = self._channels.get(uniqueid)
        if channel is not None and said_up:
            channel.up = facts.up
            channel.answered_by = confirmed(self._channels, channel)
        if channel is not None and new:
            self._channels.enter(uniqueid, self._places.pop(facts.name, ""))
            self._tell.found(channel)
        self._tell.channel(uniqueid, facts.application)

    def _is_missed(self, uniqueid: str) -> bool:
        """Tell whether one that was not found may be there all the same; it is read once more then.

        While Asterisk puts a channel in the place of another (pick-up, some transfers) it finds
        neither for an instant.
        """
        known = self._channels.get(uniqueid) is not None
        if not known or uniqueid in self._ended or uniqueid in self._missed:
            return False
        self._missed.add(uniqueid)
        self._doubts.about(uniqueid, after=LOOK_AGAIN[0])
        return True

    def _name_read(self, name: str, uniqueid: str) -> None:
        if not uniqueid or self._channels.get(uniqueid) is not None:
            self._places.pop(name, None)
        for each in {uniqueid, *self._channels.named(name)} - {""}:
            self._doubts.about(each)

    def _bridge_read(self, bridge: str, found: Bridge) -> None:
        self._conferences.discard(bridge)
        self._channels.note_bridge(bridge, found.technology)
        if found.gone:
            self._rooms.end(bridge)
        elif self._rooms.name(bridge, found.room):
            self._tell.room(bridge)
        for name in found.channels:
            self._place(name, bridge)
        for uniqueid in self._channels.in_bridge(bridge):
            self._tell.changed(uniqueid)

    def _place(self, name: str, bridge: str) -> None:
        """Take in that whoever has this name is in a bridge."""
        known = [self._channels.get(each) for each in self._channels.named(name)]
        if name.startswith(UNTOLD) or any(each and each.bridge == bridge for each in known):
            return
        if len(self._places) < MOST_CLAIMS:
            self._places[name] = bridge
        self._names.about(name)
        for channel in known:
            if channel is not None and self._channels.enter(channel.uniqueid, bridge):
                self._tell.found(channel)
