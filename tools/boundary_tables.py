"""Write the tables of docs/boundary.md from what the code lets across.

python tools/boundary_tables.py           rewrite the tables
python tools/boundary_tables.py --check   exit 1 where they are out of date
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from sidecar.calls.crossing.header_policy import CROSSING, Crossing
from sidecar.calls.crossing.table import BODIES, EVENTS, METHODS, Body
from tools.pages import Part, main


def headers() -> str:
    """Every header field that crosses."""
    return _table(
        ("header", "from", "is read as", "can't be read", "twice", "defined in"),
        (
            (
                f"`{each.name}`",
                "a trusted side" if each.trusted else "anyone",
                _first_line(each),
                "400" if each.vital else "left out",
                "400" if each.single else "crosses",
                each.reference,
            )
            for each in sorted(CROSSING, key=lambda each: each.name.lower())
        ),
    )


def methods() -> str:
    """Every method that is carried."""
    rows = ((f"`{each.name}`", each.senders.value, each.why) for each in METHODS)
    return _table(("method", "from", "what for"), rows)


def bodies() -> str:
    """Every type of body that crosses."""
    return _table(
        ("type", "in requests", "in their responses", "from", "how", "defined in"),
        (
            (
                f"`{each.name}`",
                ", ".join(each.methods),
                "crosses" if each.answers else "left out",
                each.senders.value,
                _how(each),
                each.reference,
            )
            for each in BODIES
        ),
    )


def events() -> str:
    """The event packages of an untrusted trunk."""
    return ", ".join(f"`{each}`" for each in EVENTS)


def _how(body: Body) -> str:
    return f"{body.how} ({body.why})" if body.why else body.how


def _first_line(header: Crossing) -> str:
    text = (header.read.__doc__ or "").split("\n")[0].rstrip(".")
    return text.removeprefix("Read ").partition(" (")[0]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


PARTS = (
    Part("boundary.md", "headers", "boundary_tables", headers),
    Part("boundary.md", "methods", "boundary_tables", methods),
    Part("boundary.md", "bodies", "boundary_tables", bodies),
    Part("boundary.md", "events", "boundary_tables", events),
)


if __name__ == "__main__":
    sys.exit(main(PARTS))
