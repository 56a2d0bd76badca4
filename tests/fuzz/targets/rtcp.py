"""RTCP: a compound packet is told in other numbers, or not at all."""

from __future__ import annotations

from sidecar.rtp.rtcp import StreamMap, translate
from tests.fuzz import oracle

MAPS = (
    None,
    StreamMap(None, 7),
    StreamMap(0x01020304, 7, 65_000, 2**32 - 1, 3, 480),
    StreamMap(7, 0x01020304, -9, 160),
)


def attempt(data: bytes) -> None:
    """Translate with each pair of maps."""
    for speaks in MAPS:
        for hears in MAPS:
            told = translate(data, speaks, hears)
            if told is not None:
                oracle.demand(0 < len(told) <= len(data), "it grows", data, told)
                _well_formed(told)


def _well_formed(compound: bytes) -> None:
    at = 0
    while at < len(compound):
        oracle.demand(len(compound) - at >= 4, "half a header", compound)
        version, kind = compound[at] >> 6, compound[at + 1]
        oracle.demand(version == 2 and 200 <= kind <= 206, "no such packet", compound)
        at += 4 + 4 * int.from_bytes(compound[at + 2 : at + 4], "big")
    oracle.demand(at == len(compound), "lengths that don't add up", compound)
