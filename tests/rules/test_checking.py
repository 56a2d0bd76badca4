"""What is told of rules that can be read: prompts that are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.media.prompts import BUILTIN, PromptLibrary
from sidecar.rules.checking import missing_confirmations, missing_notices
from sidecar.rules.file.loading import load_rules
from sidecar.rules.rules import RuleSet

RULES = """
[[rule]]
name = "support"
recording = "consent"
on_refusal = "hangup"
pause = "*7"
resume = "*8"
notice = { language = { caller = "de", callee = "xx" } }

[defaults]
voicemail = "allow"
"""
EVERYTHING = [
    "call-ends",
    "consent-declined",
    "consent-thanks",
    "recording-consent",
    "recording-notice",
    "recording-paused",
    "recording-resumed",
    "recording-stopped",
]


@pytest.fixture
def library(tmp_path: Path) -> PromptLibrary:
    """All prompts in German, none in another language."""
    own = tmp_path / "prompts"
    for name in EVERYTHING:
        file = own / "de" / f"{name}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes((BUILTIN / "de" / "recording-notice.wav").read_bytes())
    return PromptLibrary(own, builtin=own)


def prompts(folder: Path, text: str, library: PromptLibrary) -> tuple[list[str], list[str]]:
    """The notices and the confirmations that are missing."""
    file = folder / "rules.toml"
    file.write_text(text)
    rules = RuleSet(load_rules(file))
    return [
        [str(error).partition("there is no prompt ")[2].partition(".wav")[0] for error in found]
        for found in (missing_notices(rules, library), missing_confirmations(rules, library))
    ]  # type: ignore[return-value]


def test_what_is_not_there_in_the_language_of_a_party_is_told(
    tmp_path: Path, library: PromptLibrary
) -> None:
    notices, confirmations = prompts(tmp_path, RULES, library)

    assert notices == ["xx/recording-notice"]
    assert sorted(confirmations) == [
        "xx/call-ends",
        "xx/recording-paused",
        "xx/recording-resumed",
        "xx/recording-stopped",
    ]


def test_who_is_asked_must_hear_the_question_in_its_language(
    tmp_path: Path, library: PromptLibrary
) -> None:
    asked = RULES.replace("pause", 'consent = { from = ["caller", "callee"] }\npause')

    notices, confirmations = prompts(tmp_path, asked, library)

    assert notices == ["xx/recording-consent"]
    assert {"xx/consent-declined", "xx/consent-thanks"} <= set(confirmations)


def test_only_what_can_be_said_is_looked_for(tmp_path: Path, library: PromptLibrary) -> None:
    defaults = '[defaults]\nvoicemail = "allow"\n[[rule]]\nname = "a"\n'
    plain = f'{defaults}recording = "notice"\nstop = ""\nnotice = {{ language = "xx" }}\n'
    off = f'{defaults}recording = "off"\nnotice = {{ language = "xx" }}\n'

    assert prompts(tmp_path, plain, library) == [["xx/recording-notice"], []]
    assert prompts(tmp_path, off, library) == [[], []]


@pytest.mark.parametrize(
    ("voicemail", "needed", "wanted"),
    [
        ("allow", [], []),
        ("notice", ["xx/voicemail-notice"], []),
        ("consent", ["xx/voicemail-consent"], ["xx/voicemail-unavailable"]),
        ("deny", ["xx/voicemail-unavailable"], []),
    ],
)
def test_before_voicemail_the_caller_hears_its_language_also_where_nothing_is_recorded(
    tmp_path: Path, library: PromptLibrary, voicemail: str, needed: list[str], wanted: list[str]
) -> None:
    language = 'notice = { language = { caller = "xx", callee = "de" } }'
    rule = f'[[rule]]\nname = "a"\nrecording = "off"\nvoicemail = "{voicemail}"\n{language}\n'

    found = prompts(tmp_path, f'[defaults]\nvoicemail = "allow"\n{rule}', library)

    assert found == [needed, wanted]


def test_what_a_mailbox_without_its_prompt_leads_to_is_told(
    tmp_path: Path, library: PromptLibrary
) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("[defaults]\nnotice = { language = 'xx' }\n")

    (error,) = missing_notices(RuleSet(load_rules(file)), library)

    assert error.key == "defaults"
    assert error.message == (
        "there is no prompt xx/voicemail-notice.wav; calls to a mailbox would end, unexplained"
    )


@pytest.mark.parametrize(
    ("room", "said"),
    [
        ("true", ["xx/new-party-informed"]),
        ("{ announce = false }", []),
    ],
)
def test_those_inside_a_room_are_told_in_the_language_of_the_callee(
    tmp_path: Path, room: str, said: list[str]
) -> None:
    notice = 'notice = { language = { callee = "xx" }, to = "caller" }\nstop = ""'
    rule = f'[[rule]]\nname = "a"\nrecording = "notice"\nroom = {room}\n{notice}\n'

    found = prompts(tmp_path, f'[defaults]\nvoicemail = "allow"\n{rule}', PromptLibrary(BUILTIN))

    assert found == [[], said]


def test_the_error_names_the_rule_and_its_line(tmp_path: Path, library: PromptLibrary) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(RULES)

    first = next(missing_notices(RuleSet(load_rules(file)), library))

    assert (first.file, first.line, first.key) == (file, 2, "rule 'support'")
    assert first.message.endswith("calls under this rule would be ended")
