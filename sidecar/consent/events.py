"""What the consent machine is told, and what it has done.

A call tells it events; it returns actions, which the call carries out in their order.
"""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.consent.party import Party


@dataclass(frozen=True, slots=True)
class CallerUp:
    """The caller's leg is up, answered by the sidecar itself (before-connect)."""


@dataclass(frozen=True, slots=True)
class BothUp:
    """Both legs are answered and acknowledged."""


@dataclass(frozen=True, slots=True)
class NoticePlayed:
    """The notice was played to a party in full."""

    party: Party


@dataclass(frozen=True, slots=True)
class NoticeFailed:
    """The notice could not be played to a party in full."""

    party: Party
    reason: str


@dataclass(frozen=True, slots=True)
class PartyChanged:
    """Someone else is on that side now."""

    party: Party


@dataclass(frozen=True, slots=True)
class HungUp:
    """The call is over, whoever ended it."""


Event = CallerUp | BothUp | NoticePlayed | NoticeFailed | PartyChanged | HungUp


@dataclass(frozen=True, slots=True)
class PlayNotice:
    """Play the notice to a party; answered by exactly one NoticePlayed or NoticeFailed."""

    party: Party


@dataclass(frozen=True, slots=True)
class Connect:
    """Place the callee's leg."""


@dataclass(frozen=True, slots=True)
class OpenGates:
    """Let speech pass both ways."""


@dataclass(frozen=True, slots=True)
class CloseGates:
    """Let nothing pass either way."""


@dataclass(frozen=True, slots=True)
class EndCall:
    """A promise can't be kept: end the call (fail closed). `reason` is a word for metrics."""

    reason: str


Action = PlayNotice | Connect | OpenGates | CloseGates | EndCall
