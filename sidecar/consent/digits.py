"""Which keys a party presses are a code for us, and which are meant for the other party.

Every key of a party comes in here, by whatever means: RTP events, SIP INFO, tones in the audio.
Those that make up a code are swallowed; all others are given back in their order, to be passed on.
A code is looked for from each key on, and the longest one wins: with "*9" and "**9" the keys
"**9" are one code, and with "*" and "*9" a "*" waits until it is clear that no "9" follows. So a
key that could begin a code is held until the next key, or until patience ends.

Devices send one key by two means. The same digit by another means within a second is an echo of
the first and shares its fate: it is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Means = Literal["rtp", "info", "inband"]

PATIENCE_S = 1.5
"""So long is waited for the next key of a code."""

ECHO_S = 1.0
"""Within this time the same digit by another means is the same key."""

_REMEMBERED = 64
"""So many keys of the last second are remembered for their echoes: more than anyone presses."""


@dataclass(frozen=True, slots=True)
class Completed:
    """The code of that name was pressed; its keys are swallowed."""

    name: str


@dataclass(frozen=True, slots=True)
class PassOn:
    """These keys are part of no code: the other party is to get them."""

    digits: str


Action = Completed | PassOn


@dataclass(slots=True)
class _Heard:
    """A key that counted, and by which means it has come so far."""

    digit: str
    at: float
    means: set[Means]


class DigitCollector:
    """The keys of one party. Times are seconds of one monotonic clock."""

    def __init__(self, codes: Mapping[str, str], patience: float = PATIENCE_S) -> None:
        """codes: name -> digits, empty ones ignored; of two with the same digits the first holds.

        patience: seconds that a key which could begin a code waits for the next one.
        """
        self._names = _by_digits(codes)
        self._patience = patience
        self._waiting = ""
        self._last_at = 0.0
        self._heard: list[_Heard] = []

    @property
    def waiting(self) -> str:
        """The keys that are held: they could begin a code."""
        return self._waiting

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do unless a key comes; None while none is held."""
        return self._last_at + self._patience if self._waiting else None

    def feed(self, digit: str, means: Means, now: float) -> list[Action]:
        """Take in one key. Returns what became certain by it, in order."""
        actions = self.expire(now)
        if self._is_echo(digit, means, now):
            return actions
        self._heard.append(_Heard(digit, now, {means}))
        self._waiting += digit
        self._last_at = now
        return _joined(actions + self._resolve(more_may_follow=True))

    def expire(self, now: float) -> list[Action]:
        """Give back what has waited too long."""
        deadline = self.deadline
        return self.flush() if deadline is not None and now >= deadline else []

    def flush(self) -> list[Action]:
        """Wait no more: decide on all keys that are held as if no other ever followed."""
        return _joined(self._resolve(more_may_follow=False))

    def replace(self, codes: Mapping[str, str]) -> list[Action]:
        """Take other codes from now on; keys that are held are looked at anew with them."""
        self._names = _by_digits(codes)
        return _joined(self._resolve(more_may_follow=True))

    def _is_echo(self, digit: str, means: Means, now: float) -> bool:
        """Whether a key is known already. Each key is echoed once by each other means."""
        self._heard = [key for key in self._heard if now - key.at <= ECHO_S][-_REMEMBERED:]
        for key in self._heard:
            if key.digit == digit and means not in key.means:
                key.means.add(means)
                return True
        return False

    def _resolve(self, *, more_may_follow: bool) -> list[Action]:
        actions: list[Action] = []
        while self._waiting:
            if more_may_follow and self._begins_a_code():
                break
            found = max(filter(self._waiting.startswith, self._names), key=len, default="")
            actions.append(Completed(self._names[found]) if found else PassOn(self._waiting[0]))
            self._waiting = self._waiting[len(found) or 1 :]
        return actions

    def _begins_a_code(self) -> bool:
        """Whether a longer code could come of all the keys that are held."""
        held = self._waiting
        return any(code != held and code.startswith(held) for code in self._names)


def _by_digits(codes: Mapping[str, str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for name, digits in codes.items():
        if digits:
            names.setdefault(digits, name)
    return names


def _joined(actions: list[Action]) -> list[Action]:
    """The same with neighbouring keys passed on together."""
    joined: list[Action] = []
    for action in actions:
        last = joined[-1] if joined else None
        if isinstance(action, PassOn) and isinstance(last, PassOn):
            joined[-1] = PassOn(last.digits + action.digits)
        else:
            joined.append(action)
    return joined
