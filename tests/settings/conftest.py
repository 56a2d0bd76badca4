"""Files in which nothing is wrong, to make one mistake in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.errors import OperatorError, OperatorErrors
from sidecar.rules.file.loading import load_rules
from sidecar.settings import load_settings

SETTINGS = """\
rules = "rules.toml"
[sip]
listen = ["udp://127.0.0.1:5070"]
[pbx.main]
uri = "sip:127.0.0.1:5080"
hosts = ["127.0.0.1:5080"]
[trunk.carrier]
uri = "sip:192.0.2.1"
hosts = ["192.0.2.0/28", "192.0.2.99"]
[media]
address = "127.0.0.1"
[records]
database = "sqlite:///records.db"
[http]
listen = "127.0.0.1:9464"
[headers]
consent = "X-Consent"
"""

RULES = """\
[defaults]
recording = "off"
[[rule]]
name = "support"
match = { direction = "inbound", to = ["+442079460101", "500*"] }
recording = "notice"
notice = { prompt = "recording-notice", language = "en", to = ["caller", "callee"] }
[[rule]]
name = "sales"
match = { trunk = "carrier" }
[[test]]
call = { from = "+4930123456", to = "+442079460101" }
expect = { rule = "support" }
"""


class Files:
    """A settings file and a rules file."""

    def __init__(self, folder: Path) -> None:
        self.settings = folder / "sidecar.toml"
        self.rules = folder / "rules.toml"
        self.settings.write_text(SETTINGS)
        self.rules.write_text(RULES)

    def change(self, old: str, new: str) -> None:
        """Replace a text in the one file that has it."""
        for file in (self.settings, self.rules):
            text = file.read_text()
            if old in text:
                file.write_text(text.replace(old, new, 1))
                return
        raise AssertionError(f"{old!r} is in neither file")

    def have_recorder(self) -> None:
        """Let the PBX have a recorder that can be told in mid-call what to do."""
        with self.settings.open("a") as file:
            file.write('[pbx.main.recorder]\nkind = "feature-code"\nstop = "*1"\nstart = "*2"\n')

    def wrong(self) -> list[str]:
        """What is wrong in the first of both that is, without the folder."""
        try:
            load_rules(self.rules, load_settings(self.settings))
        except OperatorErrors as found:
            return self.told(found.errors)
        return []

    def told(self, errors: tuple[OperatorError, ...]) -> list[str]:
        """Errors as lines, without the folder."""
        return [str(error).replace(f"{self.settings.parent}/", "") for error in errors]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def mistake(files: Files) -> Callable[[str, str], list[str]]:
    """What is wrong after replacing one text by another."""

    def make(old: str, new: str) -> list[str]:
        assert files.wrong() == []
        files.change(old, new)
        return files.wrong()

    return make
