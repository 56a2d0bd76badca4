"""How a mistake in a file is put into words: what is wrong, and what would be right."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from typing import Any

from sidecar.tables.positions import Key

NOT_YET = "is not supported by this version"
_LONGEST = 60
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def dotted(key: Key) -> str:
    """Write a key as the operator would: `pbx.main.uri`, `rule[2].match` (counted from 1)."""
    text = ""
    for part in key:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += ("." if text else "") + (part if _BARE.fullmatch(part) else shown(part))
    return text


def shown(value: Any) -> str:
    """Write a value as it stands in TOML, shortened; tables and lists by their kind only."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            short = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
            return json.dumps(short, ensure_ascii=False)
        case dict():
            return "a table"
        case list() | tuple():
            return "a list"
        case _:
            return str(value)


def one_of(words: Iterable[str]) -> str:
    """Return `"a", "b" or "c"`."""
    *others, last = [f'"{word}"' for word in words]
    return f"{', '.join(others)} or {last}" if others else last


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `did you mean "…"?`, or all that is known where nothing is near."""
    names = sorted(set(known))
    by_folded = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(word.casefold(), by_folded, n=1)
    if close:
        return f'did you mean "{by_folded[close[0]]}"?'
    return "known here: " + (", ".join(names) if names else "nothing")
