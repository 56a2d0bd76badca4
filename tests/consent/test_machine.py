"""The consent machine, call by call; that it holds everywhere is in test_promises.py."""

from __future__ import annotations

import pytest

from sidecar.consent.decision import Policy
from sidecar.consent.events import (
    Agreed,
    AnswerMissing,
    AwaitAnswer,
    BothUp,
    CallerUp,
    Connect,
    Declined,
    EndRefused,
    Explain,
    ExplanationOver,
    FailClosed,
    Failure,
    Gates,
    HungUp,
    NoticeFailed,
    NoticePlayed,
    PartyChanged,
    PlayNotice,
    RecorderFailed,
    RecorderOverdue,
    RecorderReady,
    Say,
    Saying,
    Silence,
    StopRequested,
)
from sidecar.consent.order import Order
from sidecar.consent.party import Objector
from tests.consent.calls import (
    CALLEE,
    CALLER,
    CLOSED,
    HEARD_BY_BOTH,
    HELD,
    HOLD,
    OPEN,
    RELEASE,
    RELEASED,
    STOP,
    STOPPED,
    a_call,
    a_call_of_consent,
    a_recorded_call,
    done,
)

# Policy off.


def test_policy_off_stops_whatever_records_and_lets_speech_pass_once_that_is_confirmed():
    consent = a_call(Policy.OFF)

    assert done(consent, RecorderReady()) == [STOP]
    assert done(consent, BothUp()) == []
    assert done(consent, STOPPED) == [OPEN]


def test_policy_off_says_nothing_to_anyone_new():
    consent = a_call(Policy.OFF)
    done(consent, RecorderReady(), STOPPED, BothUp())

    assert done(consent, PartyChanged(CALLEE)) == []


# The notice.


def test_both_hear_the_notice_at_once_while_the_recorder_is_held():
    consent = a_call()

    assert done(consent, RecorderReady()) == [HOLD]
    assert done(consent, HELD, BothUp()) == [PlayNotice(CALLER), PlayNotice(CALLEE)]


@pytest.mark.parametrize(("first", "last"), [(CALLER, CALLEE), (CALLEE, CALLER)])
def test_the_recorder_is_released_when_the_last_has_heard_it_and_then_speech_passes(first, last):
    consent = a_call()
    done(consent, RecorderReady(), HELD, BothUp())

    assert done(consent, NoticePlayed(first)) == []
    assert done(consent, NoticePlayed(last)) == [RELEASE]
    assert done(consent, RELEASED) == [OPEN]


def test_a_recorder_that_cannot_be_held_gets_no_order_during_the_notice():
    consent = a_call(holds=False)

    assert done(consent, RecorderReady(), BothUp(), NoticePlayed(CALLER)) == [
        PlayNotice(CALLER),
        PlayNotice(CALLEE),
    ]
    assert done(consent, NoticePlayed(CALLEE), RELEASED) == [RELEASE, OPEN]


def test_the_confirmation_of_an_older_order_opens_nothing():
    consent = a_call()
    done(consent, RecorderReady(), BothUp(), *HEARD_BY_BOTH)

    assert done(consent, HELD) == []
    assert done(consent, RELEASED) == [OPEN]


def test_one_who_is_not_named_hears_nothing():
    consent = a_call(to=frozenset({CALLEE}))

    assert done(consent, RecorderReady(), BothUp()) == [HOLD, PlayNotice(CALLEE)]


def test_one_who_is_asked_is_told_even_where_nobody_named_them():
    consent = a_call(Policy.CONSENT, to=frozenset({CALLEE}), asks={CALLER})

    assert PlayNotice(CALLER) in done(consent, RecorderReady(), BothUp())


def test_before_connect_the_callee_is_called_when_the_caller_has_heard_it():
    consent = a_call()

    assert done(consent, RecorderReady(), CallerUp()) == [HOLD, PlayNotice(CALLER)]
    assert done(consent, NoticePlayed(CALLER)) == [Connect()]
    assert done(consent, HELD, BothUp()) == [PlayNotice(CALLEE)]
    assert done(consent, NoticePlayed(CALLEE), RELEASED) == [RELEASE, OPEN]


@pytest.mark.parametrize("on_unconfirmed", ["hangup", "mute"])
def test_a_notice_that_fails_ends_the_call_whatever_the_rule_says(on_unconfirmed):
    consent = a_call(on_unconfirmed=on_unconfirmed)
    done(consent, RecorderReady(), BothUp())

    assert done(consent, NoticeFailed(CALLEE)) == [FailClosed(Failure.NOTICE, ends=True)]
    assert done(consent, NoticePlayed(CALLER), HungUp()) == []


# Someone new.


def test_someone_new_is_told_before_anyone_speaks_on_and_the_other_is_not_told_twice():
    consent = a_recorded_call()

    assert done(consent, PartyChanged(CALLEE)) == [CLOSED, PlayNotice(CALLEE), HOLD]
    assert done(consent, HELD, NoticePlayed(CALLEE)) == [RELEASE]
    assert done(consent, RELEASED) == [OPEN]


def test_a_notice_is_begun_anew_where_its_hearer_changes():
    consent = a_call()
    done(consent, RecorderReady(), BothUp())

    assert done(consent, PartyChanged(CALLEE)) == [Silence(CALLEE), PlayNotice(CALLEE)]


def test_someone_new_is_asked_as_often_as_the_one_before():
    consent = a_call_of_consent(repeat=1)
    done(consent, AnswerMissing(CALLER), NoticePlayed(CALLER))

    done(consent, PartyChanged(CALLER), NoticePlayed(CALLER))

    assert done(consent, AnswerMissing(CALLER)) == [PlayNotice(CALLER)]


