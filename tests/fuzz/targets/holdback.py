"""Audio that is held back for keys in it: it comes out as it came, or as silence, in its order."""

from __future__ import annotations

from collections import deque

from sidecar.rtp.holdback import MAX_HELD, HoldBack
from sidecar.rtp.packet import payload_span
from sidecar.rtp.silence import SILENCE
from sidecar.rtp.telephone_event import DIGITS
from tests.fuzz import oracle
from tests.fuzz.slices import slices

CODECS = ("PCMU", "PCMA", "G722", "opus")
MOST = 60


def attempt(data: bytes) -> None:
    """Packets: codec and whether it is kept in the first byte, milliseconds in the second."""
    hold, now = HoldBack(), 0.0
    kept: deque[tuple[bytes, str]] = deque()
    for each in slices(data, MOST):
        if len(each) < 2:
            continue
        codec, keep = CODECS[each[0] & 3], each[0] < 200
        now += each[1] / 1000
        before = len(hold)
        keys = hold.hear(memoryview(each[2:]), codec, now, keep=keep)
        oracle.all_of((key.digit for key in keys), DIGITS)
        if len(hold) > before:
            kept.append((each[2:], codec))
        oracle.demand(len(hold) <= MAX_HELD, "it piles up", len(hold))
        _check(hold.release(now), kept)
    hold.expire(now + 1.0)
    _check(hold.release(now + 1.0, everything=True), kept)
    oracle.demand(not kept and not len(hold), "packets that never come out", len(kept))


def _check(released: list[bytearray], kept: deque[tuple[bytes, str]]) -> None:
    for packet in released:
        came, codec = kept.popleft()
        first, last = payload_span(came, len(came))
        silent = bytes([SILENCE.get(codec, 0)]) * (last - first)
        spoilt = came[:first] + silent + came[last:] if first >= 0 else came
        oracle.demand(packet in (came, spoilt), "another packet", came, packet)
