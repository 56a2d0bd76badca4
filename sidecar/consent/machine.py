"""The consent machine: when a notice is played, when speech may pass, when a call must end.

Theory. A call begins with closed gates. `untold` holds those whom the decision names and who have
not heard the notice in full since they joined. Notice before voice: gates open on three rows only,
and each demands that nobody is untold. Under a notice `before-connect` the caller is up first
(CallerUp), hears it (announcing), and only then is the callee called (waiting for the callee);
otherwise both are up (BothUp), and each who is untold hears it at the same time (noticing). A new
party is a new notice: someone new on a side (PartyChanged) is untold, and the gates close until
that has changed. A notice that can't be heard ends the call. Under policy `off` nobody is named,
so nothing is said and the gates open at once. A hang-up ends every state.

Each PlayNotice is answered by exactly one NoticePlayed or NoticeFailed. So a notice that runs
while its hearer changes is not begun anew but counts for nobody (`replaced`): its end, good or
bad, begins it again for whoever is there then, and no late answer can be taken for another's.

`TABLE` is the machine. The first row of a phase and an event whose condition holds is taken; where
none is, nothing happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from sidecar.consent.decision import Decision
from sidecar.consent.events import (
    Action,
    BothUp,
    CallerUp,
    CloseGates,
    Connect,
    EndCall,
    Event,
    HungUp,
    NoticeFailed,
    NoticePlayed,
    OpenGates,
    PartyChanged,
    PlayNotice,
)
from sidecar.consent.party import Party

__all__ = [
    "TABLE",
    "Action",
    "BothUp",
    "CallerUp",
    "CloseGates",
    "Connect",
    "ConsentMachine",
    "EndCall",
    "Event",
    "HungUp",
    "NoticeFailed",
    "NoticePlayed",
    "OpenGates",
    "PartyChanged",
    "Phase",
    "PlayNotice",
    "State",
    "initial",
    "transition",
]

Parties = frozenset[Party]


class Phase(Enum):
    """Where a call stands on the way to speech."""

    SETUP = "setup"
    ANNOUNCING = "announcing"
    """The caller hears the notice; there is no callee yet (before-connect)."""
    WAITING = "waiting for the callee"
    """The caller was answered by the sidecar; the callee is being called."""
    NOTICING = "noticing"
    """Both are up; each who is untold hears the notice."""
    OPEN = "open"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class State:
    """All that the machine knows of a call.

    Invariant: `replaced` is part of `untold`, and `untold` of `named`.
    """

    phase: Phase
    named: Parties
    """Whom the decision wants told before speech passes."""
    untold: Parties
    """Of these, who has not heard the notice in full."""
    replaced: Parties = frozenset()
    """Of these, whose running notice began for somebody else."""


# Conditions: of the state before the event, and the event's party.

Condition = Callable[[State, Party | None], bool]


def always(_state: State, _party: Party | None) -> bool:
    """Hold in every case."""
    return True


def the_caller_is_untold(state: State, _party: Party | None) -> bool:
    """Hold where the caller has to hear the notice."""
    return Party.CALLER in state.untold


def someone_is_untold(state: State, _party: Party | None) -> bool:
    """Hold where anyone has to hear the notice."""
    return bool(state.untold)


def it_is_named(state: State, party: Party | None) -> bool:
    """Hold where the event is about one whom the decision names."""
    return party in state.named


def it_hears_the_notice(state: State, party: Party | None) -> bool:
    """Hold where the event is about one to whom the notice is being played."""
    hearers = {Party.CALLER} if state.phase is Phase.ANNOUNCING else state.named
    return party in state.untold & hearers


def it_was_replaced(state: State, party: Party | None) -> bool:
    """Hold where the notice that ends began for somebody else."""
    return party in state.replaced


def it_is_the_last_untold(state: State, party: Party | None) -> bool:
    """Hold where nobody but the event's party has to hear the notice."""
    return state.untold == {party}


class Mark(Enum):
    """What is remembered of the event's party."""

    NOTHING = "nothing"
    TOLD = "told"
    UNTOLD = "untold"
    REPLACED = "replaced"
    NOT_REPLACED = "not replaced"


