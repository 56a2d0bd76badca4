"""The consent machine keeps its promises in every state it can come to, and this test can fail."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain

import pytest

from sidecar.consent import machine
from sidecar.consent.events import CallerUp, Gates
from sidecar.consent.machine import TABLES
from sidecar.consent.order import Order
from sidecar.consent.party import Objector
from sidecar.consent.state import Phase, State, gates_of, standing_in, wanted
from sidecar.consent.sureness import Sureness
from sidecar.consent.terms import Callee
from tests.consent.cases import BOTH, NOBODY, BrokenPromiseError, case, mailbox
from tests.consent.courses import COURSES, COURSES_OF_MUTANTS, NO_ONE, NOTICE, OFF, changing
from tests.consent.exploring import (
    AWAY_CALLEE,
    FAILURES,
    ROOM,
    Course,
    Visit,
    demand_ways_out,
    visits_of,
)
from tests.consent.mutants import Uses, Verdict, mutants, traced_visits, verdict


@pytest.fixture(scope="module", autouse=True)
def no_garbage() -> Iterator[None]:
    """Situations are many and form no cycles: looking for some takes half of the time."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="module")
def traced() -> tuple[list[list[Visit]], Uses]:
    return traced_visits(COURSES_OF_MUTANTS)


@pytest.fixture(scope="module")
def uses(traced) -> Uses:
    return traced[1]


def test_every_promise_holds_after_every_sequence_of_events(capsys, traced):
    states, situations, steps, phases = 0, 0, 0, set()
    courses = (*COURSES_OF_MUTANTS, *COURSES)

    for course, visits in zip(courses, chain(traced[0], map(visits_of, COURSES)), strict=True):
        demand_ways_out(visits)
        believed = {visit.situation[0] for visit in visits}
        states += len(believed)
        phases |= {state.phase for state in believed}
        situations += len(visits)
        steps += len(visits) * len(course.events())

    with capsys.disabled():
        print(
            f"\nconsent machine: {sum(map(len, TABLES))} rows, {len(courses)} courses, "
            f"{states} states, {situations} situations, {steps} steps: every promise holds"
        )
    assert phases == set(Phase)


def test_every_row_of_the_tables_is_taken_by_some_call(uses):
    never = [
        row
        for name, rows in TABLES._asdict().items()
        for place, row in enumerate(rows)
        if not any(use.says[row.when] for use in uses[name, place])
    ]

    assert never == []


def test_every_table_with_one_mistake_in_it_breaks_a_promise(capsys, uses):
    found: Counter[Verdict] = Counter()
    missed = []
    for row, mutant in mutants():
        result = verdict(mutant, uses[row])
        found[result] += 1
        if result is Verdict.MISSED:
            missed.append(mutant.name)

    with capsys.disabled():
        print(
            f"\nconsent machine: {found[Verdict.FOUND_OUT]} tables with one mistake, each found "
            f"out; {found[Verdict.SAME]} are the same machine"
        )
    assert missed == []
    assert found[Verdict.FOUND_OUT] > 500


def wanted_but(order: Order | None, when: Callable[[State], object]) -> Callable[[State], object]:
    """The order that follows from a state, but for some states."""
    return lambda state: order if when(state) else wanted(state)


def gates_but(gates: Gates, when: Callable[[State], object]) -> Callable[[State], object]:
    """The gates that follow from a state, but for some states."""
    return lambda state: gates if when(state) else gates_of(state)


