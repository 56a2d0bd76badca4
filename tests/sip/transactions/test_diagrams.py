"""The diagrams of docs/transactions.md show the whole of the tables."""

from __future__ import annotations

from tools import diagrams as tool


def test_every_cell_of_every_table_is_an_arrow():
    for module, first in tool.MACHINES:
        arrows = [line for line in tool.diagram(module, first).splitlines() if " : " in line]

        assert len(arrows) == sum(len(row) for row in module.TABLE.values())


def test_every_state_can_be_reached_and_every_state_can_end():
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
