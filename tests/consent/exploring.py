"""Every sequence of events that can happen to a call, sensible or not, and what is visited by it.

`visits_of` walks breadth first through all situations of a course (what the machine believes, and
what is true), and stops at the first broken promise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sidecar.consent import machine
from sidecar.consent.events import (
    Action,
    Agreed,
    AnswerMissing,
    BothUp,
    CallerUp,
    Declined,
    Event,
    ExplanationOver,
    Gates,
    HungUp,
    NoticeFailed,
    NoticePlayed,
    PartyChanged,
    PartyLeft,
    PartyReturned,
    PauseRequested,
    RecorderConfirmed,
    RecorderDoubted,
    RecorderFailed,
    RecorderOverdue,
    RecorderReady,
    RecorderViolated,
    ResumeRequested,
    StopRequested,
)
from sidecar.consent.order import Order
from sidecar.consent.party import Objector, Party
from sidecar.consent.state import State, initial
from tests.consent.cases import NOBODY, Case, demand, terms_in
from tests.consent.promises import World
from tests.consent.watching import watched

CALLER, CALLEE = frozenset({Party.CALLER}), frozenset({Party.CALLEE})
PEOPLE_ONLY = (Objector.CALLER, Objector.CALLEE)
WHOEVER = (*PEOPLE_ONLY, Objector.OPERATOR)
EVENTS: tuple[Event, ...] = (
    RecorderReady(),
    CallerUp(),
    BothUp(),
    *(
        kind(party)
        for kind in (NoticePlayed, Agreed, Declined, AnswerMissing, PartyChanged, NoticeFailed)
        for party in Party
    ),
    *(kind(order) for kind in (RecorderConfirmed, RecorderFailed) for order in Order),
    RecorderOverdue(),
    RecorderDoubted(),
    RecorderViolated(),
    *(kind(by) for kind in (StopRequested, PauseRequested, ResumeRequested) for by in WHOEVER),
    *(ExplanationOver(party) for party in Party),
    HungUp(),
)
AWAY_CALLER, AWAY_CALLEE = ((PartyLeft(party), PartyReturned(party)) for party in Party)
ROOM = (StopRequested(Objector.ROOM), ResumeRequested(Objector.ROOM))
HOLD = (PauseRequested(Objector.HOLD), ResumeRequested(Objector.HOLD))
FAILURES = (RecorderFailed, RecorderOverdue, RecorderDoubted, RecorderViolated, NoticeFailed)

Situation = tuple[State, World]
Transition = Callable[[State, Event], tuple[State, tuple[Action, ...]]]


@dataclass(frozen=True, eq=False)
class Course:
    """A case, who may ask for a stop in it, and what else can happen."""

    case: Case
    objectors: tuple[Objector, ...] = PEOPLE_ONLY
    also: tuple[Event, ...] = ()
    without: tuple[type[Event], ...] = ()
    """What is left out: it is looked at in other courses and changes nothing for this one."""
    told: frozenset[Party] = NOBODY
    """Who knows all already when the call begins."""

    def events(self) -> tuple[Event, ...]:
        """What can happen, at any time."""
        silent = set(WHOEVER) - set(self.objectors)
        usual = (event for event in EVENTS if getattr(event, "by", None) not in silent)
        return (*(event for event in usual if not isinstance(event, self.without)), *self.also)

    def begin(self) -> Situation:
        """How the call begins: the machine gets a decision as the rules would make it."""
        caller, callee = (self.case.person(party, self.told) for party in Party)
        return initial(terms_in(self.case), self.told), World(self.case, caller, callee)


@dataclass(frozen=True)
class Visit:
    """One situation, and what follows on each event that changes it."""

    situation: Situation
    steps: tuple[tuple[Event, Situation], ...]


def visits_of(course: Course) -> list[Visit]:
    """All situations of a course, breadth first. Raises BrokenPromiseError."""
    return visits_from([course.begin()], course.events(), machine.transition)


def visits_from(
    roots: list[Situation], events: tuple[Event, ...], transition: Transition
) -> list[Visit]:
    """All situations that these lead to, breadth first. Raises BrokenPromiseError."""
    found, visits = set(roots), []
    waiting = roots
    for situation in waiting:  # grows while it is walked through
        state, world = situation
        steps = []
        for event in events:
            following, actions = transition(state, event)
            watching = watched(world, event, actions)
            counts = following.caller.repeats, following.callee.repeats
            demand(min(counts) >= 0, "a party can be asked without end")
            if following is state and watching is world:
                continue
            after = (following, watching)
            steps.append((event, after))
            if after not in found:
                found.add(after)
                waiting.append(after)
        visits.append(Visit(situation, tuple(steps)))
    return visits


def demand_ways_out(visits: list[Visit]) -> None:
    """From everywhere a hang-up ends it, and without one there is a way to speech or to an end."""
    backwards: dict[Situation, list[Situation]] = {}
    for visit in visits:
        for event, after in visit.steps:
            if isinstance(event, HungUp):
                demand(after[1].over, "a call can't be hung up")
            else:
                backwards.setdefault(after, []).append(visit.situation)
    good = {
        visit.situation
        for visit in visits
        if visit.situation[1].gates is Gates.OPEN or visit.situation[1].over
    }
    waiting = list(good)
    for situation in waiting:  # grows while it is walked through
        for before in backwards.get(situation, ()):
            if before not in good:
                good.add(before)
                waiting.append(before)
    demand(len(good) == len(visits), "a call can come to nothing any more")
