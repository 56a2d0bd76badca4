"""Write the table of docs/metrics.md from sidecar/metrics.py.

python tools/metrics_table.py           rewrite the table
python tools/metrics_table.py --check   exit 1 where it is out of date
"""

from __future__ import annotations

import sys

from sidecar.metrics import TABLE, Metric
from tools.pages import Part, main

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


PARTS = (Part("metrics.md", "table", "metrics_table", table),)


if __name__ == "__main__":
    sys.exit(main(PARTS))
