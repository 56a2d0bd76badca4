"""Draw the consent machine from its table: an overview in docs/architecture.md, all of it in
docs/consent-machine.md.

python tools/consent_diagram.py           rewrite both
python tools/consent_diagram.py --check   exit 1 where one is out of date
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from sidecar.consent import machine as consent
from sidecar.consent.machine import TABLE, Mark, Phase, Row

DOCS = Path(__file__).resolve().parents[1] / "docs"
BEGIN = "<!-- consent machine: made by tools/consent_diagram.py -->"
END = "<!-- end of consent machine -->"


def overview() -> str:
    """The phases and the events that lead from one to the next."""
    arrows: dict[tuple[Phase, Phase], dict[str, None]] = {}
    for row in TABLE:
        arrows.setdefault((row.phase, row.then), {})[row.event.__name__] = None
    return diagram(
        f"{identifier(source)} --> {identifier(target)} : {', '.join(events)}"
        for (source, target), events in arrows.items()
    )


def everything() -> str:
    """The theory, the diagram with every condition and action, and the table."""
    _headline, _, theory = inspect.cleandoc(consent.__doc__ or "").partition("\n\n")
    arrows = (f"{identifier(row.phase)} --> {identifier(row.then)} : {label(row)}" for row in TABLE)
    return "\n\n".join([theory, diagram(arrows), table()])


def diagram(arrows: Iterable[str]) -> str:
    """A Mermaid state diagram."""
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [
        f'    state "{phase.value}" as {identifier(phase)}' for phase in Phase if " " in phase.value
    ]
    lines.append(f"    [*] --> {identifier(Phase.SETUP)}")
    lines += [f"    {arrow}" for arrow in arrows]
    lines += [f"    {identifier(Phase.ENDED)} --> [*]", "```"]
    return "\n".join(lines)


def table() -> str:
    """The rows as a Markdown table; `otherwise` where only the rows above speak against one."""
    lines = [
        "| phase | event | where | then | its party is marked | done |",
        "|---|---|---|---|---|---|",
    ]
    for row in TABLE:
        mark = "" if row.mark is Mark.NOTHING else row.mark.value
        done = ", ".join(do.value for do in row.do)
        where = condition(row) or ("otherwise" if has_rivals(row) else "")
        cells = [row.phase.value, f"`{row.event.__name__}`", where, row.then.value, mark, done]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def has_rivals(row: Row) -> bool:
    """Whether other rows are for the same phase and event."""
    return sum((row.phase, row.event) == (each.phase, each.event) for each in TABLE) > 1


def condition(row: Row) -> str:
    """A row's condition in words; empty where it always holds."""
    return "" if row.when is consent.always else row.when.__name__.replace("_", " ")


def label(row: Row) -> str:
    """What stands on an arrow: `Event [condition] / actions`."""
    text = row.event.__name__
    if condition(row):
        text += f" [{condition(row)}]"
    if row.do:
        text += f" / {', '.join(do.value for do in row.do)}"
    return text


def identifier(phase: Phase) -> str:
    """A phase's name as Mermaid can take it."""
    return phase.value.replace(" ", "_")


PAGES: dict[Path, Callable[[], str]] = {
    DOCS / "architecture.md": lambda: f"\n{overview()}\n",
    DOCS / "consent-machine.md": lambda: f"\n\n{everything()}\n\n",
}


def updated(page: str, made: str) -> str:
    """A page with the machine of today."""
    head, rest = page.split(BEGIN)
    return f"{head}{BEGIN}{made}{END}{rest.split(END)[1]}"


def main() -> int:
    """Rewrite or check the pages; the exit code."""
    outdated = {}
    for path, make in PAGES.items():
        text = path.read_text(encoding="utf-8")
        if (new := updated(text, make())) != text:
            outdated[path] = new
    if "--check" not in sys.argv[1:]:
        for path, new in outdated.items():
            path.write_text(new, encoding="utf-8")
        return 0
    for path in outdated:
        print(f"docs/{path.name} is out of date: run python tools/consent_diagram.py")
    return 1 if outdated else 0


if __name__ == "__main__":
    sys.exit(main())
