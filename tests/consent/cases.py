"""What was decided for a call, as the observer of the consent machine understands it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from sidecar.consent.decision import Decision, Notice, Policy, Question, VoicemailPolicy
from sidecar.consent.events import TermsChanged
from sidecar.consent.party import Party
from sidecar.consent.terms import Callee, Terms, at_a_mailbox, in_a_room, terms_of

NOBODY, BOTH = frozenset[Party](), frozenset(Party)


class BrokenPromiseError(Exception):
    """Which promise was broken."""


def demand(holds: object, promise: str) -> None:
    """Raise BrokenPromiseError where it does not hold."""
    if not holds:
        raise BrokenPromiseError(promise)


@dataclass(frozen=True, eq=False)
class Case:
    """What was decided for a call or a part of it, and what its recorder can do.

    A case equals only itself, which is quickly found out.
    """

    policy: Policy = Policy.OFF
    named: frozenset[Party] = frozenset()
    asked: frozenset[Party] = frozenset()
    repeat: int = 0
    ends: bool = False
    """Whether a refusal ends the call."""
    mutes: bool = False
    holds: bool = True
    obeys: bool = True
    other: Callee = Callee.PERSON
    at_person: bool = False
    """Whether all is said only when a person is on the callee's side."""
    denied: bool = False
    """Whether the call may not come so far."""

    def person(self, party: Party, told: frozenset[Party] = frozenset()) -> Person:
        """Who is on a side when this begins to hold; in a conference all were told before."""
        repeats = self.repeat if party in self.asked else 0
        inside = party is Party.CALLEE and self.other is Callee.ROOM
        return Person(repeats, told=inside or party in told, agreed=party in told)


@dataclass(frozen=True)
class Change(TermsChanged):
    """A change of what holds, which the machine is told as terms and the world as a case."""

    case: Case = Case()


class Word(Enum):
    """Whether there is something to say to the people about the recording."""

    NONE = "nobody has asked"
    MAY = "somebody has said something"
    MUST = "somebody has asked for a stop or a pause, and was not told yet that it is so"


class Person(NamedTuple):
    """Who is on a side now."""

    repeats: int = 0
    """How often they may be asked again."""
    told: bool = False
    agreed: bool = False
    thinks: bool = False
    """Their time to answer runs."""
    hears: bool = False
    """The notice is being played on that side..."""
    missed_its_begin: bool = False
    """...and is not theirs: it was before they came, or left, or what is to be said has changed."""


def terms_in(case: Case) -> Terms:
    """What the machine gets to know of a case: what follows from such a decision of the rules."""
    asks = bool(case.asked)
    if case.other is Callee.MAILBOX:
        policy = VoicemailPolicy.NOTICE if case.named else VoicemailPolicy.ALLOW
        policy = VoicemailPolicy.CONSENT if asks else policy
        decision = Decision(
            voicemail=VoicemailPolicy.DENY if case.denied else policy,
            voicemail_question=Question(repeat=case.repeat),
            on_unconfirmed="mute" if case.mutes else "hangup",
        )
        return at_a_mailbox(decision, holds=case.holds, obeys=case.obeys)
    at = "person" if case.at_person else "answer"
    decision = Decision(
        recording=case.policy,
        notice=Notice(to=case.named, at=at) if case.named else None,  # type: ignore[arg-type]
        question=Question(of=case.asked, repeat=case.repeat) if asks else None,
        on_refusal="hangup" if case.ends else "unrecorded",
        on_unconfirmed="mute" if case.mutes else "hangup",
    )
    terms = terms_of(decision, holds=case.holds)
    return in_a_room(terms) if case.other is Callee.ROOM else terms


def change(case: Case, told: frozenset[Party] = NOBODY) -> Change:
    """The event that this holds from now on, as `told` know already."""
    return Change(terms_in(case), told, case)


def case(policy: Policy, named: frozenset[Party] = BOTH, **more: object) -> Case:
    """A case, with both to be told unless said otherwise."""
    asked = more.pop("asked", NOBODY)
    ends = more.pop("ends", policy is Policy.REQUIRED)
    return Case(policy, named, asked, ends=ends, **more)  # type: ignore[arg-type]


def mailbox(named: bool = False, asked: bool = False, **more: object) -> Case:
    """A case in which the callee is a mailbox, of which the caller may be told."""
    caller = frozenset({Party.CALLER})
    told, agrees = caller if named or asked else NOBODY, caller if asked else NOBODY
    return case(Policy.OFF, told, asked=agrees, ends=True, other=Callee.MAILBOX, **more)