def test_a_recorder_that_cannot_be_held_is_stopped_until_someone_new_has_agreed():
    consent = a_call_of_consent(holds=False)
    done(consent, Agreed(CALLER), RELEASED)

    assert done(consent, PartyChanged(CALLER)) == [CLOSED, PlayNotice(CALLER), STOP]
    assert done(consent, STOPPED, Agreed(CALLER)) == [Silence(CALLER), RELEASE]


# The question.


def test_a_yes_releases_the_recorder_and_both_are_told():
    consent = a_call_of_consent()

    assert done(consent, Agreed(CALLER)) == [RELEASE]
    assert done(consent, RELEASED) == [OPEN, Say(Saying.AGREED)]


def test_a_no_stops_the_recorder_and_the_call_goes_on():
    consent = a_call_of_consent()

    assert done(consent, Declined(CALLER)) == [STOP]
    assert done(consent, STOPPED) == [OPEN, Say(Saying.REFUSED)]


def test_an_answer_during_the_notice_ends_it():
    consent = a_call(Policy.CONSENT)
    done(consent, RecorderReady(), BothUp())

    assert done(consent, Agreed(CALLER)) == [Silence(CALLER)]
    assert done(consent, NoticePlayed(CALLEE)) == [RELEASE]


def test_a_no_spares_the_other_the_rest_of_the_notice():
    consent = a_call(Policy.CONSENT)
    done(consent, RecorderReady(), BothUp())

    assert done(consent, Declined(CALLER)) == [Silence(CALLER), Silence(CALLEE), STOP]


def test_silence_is_asked_again_and_then_taken_for_a_no():
    consent = a_call_of_consent(repeat=1)

    assert done(consent, AnswerMissing(CALLER)) == [PlayNotice(CALLER)]
    assert done(consent, NoticePlayed(CALLER)) == [AwaitAnswer(CALLER)]
    assert done(consent, AnswerMissing(CALLER)) == [STOP]


def test_both_must_agree_where_both_are_asked():
    consent = a_call_of_consent(asks={CALLER, CALLEE})

    assert done(consent, Agreed(CALLER)) == []
    assert done(consent, Agreed(CALLEE)) == [RELEASE]


def test_the_second_of_two_refusals_changes_nothing():
    consent = a_call_of_consent(asks={CALLER, CALLEE})
    done(consent, Declined(CALLER))

    assert done(consent, Declined(CALLEE), AnswerMissing(CALLEE), Agreed(CALLEE)) == []


def test_after_a_refusal_nobody_new_is_told_anything():
    consent = a_call_of_consent()
    done(consent, Declined(CALLER), STOPPED)

    assert done(consent, PartyChanged(CALLEE)) == []
    assert consent.state.gates is Gates.OPEN


# A call that must not go on without agreement.


def test_a_refusal_is_explained_to_both_before_the_call_ends():
    consent = a_call_of_consent(policy=Policy.REQUIRED)

    assert done(consent, Declined(CALLER)) == [Explain(CALLER), Explain(CALLEE), STOP]
    assert done(consent, STOPPED, ExplanationOver(CALLEE)) == []
    assert done(consent, ExplanationOver(CALLER)) == [EndRefused()]
    assert done(consent, STOPPED, HungUp()) == []


def test_a_rule_can_end_the_call_of_whoever_does_not_agree():
    consent = a_call_of_consent(on_refusal="hangup")

    assert Explain(CALLER) in done(consent, Declined(CALLER))


def test_a_caller_who_refuses_before_the_callee_is_called_hears_why_and_nobody_is_called():
    consent = a_call(Policy.REQUIRED)
    done(consent, RecorderReady(), CallerUp(), NoticePlayed(CALLER))

    assert done(consent, Declined(CALLER)) == [Explain(CALLER), STOP]
    assert done(consent, ExplanationOver(CALLER)) == [EndRefused()]


def test_the_explanation_is_not_cut_short_by_a_recorder_that_has_nothing_to_record_yet():
    consent = a_call(Policy.REQUIRED)
    done(consent, RecorderReady(), CallerUp(), Declined(CALLER))

    assert not consent.state.waits_for_recorder
    assert done(consent, RecorderFailed(Order.STOP)) == []


def test_the_recorder_is_watched_again_where_the_callee_answers_during_the_explanation():
    consent = a_call(Policy.REQUIRED)
    done(consent, RecorderReady(), CallerUp(), Agreed(CALLER), StopRequested(Objector.CALLER))

    assert done(consent, BothUp()) == []
    assert consent.state.waits_for_recorder
    assert done(consent, RecorderOverdue()) == [FailClosed(Failure.UNCONFIRMED, ends=True)]


def test_a_stop_ends_a_call_that_must_be_recorded():
    consent = a_call_of_consent(policy=Policy.REQUIRED)
    done(consent, Agreed(CALLER), RELEASED)

    assert done(consent, StopRequested(Objector.CALLEE)) == [
        CLOSED,
        STOP,
        Explain(CALLER),
        Explain(CALLEE),
    ]


# The end.


@pytest.mark.parametrize(
    "events",
    [
        (),
        (CallerUp(),),
        (CallerUp(), NoticePlayed(CALLER), Agreed(CALLER)),
        (CallerUp(), Declined(CALLER)),
        (BothUp(),),
        (BothUp(), *HEARD_BY_BOTH, Agreed(CALLER), RELEASED),
        (BothUp(), Declined(CALLER)),
    ],
    ids=["setup", "announcing", "waiting", "dismissing", "notice", "open", "ending"],
)
def test_a_hang_up_ends_every_phase_and_asks_for_nothing(events):
    consent = a_call(Policy.REQUIRED)
    done(consent, RecorderReady(), *events)

    assert done(consent, HungUp()) == []
    assert done(consent, BothUp(), StopRequested(Objector.CALLER), RecorderOverdue()) == []
