"""What docs/ say of the consent machine is what its tables say."""

from __future__ import annotations

import pytest

from tools import consent_diagram as tool


@pytest.mark.parametrize("machine", tool.MACHINES, ids=lambda each: each.module.__name__)
def test_every_row_is_an_arrow_and_a_line_of_a_table(machine):
    section = tool.section(machine).splitlines()
    rows = len(machine.rows)

    arrows = [line for line in section if " --> " in line and "[*]" not in line]

    assert len(arrows) == rows
    assert len([line for line in section if line.startswith("| ")]) == rows + 1


def test_what_follows_from_the_tables_is_shown_as_it_is():
    assert "def wanted(" in tool.everything()
    assert "def gates_of(" in tool.everything()
