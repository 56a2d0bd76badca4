"""Stops, pauses and a recorder that fails, call by call; see test_machine.py for the rest."""

from __future__ import annotations

import pytest

from sidecar.consent.decision import Policy
from sidecar.consent.events import (
    Agreed,
    BothUp,
    FailClosed,
    Failure,
    NoticePlayed,
    PartyChanged,
    PauseRequested,
    RecorderDoubted,
    RecorderFailed,
    RecorderOverdue,
    RecorderReady,
    RecorderViolated,
    ResumeRequested,
    Say,
    Saying,
    StopRequested,
)
from sidecar.consent.order import Order
from sidecar.consent.party import Objector
from sidecar.consent.state import Phase
from tests.consent.calls import (
    CALLEE,
    CALLER,
    CLOSED,
    HELD,
    HOLD,
    MUTED,
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

# Stop, pause, resume.


def test_a_stop_closes_the_gates_until_the_recorder_has_confirmed_it():
    consent = a_recorded_call()

    assert done(consent, StopRequested(Objector.CALLER)) == [CLOSED, STOP]
    assert done(consent, STOPPED) == [OPEN, Say(Saying.STOPPED)]


def test_a_stop_in_place_of_an_answer_is_a_no():
    consent = a_call_of_consent()

    assert done(consent, StopRequested(Objector.CALLER)) == [STOP]
    assert done(consent, ResumeRequested(Objector.CALLER), Agreed(CALLER)) == []


def test_a_pause_holds_the_recorder_and_a_resume_releases_it():
    consent = a_recorded_call()

    assert done(consent, PauseRequested(Objector.CALLEE)) == [CLOSED, HOLD]
    assert done(consent, HELD) == [OPEN, Say(Saying.PAUSED)]
    assert done(consent, ResumeRequested(Objector.CALLEE)) == [CLOSED, RELEASE]
    assert done(consent, RELEASED) == [OPEN, Say(Saying.RESUMED)]


def test_a_pause_stops_a_recorder_that_cannot_be_held():
    consent = a_recorded_call(holds=False)

    assert done(consent, PauseRequested(Objector.CALLER)) == [CLOSED, STOP]
    assert done(consent, STOPPED) == [OPEN, Say(Saying.PAUSED)]


@pytest.mark.parametrize("other", [Objector.CALLEE, Objector.OPERATOR])
def test_a_party_that_stopped_is_not_overruled_by_anyone_else(other):
    consent = a_recorded_call()
    done(consent, StopRequested(Objector.CALLER), STOPPED)

    assert done(consent, ResumeRequested(other)) == []
    assert done(consent, ResumeRequested(Objector.CALLER)) == [CLOSED, RELEASE]


def test_a_stop_stands_after_the_one_who_asked_for_it_has_left():
    consent = a_recorded_call()
    done(consent, StopRequested(Objector.CALLER), STOPPED, PartyChanged(CALLER))

    assert done(consent, NoticePlayed(CALLER)) == [OPEN]
    assert consent.state.order is Order.STOP


def test_a_pause_that_stands_is_told_when_the_stop_above_it_is_taken_back():
    consent = a_recorded_call()
    done(consent, PauseRequested(Objector.CALLEE), HELD, StopRequested(Objector.CALLER))

    assert done(consent, ResumeRequested(Objector.CALLER), HELD) == [
        HOLD,
        OPEN,
        Say(Saying.PAUSED),
    ]


def test_a_stop_that_is_taken_back_during_the_notice_is_not_told_later():
    consent = a_call()
    done(consent, RecorderReady(), BothUp(), NoticePlayed(CALLER))
    done(consent, StopRequested(Objector.CALLER), STOPPED, ResumeRequested(Objector.CALLER), HELD)

    assert done(consent, NoticePlayed(CALLEE), RELEASED) == [RELEASE, OPEN]


# The recorder fails.


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (RecorderOverdue(), Failure.UNCONFIRMED),
        (RecorderFailed(Order.STOP), Failure.RECORDER),
    ],
)
@pytest.mark.parametrize("mutes", [False, True])
def test_a_stop_that_is_not_confirmed_ends_the_call_or_mutes_it(event, reason, mutes):
    consent = a_recorded_call(on_unconfirmed="mute" if mutes else "hangup")
    done(consent, StopRequested(Objector.CALLER))

    assert done(consent, event) == [FailClosed(reason, not mutes), *([MUTED] if mutes else [])]
    assert (consent.state.phase is Phase.ENDED) is not mutes


def test_a_muted_call_opens_when_the_recorder_confirms_after_all():
    consent = a_recorded_call(on_unconfirmed="mute")
    done(consent, StopRequested(Objector.CALLER), RecorderOverdue())

    assert done(consent, STOPPED) == [OPEN, Say(Saying.STOPPED)]


def test_a_call_goes_on_unrecorded_where_the_recorder_cannot_be_released():
    consent = a_call_of_consent()
    done(consent, Agreed(CALLER))

    assert done(consent, RecorderFailed(Order.RELEASE)) == [STOP]
    assert done(consent, STOPPED) == [OPEN, Say(Saying.REFUSED)]


def test_the_recorder_is_released_again_when_somebody_asks_for_it():
    consent = a_call_of_consent()
    done(consent, Agreed(CALLER), RecorderOverdue(), STOPPED)

    assert done(consent, ResumeRequested(Objector.OPERATOR)) == [CLOSED, RELEASE]


def test_a_call_that_must_be_recorded_ends_where_the_recorder_cannot_be_released():
    consent = a_call_of_consent(policy=Policy.REQUIRED)
    done(consent, Agreed(CALLER))

    assert done(consent, RecorderFailed(Order.RELEASE)) == [FailClosed(Failure.RECORDER, True)]


def test_a_recording_against_the_order_closes_the_gates_until_it_is_ended():
    consent = a_call(Policy.OFF)
    done(consent, RecorderReady(), STOPPED, BothUp())

    assert done(consent, RecorderViolated()) == [CLOSED]
    assert done(consent, STOPPED) == [OPEN]


def test_a_lost_connection_leaves_speech_alone_until_it_is_overdue():
    consent = a_recorded_call()

    assert done(consent, RecorderDoubted()) == []
    assert consent.state.waits_for_recorder
    assert done(consent, RecorderOverdue()) == [FailClosed(Failure.LOST, ends=True)]


def test_gates_do_not_open_while_the_connection_is_lost():
    consent = a_call(Policy.OFF)
    done(consent, RecorderReady(), STOPPED, RecorderDoubted())

    assert done(consent, BothUp()) == []
    assert done(consent, STOPPED) == [OPEN]


def test_nothing_is_said_of_a_recorder_whose_connection_is_lost():
    consent = a_recorded_call()
    done(consent, PauseRequested(Objector.CALLER), PauseRequested(Objector.CALLEE), HELD)
    done(consent, RecorderDoubted())

    assert done(consent, ResumeRequested(Objector.CALLER)) == []
    assert done(consent, HELD) == [Say(Saying.PAUSED)]


def test_a_recorder_that_fails_before_there_is_speech_can_still_be_mended():
    consent = a_call(Policy.OFF)
    done(consent, RecorderReady())

    assert done(consent, RecorderFailed(Order.STOP), BothUp()) == []
    assert done(consent, STOPPED) == [OPEN]
