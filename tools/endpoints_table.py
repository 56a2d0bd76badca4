"""Write the table of docs/api.md from the OpenAPI document.

python tools/endpoints_table.py           rewrite the table
python tools/endpoints_table.py --check   exit 1 where it is out of date
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from sidecar.web.api import ENDPOINTS
from sidecar.web.api.endpoint import COMMON
from sidecar.web.api.openapi import document

PAGE = Path(__file__).parent.parent / "docs" / "api.md"
BEGIN = "<!-- endpoints: made by tools/endpoints_table.py -->"
END = "<!-- end of endpoints -->"


def table() -> str:
    """Every operation as a row of Markdown."""
    lines = ["| request | asked | answers | meaning |", "|---|---|---|---|"]
    for path, operations in document(ENDPOINTS)["paths"].items():
        for method, operation in operations.items():
            cells = (
                f"`{method.upper()} {path}`",
                ", ".join(asked(operation)),
                " ".join(answers(operation)),
                operation["summary"],
            )
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def asked(operation: dict[str, Any]) -> list[str]:
    """Names of what is said in query, header and body; what may be left out in brackets."""
    found = [
        (each["name"], each["required"])
        for each in operation.get("parameters", [])
        if each["in"] != "path"
    ]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = content["schema"]
        found += [(name, name in schema["required"]) for name in schema["properties"]]
    return [f"`{name}`" if required else f"[`{name}`]" for name, required in found]


def answers(operation: dict[str, Any]) -> list[str]:
    """The statuses that not every operation has."""
    own = operation["responses"]
    return [status for status in own if int(status) not in COMMON or _is_own(own[status])]


def _is_own(answer: dict[str, Any]) -> bool:
    return answer["description"] not in {each.when for each in COMMON.values()}


def updated(page: str) -> str:
    """The page with the table of today."""
    head, rest = page.split(BEGIN)
    tail = rest.split(END)[1]
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"


def main() -> int:
    """Rewrite or check the page; the exit code."""
    page = PAGE.read_text()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(updated(page))
    elif updated(page) != page:
        print("docs/api.md is out of date: run python tools/endpoints_table.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
