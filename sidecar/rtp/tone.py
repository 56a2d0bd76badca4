"""Tones that are generated, not recorded."""

from __future__ import annotations

import math
from array import array

ROWS_HZ = (697, 770, 852, 941)
COLUMNS_HZ = (1209, 1336, 1477, 1633)
KEYPAD = ("123A", "456B", "789C", "*0#D")
"""The keys of a telephone, and the two tones of each (ITU-T Q.23)."""

_TONES_HZ = {
    digit: (low, high)
    for low, keys in zip(ROWS_HZ, KEYPAD, strict=True)
    for high, digit in zip(COLUMNS_HZ, keys, strict=True)
}

ROW_AMPLITUDE, COLUMN_AMPLITUDE = 8000, 9500
"""-9.1 and -7.6 dBm0: where telephones lie, and the higher tone a little stronger (Q.24)."""

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


def key_tones(digit: str, rate: int, milliseconds: int) -> array[int]:
    """The two tones of a key, as 16-bit samples. Raises KeyError for what is no key.

    rate: samples a second.
    """
    low, high = (2 * math.pi * hertz / rate for hertz in _TONES_HZ[digit])
    return array(
        "h",
        [
            round(ROW_AMPLITUDE * math.sin(low * i) + COLUMN_AMPLITUDE * math.sin(high * i))
            for i in range(rate * milliseconds // 1000)
        ],
    )
