"""The rules' own tests: what they can expect, and what is told of one that fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sidecar.rules.file.loading import load_rules
from sidecar.rules.rule_tests import failed_tests
from sidecar.rules.rules import RuleSet

RULES = """
[defaults]
notice = { language = "en" }
[[rule]]
name = "night"
match = { hours = "22:00-06:00" }
recording = "off"
[[rule]]
name = "sales"
match = { to = "500*", header = { X-Queue = "sales" } }
recording = "consent"
consent = { from = ["callee", "caller"], within = "12s" }
notice = { language = { caller = "de" } }
voicemail_divert = { on = ["unavailable", "busy"], to = "sip:vm102@192.0.2.10" }
[[rule]]
name = "support"
match = { to = "500*" }
recording = "notice"
[[rule]]
name = "board"
match = { to = "700*" }
recording = "off"
voicemail = "consent"
consent = { accept = "3" }
notice = { language = "fr" }
room = true
"""
NIGHT, SALES = 'at = "2026-11-25T23:00", to = "5001"', 'to = "5001", header = { X-Queue = "Sales" }'


def failing(folder: Path, call: str, expect: str) -> list[str]:
    """What is told of one test, if it fails."""
    file = folder / "rules.toml"
    file.write_text(f"{RULES}\n[[test]]\ncall = {{ {call} }}\nexpect = {{ {expect} }}\n")
    return [str(failed) for failed in failed_tests(RuleSet(load_rules(file)))]


@pytest.mark.parametrize(
    ("call", "expect"),
    [
        ('to = "5001"', 'rule = "support", recording = "notice", messages = "deny"'),
        ('to = "6001"', 'rule = "", recording = "off"'),
        ('to = "6001"', 'voicemail = "notice", renotice = "new-party", hold = "record"'),
        (SALES, 'voicemail_divert = { to = "sip:vm102@192.0.2.10", after = "20s" }'),
        (SALES, 'voicemail_divert = { on = ["busy", "unavailable"] }, notice = {}, consent = {}'),
        ('to = "7001"', 'room = true, voicemail = "consent", consent = { accept = "3" }'),
        ('to = "7001"', 'room = { announce = true }, notice = { language = "fr" }'),
        (NIGHT, 'rule = "night"'),
        ('at = "2026-11-25T21:59", to = "5001"', 'rule = "support"'),
        (SALES, 'consent = { within = "12s", from = ["caller", "callee"], repeat = 1 }'),
        (SALES, 'notice = { language = { caller = "de" }, to = ["callee", "caller"] }'),
        (SALES, 'notice = { language = { callee = "en" }, prompt = "recording-consent" }'),
        (SALES, 'on_refusal = "unrecorded", on_unconfirmed = "hangup", confirm_within = "500ms"'),
        (SALES, 'on_unreachable = "refuse", stop = "*9", pause = "", resume = ""'),
    ],
)
def test_any_part_of_a_decision_can_be_expected(tmp_path: Path, call: str, expect: str) -> None:
    assert failing(tmp_path, call, expect) == []


@pytest.mark.parametrize(
    ("call", "expect", "told"),
    [
        (
            'to = "6001"',
            'rule = "support", recording = "notice"',
            "rule is '', expected 'support'; recording is 'off', expected 'notice' "
            "(no rule takes it; \"support\" does not: to '6001' is none of 500*)",
        ),
        (
            SALES,
            'rule = "support"',
            "rule is 'sales', expected 'support' (rule \"sales\" took it: to '5001' is 500*; "
            "header X-Queue is 'sales'; it stands before \"support\")",
        ),
        (
            'to = "5001"',
            'rule = "night"',
            "rule is 'support', expected 'night' (rule \"support\" took it: to '5001' is 500*; "
            '"night" does not: the time of the call is not known)',
        ),
        (
            SALES,
            'notice = { language = { caller = "fr" }, to = "caller" }',
            "notice.language.caller is 'de', expected 'fr'; "
            "notice.to is ['caller', 'callee'], expected ['caller'] "
            "(rule \"sales\" took it: to '5001' is 500*; header X-Queue is 'sales')",
        ),
        (
            'to = "5001"',
            'consent = { accept = "1" }',
            "consent.accept is 'nothing', expected '1' "
            "(rule \"support\" took it: to '5001' is 500*)",
        ),
        (
            'to = "5001"',
            'room = true, voicemail_divert = { after = "9s" }',
            "voicemail_divert.after is 'nothing', expected '9s'; "
            "room is 'nothing', expected 'something' "
            "(rule \"support\" took it: to '5001' is 500*)",
        ),
        (
            'to = "7001"',
            'room = { name = "board" }, voicemail = "deny", renotice = "all", hold = "pause"',
            "voicemail is 'consent', expected 'deny'; renotice is 'new-party', expected 'all'; "
            "hold is 'record', expected 'pause'; room.name is '', expected 'board' "
            "(rule \"board\" took it: to '7001' is 700*)",
        ),
    ],
)
def test_of_a_test_that_fails_what_was_expected_what_came_and_which_rule_took_it_is_told(
    tmp_path: Path, call: str, expect: str, told: str
) -> None:
    assert failing(tmp_path, call, expect) == [told]


def test_only_those_that_fail_are_told_by_their_place(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    tests: list[dict[str, Any]] = [{"to": "5001"}, {"to": "6001"}, {"to": "5002"}]
    text = "".join(
        f'[[test]]\ncall = {{ to = "{call["to"]}" }}\nexpect = {{ rule = "support" }}\n'
        for call in tests
    )
    file.write_text(f"{RULES}{text}")

    failed = list(failed_tests(RuleSet(load_rules(file))))

    assert [(each.index, each.came) for each in failed] == [(1, {"rule": ""})]
