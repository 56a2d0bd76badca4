from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sidecar.cli import main

SETTINGS = """
[sip]
listen = ["udp://127.0.0.1:5070"]

[pbx.main]
kind = "generic"
uri = "sip:127.0.0.1:5080"
hosts = ["127.0.0.1:5080"]

[trunk.carrier]
uri = "sip:127.0.0.1:5090"
hosts = ["127.0.0.1"]

[trunk.second]
uri = "sip:127.0.0.2:5090"
hosts = ["127.0.0.2"]

[records]
database = "sqlite:///records.db"

[pbx.main.recorder]
kind = "feature-code"
stop = "*1"
start = "*2"
"""

RULES = """
[[rule]]
name = "sales"
match = { trunk = "second" }
recording = "off"

[[rule]]
name = "support"
match = { to = "500*" }
recording = "notice"
notice = { prompt = "recording-notice", language = "de", to = "caller", at = "before-connect" }

[[test]]
call = { to = "5001" }
expect = { rule = "support" }
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Settings and rules in which nothing is wrong."""
    (tmp_path / "rules.toml").write_text(RULES)
    file = tmp_path / "sidecar.toml"
    file.write_text(SETTINGS)
    return file


@pytest.fixture
def command() -> Callable[..., Result]:
    """Run a command line in this process: `command("check", "-c", file)`."""
    runner = CliRunner()

    def invoke(*arguments: str | Path) -> Result:
        return runner.invoke(main, list(map(str, arguments)))

    return invoke
