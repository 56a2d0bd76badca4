"""The channels that record conferences: no event tells of them, only the bridge itself.

The list of all channels would too, but telephones write lines into it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from sidecar.recorders.asterisk.eyes.channels import RECORDER
from sidecar.recorders.asterisk.eyes.evidence import is_id, is_name, read_bridge, read_name
from sidecar.recorders.asterisk.wire.connection import Connection


@dataclass(frozen=True, slots=True)
class Hidden:
    """A channel that records a conference."""

    uniqueid: str
    name: str
    bridge: str


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
