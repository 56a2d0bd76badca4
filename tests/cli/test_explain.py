from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Command = Callable[..., Result]


def test_the_rule_that_holds_and_those_that_do_not_are_told(command: Command, config: Path) -> None:
    result = command(
        *("explain", "-c", config, "--from", "+4930123456", "--to", "5001"),
        *("--at", "2026-11-25T10:00Z"),
    )

    assert result.exit_code == 0
    *lines, version = result.stdout.splitlines()
    assert re.fullmatch("version          [0-9a-f]{12}", version)
    assert lines == [
        "call             inbound from +4930123456 (DE) to 5001 (trunk carrier, pbx main)",
        "at               2026-11-25T10:00:00+00:00",
        "rule             sales: no, trunk 'carrier' is none of second",
        "rule             support: holds, to '5001' is 500*",
        "recording        notice  [rule]",
        "notice           de/recording-notice to caller, before it is connected  [rule]",
        "stop             *9  [built-in]",
        "on_unconfirmed   hangup, after 500ms  [built-in]",
        "on_unreachable   refuse  [built-in]",
        "messages         deny  [built-in]",
        "voicemail        notice, de/voicemail-notice to caller  [built-in]",
        "renotice         new-party  [built-in]",
        "hold             record  [built-in]",
    ]


def test_where_no_rule_holds_the_defaults_are_named(command: Command, config: Path) -> None:
    result = command("explain", "-c", config, "--from", "1", "--to", "2")

    assert "rule             none holds: [defaults]" in result.stdout
    assert "recording        off" in result.stdout
    assert "recording-notice" not in result.stdout
    assert "voicemail        notice, en/voicemail-notice to caller  [built-in]" in result.stdout


def test_the_trunk_may_be_named(command: Command, config: Path) -> None:
    result = command("explain", "-c", config, "--from", "1", "--to", "5", "--trunk", "second")

    assert "rule             sales: holds" in result.stdout


def test_as_json_it_says_the_same_to_programs(command: Command, config: Path) -> None:
    result = command(
        *("explain", "-c", config, "--from", "+14155550123", "--to", "5001", "--json"),
        *("--at", "2026-11-25T10:00Z", "--header", "X-Queue:  sales"),
    )

    told = json.loads(result.stdout)
    assert re.fullmatch("[0-9a-f]{12}", told["decision"].pop("version"))
    assert told == {
        "call": {
            "direction": "inbound",
            "trunk": "carrier",
            "pbx": "main",
            "from": "+14155550123",
            "to": "5001",
            "at": "2026-11-25T10:00:00Z",
            "header": [["X-Queue", "sales"]],
        },
        "facts": {
            "caller": {"e164": "+14155550123", "country": "US", "region": "US-CA"},
            "callee": {"e164": "", "country": "", "region": ""},
            "anonymous": False,
            "jurisdiction": "all-party",
        },
        "tried": [
            {
                "rule": "sales",
                "matched": False,
                "why": "",
                "why_not": "trunk 'carrier' is none of second",
            },
            {
                "rule": "support",
                "matched": True,
                "why": "to '5001' is 500*",
                "why_not": "",
            },
        ],
        "decision": {
            "rule": "support",
            "recording": "notice",
            "notice": {
                "prompt": {"caller": "recording-notice", "callee": "recording-notice"},
                "language": {"caller": "de", "callee": "de"},
                "to": ["caller"],
                "at": "before-connect",
            },
            "consent": None,
            "on_refusal": "unrecorded",
            "on_unconfirmed": "hangup",
            "on_unreachable": "refuse",
            "confirm_within": "500ms",
            "stop": "*9",
            "pause": "",
            "resume": "",
            "messages": "deny",
            "language": {"caller": "de", "callee": "de"},
            "voicemail": "notice",
            "voicemail_consent": None,
            "voicemail_divert": None,
            "room": None,
            "renotice": "new-party",
            "hold": "record",
        },
        "origins": {
            "recording": "rule",
            "notice.prompt.caller": "rule",
            "notice.prompt.callee": "rule",
            "notice.language.caller": "rule",
            "notice.language.callee": "rule",
            "notice.to": "rule",
            "notice.at": "rule",
            "on_refusal": "built-in",
            "on_unconfirmed": "built-in",
            "on_unreachable": "built-in",
            "confirm_within": "built-in",
            "stop": "built-in",
            "pause": "built-in",
            "resume": "built-in",
            "messages": "built-in",
            "language.caller": "rule",
            "language.callee": "rule",
            "voicemail": "built-in",
            "renotice": "built-in",
            "hold": "built-in",
        },
    }


