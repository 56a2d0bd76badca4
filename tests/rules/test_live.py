"""Rules are replaced as a whole, or not at all."""

from __future__ import annotations

import threading

import pytest

from sidecar.errors import OperatorError
from sidecar.rules.live import LiveRules
from sidecar.settings import load_settings
from tests.rules.conftest import Site

LISTED, OTHER = "+442079460101", "+442079460102"


def told(errors: list[OperatorError]) -> str:
    return "\n".join(map(str, errors))


def test_new_rules_come_into_force(site: Site) -> None:
    site.change('to = "500*"', 'to = "6*"')
    site.change('rule = "support"', 'rule = ""')

    assert site.live.reload() == []
    assert site.rule_for(OTHER, "5001") == ""
    assert site.rule_for(OTHER, "6001") == "support"


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ('recording = "notice"', 'recording = "notise"', "rule[2].recording: must be"),
        ("[[test]]", "[[test]", "this is not TOML"),
        ('to = "500*"', 'to = "6*"', "test[1]: rule is '', expected 'support'"),
        ('recording = "notice"', 'recording = "notice"\nnotice = { language = "tlh" }', "tlh/"),
        ('never = "never.txt"', 'never = "gone.txt"', "gone.txt: can't be read"),
    ],
)
def test_while_anything_is_wrong_the_old_rules_stay(
    site: Site, old: str, new: str, wrong: str
) -> None:
    before = site.version
    site.change(old, new)

    errors = site.live.reload()

    assert wrong in told(errors)
    assert site.version == before
    assert [site.rule_for(LISTED), site.rule_for(OTHER)] == ["never", "support"]


def test_after_a_mistake_was_mended_the_rules_are_taken(site: Site) -> None:
    site.change("notice", "notise")
    assert site.live.reload() != []

    site.change("notise", "notice")
    site.change('"500*"', '["500*", "7*"]')

    assert site.live.reload() == []
    assert site.rule_for(OTHER, "7001") == "support"


def test_a_list_that_changed_is_read_without_the_rules(site: Site) -> None:
    site.rules.write_text("this is = not TOML [")
    site.list.write_text("020 7946 0101\n020 7946 0102  # asked us on the phone\n")

    assert site.live.reload_lists() == []
    assert site.rule_for(OTHER) == "never"


def test_a_list_with_a_mistake_in_it_changes_nothing(site: Site) -> None:
    site.list.write_text("020 7946 0102\nbob@example.com <\n")

    errors = site.live.reload_lists()

    assert f"{site.list}:2: " in told(errors)
    assert [site.rule_for(LISTED), site.rule_for(OTHER)] == ["never", "support"]


def test_a_list_that_did_not_change_is_not_read_again(site: Site) -> None:
    before = site.live.current.site.lists["never"]
    site.change('"500*"', '["500*", "7*"]')

    site.live.reload()

    assert site.live.current.site.lists["never"] is before


# Versions.


def test_the_version_stands_in_every_decision(site: Site) -> None:
    assert len(site.version) == 12
    assert site.version == LiveRules.load(load_settings(site.settings)).current.version


def test_any_change_of_what_decides_is_another_version(site: Site) -> None:
    versions = [site.version]

    site.change('"500*"', '["500*", "7*"]')
    site.live.reload()
    versions.append(site.version)
    site.list.write_text("020 7946 0103\n")
    site.live.reload_lists()
    versions.append(site.version)
    site.settings.write_text(site.settings.read_text().replace("London", "Berlin"))
    versions.append(LiveRules.load(load_settings(site.settings)).current.version)

    assert len(set(versions)) == 4


def test_what_was_is_the_same_version_again(site: Site) -> None:
    before = site.version
    site.change('"500*"', '["500*", "7*"]')
    site.live.reload()

    site.change('["500*", "7*"]', '"500*"')
    site.live.reload()

    assert site.version == before


def test_decisions_go_on_while_rules_are_read(site: Site) -> None:
    stop = threading.Event()
    seen: set[str] = set()

    def decide() -> None:
        while not stop.is_set():
            seen.add(site.rule_for(OTHER))

    thread = threading.Thread(target=decide)
    thread.start()
    try:
        for _ in range(5):
            site.change('name = "support"', 'name = "helpdesk"')
            site.change('rule = "support"', 'rule = "helpdesk"')
            assert site.live.reload() == []
            site.change("helpdesk", "support")
            assert site.live.reload() == []
    finally:
        stop.set()
        thread.join()

    assert seen <= {"support", "helpdesk"}
