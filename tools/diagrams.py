"""Draw the state diagrams of docs/transactions.md from the tables of sidecar/sip/transactions.

python tools/diagrams.py           rewrite the diagrams
python tools/diagrams.py --check   exit 1 where they are out of date
"""

from __future__ import annotations

import re
import sys
from types import ModuleType

from sidecar.sip.transactions import (
    invite_client,
    invite_server,
    non_invite_client,
    non_invite_server,
)
from sidecar.sip.transactions.machine import Transition
from tools.pages import Part, main

MACHINES = (
    (invite_client, invite_client.InviteClient.FIRST),
    (non_invite_client, non_invite_client.NonInviteClient.FIRST),
    (invite_server, invite_server.InviteServer.FIRST),
    (non_invite_server, non_invite_server.NonInviteServer.FIRST),
)


def machines() -> str:
    """What each module says about its machine, and the diagram of its table."""
    return "\n\n".join(section(module, first) for module, first in MACHINES)


def section(module: ModuleType, first: str) -> str:
    """One machine: the module's docstring with its first line as heading, then the diagram."""
    heading, _, theory = (module.__doc__ or "").strip().partition("\n\n")
    heading = heading.replace("\n", " ").rstrip(".")
    return f"## {heading}\n\n{theory}\n\n{diagram(module, first)}"


def diagram(module: ModuleType, first: str) -> str:
    """The table as a Mermaid state diagram: `input / actions` on each arrow."""
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [
        f'    state "{state}" as {identifier(state)}' for state in module.TABLE if " " in state
    ]
    lines.append(f"    [*] --> {identifier(first)}")
    for state, row in module.TABLE.items():
        lines += [
            f"    {identifier(state)} --> {identifier(cell.state)} : {label(word, cell)}"
            for word, cell in row.items()
        ]
    lines += ["    terminated --> [*]", "```"]
    return "\n".join(lines)


def identifier(state: str) -> str:
    """A state's name as Mermaid can take it."""
    return state.replace(" ", "_")


def label(word: str, cell: Transition) -> str:
    """What stands on an arrow."""
    actions = ", ".join(action.replace("_", " ") for action in cell.actions)
    actions = re.sub(r"timer [a-m]\b", lambda found: found[0][:-1] + found[0][-1].upper(), actions)
    return f"{word} / {actions}" if actions else word


PARTS = (Part("transactions.md", "machines", "diagrams", machines),)


if __name__ == "__main__":
    sys.exit(main(PARTS))
