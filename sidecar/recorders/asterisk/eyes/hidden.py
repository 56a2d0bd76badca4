"""The channels that record conferences: no event tells of them, only the bridge itself.

The list of all channels would too, but telephones write lines into it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sidecar.recorders.asterisk.eyes.channels import RECORDER, Channels
from sidecar.recorders.asterisk.eyes.evidence import is_id, is_name, read_bridge, read_name
from sidecar.recorders.asterisk.wire.connection import Connection

TRIES = 10


@dataclass(frozen=True, slots=True)
class Hidden:
    """A channel that records a conference."""

    uniqueid: str
    name: str
    bridge: str


class HiddenChannels:
    """Finds the recorders of conferences, and puts them among the channels."""

    def __init__(
        self,
        connection: Connection,
        channels: Channels,
        pause: float,
        *,
        on_gone: Callable[[str], None],
        on_change: Callable[[str], None],
    ) -> None:
        """`pause`: seconds between two looks. Both callbacks get a uniqueid; whatever is gone has
        also changed.
        """
        self._connection = connection
        self._channels = channels
        self._pause = pause
        self._on_gone = on_gone
        self._on_change = on_change
        self._announced: set[str] = set()

    def announce(self, bridge: str) -> None:
        """A conference is said to be recorded from now on."""
        self._announced.add(bridge)

    def clear(self) -> None:
        """Nothing of what was said counts any more."""
        self._announced.clear()

    async def find(self, bridges: frozenset[str]) -> bool:
        """Look for the hidden channels that record these conferences; return whether that went.

        One is announced a moment before it can be found: it is waited for where a conference is
        known to be recorded.
        """
        for _ in range(TRIES):
            found = await read_hidden(self._connection, bridges)
            if found is None:
                return False
            self._take(bridges, found)
            self._announced -= {each.bridge for each in found}
            if not self._announced & bridges:
                return True
            await asyncio.sleep(self._pause)
        self._announced -= bridges
        return True

    def _take(self, bridges: frozenset[str], found: tuple[Hidden, ...]) -> None:
        listed = {each.uniqueid for each in found}
        for bridge in bridges:
            for uniqueid in self._channels.in_bridge(bridge) - listed:
                channel = self._channels.get(uniqueid)
                if channel is not None and channel.is_hidden:
                    self._channels.remove(uniqueid)
                    self._on_gone(uniqueid)
                    self._on_change(uniqueid)
        for each in found:
            self._channels.put_hidden(each.uniqueid, each.name, each.bridge)
            self._on_change(each.uniqueid)


async def read_hidden(connection: Connection, bridges: Iterable[str]) -> tuple[Hidden, ...] | None:
    """Return the recorders of these conferences; None where one can't be known now."""
    found: list[Hidden] = []
    for each in filter(is_id, bridges):
        bridge = await read_bridge(connection, each)
        if bridge is None:
            return None
        names = [name for name in bridge.channels if name.startswith(RECORDER) and is_name(name)]
        uniqueids = await asyncio.gather(*(read_name(connection, name) for name in names))
        for name, uniqueid in zip(names, uniqueids, strict=True):
            if uniqueid is None:
                return None
            if uniqueid:
                found.append(Hidden(uniqueid, name, each))
    return tuple(found)
