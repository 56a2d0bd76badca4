"""What the consent machine knows of a call, and what follows from it."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from sidecar.consent import standing
from sidecar.consent.decision import Decision, Policy
from sidecar.consent.events import Gates, Saying
from sidecar.consent.order import Order
from sidecar.consent.party import Objector, Party
from sidecar.consent.standing import Concern, Place, Standing
from sidecar.consent.sureness import Sureness


class Phase(Enum):
    """Where a call stands on the way to speech."""

    SETUP = "setup"
    ANNOUNCING = "announcing"
    """The caller hears the notice; there is no callee yet (before-connect)."""
    WAITING = "waiting for the callee"
    """The caller was answered by the sidecar; the callee is being called."""
    TALKING = "talking"
    """Both are up, and talk as far as they are let."""
    DISMISSING = "dismissing the caller"
    """Somebody does not agree; the caller, still alone, hears why there will be no call."""
    ENDING = "ending"
    """Somebody does not agree; both hear why the call ends."""
    ENDED = "ended"


class Terms(NamedTuple):
    """What the decision, and what the recorder can do, mean for the machine."""

    policy: Policy
    caller: Concern
    callee: Concern
    ends_on_refusal: bool
    mutes: bool
    """Whether a recorder's failure mutes the call and does not end it."""
    holds: bool
    """Whether the recorder can be held; where not, stop takes the place of hold, and it gets no
    order before the call is first cleared."""

    @property
    def asks(self) -> bool:
        """Whether anyone's agreement is wanted."""
        return self.caller.asked or self.callee.asked

    def concern(self, party: Party) -> Concern:
        """Return what is wanted of a party."""
        return self.caller if party is Party.CALLER else self.callee


Objectors = frozenset[Objector]
NOBODY: Objectors = frozenset()


class State(NamedTuple):
    """All that the machine knows of a call."""

    terms: Terms
    caller: Standing
    callee: Standing
    phase: Phase = Phase.SETUP
    refused: bool = False
    stops: Objectors = NOBODY
    """Whose stop stands."""
    pauses: Objectors = NOBODY
    """Whose pause stands; nobody's who has said stop."""
    order: Order | None = None
    """The last one given."""
    sureness: Sureness = Sureness.UNASKED
    saying: Saying | None = None
    """What is said once the recorder has confirmed."""
    explaining: frozenset[Party] = frozenset()
    """Who still hears why the call ends."""
    gates: Gates = Gates.CLOSED

    def standing(self, party: Party) -> Standing:
        """Return where a party stands."""
        return self.caller if party is Party.CALLER else self.callee

    @property
    def cleared(self) -> bool:
        """Whether nobody has anything left to hear or to answer."""
        return self.caller.place is self.callee.place is Place.CLEAR

    @property
    def both_up(self) -> bool:
        """Whether there can be speech that a recorder might take."""
        return self.phase in (Phase.TALKING, Phase.ENDING)

    @property
    def waits_for_recorder(self) -> bool:
        """Whether the recorder's time to confirm runs: from when both are up."""
        return self.both_up and self.sureness in (Sureness.AWAITED, Sureness.DOUBTED)


def wanted(state: State) -> Order | None:
    """Return what the recorder should be doing; None where its last order will do."""
    if state.terms.policy is Policy.OFF or state.refused or state.stops:
        return Order.STOP
    if state.pauses:
        return Order.HOLD if state.terms.holds else Order.STOP
    if state.cleared:
        return Order.RELEASE
    if state.terms.holds:
        return Order.HOLD
    runs = state.order is Order.RELEASE and state.terms.asks
    return Order.STOP if runs else None


def gates_of(state: State) -> Gates:
    """Return which ways may be open."""
    if state.phase is not Phase.TALKING or not state.cleared:
        return Gates.CLOSED
    if state.sureness is Sureness.FAILED:
        return Gates.MUTED
    if state.sureness is Sureness.DOUBTED:
        return state.gates
    return Gates.OPEN if state.sureness is Sureness.SURE else Gates.CLOSED


def terms_of(decision: Decision, *, holds: bool) -> Terms:
    """Return what a decision means; `holds` tells whether the recorder can be held."""
    notice, question = decision.notice, decision.question
    named = notice.to if notice is not None else frozenset[Party]()
    asked = question.of if question is not None else frozenset[Party]()
    named |= asked  # nobody can agree to what they were not told
    repeats = question.repeat if question is not None else 0
    caller, callee = (Concern(party in named, party in asked, repeats) for party in Party)
    mutes = decision.on_unconfirmed == "mute"
    policy, ends = decision.recording, decision.ends_on_refusal
    return Terms(policy, caller, callee, ends, mutes, holds)


def initial(terms: Terms) -> State:
    """Return the state in which a call begins."""
    return State(terms, standing.initial(terms.caller), standing.initial(terms.callee))
