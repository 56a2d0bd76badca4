"""Draw the consent machine from its tables: an overview in docs/architecture.md, all of it in
docs/consent-machine.md.

python tools/consent_diagram.py           rewrite both
python tools/consent_diagram.py --check   exit 1 where one is out of date
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Sequence
from enum import Enum
from types import ModuleType
from typing import NamedTuple

from sidecar.consent import course, machine, standing, state, sureness
from sidecar.consent.standing import Place, Repeats
from sidecar.consent.state import Phase
from sidecar.consent.sureness import Sureness
from tools.pages import Part, main

Row = course.Row | standing.Row | sureness.Row


class Machine(NamedTuple):
    """One of the three."""

    module: ModuleType
    rows: Sequence[Row]
    begins: tuple[tuple[Enum, str], ...]
    """Where it begins, and what leads there."""
    ends: Enum | None = None


MACHINES = (
    Machine(course, course.TABLE, ((Phase.SETUP, ""),), Phase.ENDED),
    Machine(
        standing,
        standing.TABLE,
        ((Place.OWED, "where it is named"), (Place.CLEAR, "where it is not")),
    ),
    Machine(sureness, sureness.TABLE, ((Sureness.AWAITED, "an order, in each state"),)),
)


def overview() -> str:
    """The phases of a call and the events that lead from one to the next."""
    call = MACHINES[0]
    events: dict[tuple[Enum, Enum], dict[str, None]] = {}
    for row in call.rows:
        events.setdefault((source(row), row.then), {})[row.event.__name__] = None
    return diagram(call, [arrow(*ends, ", ".join(names)) for ends, names in events.items()])


def everything() -> str:
    """The theory, the three machines, and what follows from them."""
    functions = "\n\n".join(map(inspect.getsource, (state.wanted, state.gates_of))).rstrip()
    follows = f"## What follows\n\nThe order and the gates, in full:\n\n```python\n{functions}\n```"
    return "\n\n".join([theory(machine)[1], *map(section, MACHINES), follows])


def theory(module: ModuleType) -> tuple[str, str]:
    """The first line of a module's docstring, and the rest."""
    headline, _, rest = inspect.cleandoc(module.__doc__ or "").partition("\n\n")
    return headline.rstrip("."), rest


def section(each: Machine) -> str:
    """One machine: its theory, the diagram with every condition and action, and the table."""
    headline, text = theory(each.module)
    arrows = [arrow(source(row), row.then, label(row)) for row in each.rows]
    return "\n\n".join([f"## {headline}", text, diagram(each, arrows), table(each.rows)])


def diagram(each: Machine, arrows: Iterable[str]) -> str:
    """A Mermaid state diagram."""
    named = dict.fromkeys(state for row in each.rows for state in (source(row), row.then))
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{at.value}" as {identifier(at)}' for at in named if " " in at.value]
    lines += [f"    [*] --> {identifier(at)}{f' : {why}' * bool(why)}" for at, why in each.begins]
    lines += [f"    {line}" for line in arrows]
    lines += [f"    {identifier(each.ends)} --> [*]"] if each.ends else []
    return "\n".join([*lines, "```"])


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table; `otherwise` where only the rows above speak against one."""
    lines = ["| in | event | where | then | done |", "|---|---|---|---|---|"]
    for row in rows:
        rivals = [each for each in rows if (source(each), each.event) == (source(row), row.event)]
        where = condition(row) or ("otherwise" if len(rivals) > 1 else "")
        cells = (source(row).value, f"`{row.event.__name__}`", where, row.then.value, deeds(row))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def source(row: Row) -> Enum:
    """Where a machine is when the row is looked at."""
    match row:
        case course.Row():
            return row.phase
        case standing.Row():
            return row.place
        case sureness.Row():
            return row.sureness


def condition(row: Row) -> str:
    """A row's condition in words; empty where it always holds."""
    name = row.when.__name__
    return "" if name == "always" else name.replace("_", " ")


def deeds(row: Row) -> str:
    """What a row has done, in words."""
    match row:
        case course.Row():
            return "" if row.do is course.Do.NOTHING else row.do.value
        case standing.Row():
            done = [do.value for do in row.do]
            if row.repeats is not Repeats.KEPT:
                done.append(f"repeats: {row.repeats.value}")
            return ", ".join(done)
        case sureness.Row():
            if row.do is sureness.Do.FAIL:
                return f"{row.do.value}: {row.why.value}"
            return "" if row.do is sureness.Do.NOTHING else row.do.value


def label(row: Row) -> str:
    """What stands on an arrow: `Event [condition] / actions`."""
    where = f" [{condition(row)}]" if condition(row) else ""
    done = f" / {deeds(row).replace(':', '')}" if deeds(row) else ""
    return f"{row.event.__name__}{where}{done}"


def arrow(begin: Enum, end: Enum, text: str) -> str:
    """One line of a diagram."""
    return f"{identifier(begin)} --> {identifier(end)} : {text}"


def identifier(at: Enum) -> str:
    """A state's name as Mermaid can take it."""
    return str(at.value).replace(" ", "_")


PARTS = (
    Part("architecture.md", "consent machine", "consent_diagram", overview),
    Part("consent-machine.md", "consent machine", "consent_diagram", everything),
)


if __name__ == "__main__":
    sys.exit(main(PARTS))
