"""One RTP stream towards a party, whatever it is made of.

Silence, tones, prompts and the other party's packets follow each other in it with one SSRC,
sequence numbers without a gap, and timestamps that follow the clock: a receiver that only knows
RFC 3550 hears one talker. Where the sidecar sends nothing of its own, none of this is needed and
packets are relayed as they came (then `Outgoing.adopt` goes on from the last one).

A talkspurt that starts (the first packet of a prompt, of silence after speech, of another source)
has the marker bit (RFC 3551, section 4.1).
"""

from __future__ import annotations

from struct import Struct

from .packet import HEADER, MARKER, VERSION
from .silence import CLOCK_RATE

MAX_DROPOUT = 3000
MAX_MISORDER = 100
"""Beyond these a source has started afresh (RFC 3550, appendix A.1)."""

_FROM_SEQUENCE = Struct("!HII")
_unpack_from, _pack_into = _FROM_SEQUENCE.unpack_from, _FROM_SEQUENCE.pack_into
_MASK32 = 0xFFFFFFFF


class Outgoing:
    """What was sent last, and how the relayed source's numbers map onto it.

    Times are seconds of one monotonic clock.
    """

    __slots__ = (
        "_at",
        "_begun",
        "_joined_with",
        "_source",
        "added_octets",
        "added_packets",
        "sequence",
        "sequence_offset",
        "ssrc",
        "timestamp",
        "timestamp_offset",
    )

    def __init__(self, *, ssrc: int, sequence: int, timestamp: int, now: float) -> None:
        """All three numbers should be random (RFC 3550, section 5.1)."""
        self.ssrc = ssrc
        self.sequence = sequence
        """Of the last packet sent, modulo 2**16."""
        self.timestamp = timestamp
        """Of the last packet sent, modulo 2**32."""
        self._at = now
        """The moment that `timestamp` stands for."""
        self.added_packets = 0
        self.added_octets = 0
        """Of our own: packets, and payload octets as RTCP counts them (section 6.4.1)."""
        self._begun = False
        self._source: int | None = None
        self._joined_with = sequence
        self.sequence_offset = 0
        self.timestamp_offset = 0

    @classmethod
    def adopt(cls, last: bytes | bytearray | memoryview, now: float) -> Outgoing:
        """Go on with a stream that was relayed as it came.

        last: the last packet relayed, sent `now`, a valid RTP packet.
        """
        _, _, sequence, timestamp, ssrc = HEADER.unpack_from(last)
        stream = cls(ssrc=ssrc, sequence=sequence, timestamp=timestamp, now=now)
        stream._source, stream._begun = ssrc, True
        return stream

    @property
    def source(self) -> int | None:
        """The SSRC of the source that is relayed now; None while the packets are generated."""
        return self._source

    def generate(
        self, frame: bytearray, payload_type: int, units: int, now: float, *, marker: bool = False
    ) -> None:
        """Write the header of one more packet of our own into `frame`.

        units: what the packet lasts, in timestamp units, which is also its size in octets.
        The first one after relayed packets has the marker bit in any case.
        """
        if self._source is not None or not self._begun:
            self._source = None
            marker = True
        self._advance(units, now)
        self.sequence = (self.sequence + 1) & 0xFFFF
        second = payload_type | MARKER if marker else payload_type
        HEADER.pack_into(frame, 0, VERSION, second, self.sequence, self.timestamp, self.ssrc)
        self._begun = True
        self.added_packets += 1
        self.added_octets += units

    def rewrite(self, packet: bytearray, now: float) -> bool:
        """Make a source's packet the next one of this stream, in place.

        Returns False for a packet that must not be sent: it is older than the first one relayed,
        and its number is taken.
        """
        sequence, timestamp, ssrc = _unpack_from(packet, 2)
        sent = (sequence + self.sequence_offset) & 0xFFFF
        ahead = (sent - self.sequence) & 0xFFFF
        if ssrc == self._source and ahead <= MAX_DROPOUT:
            self.sequence = sent
        elif ssrc == self._source and ahead >= 0x10000 - MAX_MISORDER:
            since_join = (self.sequence - self._joined_with) & 0xFFFF
            if since_join < MAX_MISORDER and 0x10000 - ahead > since_join:
                return False
        else:
            self._join(packet, sequence, timestamp, ssrc, now)
            sent = self.sequence
        timestamp = (timestamp + self.timestamp_offset) & 0xFFFFFFFF
        if 0 < (timestamp - self.timestamp) & 0xFFFFFFFF < 0x80000000:
            self.timestamp = timestamp
            self._at = now
        _pack_into(packet, 2, sent, timestamp, self.ssrc)
        return True

    def _join(
        self, packet: bytearray, sequence: int, timestamp: int, ssrc: int, now: float
    ) -> None:
        """Let a source's packet follow what was sent last."""
        if self._begun:
            self._advance(20 * CLOCK_RATE // 1000, now)
        self._source = ssrc
        self._begun = True
        self.sequence = self._joined_with = (self.sequence + 1) & 0xFFFF
        self.sequence_offset = (self.sequence - sequence) & 0xFFFF
        self.timestamp_offset = (self.timestamp - timestamp) & _MASK32
        packet[1] |= MARKER

    def _advance(self, least: int, now: float) -> None:
        """Move the timestamp to `now`, but by no less than the packet before lasts."""
        step = round((now - self._at) * CLOCK_RATE)
        if step < least and self._begun:
            step = least
            self._at += step / CLOCK_RATE
        else:
            self._at = now
        self.timestamp = (self.timestamp + step) & _MASK32
