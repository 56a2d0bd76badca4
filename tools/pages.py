"""Parts of documents that are made from the code: rewrite them, or check that they are current.

A part stands between `<!-- NAME: made by tools/TOOL.py -->` and `<!-- end of NAME -->`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).resolve().parents[1] / "docs"


class Part(NamedTuple):
    """One part of a page in docs/."""

    page: str
    name: str
    tool: str
    """Which file of tools/ makes it, without its ending."""
    make: Callable[[], str]

    def updated(self, text: str) -> str:
        """Return the text of the page with this part as it should be today."""
        begin = f"<!-- {self.name}: made by tools/{self.tool}.py -->"
        end = f"<!-- end of {self.name} -->"
        head, rest = text.split(begin)
        tail = rest.split(end)[1]
        return f"{head}{begin}\n\n{linked(self.make())}\n\n{end}{tail}"


def linked(text: str) -> str:
    """Return a text of the code's with each page that it names as a link, seen from docs/."""
    return re.sub(r"\b(?:docs/)?([a-z-]+\.md)\b", _link, text)


def _link(named: re.Match[str]) -> str:
    page = named[1]
    return f"[{page}]({page})" if (DOCS / page).is_file() else named[0]


def outdated(parts: Iterable[Part]) -> dict[Path, str]:
    """Return the pages that are not as they should be, with their text of today."""
    before: dict[Path, str] = {}
    after: dict[Path, str] = {}
    for part in parts:
        page = DOCS / part.page
        if page not in before:
            before[page] = after[page] = page.read_text(encoding="utf-8")
        after[page] = part.updated(after[page])
    return {page: text for page, text in after.items() if text != before[page]}


def main(parts: tuple[Part, ...]) -> int:
    """Rewrite the pages, or only check them where `--check` is given; return the exit code."""
    found = outdated(parts)
    if "--check" not in sys.argv[1:]:
        for page, text in found.items():
            page.write_text(text, encoding="utf-8")
        return 0
    for page in found:
        print(f"docs/{page.name} is out of date: run python tools/{parts[0].tool}.py")
    return 1 if found else 0
