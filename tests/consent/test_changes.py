"""Mailboxes, conferences, people who leave and come back, call by call; see test_machine.py."""

from __future__ import annotations

import pytest

from sidecar.consent.decision import Decision, Notice, Policy, Question, VoicemailPolicy
from sidecar.consent.events import (
    Agreed,
    AwaitAnswer,
    BothUp,
    CalleeGone,
    CallerUp,
    Connect,
    Declined,
    DropCallee,
    EndRefused,
    Explain,
    ExplanationOver,
    Gates,
    NoticePlayed,
    PartyChanged,
    PartyLeft,
    PartyReturned,
    PauseRequested,
    PlayNotice,
    RecorderReady,
    ResumeRequested,
    Say,
    Saying,
    SetGates,
    Silence,
    StopRequested,
    TermsChanged,
)
from sidecar.consent.machine import ConsentMachine
from sidecar.consent.order import Order
from sidecar.consent.party import Objector
from sidecar.consent.state import Phase
from sidecar.consent.terms import at_a_mailbox, in_a_room, terms_of
from tests.consent.calls import (
    BOTH,
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

LISTEN = SetGates(Gates.LISTEN)


def a_mailbox(policy: VoicemailPolicy = VoicemailPolicy.NOTICE) -> TermsChanged:
    """The call has come to a mailbox."""
    decision = Decision(voicemail=policy, voicemail_question=Question(repeat=0))
    return TermsChanged(at_a_mailbox(decision, holds=True, obeys=True))


def a_call_in_a_room(policy: Policy = Policy.NOTICE) -> ConsentMachine:
    """One whose caller has heard the notice on the way into a conference, and talks."""
    question = Question(of=frozenset({CALLER})) if policy is Policy.REQUIRED else None
    decision = Decision(recording=policy, notice=Notice(), question=question)
    consent = ConsentMachine(in_a_room(terms_of(decision, holds=True)))
    done(consent, RecorderReady(), HELD, BothUp())
    done(consent, NoticePlayed(CALLER) if question is None else Agreed(CALLER), RELEASED)
    assert consent.state.gates is Gates.OPEN
    return consent


# A mailbox.


def test_what_was_heard_with_a_person_does_not_count_at_a_mailbox():
    consent = a_recorded_call()

    assert done(consent, a_mailbox()) == [CLOSED, PlayNotice(CALLER), STOP]
    assert done(consent, STOPPED) == []
    assert done(consent, NoticePlayed(CALLER)) == [OPEN]


def test_a_caller_who_declines_leaves_no_message_and_hears_why_alone():
    consent = a_recorded_call()
    asked = [a_mailbox(VoicemailPolicy.CONSENT), STOPPED, NoticePlayed(CALLER)]
    assert done(consent, *asked)[-1] == AwaitAnswer(CALLER)

    assert done(consent, Declined(CALLER)) == [DropCallee(), Explain(CALLER)]
    assert done(consent, ExplanationOver(CALLER)) == [EndRefused()]


@pytest.mark.parametrize("policy", [VoicemailPolicy.NOTICE, VoicemailPolicy.CONSENT])
def test_a_recorder_that_does_not_obey_is_told_nothing_at_a_mailbox(policy: VoicemailPolicy):
    decision = Decision(recording=Policy.NOTICE, notice=Notice(), voicemail=policy)
    consent = ConsentMachine(terms_of(decision, holds=False))
    done(consent, RecorderReady(), BothUp(), NoticePlayed(CALLER), NoticePlayed(CALLEE), RELEASED)
    there = TermsChanged(at_a_mailbox(decision, holds=False, obeys=False))

    assert done(consent, there) == [CLOSED, PlayNotice(CALLER)]
    heard = done(consent, NoticePlayed(CALLER))
    if policy is VoicemailPolicy.CONSENT:
        assert heard == [AwaitAnswer(CALLER)]
        heard = done(consent, Agreed(CALLER))
    assert heard == [OPEN]
    assert done(consent, StopRequested(Objector.CALLEE)) == []
    assert done(consent, StopRequested(Objector.CALLER))[0] == CLOSED


def test_a_mailbox_that_is_denied_is_dropped_at_once():
    consent = a_recorded_call()

    assert done(consent, a_mailbox(VoicemailPolicy.DENY)) == [
        CLOSED,
        DropCallee(),
        Explain(CALLER),
        STOP,
    ]


def test_a_call_that_is_not_up_yet_is_explained_its_end_to_the_caller_all_the_same():
    consent = a_call()

    assert done(consent, RecorderReady(), a_mailbox(VoicemailPolicy.DENY))[1:] == [
        DropCallee(),
        Explain(CALLER),
        STOP,
    ]
    assert done(consent, ExplanationOver(CALLER)) == [EndRefused()]


def test_back_with_a_person_only_those_hear_the_notice_who_have_not():
    consent = a_recorded_call()
    before = consent.state.terms
    done(consent, a_mailbox(), STOPPED, NoticePlayed(CALLER))

    assert done(consent, TermsChanged(before, frozenset({CALLER}))) == [
        CLOSED,
        PlayNotice(CALLEE),
        HOLD,
    ]


def test_a_stop_stands_at_a_mailbox_and_after_it():
    consent = a_recorded_call()
    before = consent.state.terms
    done(consent, StopRequested(Objector.CALLEE), STOPPED, a_mailbox(), NoticePlayed(CALLER))

    assert done(consent, TermsChanged(before, BOTH)) == []
    assert done(consent, ResumeRequested(Objector.CALLEE)) == [CLOSED, RELEASE]


def test_a_stop_at_a_mailbox_is_a_refusal_where_the_call_must_be_recorded_after_it():
    consent = a_call_of_consent(policy=Policy.REQUIRED)
    before = consent.state.terms
    done(consent, Agreed(CALLER), RELEASED, a_mailbox(VoicemailPolicy.ALLOW), STOPPED)
    done(consent, StopRequested(Objector.ROOM), STOPPED)

    assert done(consent, TermsChanged(before, BOTH)) == [CLOSED, Explain(CALLER), Explain(CALLEE)]


@pytest.mark.parametrize("by", [Objector.CALLER, Objector.OPERATOR])
@pytest.mark.parametrize("wish", [StopRequested, PauseRequested])
def test_a_caller_who_is_to_have_no_recording_is_not_left_with_a_mailbox(wish, by):
    consent = a_recorded_call()
    done(consent, a_mailbox(VoicemailPolicy.ALLOW), STOPPED)

    assert done(consent, wish(by)) == [CLOSED, STOP, DropCallee(), Explain(CALLER)]


def test_a_stop_that_is_not_confirmed_yet_is_told_after_the_change():
    consent = a_recorded_call()
    done(consent, StopRequested(Objector.CALLER))

    done(consent, a_mailbox(VoicemailPolicy.ALLOW))

    assert done(consent, STOPPED) == [OPEN, Say(Saying.STOPPED)]


def test_a_diverted_call_is_placed_when_the_caller_knows_of_the_mailbox():
    consent = a_call()
    done(consent, RecorderReady(), CallerUp(), NoticePlayed(CALLER))

    assert done(consent, a_mailbox(), CalleeGone()) == [PlayNotice(CALLER), STOP]
    assert done(consent, NoticePlayed(CALLER)) == [Connect()]


# A conference.


def test_one_who_comes_into_a_conference_hears_the_notice_through_it():
    consent = a_call_in_a_room()

    assert done(consent, PartyChanged(CALLEE)) == [CLOSED, PlayNotice(CALLEE), HOLD]


def test_a_refusal_leaves_the_conference_and_is_explained_to_the_caller_alone():
    consent = a_call_in_a_room(Policy.REQUIRED)

    assert done(consent, StopRequested(Objector.CALLER)) == [
        CLOSED,
        STOP,
        DropCallee(),
        Explain(CALLER),
    ]


@pytest.mark.parametrize("other", [Objector.CALLER, Objector.CALLEE, Objector.OPERATOR])
def test_the_stop_of_others_in_a_conference_is_theirs_to_lift_and_not_told_twice(other):
    consent = a_call_in_a_room()

    assert done(consent, StopRequested(Objector.ROOM), STOPPED) == [CLOSED, STOP, OPEN]
    assert done(consent, ResumeRequested(other)) == []
    assert done(consent, ResumeRequested(Objector.ROOM), RELEASED) == [CLOSED, RELEASE, OPEN]


def test_the_others_in_a_conference_lift_no_stop_but_their_own():
    consent = a_call_in_a_room()
    done(consent, StopRequested(Objector.CALLER), StopRequested(Objector.ROOM), STOPPED)

    assert done(consent, ResumeRequested(Objector.ROOM)) == []
    assert consent.state.order is Order.STOP


# On hold.


def test_a_hold_interrupts_the_recording_and_nobody_is_told_or_thanked():
    consent = a_call_of_consent()
    done(consent, Agreed(CALLER), RELEASED)

    assert done(consent, PauseRequested(Objector.HOLD), HELD) == [CLOSED, HOLD, OPEN]
    assert done(consent, ResumeRequested(Objector.HOLD), RELEASED) == [CLOSED, RELEASE, OPEN]


def test_nobody_is_thanked_for_a_recording_that_has_been_held_meanwhile():
    consent = a_call_of_consent()
    done(consent, Agreed(CALLER), PauseRequested(Objector.HOLD))

    assert done(consent, HELD) == [OPEN]


# Nobody is there.


def test_nothing_is_recorded_while_nobody_is_there():
    consent = a_recorded_call()

    assert done(consent, PartyLeft(CALLEE), HELD) == [CLOSED, HOLD, OPEN]
    assert done(consent, PartyReturned(CALLEE), RELEASED) == [CLOSED, RELEASE, OPEN]


def test_someone_new_after_that_is_in_no_recording_before_they_were_told():
    consent = a_recorded_call()
    done(consent, PartyLeft(CALLEE), HELD)

    assert done(consent, PartyChanged(CALLEE)) == [CLOSED, PlayNotice(CALLEE)]
    assert done(consent, NoticePlayed(CALLEE)) == [RELEASE]


def test_one_who_left_during_the_notice_hears_it_from_its_beginning():
    consent = a_call()
    done(consent, RecorderReady(), HELD, BothUp())

    assert done(consent, PartyLeft(CALLEE)) == [Silence(CALLEE)]
    assert done(consent, NoticePlayed(CALLER)) == []
    assert done(consent, PartyReturned(CALLEE)) == [PlayNotice(CALLEE)]


def test_a_recorder_that_cannot_be_held_is_stopped_when_one_leaves_while_the_other_is_told():
    consent = a_recorded_call(holds=False)
    done(consent, PartyChanged(CALLER))

    assert done(consent, PartyLeft(CALLEE)) == [STOP]


# A notice that waits for a person.


def a_call_to_a_menu() -> ConsentMachine:
    """One that a machine has answered, whose notice waits for a person."""
    decision = Decision(recording=Policy.NOTICE, notice=Notice(at="person"))
    consent = ConsentMachine(terms_of(decision, holds=True))
    done(consent, RecorderReady(), PartyLeft(CALLEE))
    return consent


def test_the_caller_hears_and_is_not_heard_until_a_person_is_there():
    consent = a_call_to_a_menu()

    assert done(consent, HELD, BothUp()) == [LISTEN]
    assert done(consent, PartyChanged(CALLEE)) == [CLOSED, PlayNotice(CALLER), PlayNotice(CALLEE)]
    assert done(consent, *HEARD_BY_BOTH, RELEASED) == [RELEASE, OPEN]


def test_a_new_caller_waits_for_the_person_too():
    consent = a_call_to_a_menu()
    done(consent, HELD, BothUp())

    assert done(consent, PartyChanged(CALLER)) == []
    assert consent.state.gates is Gates.LISTEN


# Who knows already.


def test_one_who_knows_from_a_replaced_call_is_not_told_and_one_who_came_since_is():
    terms = terms_of(Decision(recording=Policy.NOTICE, notice=Notice()), holds=True)
    knows, came = (ConsentMachine(terms, frozenset({CALLEE})) for _ in range(2))

    assert done(knows, RecorderReady(), BothUp()) == [HOLD, PlayNotice(CALLER)]
    assert done(came, PartyChanged(CALLEE), BothUp())[1:] == [
        PlayNotice(CALLER),
        PlayNotice(CALLEE),
    ]
    assert knows.state.phase is Phase.TALKING
