"""`kind = "sip"`: what SIP itself can say of recording."""

from __future__ import annotations

from typing import Literal

from sidecar.recorders.kind import Kind, RecorderTable


class SipTable(RecorderTable):
    """`[pbx.NAME.recorder]`: the PBX is told by SIP headers, session descriptions and INFO."""

    kind: Literal["sip"]
    """No other key."""


SIP = Kind(name="sip", word="sip", table=SipTable, adapter="sidecar.recorders.sip.adapter")
"""Whether a PBX says what its recorder does is known from a call only: so it promises nothing."""
