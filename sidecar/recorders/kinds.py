"""All kinds of recorders: the one place that names them."""

from __future__ import annotations

from sidecar.recorders.asterisk.settings import ASTERISK
from sidecar.recorders.feature_code.settings import FEATURE_CODE
from sidecar.recorders.kind import Kind, RecorderTable
from sidecar.recorders.none.settings import NONE
from sidecar.recorders.sip.settings import SIP
from sidecar.tables.kinds import OneOfKinds

KINDS: tuple[Kind, ...] = (ASTERISK, SIP, FEATURE_CODE, NONE)
UNSET = NONE
"""What a PBX without a table has."""
WORDS = tuple(kind.word for kind in KINDS)
"""What records and metrics say of each."""
TABLES = OneOfKinds(
    {kind.name: kind.table for kind in KINDS},
    {word: kind.name for kind in KINDS for word in kind.former},
)
"""What `[pbx.NAME.recorder]` may be."""


def kind_of(table: RecorderTable | None) -> Kind:
    """Return the kind of recorder that a PBX's table asks for."""
    return next((kind for kind in KINDS if type(table) is kind.table), UNSET)
