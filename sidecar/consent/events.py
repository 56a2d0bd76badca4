"""What the consent machine is told, and what it has done.

A call tells it events; it returns actions, which the call carries out in their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from sidecar.consent.order import Order
from sidecar.consent.party import Objector, Party
from sidecar.consent.terms import Terms


@dataclass(frozen=True, slots=True)
class RecorderReady:
    """The call begins: its recorder takes orders from now on."""


@dataclass(frozen=True, slots=True)
class CallerUp:
    """The caller's leg is up, answered by the sidecar itself (before-connect)."""


@dataclass(frozen=True, slots=True)
class BothUp:
    """Both legs are answered and acknowledged."""


@dataclass(frozen=True, slots=True)
class NoticePlayed:
    """The notice (with the question, where there is one) was played to a party in full."""

    party: Party


@dataclass(frozen=True, slots=True)
class NoticeFailed:
    """The notice could not be played to a party in full."""

    party: Party


@dataclass(frozen=True, slots=True)
class Agreed:
    """A party that was asked says yes."""

    party: Party


@dataclass(frozen=True, slots=True)
class Declined:
    """A party that was asked says no."""

    party: Party


@dataclass(frozen=True, slots=True)
class AnswerMissing:
    """A party that was asked has not answered in time."""

    party: Party


@dataclass(frozen=True, slots=True)
class PartyChanged:
    """Someone is on that side who was not there before."""

    party: Party


@dataclass(frozen=True, slots=True)
class PartyLeft:
    """Nobody is on that side, though its leg is up: parked, being transferred, a menu speaks."""

    party: Party


@dataclass(frozen=True, slots=True)
class PartyReturned:
    """Whoever was on that side before is there again."""

    party: Party


@dataclass(frozen=True, slots=True)
class TermsChanged:
    """The call is about something else from now on: a mailbox, a conference, a person again.

    `told` are those who have heard what is said under these terms, and agreed to it, before.
    """

    terms: Terms
    told: frozenset[Party] = frozenset()


@dataclass(frozen=True, slots=True)
class CalleeGone:
    """The callee can't be had; somewhere else is to be called, once the caller is clear."""


@dataclass(frozen=True, slots=True)
class StopRequested:
    """Someone wants the recording to end."""

    by: Objector


@dataclass(frozen=True, slots=True)
class PauseRequested:
    """Someone wants the recording to be interrupted."""

    by: Objector


@dataclass(frozen=True, slots=True)
class ResumeRequested:
    """Someone takes back what they asked for."""

    by: Objector


@dataclass(frozen=True, slots=True)
class RecorderConfirmed:
    """The recorder has carried an order out."""

    order: Order


@dataclass(frozen=True, slots=True)
class RecorderFailed:
    """The recorder can't carry an order out."""

    order: Order


@dataclass(frozen=True, slots=True)
class RecorderDoubted:
    """What the recorder had confirmed can't be vouched for any more (connection lost)."""


@dataclass(frozen=True, slots=True)
class RecorderViolated:
    """Something records against the order that stands; it is being ended."""


@dataclass(frozen=True, slots=True)
class RecorderOverdue:
    """The recorder has not confirmed in time."""


@dataclass(frozen=True, slots=True)
class ExplanationOver:
    """Why the call ends was said to a party, or could not be."""

    party: Party


@dataclass(frozen=True, slots=True)
class HungUp:
    """The call is over, whoever ended it."""


Event = (
    RecorderReady
    | CallerUp
    | BothUp
    | NoticePlayed
    | NoticeFailed
    | Agreed
    | Declined
    | AnswerMissing
    | PartyChanged
    | PartyLeft
    | PartyReturned
    | TermsChanged
    | CalleeGone
    | StopRequested
    | PauseRequested
    | ResumeRequested
    | RecorderConfirmed
    | RecorderFailed
    | RecorderDoubted
    | RecorderViolated
    | RecorderOverdue
    | ExplanationOver
    | HungUp
)


def cut_short_by(event: Event, party: Party) -> Literal["answered", "abandoned"]:
    """Tell how a notice to a party ends by an event; who stops the recording says no by that."""
    answers = (Agreed(party), Declined(party), StopRequested(Objector(party.value)))
    return "answered" if event in answers else "abandoned"


class Gates(StrEnum):
    """Which ways are open for speech."""

    CLOSED = "closed"
    OPEN = "open"
    LISTEN = "listen"
    """Only to the caller: it hears a greeting or a menu, and is not heard (`at = "person"`)."""
    MUTED = "muted"
    """Only from the PBX: it hears silence (fail closed, `on_unconfirmed = "mute"`)."""


class Saying(StrEnum):
    """What is said to both once the recorder has confirmed; each is the name of a prompt."""

    AGREED = "consent-thanks"
    REFUSED = "consent-declined"
    STOPPED = "recording-stopped"
    PAUSED = "recording-paused"
    RESUMED = "recording-resumed"


class Failure(StrEnum):
    """Why a call fails closed: words of metrics, records and logs."""

    NOTICE = "notice_failed"
    RECORDER = "recorder_failed"
    """It said that it can't."""
    UNCONFIRMED = "recorder_unconfirmed"
    """It said nothing in time."""
    LOST = "recorder_lost"
    """The connection to it was lost, and not regained in time."""


@dataclass(frozen=True, slots=True)
class PlayNotice:
    """Play the notice to a party; answered by NoticePlayed or NoticeFailed, unless silenced."""

    party: Party


@dataclass(frozen=True, slots=True)
class Silence:
    """End what is being played to a party; it is answered no more."""

    party: Party


@dataclass(frozen=True, slots=True)
class AwaitAnswer:
    """Give a party its time to answer; AnswerMissing follows unless it does."""

    party: Party


@dataclass(frozen=True, slots=True)
class Connect:
    """Place the callee's leg."""


@dataclass(frozen=True, slots=True)
class Instruct:
    """Give the recorder an order; answered by RecorderConfirmed, RecorderFailed or Overdue."""

    order: Order


@dataclass(frozen=True, slots=True)
class SetGates:
    """Open or close the ways for speech."""

    gates: Gates


@dataclass(frozen=True, slots=True)
class Say:
    """Tell both what the recorder has confirmed."""

    what: Saying


@dataclass(frozen=True, slots=True)
class Explain:
    """Tell a party why the call ends; answered by ExplanationOver."""

    party: Party


@dataclass(frozen=True, slots=True)
class DropCallee:
    """End the callee's leg, or give up to place it: nobody there is to hear anything."""


@dataclass(frozen=True, slots=True)
class EndRefused:
    """End the call: it must not go on without agreement."""


@dataclass(frozen=True, slots=True)
class FailClosed:
    """A promise can't be kept: the call is ended by that, or muted where `ends` is false."""

    reason: Failure
    ends: bool


Action = (
    PlayNotice
    | Silence
    | AwaitAnswer
    | Connect
    | Instruct
    | SetGates
    | Say
    | Explain
    | DropCallee
    | EndRefused
    | FailClosed
)
