"""`kind = "feature-code"`: the PBX's own codes for recording, dialled on its leg."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import field_validator

from sidecar.recorders.kind import Kind, RecorderTable
from sidecar.tables.words import shown

_CODE = re.compile(r"[0-9*#A-D]{1,16}")


class FeatureCodeTable(RecorderTable):
    """`[pbx.NAME.recorder]`: codes are dialled to the PBX."""

    kind: Literal["feature-code"]
    """Codes that are dialled."""
    stop: str
    """What is dialled to stop a recording that runs."""
    start: str | None = None
    """What is dialled to start it; may be the same. Without it a stop is final."""

    @field_validator("stop", "start")
    @classmethod
    def _is_code(cls, value: str | None) -> str | None:
        if value is not None and not _CODE.fullmatch(value):
            raise ValueError(f'{shown(value)} must be digits of a telephone, like "*1"')
        return value


FEATURE_CODE = Kind(
    name="feature-code",
    word="feature-code",
    table=FeatureCodeTable,
    adapter="sidecar.recorders.feature_code.adapter",
    can_stop=True,
    can_begin=True,
    begins_with="start",
)
