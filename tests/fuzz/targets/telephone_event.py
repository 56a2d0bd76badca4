"""Keys in RTP: ten bytes a packet; no more keys than packets can have pressed."""

from __future__ import annotations

from sidecar.rtp.telephone_event import (
    BELIEVED,
    DIGITS,
    END_TIMEOUT_S,
    DigitDecoder,
    EventPacket,
    KeyPress,
)
from tests.fuzz import oracle

SIZE = 10
MOST = 300


def attempt(data: bytes) -> None:
    """Each piece: time since the last, SSRC and marker, sequence, timestamp, payload."""
    decoder, now = DigitDecoder(), 0.0
    pressed: list[KeyPress] = []
    pieces = [data[at : at + SIZE] for at in range(0, len(data) - SIZE + 1, SIZE)][:MOST]
    for each in pieces:
        now += each[0] / 500
        pressed += decoder.expire(now)
        packet = EventPacket(
            each[1] & 3, int.from_bytes(each[2:4], "big"), each[4] << 8 | each[5], each[1] > 127
        )
        pressed += decoder.feed(packet, each[6:10], now)
        deadline = decoder.deadline
        oracle.demand(deadline is None or deadline <= now + END_TIMEOUT_S, "never over", deadline)
    pressed += decoder.expire(now + 1.0)
    oracle.demand(decoder.deadline is None, "a key stays down", pressed)
    oracle.demand(len(pressed) * BELIEVED <= len(pieces), "keys out of nothing", pressed)
    for key in pressed:
        oracle.demand(key.digit in DIGITS and key.duration >= 0, "no key", key)
