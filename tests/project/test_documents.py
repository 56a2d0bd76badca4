"""What the documents draw from the code is what the code says today."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.project.repository import ROOT


@pytest.mark.parametrize("tool", ["consent_diagram.py", "jurisdictions_page.py"])
def test_what_a_tool_writes_into_the_documents_is_current(tool: str) -> None:
    command = [sys.executable, f"tools/{tool}", "--check"]

    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert run.returncode == 0, run.stdout + run.stderr
