"""What the consent machine knows of a call, and what follows from it."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from sidecar.consent import standing
from sidecar.consent.decision import Policy
from sidecar.consent.events import Gates, Saying
from sidecar.consent.order import Order
from sidecar.consent.party import Objector, Party
from sidecar.consent.standing import Place, Standing
from sidecar.consent.sureness import Sureness
from sidecar.consent.terms import Callee, Terms


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


Objectors = frozenset[Objector]
NOBODY: Objectors = frozenset()
Parties = frozenset[Party]
NOT_TOLD: Parties = frozenset()


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
    away: Parties = NOT_TOLD
    """On whose side nobody is, though the leg is up."""
    gates: Gates = Gates.CLOSED

    def standing(self, party: Party) -> Standing:
        """Return where a party stands."""
        return self.caller if party is Party.CALLER else self.callee

    @property
    def cleared(self) -> bool:
        """Whether nobody has anything left to hear or to answer."""
        return self.caller.place is self.callee.place is Place.CLEAR

    @property
    def awaits_person(self) -> bool:
        """Whether what is to be said waits for someone to come on the callee's side."""
        places = self.caller.place, self.callee.place
        waits = self.terms.awaits_person and self.both_up and Party.CALLEE in self.away
        return waits and all(place in (Place.CLEAR, Place.OWED) for place in places)

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
    if not state.terms.orders:
        return None
    if state.terms.policy is Policy.OFF or state.refused or state.stops:
        return Order.STOP
    if state.pauses or (state.away and state.cleared):
        return Order.HOLD if state.terms.holds else Order.STOP
    if state.cleared:
        return Order.RELEASE
    if state.terms.holds:
        return Order.HOLD
    runs = state.order is Order.RELEASE
    return Order.STOP if runs and (state.away or state.terms.asks) else None


def gates_of(state: State) -> Gates:
    """Return which ways may be open."""
    if state.phase is not Phase.TALKING:
        return Gates.CLOSED
    if not state.cleared:
        return Gates.LISTEN if state.awaits_person else Gates.CLOSED
    if state.sureness is Sureness.FAILED:
        return Gates.MUTED
    if not state.terms.orders:
        return Gates.OPEN
    if state.sureness is Sureness.DOUBTED:
        return state.gates
    return Gates.OPEN if state.sureness is Sureness.SURE else Gates.CLOSED


def initial(terms: Terms, told: Parties = NOT_TOLD) -> State:
    """Return the state in which a call begins; `told` have heard and agreed to all already."""
    caller, callee = (standing_in(terms, party, told) for party in Party)
    return State(terms, caller, callee)


def standing_in(terms: Terms, party: Party, told: Parties = NOT_TOLD) -> Standing:
    """Return how a party begins under these terms; who is in a room was told on the way in."""
    inside = party is Party.CALLEE and terms.other is Callee.ROOM
    return standing.initial(terms.concern(party), told=inside or party in told)
