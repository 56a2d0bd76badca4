"""What a decision, and what the recorder can do, mean for the consent machine."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from sidecar.consent.decision import Decision, Policy, VoicemailPolicy
from sidecar.consent.party import Party


class Callee(Enum):
    """What is on the callee's side."""

    PERSON = "a person"
    MAILBOX = "a mailbox"
    """Nobody is there to be told anything."""
    ROOM = "a conference"
    """Whoever is in it was told on their own way in; those that come later are told through it."""


class Concern(NamedTuple):
    """What the decision wants of a party."""

    named: bool
    asked: bool
    repeats: int
    """How often silence is asked again."""


NOTHING = Concern(named=False, asked=False, repeats=0)


class Terms(NamedTuple):
    """What holds for a call, or for a part of it."""

    policy: Policy
    caller: Concern
    callee: Concern
    ends_on_refusal: bool
    mutes: bool
    """Whether a recorder's failure mutes the call and does not end it."""
    holds: bool
    """Whether the recorder can be held; where not, stop takes the place of hold, and it gets no
    order before the call is first cleared."""
    other: Callee = Callee.PERSON
    awaits_person: bool = False
    """Whether nothing is said while nobody is on the callee's side (`at = "person"`)."""
    denied: bool = False
    """Whether the call must not come so far at all."""
    orders: bool = True
    """Whether the recorder is given any order: a mailbox is none, and needs none."""

    @property
    def asks(self) -> bool:
        """Whether anyone's agreement is wanted."""
        return self.caller.asked or self.callee.asked

    def concern(self, party: Party) -> Concern:
        """Return what is wanted of a party."""
        return self.caller if party is Party.CALLER else self.callee


def terms_of(decision: Decision, *, holds: bool) -> Terms:
    """Return what a decision means; `holds` tells whether the recorder can be held."""
    notice, question = decision.notice, decision.question
    named = notice.to if notice is not None else frozenset[Party]()
    asked = question.of if question is not None else frozenset[Party]()
    named |= asked  # nobody can agree to what they were not told
    repeats = question.repeat if question is not None else 0
    caller, callee = (Concern(party in named, party in asked, repeats) for party in Party)
    return Terms(
        decision.recording,
        caller,
        callee,
        decision.ends_on_refusal,
        mutes=decision.on_unconfirmed == "mute",
        holds=holds,
        awaits_person=notice is not None and notice.at == "person",
    )


def in_a_room(terms: Terms) -> Terms:
    """Return the terms of a call that leads into a conference: nobody there can be asked."""
    callee = terms.callee._replace(asked=False, repeats=0)
    return terms._replace(callee=callee, other=Callee.ROOM, awaits_person=False)


def at_a_mailbox(decision: Decision, *, holds: bool, obeys: bool) -> Terms:
    """Return the terms of a call that has come to a mailbox.

    The mailbox keeps what is said: the call is not recorded besides. A recorder that does not obey
    is told nothing: what matters there is the notice, and a stop that must fail would end the call.
    """
    policy = decision.voicemail
    asked = policy is VoicemailPolicy.CONSENT
    named = asked or policy is VoicemailPolicy.NOTICE
    return Terms(
        Policy.OFF,
        Concern(named, asked, decision.voicemail_question.repeat if asked else 0),
        NOTHING,
        ends_on_refusal=True,
        mutes=decision.on_unconfirmed == "mute",
        holds=holds,
        other=Callee.MAILBOX,
        denied=policy is VoicemailPolicy.DENY,
        orders=obeys,
    )
