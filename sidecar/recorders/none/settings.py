"""`kind = "none"`: nothing controls the recorder."""

from __future__ import annotations

from typing import Literal

from sidecar.recorders.kind import Kind, RecorderTable


class NoTable(RecorderTable):
    """`[pbx.NAME.recorder]`: the PBX is told by headers at the set-up, and no more."""

    kind: Literal["none"]
    """The same as no table at all."""


NONE = Kind(
    name="none",
    word="none",
    table=NoTable,
    adapter="sidecar.recorders.none.adapter",
    controls=False,
)
