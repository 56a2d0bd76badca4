"""Write the table of docs/jurisdictions.md from sidecar/numbers/jurisdictions.toml.

python tools/jurisdictions_page.py           rewrite the table
python tools/jurisdictions_page.py --check   exit 1 where it is out of date
"""

from __future__ import annotations

import sys
from pathlib import Path

from sidecar.settings.jurisdictions import load_jurisdictions

PAGE = Path(__file__).parent.parent / "docs" / "jurisdictions.md"
BEGIN = "<!-- table: made by tools/jurisdictions_page.py -->"
END = "<!-- end of table -->"


def table() -> str:
    """Every row of the shipped table, as Markdown."""
    lines = ["| code | place | consent | checked | source | note |", "|---|---|---|---|---|---|"]
    for row in load_jurisdictions().rows.values():
        cells = (f"`{row.code}`", row.name, row.consent, str(row.checked), row.source, row.note)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def updated(page: str) -> str:
    """The page with the table of today."""
    head, rest = page.split(BEGIN)
    tail = rest.split(END)[1]
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"


def main() -> int:
    """Rewrite or check the page; the exit code."""
    page = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv[1:]:
        if updated(page) != page:
            print("docs/jurisdictions.md is out of date: run python tools/jurisdictions_page.py")
            return 1
        return 0
    PAGE.write_text(updated(page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
