"""Which calls are visited in full: a choice for each run of the tests, all of it by hand.

python -m tests.consent.courses     visit everything, and say how much that was (some minutes)
"""

from __future__ import annotations

import gc
import sys
from time import process_time
from typing import Any

from sidecar.consent.decision import Policy
from sidecar.consent.events import (
    CalleeGone,
    CallerUp,
    NoticeFailed,
    RecorderDoubted,
    RecorderFailed,
    RecorderViolated,
)
from sidecar.consent.party import Objector
from sidecar.consent.terms import Callee
from tests.consent.cases import BOTH, NOBODY, Case, Change, case, change, mailbox
from tests.consent.exploring import (
    AWAY_CALLEE,
    AWAY_CALLER,
    CALLEE,
    CALLER,
    FAILURES,
    HOLD,
    ROOM,
    WHOEVER,
    Course,
    demand_ways_out,
    visits_of,
)

OFF, NOTICE, CONSENT, REQUIRED = Policy
OPERATOR, ONE_CALLER, ONE_CALLEE = (Objector.OPERATOR,), (Objector.CALLER,), (Objector.CALLEE,)
NO_ONE: tuple[Objector, ...] = ()
GONE, AWAY = (CalleeGone(),), (*AWAY_CALLER, *AWAY_CALLEE)
IN_A_ROOM = Callee.ROOM
ALL_BUT_ONE = tuple(each for each in FAILURES if each is not RecorderFailed)


def there_and_back(first: Case, *others: Case) -> tuple[Change, ...]:
    """From one case to others, and back with or without all being known already."""
    return (*map(change, others), change(first, BOTH), change(first))


def changing(first: Case, *others: Case, **more: Any) -> Course:
    """A course in which the terms change; `also` may hold what else can happen."""
    ways = *there_and_back(first, *others), *more.pop("also", ())
    return Course(first, more.pop("by", NO_ONE), ways, more.pop("without", FAILURES), **more)


