"""What is said, and pressed, to each side of a call: the words, and who is told of their end.

Media answers every `play`, and every `press`, by exactly one event, in the order of those of that
side; so the oldest entry of a side is the one an event is about, whatever its name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sidecar.consent.decision import (
    VOICEMAIL_PROMPTS,
    Decision,
    ForEach,
    Question,
    VoicemailPolicy,
)
from sidecar.consent.party import Party
from sidecar.media.engine import MediaSession, Played, PlayFailed, Pressed, Side

Over = Callable[[Played | PlayFailed], None]
Done = Callable[[bool], None]

SIDE_OF = {Party.CALLER: Side.A, Party.CALLEE: Side.B}
PARTY_OF = {Side.A: Party.CALLER, Side.B: Party.CALLEE}


@dataclass(frozen=True, slots=True)
class Script:
    """Names of prompts, and the question that the notice ends with."""

    notice: ForEach
    language: ForEach
    question: Question | None
    explanation: str
    """Why the call ends."""

    @classmethod
    def of_call(cls, decision: Decision) -> Script:
        """Return what is said about the recording of a call."""
        notice = decision.notice
        language = decision.language if notice is None else notice.language
        prompts = ForEach("", "") if notice is None else notice.prompt
        return cls(prompts, language, decision.question, "call-ends")

    @classmethod
    def of_mailbox(cls, decision: Decision) -> Script:
        """Return what is said before a message can be left."""
        asked = decision.voicemail is VoicemailPolicy.CONSENT
        question = decision.voicemail_question if asked else None
        notice = ForEach(VOICEMAIL_PROMPTS.get(decision.voicemail, ""), "")
        explanation = VOICEMAIL_PROMPTS[VoicemailPolicy.DENY]
        return cls(notice, decision.language, question, explanation)


def _nobody(_end: object) -> None:
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
