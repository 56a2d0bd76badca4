"""Tells one call of a conference of strangers in it, who have not heard the notice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sidecar.recorders.asterisk.channels import Channel, Channels
from sidecar.recorders.asterisk.rooms import Rooms
from sidecar.recorders.asterisk.scenes import reach

if TYPE_CHECKING:
    from sidecar.recorders.asterisk.session import AsteriskSession


class Sessions(Protocol):
    """What is to be known of channels and the sessions of calls."""

    channels: Channels

    def session_of(self, uniqueid: str) -> AsteriskSession | None:
        """Return the session whose own channel this is."""

    def is_asking(self, channel: Channel) -> bool:
        """Whether the channel may turn out to be a session's: its Call-ID is not known yet."""


class Conferences:
    """The conferences with whoever is in them."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
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

        def is_ours(channel: Channel) -> bool | None:
            if self._sessions.session_of(channel.uniqueid) is not None:
                return True
            return None if self._sessions.is_asking(channel) and not sure else False

        self._have_told(self.rooms.meet(bridge, there, is_ours))

    def left(self, uniqueid: str) -> None:
        """The call of this channel is over: another one has to go on with what it has not told."""
        for teller in self.rooms.left(uniqueid):
            self._have_told(teller)

    def _have_told(self, teller: str) -> None:
        session = self._sessions.session_of(teller) if teller else None
        if session is not None:
            session.sight.stranger()