@pytest.mark.parametrize(
    ("name", "mistaken", "promise"),
    [
        pytest.param(
            "wanted",
            wanted_but(Order.RELEASE, lambda state: state.terms.policy is OFF),
            "released is what must not be recorded",
            id="policy off is forgotten",
        ),
        pytest.param(
            "wanted",
            wanted_but(Order.HOLD, lambda state: state.refused),
            "what must not be recorded is not stopped",
            id="a refusal is taken for a pause",
        ),
        pytest.param(
            "wanted",
            wanted_but(Order.HOLD, lambda state: state.stops and not state.refused),
            "held is what must be stopped",
            id="a stop is forgotten",
        ),
        pytest.param(
            "wanted",
            lambda state: wanted(state._replace(stops=state.stops - {Objector.SIDECAR})),
            "what must not be recorded is not stopped",
            id="a release that failed is ordered again",
        ),
        pytest.param(
            "wanted",
            wanted_but(Order.RELEASE, lambda state: state.pauses and state.cleared),
            "released is what somebody has paused",
            id="a pause is forgotten",
        ),
        pytest.param(
            "wanted",
            wanted_but(Order.HOLD, lambda state: state.pauses and not state.stops),
            "a recorder is held that can't be",
            id="a recorder that can't be held is",
        ),
        pytest.param(
            "wanted",
            wanted_but(None, lambda state: wanted(state) is Order.HOLD),
            "somebody is not told, and the recorder is not held",
            id="it is not held during the notice",
        ),
        pytest.param(
            "wanted",
            lambda state: wanted(state._replace(order=None)),
            "somebody has not agreed, and the recorder runs",
            id="it runs while someone new has not agreed",
        ),
        pytest.param(
            "wanted",
            wanted_but(Order.RELEASE, lambda state: state.phase is Phase.TALKING),
            "released is what must not be recorded",
            id="it is released as soon as both are up",
        ),
        pytest.param(
            "gates_of",
            gates_but(Gates.OPEN, lambda state: state.cleared and not state.both_up),
            "speech passes where there is no call",
            id="gates open before both are up",
        ),
        pytest.param(
            "gates_of",
            gates_but(Gates.OPEN, lambda state: state.sureness is Sureness.SURE and state.both_up),
            "speech passes before everyone was told and agreed",
            id="gates open during the notice",
        ),
        pytest.param(
            "gates_of",
            lambda state: gates_of(
                state._replace(sureness=Sureness.SURE)
                if state.sureness is Sureness.AWAITED
                else state
            ),
            "speech passes before the recorder has confirmed",
            id="gates open before the recorder has confirmed",
        ),
        pytest.param(
            "gates_of",
            gates_but(Gates.OPEN, lambda state: gates_of(state) is Gates.MUTED),
            "a failure does not mute the call",
            id="a failure leaves the gates open",
        ),
        pytest.param(
            "gates_of",
            gates_but(Gates.OPEN, lambda s: s.sureness is Sureness.DOUBTED and s.both_up),
            "a lost connection opens or closes the gates",
            id="gates open in doubt",
        ),
        pytest.param(
            "gates_of",
            gates_but(Gates.CLOSED, lambda state: state.stops),
            "all is well, and speech does not pass",
            id="a stop ends the conversation",
        ),
        pytest.param(
            "gates_of",
            gates_but(Gates.OPEN, lambda state: state.phase is Phase.ENDING),
            "speech passes where there is no call",
            id="gates open during the explanation",
        ),
    ],
)
def test_a_machine_that_concludes_wrongly_is_found_out(monkeypatch, name, mistaken, promise):
    monkeypatch.setattr(machine, name, mistaken)

    assert promise in broken_promises()


@pytest.mark.parametrize(
    ("name", "mistaken", "course", "promise"),
    [
        pytest.param(
            "wanted",
            lambda state: wanted(state._replace(away=NOBODY)),
            Course(case(NOTICE), NO_ONE, AWAY_CALLEE, FAILURES),
            "nobody is there, and it is not held",
            id="it runs while nobody is there",
        ),
        pytest.param(
            "wanted",
            lambda state: wanted(state._replace(stops=state.stops - {Objector.ROOM})),
            Course(case(NOTICE, other=Callee.ROOM), NO_ONE, ROOM, FAILURES),
            "held is what must be stopped",
            id="a stop in the conference is forgotten",
        ),
        pytest.param(
            "gates_of",
            gates_but(Gates.OPEN, lambda state: state.awaits_person and not state.cleared),
            Course(case(NOTICE, at_person=True), NO_ONE, AWAY_CALLEE, (*FAILURES, CallerUp)),
            "the caller is to hear and not to be heard, until a person is there",
            id="the caller is heard before a person is there",
        ),
        pytest.param(
            "gates_of",
            gates_but(
                Gates.OPEN,
                lambda state: state.terms.other is Callee.MAILBOX and state.phase is Phase.TALKING,
            ),
            changing(case(NOTICE), mailbox(named=True)),
            "speech passes before everyone was told and agreed",
            id="a message begins before the notice was heard",
        ),
        pytest.param(
            "standing_in",
            lambda terms, party, told: standing_in(terms, party, BOTH),
            changing(case(NOTICE), mailbox(named=True)),
            "released before everyone was told and agreed",
            id="what was heard elsewhere counts everywhere",
        ),
    ],
)
def test_a_machine_that_mistakes_who_is_there_is_found_out(
    monkeypatch, name, mistaken, course, promise
):
    monkeypatch.setattr(machine, name, mistaken)

    with pytest.raises(BrokenPromiseError, match=promise):
        visits_of(course)


def broken_promises() -> Iterator[str]:
    """The first that is broken in each course."""
    for course in COURSES_OF_MUTANTS:
        try:
            visits_of(course)
        except BrokenPromiseError as error:
            yield str(error)
