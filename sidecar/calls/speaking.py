"""What is being said to each side of a call, and who is told of its end.

Media answers every `play` by exactly one event, in the order of the plays of that side; so the
oldest entry of a side is the one an event is about, whatever its name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from sidecar.consent.party import Party
from sidecar.media.engine import MediaSession, Played, PlayFailed, Side

Over = Callable[[Played | PlayFailed], None]

SIDE_OF = {Party.CALLER: Side.A, Party.CALLEE: Side.B}
PARTY_OF = {Side.A: Party.CALLER, Side.B: Party.CALLEE}


def _nobody(_event: Played | PlayFailed) -> None:
    """Nobody waits for this end."""


class Speaking:
    """The prompts of one call."""

    __slots__ = ("_media", "_over")

    def __init__(self, media: MediaSession) -> None:
        self._media = media
        self._over: dict[Side, deque[Over]] = {side: deque() for side in Side}

    def say(self, party: Party, prompt: str, language: str, over: Over = _nobody) -> None:
        """Play a prompt in place of whatever is playing; `over` is told how it ended."""
        side = SIDE_OF[party]
        self._over[side].append(over)
        self._media.play(side, prompt, language)

    def silence(self, party: Party) -> None:
        """End what is being said to a party; nobody is told of that."""
        side = SIDE_OF[party]
        if self._over[side]:
            self._over[side][-1] = _nobody
            self._media.stop(side)

    def close(self) -> None:
        """The call is over: nobody waits for an end any more."""
        for waiting in self._over.values():
            waiting.clear()

    def ended(self, event: Played | PlayFailed) -> None:
        """Take the end of a prompt."""
        if waiting := self._over[event.side]:
            waiting.popleft()(event)
