"""The files in config/ are right, and their commented lines would be, too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from sidecar.cli import main
from sidecar.consent.decision import CallFacts, Policy
from sidecar.rules.both_files import check_files
from sidecar.rules.file.loading import load_rules
from sidecar.rules.file.match import MatchTable
from sidecar.rules.rule_tests import failed_tests
from sidecar.rules.rules import RuleSet
from sidecar.settings import load_settings

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "config" / "examples").iterdir())
CONFIG = Path(__file__).resolve().parents[2] / "config"
COMMENTED = re.compile(r"^# (\[\[?[a-z.]+\]\]?$|[a-z_]+ *= .*)", re.MULTILINE)


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples take the manager's secret from the environment."""
    monkeypatch.setenv("AMI_SECRET", "change-me")


def test_nothing_is_wrong_in_them_and_doubtful_only_that_no_recorder_can_be_stopped() -> None:
    report = check_files(CONFIG / "sidecar.toml")

    assert report.errors == ()
    (warning,) = report.warnings
    assert "nothing can be stopped at [pbx.main]" in str(warning)


def test_the_tests_of_the_rules_pass() -> None:
    settings = load_settings(CONFIG / "sidecar.toml")

    rules = load_rules(settings.rules, settings)

    assert rules.test
    assert list(failed_tests(RuleSet(rules))) == []


def test_a_call_that_no_rule_names_is_not_recorded() -> None:
    settings = load_settings(CONFIG / "sidecar.toml")
    rules = RuleSet(load_rules(settings.rules, settings))

    decision = rules.decide(CallFacts("inbound", "carrier", "main", "+4930123456", "+49891234"))

    assert (decision.recording, decision.notice, decision.messages) == (Policy.OFF, None, "deny")


@pytest.mark.parametrize("name", ["sidecar.toml", "rules.toml"])
def test_what_is_commented_out_may_be_taken_as_it_stands(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMI_SECRET", "not-a-secret")
    monkeypatch.setenv("API_TOKEN", "not-a-secret-but-long-enough")
    for file in CONFIG.glob("*.toml"):
        (tmp_path / file.name).write_text(file.read_text())
    (tmp_path / "prompts").mkdir()
    text, count = COMMENTED.subn(r"\1", (CONFIG / name).read_text())
    (tmp_path / name).write_text(text)

    report = check_files(tmp_path / "sidecar.toml")

    assert count > 0
    assert report.errors == ()


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_of_an_example_nothing_is_wrong_or_doubtful_and_its_tests_pass(folder: Path) -> None:
    result = CliRunner().invoke(main, ["check", "-c", str(folder / "sidecar.toml")])

    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_without_any_of_its_rules_the_tests_of_an_example_fail(folder: Path) -> None:
    settings = load_settings(folder / "sidecar.toml")
    rules = load_rules(settings.rules, settings)

    nowhere = MatchTable.model_validate({"trunk": "nowhere"})
    for place, rule in enumerate(rules.rule):
        changed = list(rules.rule)
        changed[place] = rule.model_copy(update={"match": nowhere})
        without = rules.model_copy(update={"rule": tuple(changed)})
        assert list(failed_tests(RuleSet(without))), rule.name
