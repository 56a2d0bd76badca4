"""The consent machine, call by call; that it holds everywhere is in test_promises.py."""

from __future__ import annotations

import pytest

from sidecar.consent.decision import Decision, Notice, Policy
from sidecar.consent.machine import (
    BothUp,
    CallerUp,
    CloseGates,
    Connect,
    ConsentMachine,
    EndCall,
    HungUp,
    NoticeFailed,
    NoticePlayed,
    OpenGates,
    PartyChanged,
    Phase,
    PlayNotice,
)
from sidecar.consent.party import Party

CALLER, CALLEE = Party.CALLER, Party.CALLEE


def machine(*named: Party) -> ConsentMachine:
    """The machine of a call under a notice to these; of one under policy off where to nobody."""
    if not named:
        return ConsentMachine(Decision())
    notice = Notice(to=frozenset(named))
    return ConsentMachine(Decision(rule="support", recording=Policy.NOTICE, notice=notice))


def after(consent: ConsentMachine, *events) -> list:
    """All that is to be done after these events."""
    return [action for event in events for action in consent.handle(event)]


def test_policy_off_lets_speech_pass_at_once():
    assert after(machine(), BothUp()) == [OpenGates()]


def test_policy_off_asks_nothing_of_a_new_party():
    consent = machine()
    after(consent, BothUp())

    assert after(consent, PartyChanged(CALLEE)) == []
    assert consent.state.phase is Phase.OPEN


def test_both_hear_the_notice_at_the_same_time():
    assert after(machine(CALLER, CALLEE), BothUp()) == [PlayNotice(CALLER), PlayNotice(CALLEE)]


@pytest.mark.parametrize(("first", "last"), [(CALLER, CALLEE), (CALLEE, CALLER)])
def test_speech_passes_when_the_last_has_heard_it(first, last):
    consent = machine(CALLER, CALLEE)
    after(consent, BothUp())

    assert after(consent, NoticePlayed(first)) == []
    assert after(consent, NoticePlayed(last)) == [OpenGates()]


def test_one_who_is_not_named_hears_nothing():
    consent = machine(CALLEE)

    assert after(consent, BothUp()) == [PlayNotice(CALLEE)]
    assert after(consent, NoticePlayed(CALLER)) == []
    assert after(consent, NoticePlayed(CALLEE)) == [OpenGates()]


def test_before_connect_the_callee_is_called_when_the_caller_has_heard_it():
    consent = machine(CALLER)

    assert after(consent, CallerUp()) == [PlayNotice(CALLER)]
    assert after(consent, NoticePlayed(CALLER)) == [Connect()]
    assert after(consent, BothUp()) == [OpenGates()]


def test_before_connect_the_callee_hears_it_when_both_are_up():
    consent = machine(CALLER, CALLEE)
    after(consent, CallerUp(), NoticePlayed(CALLER))

    assert after(consent, BothUp()) == [PlayNotice(CALLEE)]
    assert after(consent, NoticePlayed(CALLEE)) == [OpenGates()]


def test_before_connect_nothing_is_said_to_a_caller_who_is_not_named():
    assert after(machine(CALLEE), CallerUp()) == [Connect()]


@pytest.mark.parametrize("party", Party)
def test_a_notice_that_fails_ends_the_call(party):
    consent = machine(CALLER, CALLEE)
    after(consent, BothUp())

    assert after(consent, NoticeFailed(party, "no-codec")) == [EndCall("notice_failed")]
    assert consent.state.phase is Phase.ENDED


def test_a_notice_that_fails_before_connecting_calls_nobody():
    consent = machine(CALLER)
    after(consent, CallerUp())

    assert after(consent, NoticeFailed(CALLER, "no-prompt")) == [EndCall("notice_failed")]


def test_nothing_is_done_after_the_end():
    consent = machine(CALLER, CALLEE)
    after(consent, BothUp(), HungUp())

    assert after(consent, NoticePlayed(CALLER), NoticePlayed(CALLEE), BothUp()) == []


def test_a_new_party_is_told_before_anyone_speaks_on():
    consent = machine(CALLER, CALLEE)
    after(consent, BothUp(), NoticePlayed(CALLER), NoticePlayed(CALLEE))

    assert after(consent, PartyChanged(CALLEE)) == [CloseGates(), PlayNotice(CALLEE)]
    assert after(consent, NoticePlayed(CALLEE)) == [OpenGates()]


def test_the_party_that_stayed_does_not_hear_it_twice():
    consent = machine(CALLER, CALLEE)
    after(consent, BothUp(), NoticePlayed(CALLER), NoticePlayed(CALLEE))

    assert PlayNotice(CALLER) not in after(consent, PartyChanged(CALLEE), NoticePlayed(CALLEE))


def test_a_notice_that_ran_for_somebody_else_is_played_again():
    consent = machine(CALLER, CALLEE)
    after(consent, BothUp(), NoticePlayed(CALLER))

    assert after(consent, PartyChanged(CALLEE)) == []
    assert after(consent, NoticePlayed(CALLEE)) == [PlayNotice(CALLEE)]
    assert after(consent, NoticePlayed(CALLEE)) == [OpenGates()]


def test_a_notice_cut_off_by_the_change_of_its_hearer_is_no_failure():
    consent = machine(CALLER, CALLEE)
    after(consent, BothUp(), PartyChanged(CALLER))

    assert after(consent, NoticeFailed(CALLER, "replaced")) == [PlayNotice(CALLER)]


def test_a_caller_who_changes_while_the_callee_is_called_is_told_too():
    consent = machine(CALLER)
    after(consent, CallerUp(), NoticePlayed(CALLER), PartyChanged(CALLER))

    assert after(consent, BothUp()) == [PlayNotice(CALLER)]


@pytest.mark.parametrize(
    "events",
    [
        (),
        (CallerUp(),),
        (CallerUp(), NoticePlayed(CALLER)),
        (BothUp(),),
        (BothUp(), NoticePlayed(CALLER), NoticePlayed(CALLEE)),
    ],
    ids=["setup", "announcing", "waiting", "noticing", "open"],
)
def test_a_hang_up_ends_every_phase_and_asks_for_nothing(events):
    consent = machine(CALLER, CALLEE)
    after(consent, *events)

    assert after(consent, HungUp()) == []
    assert consent.state.phase is Phase.ENDED
