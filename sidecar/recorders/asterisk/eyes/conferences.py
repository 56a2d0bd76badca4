"""Tells one call of a conference of strangers in it, who have not heard the notice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

from sidecar.recorders.asterisk.eyes.call_ids import CallIds
from sidecar.recorders.asterisk.eyes.channels import Channel, Channels
from sidecar.recorders.asterisk.eyes.rooms import Rooms, Whose
from sidecar.recorders.asterisk.eyes.scenes import reach
from sidecar.recorders.asterisk.eyes.sight import Sight
from sidecar.recorders.recorder import CarriedByAnother

KNOWN_WITHIN = 0.25
"""Seconds after which a channel counts as nobody's: whoever is behind it is told once too often
rather than not at all."""


class Session(Protocol):
    """The session of a call that may be in a conference."""

    sight: Sight


class Sessions(Protocol):
    """What is to be known of channels and the sessions of calls."""

    channels: Channels
    call_ids: CallIds

    def session_of(self, uniqueid: str) -> Session | None:
        """Return the session whose own channel this is."""


class Elsewhere:
    """Which channels are calls of other sidecars at the same PBX: each is asked for once."""

    def __init__(
        self, carried_by_another: CarriedByAnother, on_known: Callable[[str], None]
    ) -> None:
        """`on_known` is called with the uniqueid of each channel that was asked for."""
        self._carried_by_another = carried_by_another
        self._on_known = on_known
        self._known: dict[str, Whose] = {}
        self._asking: dict[str, asyncio.Task[bool]] = {}

    def whose(self, uniqueid: str, call_id: str) -> Whose | None:
        """Return whose call a channel is; None: `on_known` will tell when that is known."""
        if uniqueid not in self._known and uniqueid not in self._asking:
            task = asyncio.create_task(self._find_out(call_id), name="asterisk-elsewhere")
            self._asking[uniqueid] = task
            task.add_done_callback(partial(self._found_out, uniqueid))
        return self._known.get(uniqueid)

    def gone(self, uniqueid: str) -> None:
        """A channel is gone."""
        self._known.pop(uniqueid, None)
        if task := self._asking.pop(uniqueid, None):
            task.cancel()

    def clear(self) -> None:
        """Nothing is known of any channel."""
        for uniqueid in (*self._known, *self._asking):
            self.gone(uniqueid)

    async def _find_out(self, call_id: str) -> bool:
        try:
            return await asyncio.wait_for(self._carried_by_another(call_id), KNOWN_WITHIN)
        except TimeoutError:
            return False

    def _found_out(self, uniqueid: str, task: asyncio.Task[bool]) -> None:
        if self._asking.pop(uniqueid, None) is not None:
            self._known[uniqueid] = Whose.ANOTHER_SIDECAR_S if task.result() else Whose.NOBODY_S
            self._on_known(uniqueid)


class Conferences:
    """The conferences with whoever is in them."""

    def __init__(self, sessions: Sessions, carried_by_another: CarriedByAnother) -> None:
        self._sessions = sessions
        self.elsewhere = Elsewhere(carried_by_another, self._meet_where)
        self.rooms = Rooms()

    def meet_all(self) -> None:
        """Everything may have changed."""
        for bridge in tuple(self.rooms):
            self.meet(bridge, sure=True)

    def meet_at(self, uniqueid: str, bridge: str, *, sure: bool = False) -> None:
        """Something changed at this channel or bridge: look at the conferences it is in."""
        if self.rooms:
            reached = reach(self._sessions.channels, uniqueid, self.rooms)
            for each in {bridge, *(one.bridge for one in reached)} & self.rooms.keys():
                self.meet(each, sure=sure)

    def meet(self, bridge: str, *, sure: bool = False) -> None:
        """Tell a call of this conference of its strangers. `sure`: don't wait for Call-IDs."""
        channels = self._sessions.channels
        there = [
            channel
            for member in sorted(channels.in_bridge(bridge))
            for channel in reach(channels, member, self.rooms)
            if channel.is_real
        ]

        def whose(channel: Channel) -> Whose | None:
            if self._sessions.session_of(channel.uniqueid) is not None:
                return Whose.OURS
            if call_id := self._sessions.call_ids.of(channel.uniqueid):
                return self.elsewhere.whose(channel.uniqueid, call_id)
            return None if self._sessions.call_ids.lacks(channel) and not sure else Whose.NOBODY_S

        self._have_told(self.rooms.meet(bridge, there, whose))

    def _meet_where(self, uniqueid: str) -> None:
        channel = self._sessions.channels.get(uniqueid)
        if channel is not None:
            self.meet_at(uniqueid, channel.bridge)

    def left(self, uniqueid: str) -> None:
        """The call of this channel is over: another one has to go on with what it has not told."""
        for teller in self.rooms.left(uniqueid):
            self._have_told(teller)

    def _have_told(self, teller: str) -> None:
        session = self._sessions.session_of(teller) if teller else None
        if session is not None:
            session.sight.stranger()
