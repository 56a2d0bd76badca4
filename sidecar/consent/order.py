"""What the consent machine wants of the recorder."""

from __future__ import annotations

from enum import StrEnum


class Order(StrEnum):
    """What the recorder of a call is to do from now on."""

    HOLD = "hold"
    """Let nothing into a recording; one that runs goes on, as silence."""
    RELEASE = "release"
    """Recording is allowed: what was held goes on, what `STOP` ended begins again."""
    STOP = "stop"
    """End every recording of the call, and each that begins."""
