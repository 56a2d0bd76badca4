"""Tells one call of a conference of strangers in it, who have not heard the notice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sidecar.recorders.asterisk.eyes.call_ids import CallIds
from sidecar.recorders.asterisk.eyes.channels import Channel, Channels
from sidecar.recorders.asterisk.eyes.elsewhere import Elsewhere
from sidecar.recorders.asterisk.eyes.rooms import Rooms, Whose
from sidecar.recorders.asterisk.eyes.scenes import reach
from sidecar.recorders.recorder import CarriedByAnother

if TYPE_CHECKING:
    from sidecar.recorders.asterisk.session import AsteriskSession


class Sessions(Protocol):
    """What is to be known of channels and the sessions of calls."""

    channels: Channels
    call_ids: CallIds

    def session_of(self, uniqueid: str) -> AsteriskSession | None:
        """Return the session whose own channel this is."""


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
