"""What may stand in `limits` of a trunk or a PBX: how much it may ask of the sidecar."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, PlainValidator

from sidecar.tables.complaints import Table
from sidecar.tables.durations import duration_between
from sidecar.tables.words import shown

_RATE = re.compile(r"([0-9]{1,5})/s")


def parse_rate(value: Any) -> int:
    """Read `"20/s"`: how often a second. Raises ValueError where it is no such rate."""
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found[1]) == 0:
        raise ValueError(f'must be a rate like "20/s", not {shown(value)}')
    return int(found[1])


class LimitsTable(Table):
    """`limits = { … }`: how much this neighbour may ask of the sidecar (docs/limits.md)."""

    calls: int = Field(default=1000, ge=1, le=100_000, strict=True)
    """Calls from it that are up or ringing at once; each may have two streams of media."""
    rate: Annotated[int, PlainValidator(parse_rate)] = 50
    """New calls from it, like "50/s"; four seconds' worth of them may come at once."""
    ringing: Annotated[float, PlainValidator(duration_between("10s", "1h"))] = 180.0
    """How long a call from it may ring after the last sign of progress; four times that in all."""
    connections: int = Field(default=100, ge=1, le=10_000, strict=True)
    """TCP connections from it; past that the one that was silent for longest is closed."""