# Each row of each table is taken in these, and each mistake in one shows in them.
COURSES_OF_MUTANTS = (
    Course(case(OFF, NOBODY), ONE_CALLER),
    Course(case(REQUIRED, asked=CALLER), ONE_CALLER, without=(NoticeFailed, RecorderDoubted)),
    Course(
        case(CONSENT, CALLER, asked=CALLER, mutes=True, holds=False),
        OPERATOR,
        without=(NoticeFailed,),
    ),
    Course(case(NOTICE, holds=False), ONE_CALLER),
    Course(case(CONSENT, CALLER, asked=CALLER, repeat=1), NO_ONE, AWAY_CALLER, FAILURES),
    Course(case(CONSENT, asked=BOTH), NO_ONE, without=(RecorderViolated,)),
    Course(case(CONSENT, asked=CALLER), NO_ONE, (*GONE, *AWAY_CALLEE), FAILURES, CALLEE),
    Course(case(REQUIRED, asked=CALLER, other=IN_A_ROOM), NO_ONE, ROOM, ALL_BUT_ONE),
    changing(case(CONSENT, asked=CALLER), mailbox(asked=True, repeat=1), also=GONE),
)
# The rest of what a run of the tests visits. Both hold every pair of policy, parties, repetition,
# refusal, failure and kind of recorder that can meet, every kind of callee with and without people
# who leave, and every way from one kind to another. Not everything at once, for time: what the
# terms decide is looked at in one condition each, never two together but for those that are paired
# here; and an objector is a member of a set that only its own requests change, so two of them show
# all that a third could do.
COURSES = (
    Course(case(OFF, NOBODY, mutes=True, holds=False), OPERATOR),
    Course(case(NOTICE), without=FAILURES),
    Course(case(NOTICE, CALLER, mutes=True), OPERATOR),
    Course(case(CONSENT, CALLER, asked=CALLER, repeat=1), ONE_CALLER, without=FAILURES),
    Course(case(CONSENT, asked=BOTH, repeat=1, ends=True), NO_ONE, without=FAILURES),
    Course(
        case(CONSENT, CALLEE, asked=CALLEE, ends=True, mutes=True, holds=False),
        ONE_CALLEE,
        without=(RecorderDoubted, RecorderViolated),
    ),
    Course(case(REQUIRED, asked=CALLEE, mutes=True, holds=False), OPERATOR),
    Course(case(NOTICE, CALLER, holds=False), OPERATOR, (*HOLD, *ROOM), ALL_BUT_ONE),
    Course(case(CONSENT, CALLER, asked=CALLER), ONE_CALLER, HOLD, FAILURES),
    Course(case(NOTICE, other=IN_A_ROOM, holds=False), ONE_CALLER, ROOM, FAILURES),
    Course(case(NOTICE, holds=False), NO_ONE, AWAY, (NoticeFailed,)),
    Course(case(NOTICE), ONE_CALLER, AWAY_CALLEE, FAILURES),
    Course(case(CONSENT, asked=CALLER, at_person=True), NO_ONE, AWAY, (*FAILURES, CallerUp)),
    Course(
        case(REQUIRED, CALLER, asked=CALLER, at_person=True, holds=False),
        ONE_CALLER,
        AWAY_CALLEE,
        (*FAILURES, CallerUp),
    ),
    changing(case(NOTICE), mailbox(named=True), by=ONE_CALLER, also=GONE),
    changing(
        case(REQUIRED, asked=CALLER, holds=False),
        mailbox(holds=False),
        mailbox(denied=True),
        by=ONE_CALLER,
        also=GONE,
    ),
    changing(case(CONSENT, asked=CALLER), case(CONSENT, asked=CALLER, other=IN_A_ROOM), also=ROOM),
    changing(
        case(NOTICE, at_person=True),
        mailbox(named=True),
        also=AWAY_CALLEE,
        without=(*FAILURES, CallerUp),
    ),
)
BY_HAND = (
    Course(case(OFF, NOBODY), WHOEVER),
    Course(case(NOTICE)),
    Course(case(NOTICE, CALLEE, mutes=True, holds=False)),
    Course(case(CONSENT, CALLER, asked=CALLER, repeat=1), ONE_CALLER),
    Course(case(CONSENT, asked=CALLER, holds=False), ONE_CALLER, HOLD),
    Course(case(CONSENT, asked=BOTH, repeat=1, ends=True), NO_ONE),
    Course(case(CONSENT, asked=BOTH, mutes=True), NO_ONE, (*HOLD, *ROOM)),
    Course(case(REQUIRED, asked=BOTH)),
    Course(case(CONSENT, CALLEE, asked=CALLEE, ends=True, mutes=True, holds=False), ONE_CALLEE),
    Course(case(REQUIRED, asked=CALLEE, repeat=1, mutes=True, holds=False), OPERATOR),
    Course(case(CONSENT, asked=BOTH), ONE_CALLER, GONE, told=BOTH),
    Course(case(REQUIRED, asked=CALLER, other=IN_A_ROOM), also=(*ROOM, *AWAY_CALLEE)),
    Course(case(CONSENT, asked=CALLEE, holds=False, ends=True), ONE_CALLER, AWAY),
    Course(
        case(CONSENT, asked=CALLER, repeat=1, at_person=True),
        ONE_CALLER,
        (*AWAY, *HOLD),
        (CallerUp,),
    ),
    changing(
        case(NOTICE, at_person=True, holds=False, mutes=True),
        mailbox(asked=True, holds=False, mutes=True),
        by=ONE_CALLER,
        also=AWAY_CALLEE,
        without=(CallerUp,),
    ),
    changing(
        case(CONSENT, asked=CALLER),
        case(CONSENT, asked=CALLER, other=IN_A_ROOM),
        by=ONE_CALLER,
        also=(*AWAY_CALLEE, *ROOM),
        without=(),
    ),
    changing(
        case(NOTICE, holds=False),
        case(NOTICE, other=IN_A_ROOM, holds=False),
        mailbox(named=True, holds=False),
        by=ONE_CALLER,
        also=(*AWAY_CALLEE, *ROOM, *GONE),
        without=(),
    ),
    changing(
        case(CONSENT, asked=CALLER, ends=True, mutes=True),
        mailbox(asked=True, mutes=True),
        by=ONE_CALLER,
        also=(*GONE, *HOLD),
        without=(),
    ),
    changing(
        case(CONSENT, asked=BOTH),
        mailbox(asked=True),
        mailbox(),
        mailbox(denied=True),
        also=(*GONE, *AWAY),
        without=(),
    ),
    changing(
        case(REQUIRED, asked=BOTH, at_person=True, holds=False),
        mailbox(named=True, holds=False),
        by=ONE_CALLER,
        also=(*AWAY, *HOLD),
        without=(CallerUp,),
    ),
)


def main() -> int:
    """Visit everything."""
    gc.disable()
    steps = 0
    for course in (*COURSES_OF_MUTANTS, *COURSES, *BY_HAND):
        began = process_time()
        visits = visits_of(course)
        demand_ways_out(visits)
        walked = len(visits) * len(course.events())
        steps += walked
        print(f"{len(visits):6} situations {walked:8} steps {process_time() - began:5.1f} s")
    print(f"{steps} steps: every promise holds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
