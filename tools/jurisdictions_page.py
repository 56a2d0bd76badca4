"""Write the table of docs/jurisdictions.md from sidecar/numbers/jurisdictions.toml.

python tools/jurisdictions_page.py           rewrite the table
python tools/jurisdictions_page.py --check   exit 1 where it is out of date
"""

from __future__ import annotations

import sys

from sidecar.rules.file.jurisdictions import load_jurisdictions
from tools.pages import Part, main


def table() -> str:
    """Every row of the shipped table, as Markdown."""
    lines = ["| code | place | consent | checked | source | note |", "|---|---|---|---|---|---|"]
    for row in load_jurisdictions().rows.values():
        cells = (f"`{row.code}`", row.name, row.consent, str(row.checked), row.source, row.note)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


PARTS = (Part("jurisdictions.md", "table", "jurisdictions_page", table),)


if __name__ == "__main__":
    sys.exit(main(PARTS))
