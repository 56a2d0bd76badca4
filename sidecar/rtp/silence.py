"""The byte of which silence is made in each codec that prompts are sent in."""

from __future__ import annotations

BYTES_PER_MS = 8
"""PCMU, PCMA and G.722 all carry 64 kbit/s, and count 8 timestamp units a millisecond.

That G.722's timestamps run at 8 kHz although it samples at 16 kHz is RFC 3551, section 4.5.2.
"""

CLOCK_RATE = 8000

SILENCE = {"PCMU": 0xFF, "PCMA": 0xD5, "G722": 0xFF}
"""For G.722 no byte is exact; of all constant ones this decodes to the least level (-56 dBFS)."""


def silence(codec: str, milliseconds: int) -> bytes:
    """So much silence, encoded. Raises KeyError for a codec that prompts are not sent in."""
    return bytes([SILENCE[codec]]) * (BYTES_PER_MS * milliseconds)
