"""RTP packets of a hostile source: read within their bounds, and renumbered in one stream."""

from __future__ import annotations

from sidecar.rtp.outgoing import Outgoing
from sidecar.rtp.packet import Packet, RtpError, payload_span
from tests.fuzz import oracle
from tests.fuzz.slices import slices

OURS = 0x0A0B0C0D
COMFORT_NOISE, EVENT = 13, 101


def attempt(data: bytes) -> None:
    """Packets with their lengths before them, in the order in which they came."""
    outgoing = Outgoing(ssrc=OURS, sequence=65_530, timestamp=2**32 - 160, now=0.0)
    for number, each in enumerate(slices(data)):
        _read(each)
        start, _end = payload_span(each, len(each))
        if start < 0:
            continue
        packet, now = bytearray(each), number * 0.02
        payload_type = each[1] & 0x7F
        if payload_type == COMFORT_NOISE:
            outgoing.withhold(packet)
            continue
        event = payload_type == EVENT
        sent = outgoing.rewrite_event(packet, now) if event else outgoing.rewrite(packet, now)
        if sent:
            oracle.demand(packet[8:12] == OURS.to_bytes(4, "big"), "another SSRC", packet)
            oracle.demand(packet[12:] == each[12:], "another payload", each, packet)


def _read(data: bytes) -> None:
    start, end = payload_span(data, len(data))
    oracle.demand((start < 0) or 12 <= start <= end <= len(data), "out of bounds", data)
    try:
        packet = Packet.parse(data)
    except RtpError:
        oracle.demand(start < 0, "a span, but no packet", data)
        return
    again = Packet.parse(packet.encode())
    oracle.demand(again == packet, "another packet", data)
