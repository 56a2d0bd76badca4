"""Every machine with one mistake in its tables, and whether the observer finds it out.

A mistake in a row can show only where that row is looked at. `Uses` keeps all such steps of the
right machine, so that a mutant is not explored from the beginning but from where it first strays:
up to there both are the same, so it comes there too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from enum import Enum
from itertools import groupby
from operator import attrgetter
from typing import Any

from sidecar.consent import course, machine, standing, sureness
from sidecar.consent.events import Action, Event, Failure
from sidecar.consent.machine import Tables, transition
from sidecar.consent.standing import Place, Repeats
from sidecar.consent.state import Phase, State
from sidecar.consent.sureness import Sureness
from tests.consent.cases import BrokenPromiseError
from tests.consent.exploring import Course, Situation, Visit, visits_from
from tests.consent.promises import World
from tests.consent.watching import watched

CONDITIONS: dict[str, tuple[Callable[..., bool], ...]] = {
    "call": (course.always, course.it_was_the_last, course.nobody_is_there),
    "party": (
        standing.always,
        standing.it_is_asked,
        standing.it_is_asked_again,
        standing.it_is_named,
    ),
    "recorder": (
        sureness.always,
        sureness.it_is_the_order,
        sureness.it_is_due,
        sureness.a_release_may_fail,
        sureness.it_was_held_back,
    ),
}
TARGETS: dict[str, type[Enum]] = {"call": Phase, "party": Place, "recorder": Sureness}


@dataclass(frozen=True)
class Use:
    """One step of the right machine that looks at a row, with what each condition says there."""

    course: Course
    state: State
    world: World
    event: Event
    right: tuple[State, tuple[Action, ...]]
    """What the machine does in this step."""
    says: dict[Callable[..., bool], bool]


Uses = dict[tuple[str, int], list[Use]]


Looks = list[tuple[str, int, dict[Callable[..., bool], bool]]]


def traced_visits(courses: Iterable[Course]) -> tuple[list[list[Visit]], Uses]:
    """Explore the right machine; return also the steps that look at each row, in their order."""
    seen: Looks = []
    tables = tables_that_tell(seen)
    everything, uses = [], defaultdict(list)
    for each in courses:
        steps: list[tuple[State, Event, tuple[State, tuple[Action, ...]], Looks]] = []

        def noted(state: State, event: Event, steps: Any = steps) -> Any:
            seen.clear()
            right = transition(state, event, tables)
            steps.append((state, event, right, seen.copy()))
            return right

        visits = visits_from([each.begin()], each.events(), noted)
        everything.append(visits)
        worlds = (visit.situation[1] for visit in visits for _ in each.events())
        for world, (state, event, right, looks) in zip(worlds, steps, strict=True):
            for table, place, says in looks:
                uses[table, place].append(Use(each, state, world, event, right, says))
    return everything, uses


def tables_that_tell(seen: Looks) -> Tables:
    """The right machine's tables, which tell which of their rows is looked at."""

    def traced(table: str, place: int, row: Any) -> Any:
        def when(*given: Any) -> bool:
            says = {condition: condition(*given) for condition in CONDITIONS[table]}
            seen.append((table, place, says))
            return says[row.when]

        return replace(row, when=when)

    return Tables(
        *(
            tuple(traced(name, place, row) for place, row in enumerate(rows))
            for name, rows in machine.TABLES._asdict().items()
        )
    )


@dataclass(frozen=True)
class Mutant:
    """A machine with one mistake."""

    name: str
    tables: Tables
    differs_in: Callable[[Use], bool]
    """Whether it takes another row than the right one, or the wrong one, in a step."""


