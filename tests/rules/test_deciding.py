"""What a rule decides: what it says itself, what `[defaults]` say, what is built in."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.consent.decision import (
    Codes,
    Decision,
    Divert,
    ForEach,
    Notice,
    Policy,
    Question,
    Room,
    VoicemailPolicy,
)
from sidecar.consent.party import Party
from tests.rules.ruling import call, rules, same

BOTH = frozenset(Party)
CALLER, CALLEE = frozenset({Party.CALLER}), frozenset({Party.CALLEE})
STOP = Codes(stop="*9")


def test_where_no_rule_is_there_nothing_may_be_recorded() -> None:
    assert rules().decide(call()) == Decision(recording=Policy.OFF, notice=None, messages="deny")


def test_where_no_rule_matches_the_defaults_hold() -> None:
    found = rules(
        {"name": "support", "match": {"to": "6*"}},
        recording="notice",
        messages="allow",
        notice={"language": "de"},
    )

    notice = Notice(same("recording-notice"), same("de"), BOTH, "answer")
    assert found.decide(call()) == Decision(
        "", Policy.NOTICE, notice, codes=STOP, messages="allow", language=same("de")
    )


def test_a_rule_says_who_hears_what_and_when() -> None:
    notice = {"prompt": "our-notice", "language": "fr", "to": "caller", "at": "before-connect"}
    found = rules({"name": "support", "notice": notice})

    heard = Notice(same("our-notice"), same("fr"), CALLER, "before-connect")
    assert found.decide(call()).notice == heard


def test_what_a_rule_leaves_out_is_as_in_the_defaults() -> None:
    found = rules(
        {"name": "support", "notice": {"language": "de"}},
        messages="allow",
        notice={"prompt": "our-notice", "to": "caller"},
    )

    decision = found.decide(call())

    assert decision.notice == Notice(same("our-notice"), same("de"), CALLER, "answer")
    assert decision.messages == "allow"


def test_under_policy_off_nothing_is_said() -> None:
    found = rules({"name": "private", "recording": "off"}, recording="notice")

    assert found.decide(call()) == Decision("private", Policy.OFF, None)


@pytest.mark.parametrize(
    ("recording", "asked", "said"),
    [
        ("notice", "caller", ForEach("recording-notice", "recording-notice")),
        ("consent", "caller", ForEach("recording-consent", "recording-notice")),
        ("consent", "callee", ForEach("recording-notice", "recording-consent")),
        ("required", "caller", ForEach("consent-required", "recording-notice")),
        ("required", ["caller", "callee"], ForEach("consent-required", "consent-required")),
    ],
    ids=str,
)
def test_each_party_hears_what_the_policy_asks_of_it(
    recording: str, asked: str | list[str], said: ForEach
) -> None:
    found = rules({"name": "support", "recording": recording}, consent={"from": asked})

    notice = found.decide(call()).notice

    assert notice is not None
    assert notice.prompt == said


def test_a_text_for_one_party_leaves_the_other_its_own() -> None:
    found = rules(
        {
            "name": "support",
            "notice": {"prompt": {"caller": "hello"}, "language": {"callee": "fr"}},
        },
        notice={"prompt": {"callee": "ours"}, "language": {"caller": "de"}},
    )

    notice = found.decide(call()).notice

    assert notice is not None
    assert notice.prompt == ForEach("hello", "ours")
    assert notice.language == ForEach("de", "fr")


def test_a_language_for_one_party_leaves_the_other_english() -> None:
    notice = rules({"name": "support", "notice": {"language": {"callee": "fr"}}})

    said = notice.decide(call()).notice

    assert said is not None
    assert said.language == ForEach("en", "fr")


def test_who_is_asked_and_how_has_the_documented_defaults() -> None:
    decision = rules({"name": "support", "recording": "consent"}).decide(call())

    assert decision.question == Question(CALLER, accept="1", decline="2", within=8.0, repeat=1)
    assert (decision.on_refusal, decision.on_unconfirmed) == ("unrecorded", "hangup")
    assert (decision.on_unreachable, decision.confirm_within) == ("refuse", 0.5)
    assert decision.codes == STOP


def test_what_a_rule_says_of_consent_stands_over_the_defaults() -> None:
    found = rules(
        {
            "name": "support",
            "recording": "consent",
            "consent": {"accept": "5", "within": "20s"},
            "on_unconfirmed": "mute",
            "confirm_within": "2s",
            "pause": "*7",
            "resume": "*8",
        },
        consent={"from": ["caller", "callee"], "accept": "3", "decline": "4", "repeat": 0},
        on_refusal="hangup",
        on_unreachable="unrecorded",
        stop="*1",
    )

    decision = found.decide(call())

    assert decision.question == Question(BOTH, accept="5", decline="4", within=20.0, repeat=0)
    assert (decision.on_refusal, decision.on_unconfirmed) == ("hangup", "mute")
    assert (decision.on_unreachable, decision.confirm_within) == ("unrecorded", 2.0)
    assert decision.codes == Codes("*1", "*7", "*8")


def test_an_empty_code_takes_that_of_the_defaults_away() -> None:
    found = rules({"name": "support", "stop": ""}, stop="*1")

    assert found.decide(call()).codes == Codes()


@pytest.mark.parametrize("recording", ["off", "notice"])
def test_nobody_is_asked_where_the_policy_does_not_ask(recording: str) -> None:
    found = rules({"name": "support", "recording": recording}, consent={"from": "callee"})

    assert found.decide(call()).question is None


def test_where_nothing_is_recorded_no_code_changes_it() -> None:
    found = rules({"name": "private", "recording": "off"}, stop="*1")

    assert found.decide(call()).codes == Codes()


@pytest.mark.parametrize(
    ("recording", "on_refusal", "ends"),
    [
        ("consent", "unrecorded", False),
        ("consent", "hangup", True),
        ("required", "hangup", True),
        ("required", None, True),
    ],
)
def test_a_call_that_must_be_recorded_ends_at_a_refusal_whatever_the_defaults_say(
    recording: str, on_refusal: str | None, ends: bool
) -> None:
    own = {"on_refusal": on_refusal} if on_refusal else {}
    found = rules({"name": "support", "recording": recording, **own}, on_refusal="unrecorded")

    assert found.decide(call()).ends_on_refusal is ends


def test_what_becomes_of_mailboxes_holds_and_new_parties_has_the_documented_defaults() -> None:
    decision = rules({"name": "support"}).decide(call())

    assert decision.voicemail is VoicemailPolicy.NOTICE
    assert decision.voicemail_question == Question(CALLER, "1", "2", within=8.0, repeat=1)
    assert (decision.divert, decision.room) == (None, None)
    assert (decision.renotice, decision.hold) == ("new-party", "record")


def test_what_a_rule_says_of_mailboxes_holds_and_new_parties_stands_over_the_defaults() -> None:
    found = rules(
        {"name": "support", "voicemail": "deny", "hold": "record"},
        voicemail="consent",
        hold="pause",
        renotice="all",
    )

    decision = found.decide(call())

    assert decision.voicemail is VoicemailPolicy.DENY
    assert (decision.renotice, decision.hold) == ("all", "record")


@pytest.mark.parametrize("recording", ["off", "notice", "consent"])
def test_before_voicemail_the_caller_is_asked_whoever_is_asked_to_be_recorded(
    recording: str,
) -> None:
    asking = {"from": "callee", "accept": "3", "within": "5s"}
    found = rules(
        {"name": "support", "recording": recording, "voicemail": "consent", "consent": asking},
        consent={"decline": "4", "repeat": 0},
    )

    asked = found.decide(call()).voicemail_question

    assert asked == Question(CALLER, "3", "4", within=5.0, repeat=0)


@pytest.mark.parametrize(
    ("written", "divert"),
    [
        ({}, Divert("sip:vm@192.0.2.1")),
        ({"after": "1m"}, Divert("sip:vm@192.0.2.1", after=60.0)),
        ({"on": "busy"}, Divert("sip:vm@192.0.2.1", on=frozenset({"busy"}))),
    ],
    ids=["by default", "after a minute", "only where it is busy"],
)
def test_a_rule_leads_unanswered_calls_to_its_mailbox(
    written: dict[str, Any], divert: Divert
) -> None:
    found = rules({"name": "support", "voicemail_divert": {**written, "to": divert.to}})

    assert found.decide(call()).divert == divert


@pytest.mark.parametrize(
    ("written", "room"),
    [
        (True, Room("", announce=True)),
        ({}, Room("", announce=True)),
        ({"name": "board", "announce": False}, Room("board", announce=False)),
    ],
    ids=str,
)
def test_a_rule_leads_its_calls_into_a_room(written: Any, room: Room) -> None:
    assert rules({"name": "board", "room": written}).decide(call()).room == room


@pytest.mark.parametrize("recording", ["off", "notice"])
def test_each_party_has_its_language_whether_anything_is_recorded_or_not(recording: str) -> None:
    found = rules(
        {"name": "support", "recording": recording, "notice": {"language": {"caller": "fr"}}},
        notice={"language": {"caller": "de", "callee": "es"}},
    )

    assert found.decide(call()).language == ForEach("fr", "es")


def test_a_notice_may_wait_for_a_person() -> None:
    notice = rules({"name": "support", "notice": {"at": "person"}}).decide(call()).notice

    assert notice is not None
    assert notice.at == "person"