class Do(Enum):
    """What a row has done; the members that speak of `it` are about the event's party."""

    PLAY_TO_IT = "play to it"
    PLAY_TO_THE_CALLER = "play to the caller"
    PLAY_TO_ALL_UNTOLD = "play to all untold"
    CONNECT = "connect"
    OPEN_GATES = "open gates"
    CLOSE_GATES = "close gates"
    END_CALL = "end call"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: in `phase`, at an event of that class, where `when` holds."""

    phase: Phase
    event: type[Event]
    when: Condition
    then: Phase
    mark: Mark = Mark.NOTHING
    do: tuple[Do, ...] = ()


SETUP, ANNOUNCING, WAITING = Phase.SETUP, Phase.ANNOUNCING, Phase.WAITING
NOTICING, OPEN, ENDED = Phase.NOTICING, Phase.OPEN, Phase.ENDED

# fmt: off
TABLE: tuple[Row, ...] = (
    Row(SETUP, CallerUp, the_caller_is_untold, ANNOUNCING, do=(Do.PLAY_TO_THE_CALLER,)),
    Row(SETUP, CallerUp, always, WAITING, do=(Do.CONNECT,)),
    Row(SETUP, BothUp, someone_is_untold, NOTICING, do=(Do.PLAY_TO_ALL_UNTOLD,)),
    Row(SETUP, BothUp, always, OPEN, do=(Do.OPEN_GATES,)),
    Row(SETUP, HungUp, always, ENDED),

    Row(ANNOUNCING, NoticePlayed, it_was_replaced, ANNOUNCING, Mark.NOT_REPLACED, (Do.PLAY_TO_IT,)),
    Row(ANNOUNCING, NoticePlayed, it_hears_the_notice, WAITING, Mark.TOLD, (Do.CONNECT,)),
    Row(ANNOUNCING, NoticeFailed, it_was_replaced, ANNOUNCING, Mark.NOT_REPLACED, (Do.PLAY_TO_IT,)),
    Row(ANNOUNCING, NoticeFailed, it_hears_the_notice, ENDED, do=(Do.END_CALL,)),
    Row(ANNOUNCING, PartyChanged, it_hears_the_notice, ANNOUNCING, Mark.REPLACED),
    Row(ANNOUNCING, HungUp, always, ENDED),

    Row(WAITING, BothUp, someone_is_untold, NOTICING, do=(Do.PLAY_TO_ALL_UNTOLD,)),
    Row(WAITING, BothUp, always, OPEN, do=(Do.OPEN_GATES,)),
    Row(WAITING, PartyChanged, it_is_named, WAITING, Mark.UNTOLD),
    Row(WAITING, HungUp, always, ENDED),

    Row(NOTICING, NoticePlayed, it_was_replaced, NOTICING, Mark.NOT_REPLACED, (Do.PLAY_TO_IT,)),
    Row(NOTICING, NoticePlayed, it_is_the_last_untold, OPEN, Mark.TOLD, (Do.OPEN_GATES,)),
    Row(NOTICING, NoticePlayed, it_hears_the_notice, NOTICING, Mark.TOLD),
    Row(NOTICING, NoticeFailed, it_was_replaced, NOTICING, Mark.NOT_REPLACED, (Do.PLAY_TO_IT,)),
    Row(NOTICING, NoticeFailed, it_hears_the_notice, ENDED, do=(Do.END_CALL,)),
    Row(NOTICING, PartyChanged, it_hears_the_notice, NOTICING, Mark.REPLACED),
    Row(NOTICING, PartyChanged, it_is_named, NOTICING, Mark.UNTOLD, (Do.PLAY_TO_IT,)),
    Row(NOTICING, HungUp, always, ENDED),

    Row(OPEN, PartyChanged, it_is_named, NOTICING, Mark.UNTOLD, (Do.CLOSE_GATES, Do.PLAY_TO_IT)),
    Row(OPEN, HungUp, always, ENDED),
)
# fmt: on

Index = Mapping[tuple[Phase, type[Event]], tuple[Row, ...]]
Step = tuple[State, tuple[Action, ...]]


def indexed(table: Iterable[Row]) -> Index:
    """Return the rows of a table by phase and event, in their order."""
    index: dict[tuple[Phase, type[Event]], tuple[Row, ...]] = {}
    for row in table:
        place = row.phase, row.event
        index[place] = (*index.get(place, ()), row)
    return index


_INDEX = indexed(TABLE)


def initial(decision: Decision) -> State:
    """Return the state in which a call of that decision begins."""
    named = decision.notice.to if decision.notice is not None else frozenset[Party]()
    return State(SETUP, named, untold=named)


def transition(state: State, event: Event, index: Index = _INDEX) -> Step:
    """Return the state after an event and what is to be done, in this order."""
    party = event.party if isinstance(event, (NoticePlayed, NoticeFailed, PartyChanged)) else None
    for row in index.get((state.phase, type(event)), ()):
        if row.when(state, party):
            return _taken(row, state, party)
    return state, ()


def _taken(row: Row, state: State, party: Party | None) -> Step:
    if row.then is ENDED:
        following = State(ENDED, state.named, untold=state.named)
    else:
        untold, replaced = _marked(row.mark, state, party)
        following = State(row.then, state.named, untold, replaced)
    return following, tuple(action for do in row.do for action in _actions(do, state, party))


def _marked(mark: Mark, state: State, party: Party | None) -> tuple[Parties, Parties]:
    """Return who is untold and who is replaced after a row with this mark."""
    if party is None:
        return state.untold, state.replaced
    match mark:
        case Mark.NOTHING:
            return state.untold, state.replaced
        case Mark.TOLD:
            return state.untold - {party}, state.replaced
        case Mark.UNTOLD:
            return state.untold | {party}, state.replaced
        case Mark.REPLACED:
            return state.untold, state.replaced | {party}
        case Mark.NOT_REPLACED:
            return state.untold, state.replaced - {party}


def _actions(do: Do, state: State, party: Party | None) -> tuple[Action, ...]:
    match do:
        case Do.PLAY_TO_IT:
            return (PlayNotice(party),) if party is not None else ()
        case Do.PLAY_TO_THE_CALLER:
            return (PlayNotice(Party.CALLER),)
        case Do.PLAY_TO_ALL_UNTOLD:
            return tuple(PlayNotice(each) for each in Party if each in state.untold)
        case Do.CONNECT:
            return (Connect(),)
        case Do.OPEN_GATES:
            return (OpenGates(),)
        case Do.CLOSE_GATES:
            return (CloseGates(),)
        case Do.END_CALL:
            return (EndCall("notice_failed"),)


class ConsentMachine:
    """The machine of one call."""

    __slots__ = ("state",)

    def __init__(self, decision: Decision) -> None:
        self.state = initial(decision)

    def handle(self, event: Event) -> tuple[Action, ...]:
        """Take an event and return what is to be done, in this order."""
        self.state, actions = transition(self.state, event)
        return actions