def mutants() -> Iterator[tuple[tuple[str, int], Mutant]]:
    """Every machine with one mistake in one row, with the row's table and place."""
    for name, rows in machine.TABLES._asdict().items():
        for place, row in enumerate(rows):
            begin, end = rows[:place], rows[place + 1 :]
            title = f"{name}: {place_of(row)}, {row.event.__name__}, {row.when.__name__}: "

            def taken(use: Use, row: Any = row) -> bool:
                return use.says[row.when]

            without = machine.TABLES._replace(**{name: (*begin, *end)})
            yield (name, place), Mutant(title + "no row", without, taken)
            for what, changed in changes(name, row):

                def strays(use: Use, row: Any = row, changed: Any = changed) -> bool:
                    before, now = use.says[row.when], use.says[changed.when]
                    return before if changed.when is row.when else before != now

                tables = machine.TABLES._replace(**{name: (*begin, changed, *end)})
                yield (name, place), Mutant(title + what, tables, strays)


def place_of(row: Any) -> str:
    """Where a machine is when the row is looked at."""
    first: Enum = getattr(row, fields(row)[0].name)
    return str(first.value)


def changes(table: str, row: Any) -> Iterator[tuple[str, Any]]:
    """Every row that differs from this one in one place."""
    for target in TARGETS[table]:
        if target is not row.then:
            yield f"to {target.value}", replace(row, then=target)
    for condition in CONDITIONS[table]:
        if condition is not row.when:
            yield f"when {condition.__name__}", replace(row, when=condition)
    if table == "party":
        yield from changes_to_party(row)
        return
    for do in type(row.do):
        if do is not row.do:
            yield f"do {do.value}", replace(row, do=do)
    if table == "recorder" and row.do is sureness.Do.FAIL:
        for why in Failure:
            if why is not row.why:
                yield f"because {why.value}", replace(row, why=why)


def changes_to_party(row: standing.Row) -> Iterator[tuple[str, standing.Row]]:
    """Every row whose list of deeds or count of repetitions differs in one place."""
    for do in standing.Do:
        if do in row.do:
            yield f"not {do.value}", replace(row, do=tuple(each for each in row.do if each != do))
        else:
            yield f"also {do.value}", replace(row, do=(*row.do, do))
    for repeats in Repeats:
        if repeats is not row.repeats:
            yield f"repeats {repeats.value}", replace(row, repeats=repeats)


class Verdict(Enum):
    """What comes of a mutant."""

    FOUND_OUT = "it breaks a promise"
    SAME = "it is the same machine"
    MISSED = "it is another machine and keeps every promise"


def verdict(mutant: Mutant, uses: list[Use]) -> Verdict:
    """Follow a mutant from every step where it strays."""
    same = True
    try:
        for each, steps in groupby(filter(mutant.differs_in, uses), attrgetter("course")):
            strays, differs = strays_of(mutant, steps)
            roots = list(dict.fromkeys(situation for situation, _right in strays))
            visits_from(roots, each.events(), lambda *of: transition(*of, mutant.tables))
            pairs = [(right, wrong) for (wrong, _), right in strays]
            same = same and not differs and alike(pairs, each.events(), mutant.tables)
    except BrokenPromiseError:
        return Verdict.FOUND_OUT
    return Verdict.SAME if same else Verdict.MISSED


def strays_of(mutant: Mutant, steps: Iterable[Use]) -> tuple[list[tuple[Situation, State]], bool]:
    """Where a mutant comes to and the right machine does not, with where that one comes to.

    Also whether it does something else on the way. Raises BrokenPromiseError.
    """
    strays, differs = [], False
    for use in steps:
        right, wanted = use.right
        wrong, done = transition(use.state, use.event, mutant.tables)
        if use.right != (wrong, done):
            watching = watched(use.world, use.event, done)
            differs = differs or wanted != done
            strays.append(((wrong, watching), right))
    return strays, differs


def alike(pairs: list[tuple[State, State]], events: tuple[Event, ...], tables: Tables) -> bool:
    """Whether a mutant in the second state does from now on what the machine in the first does."""
    waiting = list(dict.fromkeys(pairs))
    seen = set(waiting)
    for right, wrong in waiting:  # grows while it is walked through
        for event in events:
            after, wanted = transition(right, event)
            strayed, done = transition(wrong, event, tables)
            if wanted != done:
                return False
            if (pair := (after, strayed)) not in seen:
                seen.add(pair)
                waiting.append(pair)
    return True
