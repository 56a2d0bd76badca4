"""The diagrams of docs/transactions.md are those of the tables."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent.parent.parent


@pytest.fixture
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("diagrams", ROOT / "tools" / "diagrams.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_diagrams_in_the_documentation_are_current(tool):
    page = (ROOT / "docs" / "transactions.md").read_text()

    assert tool.updated(page) == page, "run python tools/diagrams.py"


def test_every_cell_of_every_table_is_an_arrow(tool):
    for module, first in tool.MACHINES:
        arrows = [line for line in tool.diagram(module, first).splitlines() if " : " in line]

        assert len(arrows) == sum(len(row) for row in module.TABLE.values())


def test_every_state_can_be_reached_and_every_state_can_end(tool):
    for module, first in tool.MACHINES:
        leads = {
            state: {cell.state for cell in row.values()} for state, row in module.TABLE.items()
        }

        assert reachable(leads, first) == set(module.TABLE)
        assert all("terminated" in reachable(leads, state) for state in leads)


def reachable(leads, start):
    seen, left = set(), [start]
    while left:
        state = left.pop()
        if state not in seen:
            seen.add(state)
            left += leads[state]
    return seen
