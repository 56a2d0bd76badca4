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
        "call       inbound from +4930123456 to 5001 (trunk carrier, pbx main)",
        "rule       sales: no, trunk 'carrier' is none of second",
        "rule       support: holds, to '5001' is 500*",
        "recording  notice",
        "notice     de/recording-notice to caller, before it is connected",
        "messages   deny",
    ]


def test_where_no_rule_holds_the_defaults_are_named(command: Command, config: Path) -> None:
    result = command("explain", "-c", config, "--from", "1", "--to", "2")

    assert "rule       none holds: [defaults]" in result.stdout
    assert "recording  off" in result.stdout
    assert "notice" not in result.stdout


def test_the_trunk_may_be_named(command: Command, config: Path) -> None:
    result = command("explain", "-c", config, "--from", "1", "--to", "5", "--trunk", "second")

    assert "rule       sales: holds" in result.stdout


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
                "prompt": "recording-notice",
                "language": "de",
                "to": ["caller"],
                "at": "before-connect",
            },
            "messages": "deny",
        },
    }


def test_a_trunk_that_is_not_there_is_wrong_usage(command: Command, config: Path) -> None:
    result = command("explain", "-c", config, "--from", "1", "--to", "2", "--trunk", "third")

    assert result.exit_code == 2
    assert "'third' is none of carrier, second" in result.stderr


def test_a_direction_that_is_none_is_wrong_usage(command: Command, config: Path) -> None:
    result = command("explain", "-c", config, "--from", "1", "--to", "2", "--direction", "up")

    assert result.exit_code == 2
