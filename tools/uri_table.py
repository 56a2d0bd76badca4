"""Write the table of docs/boundary-uris.md from sidecar/sip/canonical.py.

python tools/uri_table.py           rewrite the table
python tools/uri_table.py --check   exit 1 where it is out of date
"""

from __future__ import annotations

import sys

from sidecar.sip.canonical import PLACES, TABLE, Rule
from tools.pages import Part, main


def table() -> str:
    """Every parameter that crosses as a Markdown table."""
    lines = ["| parameter | RFC | crosses in | values |", "|---|---|---|---|"]
    lines += [
        f"| `{rule.name}` | {rule.rfc} | {_places(rule)} | {_values(rule)} |" for rule in TABLE
    ]
    return "\n".join(lines)


def _places(rule: Rule) -> str:
    return "; ".join(PLACES[place] for place in rule.places)


def _values(rule: Rule) -> str:
    if not rule.values:
        return "none"
    if rule.values.replace("|", "").replace("-", "").isalnum():
        return rule.values.replace("|", ", ")
    return "any" if rule.values == ".+" else f"`{rule.values}`".replace("|", "\\|")


PARTS = (Part("boundary-uris.md", "parameters", "uri_table", table),)


if __name__ == "__main__":
    sys.exit(main(PARTS))
