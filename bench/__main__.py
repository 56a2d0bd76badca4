"""`python -m bench [PART ...]`: all parts by default, one table."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.machine import describe

PARTS = ("messages", "rules", "numbers", "relay", "calls", "soak")
PEERS = Path(__file__).parent.parent / "tests" / "peers" / "setup.sh"
HEADINGS = ("measured", "figure", "beside", "goal")
USAGE = 2


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of up to four columns under their headings."""
    filled = [HEADINGS, *[(*map(str, row), "", "", "", "")[:4] for row in rows]]
    widths = [max(len(row[column]) for row in filled) for column in range(len(HEADINGS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in filled
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def main(wanted: Sequence[str]) -> int:
    """Run the parts named, or all; print one table. 2 for a part that does not exist."""
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        print(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}", file=sys.stderr)
        return USAGE
    if subprocess.run([PEERS, "--check"], check=False).returncode:
        print("the parts that need what is missing will fail", file=sys.stderr)
    rows: list[Sequence[str]] = []
    print(describe(), flush=True)
    for name in wanted or PARTS:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        rows.extend(importlib.import_module(f"bench.{name}").run())
    print(table(rows))
    print(describe())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
