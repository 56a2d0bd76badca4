"""Follows calls through the dialplan, as far as mailboxes.

Newexten tells each step, but for one: a channel that is sent elsewhere out of a bridge (a blind
transfer) is told with its new place and its old application, and the application it then begins is
not told. So a channel that has left its bridge is asked, once it has had the time to begin.

A step to a mailbox, or out of one, is what the channel itself says: the event may be forged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

from sidecar.recorders.asterisk.eyes.channels import Channel
from sidecar.recorders.asterisk.eyes.evidence import is_id
from sidecar.recorders.asterisk.wire.protocol import Message

LOOKS = (0.02, 0.2, 1.0)
"""When to look at a channel that has left its bridge, in seconds from one look to the next."""
MOST_CLAIMS = 10_000
MOST_REMEMBERED = 10_000


class Mailboxes:
    """The channels whose current step of the dialplan is one of these applications.

    The step is often told before it is known whose channel it is: so it is remembered.
    """

    def __init__(self, applications: frozenset[str]) -> None:
        self._applications = frozenset(name.lower() for name in applications)
        self._inside: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._inside)

    def is_one(self, application: str) -> bool:
        """Whether an application is a mailbox."""
        return application.lower() in self._applications

    def step(self, uniqueid: str, application: str) -> bool:
        """A channel goes on to an application; return whether that is a mailbox."""
        if self.is_one(application):
            if len(self._inside) >= MOST_REMEMBERED:
                del self._inside[next(iter(self._inside))]
            self._inside[uniqueid] = None
            return True
        if self._inside:
            self._inside.pop(uniqueid, None)
        return False

    def any_of(self, uniqueids: Iterable[str]) -> bool:
        """Whether one of these channels is in a mailbox."""
        return bool(self._inside) and any(each in self._inside for each in uniqueids)

    def gone(self, uniqueid: str) -> None:
        """A channel has ended."""
        self._inside.pop(uniqueid, None)

    def clear(self) -> None:
        """Forget all."""
        self._inside.clear()


class Steps:
    """Calls `ask` with a uniqueid that is to be read, `on_mailbox` with one at a mailbox."""

    def __init__(
        self,
        applications: frozenset[str],
        ask: Callable[[str], None],
        on_mailbox: Callable[[str], None],
    ) -> None:
        self.mailboxes = Mailboxes(applications)
        self._ask = ask
        self._on_mailbox = on_mailbox
        self._claims: set[str] = set()
        """Channels that are said to have come to a mailbox, until they were read."""
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def took(self, event: Message) -> None:
        """A channel is said to have taken a step (Newexten): there are many of these."""
        uniqueid = event.get("uniqueid")
        if self.mailboxes.is_one(event.get("application")):
            if len(self._claims) < MOST_CLAIMS and is_id(uniqueid):
                self._claims.add(uniqueid)
            self._ask(uniqueid)
        elif self.mailboxes.any_of((uniqueid,)):
            self._ask(uniqueid)

    def claimed(self, uniqueids: Iterable[str]) -> bool:
        """Whether one of these is said to be at a mailbox, and is being read."""
        return bool(self._claims) and any(each in self._claims for each in uniqueids)

    def is_at(self, uniqueid: str, application: str) -> None:
        """A channel was read: it is at this application, since when is unknown."""
        self._claims.discard(uniqueid)
        before = self.mailboxes.any_of((uniqueid,))
        if self.mailboxes.step(uniqueid, application) and not before:
            self._on_mailbox(uniqueid)

    def look_soon(self, channel: Channel) -> None:
        """A channel may begin something that is not told."""
        self._look_after(channel, LOOKS)

    def gone(self, uniqueid: str) -> None:
        """A channel has ended."""
        self._claims.discard(uniqueid)
        self.mailboxes.gone(uniqueid)
        timer = self._timers.pop(uniqueid, None)
        if timer is not None:
            timer.cancel()

    def clear(self) -> None:
        """Forget all."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._claims.clear()
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
            self._ask(channel.uniqueid)
