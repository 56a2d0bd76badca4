from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Command = Callable[..., Result]


def test_the_rule_that_holds_and_those_that_do_not_are_told(command: Command, config: Path) -> None:
    result = command("explain", "-c", config, "--from", "+4930123456", "--to", "5001")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "call           inbound from +4930123456 to 5001 (trunk carrier, pbx main)",
        "rule           sales: no, trunk 'carrier' is none of second",
        "rule           support: holds, to '5001' is 500*",
        "recording      notice",
        "notice         de/recording-notice to caller, before it is connected",
        "stop           *9",
        "on_unconfirmed hangup, after 500ms",
        "on_unreachable refuse",
        "messages       deny",
    ]


def test_where_no_rule_holds_the_defaults_are_named(command: Command, config: Path) -> None:
    result = command("explain", "-c", config, "--from", "1", "--to", "2")

    assert "rule           none holds: [defaults]" in result.stdout
    assert "recording      off" in result.stdout
    assert "notice" not in result.stdout


def test_the_trunk_may_be_named(command: Command, config: Path) -> None:
    result = command("explain", "-c", config, "--from", "1", "--to", "5", "--trunk", "second")

    assert "rule           sales: holds" in result.stdout


def test_as_json_it_says_the_same_to_programs(command: Command, config: Path) -> None:
    result = command("explain", "-c", config, "--from", "1", "--to", "5001", "--json")

    assert json.loads(result.stdout) == {
        "call": {
            "direction": "inbound",
            "trunk": "carrier",
            "pbx": "main",
            "from": "1",
            "to": "5001",
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

    assert result.stdout.splitlines()[1:] == [
        "rule           sales: holds, it matches every call",
        "recording      consent",
        "notice         en/recording-consent to caller and de/recording-consent to callee, "
        "at the answer",
        "consent        of caller and callee: 5 accepts, 2 declines, within 12s, "
        "asked again 2 times",
        "on_refusal     hangup",
        "stop           *1",
        "pause          *7",
        "resume         *8",
        "on_unconfirmed mute, after 2s",
        "on_unreachable unrecorded",
        "messages       deny",
    ]


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


def test_a_trunk_that_is_not_there_is_wrong_usage(command: Command, config: Path) -> None:
    result = command("explain", "-c", config, "--from", "1", "--to", "2", "--trunk", "third")

    assert result.exit_code == 2
    assert "'third' is none of carrier, second" in result.stderr


def test_a_direction_that_is_none_is_wrong_usage(command: Command, config: Path) -> None:
    result = command("explain", "-c", config, "--from", "1", "--to", "2", "--direction", "up")

    assert result.exit_code == 2
