"""What the documents draw from the code is what the code says today."""

from __future__ import annotations

import subprocess
import sys

from tests.project.repository import ROOT


def test_the_diagram_of_the_consent_machine_is_current() -> None:
    command = [sys.executable, "tools/consent_diagram.py", "--check"]

    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert run.returncode == 0, run.stdout + run.stderr
