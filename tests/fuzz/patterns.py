"""`python -m tests.fuzz.patterns`: every pattern that the sidecar compiles, a JSON line each.

A process of its own, since modules compile theirs while they are imported, and some keep only a
method of it.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from functools import cache
from importlib import import_module
from inspect import getsource
from pkgutil import walk_packages

import sidecar

ELSEWHERE = ("sidecar.demo", "sidecar.cli")
"""Packages that see nothing of a peer's."""
LOOKS_EVERYWHERE = "search|sub|subn|findall|finditer|split"

_compile = re.compile


def main() -> None:
    """Import the whole package and print what it compiles."""
    re.compile = _told  # type: ignore[assignment]
    for module in walk_packages(sidecar.__path__, "sidecar."):
        if not module.name.endswith("__main__") and not module.name.startswith(ELSEWHERE):
            import_module(module.name)


def _told(pattern: str | bytes, flags: int = 0) -> object:
    """Compile as `re.compile` does, and print who asked for what."""
    compiled = _compile(pattern, flags)
    frame = sys._getframe(1)
    module = frame.f_globals.get("__name__", "")
    if module.startswith("sidecar.") and isinstance(pattern, str | bytes):
        text = pattern if isinstance(pattern, str) else pattern.decode("latin-1")
        told = {
            "place": f"{module}:{frame.f_lineno}",
            "pattern": text,
            "bytes": isinstance(pattern, bytes),
            "flags": int(flags),
            "anywhere": _looks_anywhere(module, frame.f_lineno),
        }
        print(json.dumps(told))
    return compiled


def _looks_anywhere(module: str, line: int) -> bool:
    """Whether the pattern that is compiled there is looked for within texts."""
    source, names = _assignments(module)
    name = next((name for begin, end, name in names if begin <= line <= end), None)
    if name is None:
        return False
    uses = _compile(rf"\b{name}(?:\[\w+\])?\s*\.(?:{LOOKS_EVERYWHERE})\b")
    return uses.search(source) is not None


@cache
def _assignments(module: str) -> tuple[str, list[tuple[int, int, str]]]:
    """A module's source, and first line, last line and name of what is assigned in it."""
    source = getsource(sys.modules[module])
    return source, [
        (node.lineno, node.end_lineno or node.lineno, node.targets[0].id)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    ]


if __name__ == "__main__":
    main()
