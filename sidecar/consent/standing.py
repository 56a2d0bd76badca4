"""Where each party stands: what it has heard, whether it was asked, what it said.

Theory. A party that the decision names is owed the notice; it hears it as soon as it is there. One
that is asked hears the question with it and may answer before its end, which ends it (who answers
has understood); else its time to answer begins with the end of the notice, and silence is asked
again, then taken for a no. Someone new on a side has heard nothing and said nothing: all begins
again; one that leaves before its end hears it from the beginning when it is back. Once anyone has
refused there is nothing left to tell anybody: the call goes on unrecorded, or ends. Whoever is owed
the notice, for whatever reason, hears it with the next `Begin` that finds them there.

`TABLE` is the machine of one party: the first row of a standing and an event whose condition holds
is taken; where none is, nothing happens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from sidecar.consent.events import (
    Agreed,
    AnswerMissing,
    Declined,
    NoticeFailed,
    NoticePlayed,
    PartyChanged,
    PartyLeft,
)
from sidecar.consent.terms import Concern


class Place(Enum):
    """How far a party has come."""

    CLEAR = "clear"
    """It has nothing (more) to hear or to answer."""
    OWED = "owed the notice"
    HEARING = "hearing the notice"
    ASKED = "asked"
    """It has heard the question and has not answered yet."""


class Standing(NamedTuple):
    """A party's place, and how often it will be asked again."""

    place: Place
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class Begin:
    """It is there: what it is owed can be played."""


@dataclass(frozen=True, slots=True)
class Excused:
    """Nothing is left to tell it: somebody has refused, or the call is about something else."""


PartyEvent = (
    Begin
    | NoticePlayed
    | NoticeFailed
    | Agreed
    | Declined
    | AnswerMissing
    | PartyChanged
    | PartyLeft
    | Excused
)

Condition = Callable[[Standing, Concern], bool]
"""Of the standing before, and what is wanted of the party."""


def always(_standing: Standing, _concern: Concern) -> bool:
    """Hold in every case."""
    return True


def it_is_asked(_standing: Standing, concern: Concern) -> bool:
    """Hold where its agreement is wanted."""
    return concern.asked


def it_is_asked_again(standing: Standing, _concern: Concern) -> bool:
    """Hold where its silence is not a no yet."""
    return standing.repeats > 0


def it_is_named(_standing: Standing, concern: Concern) -> bool:
    """Hold where the decision names it."""
    return concern.named


class Do(Enum):
    """What a row has done, to or about the party."""

    PLAY = "play"
    SILENCE = "silence"
    AWAIT = "await its answer"
    REFUSE = "take it for a refusal"
    FAIL = "fail"


class Repeats(Enum):
    """What becomes of the number of repetitions."""

    KEPT = "kept"
    LESS = "one less"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table."""

    place: Place
    event: type[PartyEvent]
    when: Condition
    then: Place
    do: tuple[Do, ...] = ()
    repeats: Repeats = Repeats.KEPT


CLEAR, OWED, HEARING, ASKED = Place.CLEAR, Place.OWED, Place.HEARING, Place.ASKED

# fmt: off
TABLE: tuple[Row, ...] = (
    Row(CLEAR, PartyChanged, it_is_named, OWED, repeats=Repeats.ALL),

    Row(OWED, Begin, always, HEARING, (Do.PLAY,)),
    Row(OWED, PartyChanged, always, OWED, repeats=Repeats.ALL),
    Row(OWED, Excused, always, CLEAR),

    Row(HEARING, NoticePlayed, it_is_asked, ASKED, (Do.AWAIT,)),
    Row(HEARING, NoticePlayed, always, CLEAR),
    Row(HEARING, NoticeFailed, always, HEARING, (Do.FAIL,)),
    Row(HEARING, Agreed, it_is_asked, CLEAR, (Do.SILENCE,)),
    Row(HEARING, Declined, it_is_asked, CLEAR, (Do.SILENCE, Do.REFUSE)),
    Row(HEARING, PartyChanged, always, OWED, (Do.SILENCE,), Repeats.ALL),
    Row(HEARING, PartyLeft, always, OWED, (Do.SILENCE,)),
    Row(HEARING, Excused, always, CLEAR, (Do.SILENCE,)),

    Row(ASKED, Agreed, always, CLEAR),
    Row(ASKED, Declined, always, CLEAR, (Do.REFUSE,)),
    Row(ASKED, AnswerMissing, it_is_asked_again, HEARING, (Do.PLAY,), Repeats.LESS),
    Row(ASKED, AnswerMissing, always, CLEAR, (Do.REFUSE,)),
    Row(ASKED, PartyChanged, always, OWED, repeats=Repeats.ALL),
    Row(ASKED, PartyLeft, always, OWED),
    Row(ASKED, Excused, always, CLEAR),
)
# fmt: on


def initial(concern: Concern, *, told: bool = False) -> Standing:
    """Return the standing in which a party begins; `told`: it has nothing to hear for now."""
    owed = concern.named and not told
    return Standing(OWED if owed else CLEAR, concern.repeats if concern.asked else 0)


def found(
    table: tuple[Row, ...], standing: Standing, event: PartyEvent, concern: Concern
) -> Row | None:
    """Return the row to be taken, None where nothing happens."""
    for row in table:
        fits = row.place is standing.place and isinstance(event, row.event)
        if fits and row.when(standing, concern):
            return row
    return None


def after(row: Row, standing: Standing, concern: Concern) -> Standing:
    """Return the standing after a row."""
    match row.repeats:
        case Repeats.KEPT:
            return Standing(row.then, standing.repeats)
        case Repeats.LESS:
            return Standing(row.then, standing.repeats - 1)
        case Repeats.ALL:
            return Standing(row.then, concern.repeats if concern.asked else 0)
