"""Write the table of docs/metrics.md from sidecar/metrics.py.

python tools/metrics_table.py           rewrite the table
python tools/metrics_table.py --check   exit 1 where it is out of date
"""

from __future__ import annotations

import sys
from pathlib import Path

from sidecar.metrics import TABLE, Metric

PAGE = Path(__file__).parent.parent / "docs" / "metrics.md"
BEGIN = "<!-- table: made by tools/metrics_table.py -->"
END = "<!-- end of table -->"
MANY = 20


def table() -> str:
    """Every metric as a Markdown table."""
    lines = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    for metric in TABLE:
        kind = metric.kind.__name__.lower()
        lines.append(f"| `{metric.full_name}` | {kind} | {labels(metric)} | {metric.meaning} |")
    return "\n".join(lines)


def labels(metric: Metric) -> str:
    """The labels and their values, as short as they can be said."""
    return "; ".join(f"`{name}`{_values(values)}" for name, values in metric.labels)


def _values(values: tuple[str, ...]) -> str:
    if not values:
        return ""
    if len(values) > MANY:
        return f": {values[0]} to {values[-1]} as registered at IANA, or other"
    return ": " + ", ".join(values)


def updated(page: str) -> str:
    """The page with the table of today."""
    head, rest = page.split(BEGIN)
    tail = rest.split(END)[1]
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"


def main() -> int:
    """Rewrite or check the page; the exit code."""
    page = PAGE.read_text()
    if "--check" in sys.argv[1:]:
        if updated(page) != page:
            print("docs/metrics.md is out of date: run python tools/metrics_table.py")
            return 1
        return 0
    PAGE.write_text(updated(page))
    return 0


if __name__ == "__main__":
    sys.exit(main())
