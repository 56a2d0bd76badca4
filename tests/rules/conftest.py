from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.consent.decision import CallFacts
from sidecar.rules.live import LiveRules
from sidecar.settings import load_settings

SETTINGS = """
watch = true
default_country = "GB"
timezone = "Europe/London"
[sip]
listen = ["udp://127.0.0.1:5070"]
[pbx.main]
uri = "sip:127.0.0.1:5080"
hosts = ["127.0.0.1:5080"]
[trunk.carrier]
uri = "sip:127.0.0.1:5090"
hosts = ["127.0.0.1"]
"""

RULES = """
[lists]
never = "never.txt"
[[rule]]
name = "never"
match = { from = "list:never" }
recording = "off"
[[rule]]
name = "support"
match = { to = "500*" }
recording = "notice"
[[test]]
call = { from = "+442079460999", to = "5001" }
expect = { rule = "support" }
"""


class Site:
    """Settings, rules and a list of numbers on disk, and the rules in force."""

    def __init__(self, folder: Path) -> None:
        self.settings, self.rules = folder / "sidecar.toml", folder / "rules.toml"
        self.list = folder / "never.txt"
        self.settings.write_text(SETTINGS)
        self.rules.write_text(RULES)
        self.list.write_text("020 7946 0101\n")
        self.live = LiveRules.load(load_settings(self.settings))

    def change(self, old: str, new: str) -> None:
        """Replace a text of the rules."""
        text = self.rules.read_text()
        assert old in text
        self.rules.write_text(text.replace(old, new))

    def rule_for(self, caller: str, callee: str = "5001") -> str:
        """The rule that a call meets."""
        return self.live.decide(CallFacts("inbound", "carrier", "main", caller, callee)).rule

    @property
    def version(self) -> str:
        return self.live.decide(CallFacts("inbound", "carrier", "main", "", "")).version


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)
