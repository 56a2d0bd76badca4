"""Follows calls through the dialplan, as far as mailboxes.

Newexten tells each step, but for one: a channel that is sent elsewhere out of a bridge (a blind
transfer) is told with its new place and its old application, and the application it then begins is
not told. So a channel that has left its bridge is looked at by Status, once it has had the time to
begin.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from sidecar.recorders.asterisk.channels import Channel
from sidecar.recorders.asterisk.connection import Connection, Reply
from sidecar.recorders.asterisk.mailboxes import Mailboxes
from sidecar.recorders.asterisk.protocol import Message

LOOKS = (0.02, 0.2, 1.0)
"""When to look at a channel that has left its bridge, in seconds from one look to the next."""


class Steps:
    """Calls `on_mailbox` with the uniqueid of every channel that comes to a mailbox."""

    def __init__(
        self,
        connection: Connection,
        applications: frozenset[str],
        on_mailbox: Callable[[str], None],
    ) -> None:
        self._connection = connection
        self.mailboxes = Mailboxes(applications)
        self._on_mailbox = on_mailbox
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def took(self, event: Message) -> None:
        """A channel has taken a step (Newexten): there are many of these."""
        uniqueid = event.get("uniqueid")
        if self.mailboxes.step(uniqueid, event.get("application")):
            self._on_mailbox(uniqueid)

    def note(self, uniqueid: str, application: str) -> None:
        """A channel is at this application, since when is unknown."""
        self.mailboxes.step(uniqueid, application)

    def look_soon(self, channel: Channel) -> None:
        """A channel may begin something that is not told."""
        self._look_after(channel, LOOKS)

    def gone(self, uniqueid: str) -> None:
        """A channel has ended."""
        self.mailboxes.gone(uniqueid)
        timer = self._timers.pop(uniqueid, None)
        if timer is not None:
            timer.cancel()

    def clear(self) -> None:
        """Forget all."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self.mailboxes.clear()

    def _look_after(self, channel: Channel, delays: tuple[float, ...]) -> None:
        waiting = self._timers.pop(channel.uniqueid, None)
        if waiting is not None:
            waiting.cancel()
        if delays:
            loop = asyncio.get_running_loop()
            look = partial(self._look, channel, delays[1:])
            self._timers[channel.uniqueid] = loop.call_later(delays[0], look)

    def _look(self, channel: Channel, delays: tuple[float, ...]) -> None:
        self._look_after(channel, delays)
        if not channel.bridge:
            answer = self._connection.ask("Status", ("Channel", channel.name))
            answer.add_done_callback(partial(self._looked, channel.uniqueid))

    def _looked(self, uniqueid: str, answer: asyncio.Future[Reply]) -> None:
        if answer.cancelled() or self.mailboxes.any_of((uniqueid,)):
            return
        for entry in answer.result().listed:
            if entry.get("uniqueid") == uniqueid:
                self.took(entry)