CONSENT = """
[defaults]
notice = { language = { callee = "de" } }

[[rule]]
name = "sales"
recording = "consent"
consent = { from = ["caller", "callee"], accept = "5", within = "12s", repeat = 2 }
on_refusal = "hangup"
on_unconfirmed = "mute"
on_unreachable = "unrecorded"
confirm_within = "2s"
stop = "*1"
pause = "*7"
resume = "*8"
"""


def test_how_consent_is_asked_for_is_told_in_full(command: Command, config: Path) -> None:
    (config.parent / "rules.toml").write_text(CONSENT)

    result = command("explain", "-c", config, "--from", "1", "--to", "2")

    assert result.stdout.splitlines()[2:-1] == [
        "rule             sales: holds, it matches every call",
        "recording        consent  [rule]",
        "notice           en/recording-consent to caller and de/recording-consent to callee, "
        "at the answer  [built-in: prompt.caller, prompt.callee, language.caller, to, at; "
        "defaults: language.callee]",
        "consent          of caller and callee: 5 accepts, 2 declines, within 12s, "
        "asked again 2 times  [rule: from, accept, within, repeat; built-in: decline]",
        "on_refusal       hangup  [rule]",
        "stop             *1  [rule]",
        "pause            *7  [rule]",
        "resume           *8  [rule]",
        "on_unconfirmed   mute, after 2s  [rule]",
        "on_unreachable   unrecorded  [rule]",
        "messages         deny  [built-in]",
        "voicemail        notice, en/voicemail-notice to caller  [built-in]",
        "renotice         new-party  [built-in]",
        "hold             record  [built-in]",
    ]


VOICEMAIL = """
[defaults]
voicemail = "consent"
hold = "pause"
consent = { within = "9s" }

[[rule]]
name = "desk"
recording = "notice"
notice = { language = { caller = "fr" }, at = "person" }
consent = { accept = "3" }
renotice = "all"
voicemail_divert = { after = "1m", on = ["no-answer", "busy"], to = "sip:vm102@127.0.0.1" }

[[rule]]
name = "board"
recording = "off"
voicemail = "deny"
notice = { language = "es" }
room = { name = "board", announce = false }
"""


@pytest.fixture
def with_voicemail(config: Path) -> Path:
    """Rules with a mailbox and a room; the PBX's recorder can see people."""
    recorder = """
[pbx.main.recorder]
kind = "asterisk"
address = "127.0.0.1:5038"
username = "consent"
secret = "not a secret"
"""
    settings, _, _ = config.read_text().partition("[pbx.main.recorder]")
    config.write_text(settings + recorder)
    (config.parent / "rules.toml").write_text(VOICEMAIL)
    return config


def test_what_becomes_of_voicemail_and_holds_is_told(
    command: Command, with_voicemail: Path
) -> None:
    result = command("explain", "-c", with_voicemail, "--from", "1", "--to", "2")

    told = result.stdout.splitlines()
    assert "recording-notice to callee, when a person is there  [" in result.stdout
    assert told[-5:-1] == [
        "voicemail        consent, fr/voicemail-consent to caller: 3 accepts, 2 declines, "
        "within 9s, asked again once  [defaults]",
        "voicemail_divert to sip:vm102@127.0.0.1 on busy, no-answer after 1m  [rule]",
        "renotice         all  [rule]",
        "hold             pause  [defaults]",
    ]


def test_voicemail_and_holds_are_in_the_json_too_with_their_origins(
    command: Command, with_voicemail: Path
) -> None:
    result = command("explain", "-c", with_voicemail, "--from", "1", "--to", "2", "--json")

    told = json.loads(result.stdout)
    decision, origins = told["decision"], told["origins"]
    asking = {"accept": "3", "decline": "2", "within": "9s", "repeat": 1}
    assert decision["consent"] is None
    assert decision["voicemail_consent"] == asking
    assert decision["voicemail_divert"] == {
        "after": "1m",
        "on": ["busy", "no-answer"],
        "to": "sip:vm102@127.0.0.1",
    }
    assert (decision["renotice"], decision["hold"]) == ("all", "pause")
    assert {key: origins[key] for key in origins if "voicemail" in key or "language" in key} == {
        "notice.language.caller": "rule",
        "notice.language.callee": "built-in",
        "language.caller": "rule",
        "language.callee": "built-in",
        "voicemail": "defaults",
        "voicemail_consent.accept": "rule",
        "voicemail_consent.decline": "built-in",
        "voicemail_consent.within": "defaults",
        "voicemail_consent.repeat": "built-in",
        "voicemail_divert.after": "rule",
        "voicemail_divert.on": "rule",
        "voicemail_divert.to": "rule",
    }
    assert (origins["renotice"], origins["hold"]) == ("rule", "defaults")


