"""RTCP through a relay that renumbers (RFC 3550, section 7.2, and RFC 4585, 3611).

What a party says of its own stream (sender reports, names, goodbyes) is put into the numbers of
the stream that the other party receives; what it says of the stream it receives (report blocks,
feedback) is put back into the numbers of the one who sent it. What concerns packets that the
sidecar made itself is left out: nobody behind it has sent them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from struct import Struct

SR, RR, SDES, BYE, APP, RTPFB, PSFB = range(200, 207)

_WORD = Struct("!I")
_SENDER = Struct("!IIIII")
_MASK32 = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class StreamMap:
    """How a source's stream became the one that was sent.

    source: the SSRC that the source gave it, None where there is no source (all was generated).
    sent: the SSRC that was sent. offsets: what was added to the source's sequence numbers and
    timestamps. added_packets, added_octets: what was sent besides.
    """

    source: int | None
    sent: int
    sequence_offset: int = 0
    timestamp_offset: int = 0
    added_packets: int = 0
    added_octets: int = 0


def translate(
    compound: bytes | bytearray | memoryview,
    speaks: StreamMap | None,
    hears: StreamMap | None,
) -> bytes | None:
    """Put a compound RTCP packet from one party into the numbers that the other one knows.

    speaks: the map of the stream that the party sends; hears: of the one it receives; None where
    that stream is relayed as it is. Returns None where the packet is malformed or nothing of it
    is left. Extended reports and unknown types are left out.
    """
    translated = bytearray()
    for packet in _split(compound):
        if packet is None:
            return None
        body = _TRANSLATORS.get(packet[1], _drop)(packet, speaks, hears)
        if body is None:
            return None
        translated += body
    return bytes(translated) or None


def is_rtcp(second_byte: int) -> bool:
    """Whether a packet with this second byte is RTCP rather than RTP (RFC 5761, section 4)."""
    return 192 <= second_byte <= 223


def _split(compound: bytes | bytearray | memoryview) -> Iterator[bytearray | None]:
    """The packets of a compound one; None, as the last, where the lengths don't add up."""
    start, size = 0, len(compound)
    while start < size:
        if size - start < 4 or compound[start] & 0xC0 != 0x80:
            yield None
            return
        length = 4 + 4 * (compound[start + 2] << 8 | compound[start + 3])
        if length > size - start:
            yield None
            return
        yield bytearray(compound[start : start + length])
        start += length


_Translator = Callable[[bytearray, "StreamMap | None", "StreamMap | None"], "bytearray | None"]


def _drop(packet: bytearray, speaks: StreamMap | None, hears: StreamMap | None) -> bytearray:
    return bytearray()


def _sender_report(
    packet: bytearray, speaks: StreamMap | None, hears: StreamMap | None
) -> bytearray | None:
    """Section 6.4.1: the sender's own numbers, then report blocks."""
    if len(packet) < 28:
        return None
    if speaks is not None and _WORD.unpack_from(packet, 4)[0] == speaks.source:
        seconds, fraction, timestamp, packets, octets = _SENDER.unpack_from(packet, 8)
        packets = (packets + speaks.added_packets) & _MASK32
        octets = (octets + speaks.added_octets) & _MASK32
        timestamp = (timestamp + speaks.timestamp_offset) & _MASK32
        _SENDER.pack_into(packet, 8, seconds, fraction, timestamp, packets, octets)
    _map_word(packet, 4, speaks)
    return _report_blocks(packet, 28, hears)


def _receiver_report(
    packet: bytearray, speaks: StreamMap | None, hears: StreamMap | None
) -> bytearray | None:
    """Section 6.4.2."""
    if len(packet) < 8:
        return None
    _map_word(packet, 4, speaks)
    return _report_blocks(packet, 8, hears)


def _report_blocks(packet: bytearray, start: int, hears: StreamMap | None) -> bytearray | None:
    """Map the blocks from `start` on; a block on another stream than the one sent is left out."""
    count = packet[0] & 0x1F
    end = start + 24 * count
    if end > len(packet):
        return None
    if hears is None:
        return packet
    kept = bytearray()
    for at in range(start, end, 24):
        block = packet[at : at + 24]
        if hears.source is None or _WORD.unpack_from(block)[0] != hears.sent:
            continue
        _WORD.pack_into(block, 0, hears.source)
        (highest,) = _WORD.unpack_from(block, 8)
        _WORD.pack_into(block, 8, _extended_before(highest, hears.sequence_offset))
        kept += block
    translated = packet[:start] + kept  # profile-specific extensions are not understood: left out
    translated[0] = packet[0] & 0xC0 | len(kept) // 24
    _set_length(translated)
    return translated


def _extended_before(highest: int, offset: int) -> int:
    """An extended sequence number (cycles and 16 bits) as it was before `offset` was added."""
    low = (highest & 0xFFFF) - offset
    cycles = highest >> 16
    if low < 0:
        low += 0x10000
        cycles -= 1
    return (max(cycles, 0) << 16) | low


def _descriptions(
    packet: bytearray, speaks: StreamMap | None, hears: StreamMap | None
) -> bytearray | None:
    """Section 6.5: chunks of an SSRC and items, each padded to a word."""
    at = 4
    for _ in range(packet[0] & 0x1F):
        if at + 4 > len(packet):
            return None
        _map_word(packet, at, speaks)
        at += 4
        while at < len(packet) and packet[at] != 0:
            if at + 1 >= len(packet):
                return None
            at += 2 + packet[at + 1]
        if at >= len(packet):
            return None
        at = (at + 4) & ~3
    return packet


def _goodbye(
    packet: bytearray, speaks: StreamMap | None, hears: StreamMap | None
) -> bytearray | None:
    """Section 6.6."""
    count = packet[0] & 0x1F
    if 4 + 4 * count > len(packet):
        return None
    for at in range(4, 4 + 4 * count, 4):
        _map_word(packet, at, speaks)
    return packet


def _application(
    packet: bytearray, speaks: StreamMap | None, hears: StreamMap | None
) -> bytearray | None:
    """Section 6.7."""
    if len(packet) < 12:
        return None
    _map_word(packet, 4, speaks)
    return packet


def _feedback(
    packet: bytearray, speaks: StreamMap | None, hears: StreamMap | None
) -> bytearray | None:
    """RFC 4585, section 6.1: who says it, and of which stream.

    Only what asks for a picture is passed when packets are renumbered: the lists of lost sequence
    numbers in transport feedback would name others.
    """
    if len(packet) < 12:
        return None
    if hears is not None and (packet[1] == RTPFB or hears.source is None):
        return bytearray()
    _map_word(packet, 4, speaks)
    if hears is not None and _WORD.unpack_from(packet, 8)[0] == hears.sent:
        packet[8:12] = _WORD.pack(hears.source)
    return packet


def _map_word(packet: bytearray, at: int, speaks: StreamMap | None) -> None:
    if speaks is not None and _WORD.unpack_from(packet, at)[0] == speaks.source:
        _WORD.pack_into(packet, at, speaks.sent)


def _set_length(packet: bytearray) -> None:
    words = len(packet) // 4 - 1
    packet[2], packet[3] = words >> 8, words & 0xFF


_TRANSLATORS: dict[int, _Translator] = {
    SR: _sender_report,
    RR: _receiver_report,
    SDES: _descriptions,
    BYE: _goodbye,
    APP: _application,
    RTPFB: _feedback,
    PSFB: _feedback,
}
