"""Draw the consent machine of docs/architecture.md by walking every state it can reach.

python tools/consent_diagram.py           rewrite the diagram
python tools/consent_diagram.py --check   exit 1 where it is out of date
"""

from __future__ import annotations

import sys
from itertools import combinations
from pathlib import Path

from sidecar.consent import machine as consent
from sidecar.consent.decision import Decision, Notice
from sidecar.consent.party import Party

PAGE = Path(__file__).resolve().parents[1] / "docs" / "architecture.md"
BEGIN = "<!-- consent machine: made by tools/consent_diagram.py -->"
END = "<!-- end of consent machine -->"


def arrows() -> dict[tuple[str, str], list[str]]:
    """(phase, next phase) to the events that lead there, under any decision."""
    events: list[consent.Event] = [consent.CallerUp(), consent.BothUp(), consent.HungUp()]
    for party in Party:
        events += [consent.NoticePlayed(party), consent.PartyChanged(party)]
        events.append(consent.NoticeFailed(party, "reason"))
    named = [frozenset(some) for size in (1, 2) for some in combinations(Party, size)]
    decisions = [Decision(), *(Decision(notice=Notice(to=parties)) for parties in named)]
    waiting = [consent.initial(decision) for decision in decisions]
    seen = set(waiting)
    found: dict[tuple[str, str], dict[str, None]] = {}
    while waiting:
        state = waiting.pop(0)
        for event in events:
            following, actions = consent.transition(state, event)
            if following == state and not actions:
                continue
            arrow = state.phase.value, following.phase.value
            found.setdefault(arrow, {})[type(event).__name__] = None
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    order = [phase.value for phase in consent.Phase]
    places = sorted(found, key=lambda arrow: (order.index(arrow[0]), order.index(arrow[1])))
    return {arrow: list(found[arrow]) for arrow in places}


def diagram() -> str:
    """The machine as a Mermaid state diagram."""
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [
        f'    state "{phase.value}" as {identifier(phase.value)}'
        for phase in consent.Phase
        if " " in phase.value
    ]
    lines.append(f"    [*] --> {identifier(consent.Phase.SETUP.value)}")
    lines += [
        f"    {identifier(source)} --> {identifier(target)} : {', '.join(events)}"
        for (source, target), events in arrows().items()
    ]
    lines += [f"    {identifier(consent.Phase.ENDED.value)} --> [*]", "```"]
    return "\n".join(lines)


def identifier(state: str) -> str:
    """A state's name as Mermaid can take it."""
    return state.replace(" ", "_")


def updated(page: str) -> str:
    """The page with the machine of today."""
    head, rest = page.split(BEGIN)
    return f"{head}{BEGIN}\n{diagram()}\n{END}{rest.split(END)[1]}"


def main() -> int:
    """Rewrite or check the page; the exit code."""
    page = PAGE.read_text()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(updated(page))
    elif updated(page) != page:
        print("docs/architecture.md is out of date: run python tools/consent_diagram.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
