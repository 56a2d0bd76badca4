"""How sure it is that the recorder does as ordered.

Theory. An order is awaited until the recorder confirms it; the confirmation of another order than
the last counts for nothing. What was confirmed can be lost in two ways: something records against
the order (violated: awaited again), or nobody can say any more (doubted). Both, and an order that
stays unanswered, are failures once they are overdue, and so is a recorder that says it can't;
before both are up there is no speech, so that until then nothing has failed for good. A failure to
release is none: not to record is always allowed, so a stop is ordered in its place
(unless the call must be recorded). After a failure the call ends, or goes on muted until the
recorder confirms after all.

`TABLE` is the machine; the first row whose condition holds is taken, else nothing happens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from sidecar.consent.events import (
    Failure,
    RecorderConfirmed,
    RecorderDoubted,
    RecorderFailed,
    RecorderOverdue,
    RecorderViolated,
)
from sidecar.consent.order import Order


class Sureness(Enum):
    """What is known of the recorder."""

    UNASKED = "unasked"
    """No order was given yet."""
    AWAITED = "awaited"
    SURE = "sure"
    DOUBTED = "doubted"
    FAILED = "failed"


RecorderEvent = (
    RecorderConfirmed | RecorderFailed | RecorderDoubted | RecorderViolated | RecorderOverdue
)


class Standing(NamedTuple):
    """What an event meets."""

    order: Order | None
    """The last one given."""
    must: bool
    """Whether the call must be recorded."""
    due: bool
    """Whether both are up; before that there is no speech, and a failure can still be mended."""


Condition = Callable[[Standing, RecorderEvent], bool]


def always(_now: Standing, _event: RecorderEvent) -> bool:
    """Hold in every case."""
    return True


def it_is_the_order(now: Standing, event: RecorderEvent) -> bool:
    """Hold where the event is about the order that stands."""
    about = event.order if isinstance(event, RecorderConfirmed | RecorderFailed) else now.order
    return about is now.order


def it_is_due(now: Standing, event: RecorderEvent) -> bool:
    """Hold where it is about the order that stands, and both are up."""
    return now.due and it_is_the_order(now, event)


def a_release_may_fail(now: Standing, event: RecorderEvent) -> bool:
    """Hold where recording was only allowed, so that not to record will do."""
    return now.order is Order.RELEASE and not now.must and it_is_the_order(now, event)


def it_was_held_back(now: Standing, _event: RecorderEvent) -> bool:
    """Hold where nothing may record."""
    return now.order is not Order.RELEASE


class Do(Enum):
    """What a row has done."""

    NOTHING = "nothing"
    GIVE_UP_RELEASE = "order a stop in place of the release"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table; `why` is the reason of a failure."""

    sureness: Sureness
    event: type[RecorderEvent]
    when: Condition
    then: Sureness
    do: Do = Do.NOTHING
    why: Failure = Failure.UNCONFIRMED


AWAITED, SURE = Sureness.AWAITED, Sureness.SURE
DOUBTED, FAILED = Sureness.DOUBTED, Sureness.FAILED

# fmt: off
TABLE: tuple[Row, ...] = (
    Row(AWAITED, RecorderConfirmed, it_is_the_order, SURE),
    Row(AWAITED, RecorderFailed, a_release_may_fail, AWAITED, Do.GIVE_UP_RELEASE),
    Row(AWAITED, RecorderFailed, it_is_due, FAILED, Do.FAIL, Failure.RECORDER),
    Row(AWAITED, RecorderOverdue, a_release_may_fail, AWAITED, Do.GIVE_UP_RELEASE),
    Row(AWAITED, RecorderOverdue, always, FAILED, Do.FAIL, Failure.UNCONFIRMED),

    Row(SURE, RecorderDoubted, always, DOUBTED),
    Row(SURE, RecorderViolated, it_was_held_back, AWAITED),
    Row(SURE, RecorderFailed, a_release_may_fail, AWAITED, Do.GIVE_UP_RELEASE),
    Row(SURE, RecorderFailed, it_is_due, FAILED, Do.FAIL, Failure.RECORDER),
    Row(SURE, RecorderFailed, it_is_the_order, AWAITED),

    Row(DOUBTED, RecorderConfirmed, it_is_the_order, SURE),
    Row(DOUBTED, RecorderViolated, it_was_held_back, AWAITED),
    Row(DOUBTED, RecorderFailed, it_is_due, FAILED, Do.FAIL, Failure.LOST),
    Row(DOUBTED, RecorderFailed, it_is_the_order, AWAITED),
    Row(DOUBTED, RecorderOverdue, always, FAILED, Do.FAIL, Failure.LOST),

    Row(FAILED, RecorderConfirmed, it_is_the_order, SURE),
)
# fmt: on


def found(
    table: tuple[Row, ...], sureness: Sureness, now: Standing, event: RecorderEvent
) -> Row | None:
    """Return the row to be taken, None where nothing happens."""
    for row in table:
        fits = row.sureness is sureness and isinstance(event, row.event)
        if fits and row.when(now, event):
            return row
    return None
