"""The consent machine keeps its promises in every state it can come to, and this test can fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from sidecar.consent import machine
from sidecar.consent.events import NoticeFailed, NoticePlayed, PartyChanged
from sidecar.consent.machine import TABLE, Do, Mark, Phase, Row, indexed, transition
from tests.consent.promises import EVENTS, BrokenPromiseError, Situation, explored

CONDITIONS = (
    machine.always,
    machine.the_caller_is_untold,
    machine.someone_is_untold,
    machine.it_is_named,
    machine.it_hears_the_notice,
    machine.it_was_replaced,
    machine.it_is_the_last_untold,
)
WITH_PARTY = (NoticePlayed, NoticeFailed, PartyChanged)
HARMLESS = Do.CLOSE_GATES
"""Closing gates that are closed breaks nothing, so no mutant is made by adding it."""


def test_every_promise_holds_after_every_sequence_of_events(capsys):
    found = explored(TABLE)

    states = {state for state, _world in found}
    steps = sum(len(following) for following in found.values())
    with capsys.disabled():
        print(
            f"\nconsent machine: {len(TABLE)} rows, {len(states)} states, "
            f"{len(found)} situations, {steps} steps: every promise holds"
        )
    assert {state.phase for state in states} == set(Phase)
    assert steps == len(found) * len(EVENTS)


def test_every_row_of_the_table_is_taken_by_some_call():
    taken = {
        next(
            (row for row in rows if row.when(state, getattr(event, "party", None))),
            None,
        )
        for state, _world in explored(TABLE)
        for event in EVENTS
        if (rows := indexed(TABLE).get((state.phase, type(event))))
    }

    assert [row for row in TABLE if row not in taken] == []


def mutants(table: tuple[Row, ...]) -> Iterator[tuple[str, tuple[Row, ...]]]:
    """Every table that differs from the machine's in one place."""
    for place, row in enumerate(table):
        name = f"{row.phase.value}, {row.event.__name__}, {row.when.__name__}: "
        before, after = table[:place], table[place + 1 :]
        yield name + "without the row", (*before, *after)
        for what, changed in changes(row):
            yield name + what, (*before, changed, *after)


def changes(row: Row) -> Iterator[tuple[str, Row]]:
    """Every row that differs from this one in one place."""
    for phase in Phase:
        yield f"to {phase.value}", replace(row, then=phase)
    for mark in Mark:
        yield f"mark {mark.value}", replace(row, mark=mark)
    for condition in CONDITIONS:
        yield f"when {condition.__name__}", replace(row, when=condition)
    for do in Do:
        if do in row.do:
            yield f"not {do.value}", replace(row, do=tuple(each for each in row.do if each != do))
        elif do is not HARMLESS:
            yield f"also {do.value}", replace(row, do=(*row.do, do))


def same_machine(table: tuple[Row, ...], situations: set[Situation]) -> bool:
    """Whether a table does what the machine's does, wherever a call can come to."""
    index = indexed(table)
    return all(
        transition(state, event, index) == transition(state, event)
        for state, _world in situations
        for event in EVENTS
    )


def test_every_table_with_one_mistake_in_it_breaks_a_promise(capsys):
    situations = set(explored(TABLE))
    caught, same, missed = 0, 0, []
    for name, table in mutants(TABLE):
        if same_machine(table, situations):
            same += 1
            continue
        try:
            explored(table)
        except BrokenPromiseError:
            caught += 1
        else:
            missed.append(name)

    with capsys.disabled():
        print(f"\nconsent machine: {caught} tables with one mistake, each found out")
    assert missed == []
    assert caught > 300


def without(phase: Phase, event: type) -> tuple[Row, ...]:
    return tuple(row for row in TABLE if (row.phase, row.event) != (phase, event))


def with_row(change: Callable[[Row], Row], *of: object) -> tuple[Row, ...]:
    return tuple(
        change(row) if (row.phase, row.event, row.when.__name__) == of else row for row in TABLE
    )


@pytest.mark.parametrize(
    ("table", "promise"),
    [
        pytest.param(
            with_row(
                lambda row: replace(row, do=(Do.OPEN_GATES, Do.PLAY_TO_ALL_UNTOLD)),
                Phase.SETUP,
                machine.BothUp,
                "someone_is_untold",
            ),
            "speech passes before everyone named was told",
            id="gates open while the notice is still playing",
        ),
        pytest.param(
            with_row(
                lambda row: replace(row, then=Phase.OPEN, mark=Mark.TOLD, do=(Do.OPEN_GATES,)),
                Phase.NOTICING,
                NoticeFailed,
                "it_hears_the_notice",
            ),
            "speech passes before everyone named was told",
            id="a failed notice taken for a played one",
        ),
        pytest.param(
            without(Phase.OPEN, PartyChanged),
            "speech passes before everyone named was told",
            id="a new party is not told",
        ),
        pytest.param(
            without(Phase.WAITING, PartyChanged),
            "speech passes before everyone named was told",
            id="a caller who changed while the callee was called is not told",
        ),
        pytest.param(
            without(Phase.NOTICING, machine.HungUp),
            "the machine missed the end",
            id="a call that can't be hung up",
        ),
        pytest.param(
            with_row(lambda row: replace(row, do=()), Phase.SETUP, machine.BothUp, "always"),
            "everyone was told and speech does not pass",
            id="policy off never opens",
        ),
    ],
)
def test_a_broken_table_is_called_what_it_is(table, promise):
    with pytest.raises(BrokenPromiseError) as broken:
        explored(table)

    assert str(broken.value) == promise
