"""The RTP header (RFC 3550, section 5.1): parse, build, and arithmetic on numbers that wrap."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

HEADER = Struct("!BBHII")
"""Version and flags, marker and payload type, sequence number, timestamp, SSRC."""

HEADER_SIZE = 12
VERSION = 0x80
MARKER = 0x80


class RtpError(ValueError):
    """The bytes are no RTP packet."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet, taken apart. CSRCs and header extension are skipped, padding is cut."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    marker: bool
    payload: bytes

    @classmethod
    def parse(cls, data: bytes | bytearray | memoryview) -> Packet:
        """Raises RtpError where `data` is no RTP packet of version 2."""
        start, end = payload_span(data, len(data))
        if start < 0:
            raise RtpError("not an RTP packet")
        _, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
        return cls(
            payload_type=second & 0x7F,
            sequence=sequence,
            timestamp=timestamp,
            ssrc=ssrc,
            marker=bool(second & MARKER),
            payload=bytes(data[start:end]),
        )

    def encode(self) -> bytes:
        """The packet as bytes: no CSRC, no extension, no padding."""
        second = self.payload_type | (MARKER if self.marker else 0)
        header = HEADER.pack(VERSION, second, self.sequence, self.timestamp, self.ssrc)
        return header + self.payload


def payload_span(data: bytes | bytearray | memoryview, size: int) -> tuple[int, int]:
    """Where the payload of the packet in `data[:size]` starts and ends; (-1, -1) if it is no RTP.

    Everything that the header says about its own length is checked against `size`.
    """
    if size < HEADER_SIZE or data[0] & 0xC0 != VERSION:
        return -1, -1
    first = data[0]
    start = HEADER_SIZE + 4 * (first & 0x0F)
    if first & 0x10:
        if start + 4 > size:
            return -1, -1
        start += 4 + 4 * (data[start + 2] << 8 | data[start + 3])
    end = size
    if first & 0x20:
        end -= data[size - 1]
        if data[size - 1] == 0:
            return -1, -1
    if start > end:
        return -1, -1
    return start, end


def sequence_ahead(newer: int, older: int) -> int:
    """How far `newer` is ahead of `older` on the circle of 16 bits: -32768 to 32767."""
    return ((newer - older + 0x8000) & 0xFFFF) - 0x8000
