"""Times as they stand in both files: a number and its unit, as in `8s` or `500ms`."""

from __future__ import annotations

import re
from typing import Any

from sidecar.settings.words import shown

_WRITTEN = re.compile(r"(\d{1,7})\s*(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(value: Any) -> float:
    """Return seconds. Raises ValueError where it is no time."""
    found = _WRITTEN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'must be a time like "8s" or "500ms", not {shown(value)}')
    return int(found[1]) * _SECONDS[found[2]]
