"""Tones that are generated, not recorded."""

from __future__ import annotations

import math
from array import array

RINGBACK_HZ = 425
RINGBACK_ON_S = 1
RINGBACK_OFF_S = 4
RINGBACK_AMPLITUDE = 4096
"""-18 dBFS: heard well, and no louder than speech."""


def ringback(rate: int) -> array[int]:
    """One cadence of the ringing tone of ITU-T E.180, 1 s on and 4 s off, as 16-bit samples.

    rate: samples a second.
    """
    step = 2 * math.pi * RINGBACK_HZ / rate
    tone = [round(RINGBACK_AMPLITUDE * math.sin(step * i)) for i in range(rate * RINGBACK_ON_S)]
    return array("h", tone + [0] * (rate * RINGBACK_OFF_S))
