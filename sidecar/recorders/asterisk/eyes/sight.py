"""Whom one call meets at the PBX, told as events: the session's eyes."""

from __future__ import annotations

import asyncio
from typing import Protocol

from sidecar.recorders.asterisk.eyes.channels import Channels
from sidecar.recorders.asterisk.eyes.people import People, Scene
from sidecar.recorders.recorder import (
    Answerer,
    AnswererCallback,
    EventCallback,
    MailboxReached,
    RecorderEvent,
    StrangerInRoom,
)

NOBODY_AFTER = 0.1
"""Seconds for which nobody must be there before it is told: transfers and the optimisation of
Local channels take everyone away for an instant."""


class View(Protocol):
    """What is known of the PBX."""

    channels: Channels

    @property
    def connected(self) -> bool:
        """Whether there is a connection, and the channels are known."""

    def scene(self, uniqueid: str) -> Scene:
        """Return what is connected with a call's own channel."""

    def answered_by(self, uniqueid: str) -> frozenset[str]:
        """Return which people have answered a call whose own channel is up."""

    def at_mailbox(self, uniqueid: str) -> bool:
        """Whether a call's own channel has come to a mailbox, or is about to."""

    def unsettled(self, uniqueid: str) -> bool:
        """Whether something was told of where a call is that has yet to be read back."""


class Sight:
    """See RecorderSession.answered, and the events of people, mailboxes and rooms."""

    def __init__(self, pbx: View, on_event: EventCallback) -> None:
        self._pbx = pbx
        self._on_event = on_event
        self._people = People()
        self._uniqueid = ""
        self._on_answerer: AnswererCallback | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._at_mailbox = False

    def answered(self, on_answerer: AnswererCallback) -> None:
        """See RecorderSession."""
        if self._closed:
            return
        self._on_answerer = on_answerer
        if self._pbx.connected:
            self.look(self._uniqueid)
        else:
            self._tell_answerer(Answerer.UNKNOWN, frozenset())

    def look(self, uniqueid: str) -> None:
        """Something may have changed for the call's own channel."""
        self._uniqueid = uniqueid
        self._look_for_mailbox()
        channel = self._pbx.channels.get(uniqueid)
        if self._closed or channel is None:
            self._stop_waiting()
            return
        if self._pbx.unsettled(uniqueid):
            return
        if channel.up and self._on_answerer is not None:
            by = self._pbx.answered_by(uniqueid)
            self._tell_answerer(Answerer.PERSON if by else Answerer.MACHINE, by)
        for event in self._people.see(self._pbx.scene(uniqueid)):
            self._tell(event)
        self._wait_if_vacant()

    def _wait_if_vacant(self) -> None:
        if self._closed:
            return
        if self._people.vacant and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(NOBODY_AFTER, self._vacated)
        elif not self._people.vacant:
            self._stop_waiting()

    def stepped(self) -> None:
        """A channel of the call's has come to a mailbox."""
        self._at_mailbox = False
        self._look_for_mailbox()

    def _look_for_mailbox(self) -> None:
        before, self._at_mailbox = self._at_mailbox, self._pbx.at_mailbox(self._uniqueid)
        if self._at_mailbox and not before:
            self._tell(MailboxReached())

    def stranger(self) -> None:
        """One who does not pass the sidecar has come into the call's room."""
        self._tell(StrangerInRoom())

    def lost(self) -> None:
        """Nothing is known any more; what was known is kept, to be compared."""
        self._uniqueid = ""
        self._at_mailbox = False
        self._stop_waiting()
        if self._on_answerer is not None:
            self._tell_answerer(Answerer.UNKNOWN, frozenset())

    def drop(self) -> None:
        """Tell nothing any more."""
        self._closed = True
        self._on_answerer = None
        self._stop_waiting()

    def _tell(self, event: RecorderEvent) -> None:
        if not self._closed:
            self._on_event(event)

    def _tell_answerer(self, answerer: Answerer, by: frozenset[str]) -> None:
        tell, self._on_answerer = self._on_answerer, None
        self._people.answered(by)
        if tell is not None:
            tell(answerer)

    def _vacated(self) -> None:
        self._timer = None
        if self._pbx.channels.get(self._uniqueid) is not None:
            for event in self._people.vacated():
                self._tell(event)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
