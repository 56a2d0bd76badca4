"""Events of calls on their way to whoever watches.

The hub keeps the last events in a ring; a subscriber is a place in that ring and has no queue of
its own. So publishing costs the same however slow the subscribers are, and who falls a whole
ring behind is cut off.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex
from types import TracebackType

from sidecar.errors import SidecarError
from sidecar.live.events import CallEvent

KEPT = 8192
"""Events: about eight seconds of a sidecar with 200 calls a second."""
MOST_SUBSCRIBERS = 16
BATCH = 64
"""Events taken at once."""
_ID = re.compile(r"([0-9a-f]{8})-([0-9]{1,18})")


class TooManySubscribersError(SidecarError):
    """No place is left."""


class FellBehindError(SidecarError):
    """Events that the subscriber has not taken are gone."""


@dataclass(frozen=True, slots=True)
class Published:
    """An event, when it was published (Unix seconds) and its id, unique across restarts."""

    id: str
    at: float
    event: CallEvent


class EventHub:
    """Takes events from the calls and hands them to subscribers. Used within one event loop."""

    def __init__(
        self, wall: Callable[[], float], kept: int = KEPT, most: int = MOST_SUBSCRIBERS
    ) -> None:
        self._wall = wall
        self._ring: list[tuple[float, CallEvent] | None] = [None] * kept
        self._next = 0
        self._most = most
        self._mark = token_hex(4)
        self._closed = False
        self._subscriptions: set[Subscription] = set()

    def publish(self, event: CallEvent) -> None:
        """Tell an event. A plain call that never fails and never waits."""
        self._ring[self._next % len(self._ring)] = (self._wall(), event)
        self._next += 1
        for subscription in self._subscriptions:
            subscription.wake()

    def subscribe(self, after: str = "") -> Subscription:
        """Return a subscription to what comes from now on, or came after the event `after`.

        It is left by `with`. Raises TooManySubscribersError.
        """
        if len(self._subscriptions) >= self._most:
            raise TooManySubscribersError
        place = self._place_after(after) if after else self._next
        subscription = Subscription(self, self._next if place is None else place, place is None)
        self._subscriptions.add(subscription)
        return subscription

    def close(self) -> None:
        """Let every subscription end; there will be no event any more."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.wake()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def subscribers(self) -> int:
        """How many subscriptions there are."""
        return len(self._subscriptions)

    def leave(self, subscription: Subscription) -> None:
        """Forget a subscription."""
        self._subscriptions.discard(subscription)

    def after(self, place: int) -> list[Published]:
        """Return up to BATCH events from a place in the ring on. Raises FellBehindError."""
        if place < self._oldest:
            raise FellBehindError
        events = []
        for number in range(place, min(self._next, place + BATCH)):
            kept = self._ring[number % len(self._ring)]
            assert kept is not None, "every place from the oldest on is taken"
            events.append(Published(f"{self._mark}-{number}", *kept))
        return events

    @property
    def _oldest(self) -> int:
        return max(0, self._next - len(self._ring))

    def _place_after(self, event_id: str) -> int | None:
        """Return the place behind an event; None where the next one is not kept (any more)."""
        found = _ID.fullmatch(event_id)
        if found is None or found[1] != self._mark:
            return None
        place = int(found[2]) + 1
        return place if self._oldest <= place <= self._next else None


class Subscription:
    """One who watches. `missed`: events between the one named and the first here are lost."""

    def __init__(self, hub: EventHub, place: int, missed: bool) -> None:
        self.missed = missed
        self._hub = hub
        self._place = place
        self._woken = asyncio.Event()

    async def take(self) -> list[Published]:
        """Wait for events and return them; none where the hub was closed.

        Raises FellBehindError.
        """
        while True:
            self._woken.clear()
            if events := self._hub.after(self._place):
                self._place += len(events)
                return events
            if self._hub.closed:
                return []
            await self._woken.wait()

    def wake(self) -> None:
        """Have `take` look again."""
        self._woken.set()

    def __enter__(self) -> Subscription:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._hub.leave(self)