def test_a_room_is_told_and_the_language_of_a_call_that_is_not_recorded(
    command: Command, with_voicemail: Path
) -> None:
    rules = with_voicemail.parent / "rules.toml"
    rules.write_text(VOICEMAIL.replace('name = "desk"', 'name = "desk"\nmatch = { to = "5*" }'))
    ask = ("explain", "-c", with_voicemail, "--from", "1", "--to", "2")

    in_words, data = command(*ask).stdout, json.loads(command(*ask, "--json").stdout)

    assert "voicemail        deny, es/voicemail-unavailable to caller  [rule]" in in_words
    assert "room             board, nobody inside is told of who is new  [rule]" in in_words
    assert data["decision"]["room"] == {"name": "board", "announce": False}
    assert data["decision"]["language"] == {"caller": "es", "callee": "es"}
    assert data["origins"]["room.announce"] == data["origins"]["language.caller"] == "rule"


def test_how_consent_is_asked_for_is_in_the_json_too(command: Command, config: Path) -> None:
    (config.parent / "rules.toml").write_text(CONSENT)

    result = command("explain", "-c", config, "--from", "1", "--to", "2", "--json")

    decision = json.loads(result.stdout)["decision"]
    assert decision["consent"] == {
        "from": ["caller", "callee"],
        "accept": "5",
        "decline": "2",
        "within": "12s",
        "repeat": 2,
    }
    assert (decision["on_refusal"], decision["on_unconfirmed"]) == ("hangup", "mute")
    assert (decision["on_unreachable"], decision["confirm_within"]) == ("unrecorded", "2s")
    assert (decision["stop"], decision["pause"], decision["resume"]) == ("*1", "*7", "*8")


NIGHT = """
[[rule]]
name = "night"
match = { hours = "22:00-06:00", header = { X-Queue = "sales*" } }
recording = "notice"
"""


def test_the_time_and_the_headers_of_the_call_may_be_given(command: Command, config: Path) -> None:
    config.write_text('timezone = "Europe/Berlin"\n' + config.read_text())
    (config.parent / "rules.toml").write_text(NIGHT)
    ask = ("explain", "-c", config, "--from", "1", "--to", "2", "--header", "x-queue: Sales-2")

    night = command(*ask, "--at", "2026-11-25T23:30")
    day = command(*ask, "--at", "2026-11-25T20:30Z")

    assert "at               2026-11-25T23:30:00+01:00" in night.stdout
    assert (
        "rule             night: holds, it is wed 2026-11-25 23:30, within 22:00-06:00; "
        "header X-Queue is 'sales-2'"
    ) in night.stdout
    assert "rule             night: no, it is wed 2026-11-25 21:30, not within" in day.stdout


@pytest.mark.parametrize(
    "wrong", [("--at", "today"), ("--header", "X-Queue"), ("--header", ": sales")]
)
def test_a_time_or_a_header_that_is_none_is_wrong_usage(
    command: Command, config: Path, wrong: tuple[str, str]
) -> None:
    result = command("explain", "-c", config, "--from", "1", "--to", "2", *wrong)

    assert result.exit_code == 2
    assert f"Invalid value for '{wrong[0]}'" in result.stderr


def test_a_trunk_that_is_not_there_is_wrong_usage(command: Command, config: Path) -> None:
    result = command("explain", "-c", config, "--from", "1", "--to", "2", "--trunk", "third")

    assert result.exit_code == 2
    assert "'third' is none of carrier, second" in result.stderr


def test_a_direction_that_is_none_is_wrong_usage(command: Command, config: Path) -> None:
    result = command("explain", "-c", config, "--from", "1", "--to", "2", "--direction", "up")

    assert result.exit_code == 2
