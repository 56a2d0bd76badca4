"""Keys on their way to each side of a call, and who is told that they went out.

Media answers every `press` by exactly one event, in the order of the presses of that side.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from sidecar.media.engine import MediaSession, Pressed, Side

Done = Callable[[bool], None]


def _nobody(_went_out: bool) -> None:
    """Nobody waits for this end."""


class Pressing:
    """The keys that the sidecar sends in one call."""

    __slots__ = ("_done", "_media")

    def __init__(self, media: MediaSession) -> None:
        self._media = media
        self._done: dict[Side, deque[Done]] = {side: deque() for side in Side}

    def press(self, side: Side, digits: str, done: Done = _nobody) -> None:
        """Send keys to a side; `done` is told whether they all went out."""
        self._done[side].append(done)
        self._media.press(side, digits)

    def close(self) -> None:
        """The call is over: nobody waits for an end any more."""
        for waiting in self._done.values():
            waiting.clear()

    def ended(self, event: Pressed) -> None:
        """Take the end of a press."""
        if waiting := self._done[event.side]:
            waiting.popleft()(not event.reason)
