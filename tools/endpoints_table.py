"""Write the table of docs/api.md from the OpenAPI document.

python tools/endpoints_table.py           rewrite the table
python tools/endpoints_table.py --check   exit 1 where it is out of date
"""

from __future__ import annotations

import sys
from typing import Any

from sidecar.web.api import ENDPOINTS
from sidecar.web.api.endpoint import COMMON
from sidecar.web.api.openapi import document
from tools.pages import Part, main


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


PARTS = (Part("api.md", "endpoints", "endpoints_table", table),)


if __name__ == "__main__":
    sys.exit(main(PARTS))
