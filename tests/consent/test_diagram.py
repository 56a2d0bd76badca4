"""What docs/ say of the consent machine is what its table says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from sidecar.consent.machine import TABLE

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    path = ROOT / "tools" / "consent_diagram.py"
    spec = importlib.util.spec_from_file_location("consent_diagram", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_both_pages_show_the_machine_of_today(tool):
    for path, make in tool.PAGES.items():
        page = path.read_text(encoding="utf-8")

        assert tool.updated(page, make()) == page, "run python tools/consent_diagram.py"


def test_every_row_is_an_arrow_and_a_line_of_the_table(tool):
    arrows = [line for line in tool.everything().splitlines() if " --> " in line and " : " in line]

    assert len(arrows) == len(TABLE)
    assert len(tool.table().splitlines()) == len(TABLE) + 2
