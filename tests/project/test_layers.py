"""The layers of docs/architecture.md hold: imports point downwards only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.project.repository import ROOT


def test_every_import_contract_is_kept() -> None:
    linter = Path(sys.executable).with_name("lint-imports")

    run = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)

    assert run.returncode == 0, run.stdout[-3000:]
