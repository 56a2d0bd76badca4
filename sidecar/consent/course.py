"""Where a call stands on the way to speech, and how it ends.

Theory. Under a notice `before-connect` the caller is up first and hears it; the callee is called
when the caller has nothing left to hear or to answer; where that callee can't be had and another is
called (a mailbox), the same goes for what the caller is to hear about that one. Otherwise both are
up at once. A refusal that must end the call is explained to the caller before it does, and to a
callee who is up; a mailbox or a conference is left at once. A callee who answers meanwhile hears
nothing, but then there is a recorder to be watched. A hang-up ends every phase.

`TABLE` is the machine: the first row of a phase and an event whose condition holds is taken; where
none is, nothing happens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from sidecar.consent.events import BothUp, CalleeGone, CallerUp, ExplanationOver, HungUp
from sidecar.consent.party import Party
from sidecar.consent.state import Phase, State
from sidecar.consent.terms import Callee


@dataclass(frozen=True, slots=True)
class CallerCleared:
    """The caller has nothing left to hear or to answer."""


@dataclass(frozen=True, slots=True)
class MustEnd:
    """Somebody has refused, and the call must not go on without agreement."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise can't be kept in any other way than by ending the call."""


CallEvent = (
    CallerUp | BothUp | CalleeGone | ExplanationOver | HungUp | CallerCleared | MustEnd | Broken
)
Condition = Callable[[State], bool]


def always(_state: State) -> bool:
    """Hold in every case."""
    return True


def it_was_the_last(state: State) -> bool:
    """Hold where nobody hears the explanation any more."""
    return not state.explaining


def nobody_is_there(state: State) -> bool:
    """Hold where the callee's side is no person who could be told why the call ends."""
    return state.terms.other is not Callee.PERSON


def present(state: State) -> frozenset[Party]:
    """Return who is on the line to be told something; a conference is, a mailbox is not."""
    match state.phase:
        case Phase.ANNOUNCING | Phase.WAITING:
            return frozenset({Party.CALLER})
        case Phase.TALKING:
            mailbox = state.terms.other is Callee.MAILBOX
            return frozenset({Party.CALLER}) if mailbox else frozenset(Party)
    return frozenset()


class Do(Enum):
    """What a row has done."""

    NOTHING = "nothing"
    BEGIN = "play what is owed"
    CONNECT = "connect"
    EXPLAIN = "explain it to whoever is there"
    DISMISS = "drop the callee, and explain it to the caller"
    RENEW = "expect somebody else"
    END_REFUSED = "end the call, refused"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table."""

    phase: Phase
    event: type[CallEvent]
    when: Condition
    then: Phase
    do: Do = Do.NOTHING


SETUP, ANNOUNCING, WAITING = Phase.SETUP, Phase.ANNOUNCING, Phase.WAITING
TALKING, ENDED = Phase.TALKING, Phase.ENDED
DISMISSING, ENDING = Phase.DISMISSING, Phase.ENDING

# fmt: off
TABLE: tuple[Row, ...] = (
    Row(SETUP, CallerUp, always, ANNOUNCING, Do.BEGIN),
    Row(SETUP, BothUp, always, TALKING, Do.BEGIN),
    Row(SETUP, CalleeGone, always, SETUP, Do.RENEW),
    Row(SETUP, MustEnd, always, DISMISSING, Do.DISMISS),
    Row(SETUP, Broken, always, ENDED),
    Row(SETUP, HungUp, always, ENDED),

    Row(ANNOUNCING, MustEnd, always, DISMISSING, Do.EXPLAIN),
    Row(ANNOUNCING, CallerCleared, always, WAITING, Do.CONNECT),
    Row(ANNOUNCING, Broken, always, ENDED),
    Row(ANNOUNCING, HungUp, always, ENDED),

    Row(WAITING, BothUp, always, TALKING, Do.BEGIN),
    Row(WAITING, CalleeGone, always, ANNOUNCING, Do.RENEW),
    Row(WAITING, MustEnd, always, DISMISSING, Do.DISMISS),
    Row(WAITING, Broken, always, ENDED),
    Row(WAITING, HungUp, always, ENDED),

    Row(TALKING, MustEnd, nobody_is_there, DISMISSING, Do.DISMISS),
    Row(TALKING, MustEnd, always, ENDING, Do.EXPLAIN),
    Row(TALKING, Broken, always, ENDED),
    Row(TALKING, HungUp, always, ENDED),

    Row(DISMISSING, BothUp, always, ENDING),
    Row(DISMISSING, ExplanationOver, it_was_the_last, ENDED, Do.END_REFUSED),
    Row(DISMISSING, Broken, always, ENDED),
    Row(DISMISSING, HungUp, always, ENDED),

    Row(ENDING, ExplanationOver, it_was_the_last, ENDED, Do.END_REFUSED),
    Row(ENDING, Broken, always, ENDED),
    Row(ENDING, HungUp, always, ENDED),
)
# fmt: on
