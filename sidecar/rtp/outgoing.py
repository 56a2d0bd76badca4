"""One RTP stream towards a party, whatever it is made of.

Silence, tones, prompts and the other party's packets follow each other in it with one SSRC,
sequence numbers without a gap, and timestamps that follow the clock: a receiver that only knows
RFC 3550 hears one talker. Where the sidecar sends nothing of its own, none of this is needed and
packets are relayed as they came (then `Outgoing.adopt` goes on from the last one).

A talkspurt that starts (the first packet of a prompt, of silence after speech, of another source)
has the marker bit (RFC 3551, section 4.1).

Packets of a source can be withheld: those that follow move up, so that nobody seems to be missing.

Some devices send telephone events beside their audio, in an SSRC or with numbers of their own. They
get the next numbers of the stream as they come, and those of the audio after them move down;
timestamps are put off by the same for each packet of such a source, so that a key stays one key.
"""

from __future__ import annotations

from struct import Struct

from .packet import HEADER, HEADER_SIZE, MARKER, VERSION
from .silence import CLOCK_RATE

MAX_DROPOUT = 3000
MAX_MISORDER = 100
"""Beyond these a source has started afresh (RFC 3550, appendix A.1)."""

MAX_BESIDE = 8
"""Sources of events of one party: more than one are none of a telephone."""

PAUSE_S = 0.05
"""After packets were withheld, the first one that is so much later starts a talkspurt."""

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
        "_begun_by",
        "_beside",
        "_inserted",
        "_joined_with",
        "_paused",
        "_rate",
        "_source",
        "_withheld",
        "added_octets",
        "added_packets",
        "sequence",
        "sequence_offset",
        "ssrc",
        "timestamp",
        "timestamp_offset",
    )

    def __init__(
        self, *, ssrc: int, sequence: int, timestamp: int, now: float, rate: int = CLOCK_RATE
    ) -> None:
        """The first three numbers should be random (RFC 3550, section 5.1).

        rate: timestamp units a second.
        """
        self.ssrc = ssrc
        self.sequence = sequence
        """Of the last packet sent, modulo 2**16."""
        self.timestamp = timestamp
        """Of the last packet sent, modulo 2**32."""
        self._at = now
        """The moment that `timestamp` stands for."""
        self._rate = rate
        self.added_packets = 0
        self.added_octets = 0
        """Of our own: packets, and payload octets as RTCP counts them (section 6.4.1)."""
        self._begun = False
        self._source: int | None = None
        self._joined_with = sequence
        self.sequence_offset = 0
        self.timestamp_offset = 0
        self._withheld: list[int] = []
        """The source's numbers of the last packets withheld, in their order."""
        self._inserted: list[int] = []
        """The source's last number before each packet from beside it, in their order."""
        self._beside: dict[int, int] = {}
        """What is added to the timestamps of the events beside the source, by their SSRC."""
        self._begun_by: tuple[int, int] | None = None
        """An event's SSRC, and what was added to its timestamp, if the source began with it."""
        self._paused = False
        """Whether the next packet comes after withheld ones, or after an event of our own."""

    @classmethod
    def adopt(
        cls, last: bytes | bytearray | memoryview, now: float, rate: int = CLOCK_RATE
    ) -> Outgoing:
        """Go on with a stream that was relayed as it came.

        last: the last packet relayed, sent `now`, a valid RTP packet.
        """
        _, _, sequence, timestamp, ssrc = HEADER.unpack_from(last)
        stream = cls(ssrc=ssrc, sequence=sequence, timestamp=timestamp, now=now, rate=rate)
        stream._source, stream._begun = ssrc, True
        stream._joined_with = (sequence - MAX_MISORDER) & 0xFFFF  # all have their own numbers
        return stream

    @classmethod
    def adopt_before(
        cls, packet: bytes | bytearray | memoryview, now: float, rate: int = CLOCK_RATE
    ) -> Outgoing:
        """Go on with a stream that was relayed as it came until before this packet."""
        stream = cls.adopt(packet, now, rate)
        stream.sequence = (stream.sequence - 1) & 0xFFFF
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
        The first one after relayed packets or an event has the marker bit in any case.
        """
        if self._source is not None or not self._begun or self._paused:
            self._source, self._paused = None, False
            self._forget_events()
            marker = True
        self._advance(units, now)
        self.sequence = (self.sequence + 1) & 0xFFFF
        second = payload_type | MARKER if marker else payload_type
        HEADER.pack_into(frame, 0, VERSION, second, self.sequence, self.timestamp, self.ssrc)
        self._begun = True
        self.added_packets += 1
        self.added_octets += units

    def event(self, frame: bytearray, payload_type: int, now: float, *, first: bool) -> None:
        """Write the header of one more packet of a telephone event of our own into `frame`.

        All packets of one event have the timestamp of its first one, which has the marker bit
        (RFC 4733, section 2.5.1.1).
        """
        if first:
            self._advance(20 * self._rate // 1000, now)
        self._source, self._begun, self._paused = None, True, True
        self._forget_events()
        self.sequence = (self.sequence + 1) & 0xFFFF
        second = payload_type | MARKER if first else payload_type
        HEADER.pack_into(frame, 0, VERSION, second, self.sequence, self.timestamp, self.ssrc)
        self.added_packets += 1
        self.added_octets += len(frame) - HEADER_SIZE

    def withhold(self, packet: bytes | bytearray | memoryview) -> None:
        """Take note that a source's packet is not sent: those after it move up by a number.

        That of a late one, which others have overtaken on their way to the party, stays unused.
        """
        sequence, _, ssrc = _unpack_from(packet, 2)
        if ssrc != self._source or sequence in self._withheld:
            return
        sent = sequence + self.sequence_offset + self._withheld_after(sequence)
        if not 0 < (sent - self.sequence) & 0xFFFF <= MAX_DROPOUT:
            return
        self.sequence_offset = (self.sequence_offset - 1) & 0xFFFF
        self._withheld.insert(len(self._withheld) - self._withheld_after(sequence), sequence)
        del self._withheld[:-MAX_MISORDER]
        self._paused = True
        self.added_packets -= 1
        self.added_octets -= len(packet) - HEADER_SIZE

    def rewrite_event(self, packet: bytearray, now: float) -> bool:
        """Like `rewrite`, for a telephone event of the party that sends the source."""
        sequence, timestamp, ssrc = _unpack_from(packet, 2)
        ahead = (sequence + self.sequence_offset - self.sequence) & 0xFFFF
        own_space = ahead <= MAX_DROPOUT or ahead >= 0x10000 - MAX_MISORDER
        if self._source is None:
            sent = self.rewrite(packet, now)
            self._begun_by = (ssrc, self.timestamp_offset)
            return sent
        if ssrc == self._source and own_space and ssrc not in self._beside:
            return self.rewrite(packet, now)
        if ssrc not in self._beside:
            self._advance(20 * self._rate // 1000, now)
            if len(self._beside) == MAX_BESIDE:
                self._beside.clear()
            self._beside[ssrc] = (self.timestamp - timestamp) & _MASK32
        self._inserted.append((self.sequence - self.sequence_offset) & 0xFFFF)
        del self._inserted[:-MAX_MISORDER]
        self.sequence_offset = (self.sequence_offset + 1) & 0xFFFF
        self.added_packets += 1
        self.added_octets += len(packet) - HEADER_SIZE
        self.sequence = (self.sequence + 1) & 0xFFFF
        timestamp = (timestamp + self._beside[ssrc]) & _MASK32
        _pack_into(packet, 2, self.sequence, timestamp, self.ssrc)
        return True

    def rewrite(self, packet: bytearray, now: float) -> bool:
        """Make a source's packet the next one of this stream, in place.

        Returns False for a packet that must not be sent: it is older than the first one relayed,
        and its number is taken.
        """
        sequence, timestamp, ssrc = _unpack_from(packet, 2)
        sent = (sequence + self.sequence_offset) & 0xFFFF
        if self._withheld and ssrc == self._source:
            sent = self._beside_withheld(packet, sent, sequence, timestamp)
        if self._inserted and ssrc == self._source:
            sent = self._before_inserted(sent, sequence)
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
            self._advance(20 * self._rate // 1000, now)
        if self._begun_by is not None:  # that was no audio: it goes on beside this
            event, offset = self._begun_by
            self._beside[event] = offset
            self._begun_by = None
        self._withheld.clear()
        self._inserted.clear()
        self._paused = False
        self._source = ssrc
        self._begun = True
        self.sequence = self._joined_with = (self.sequence + 1) & 0xFFFF
        self.sequence_offset = (self.sequence - sequence) & 0xFFFF
        self.timestamp_offset = (self.timestamp - timestamp) & _MASK32
        packet[1] |= MARKER

    def _withheld_after(self, sequence: int) -> int:
        """How many of the withheld packets the source sent after the one with this number."""
        return sum(0 < (number - sequence) & 0xFFFF < 0x8000 for number in self._withheld)

    def _forget_events(self) -> None:
        """Timestamps have gone on: what follows has to find its place anew."""
        self._beside.clear()
        self._begun_by = None

    def _before_inserted(self, sent: int, sequence: int) -> int:
        """The number to send of a packet that others from beside the source have overtaken."""
        since = (sequence - self._inserted[-1]) & 0xFFFF
        if 0 < since < 0x8000:
            if since > MAX_MISORDER:
                self._inserted.clear()
            return sent
        overtaken = sum((number - sequence) & 0xFFFF < 0x8000 for number in self._inserted)
        return (sent - overtaken) & 0xFFFF

    def _beside_withheld(self, packet: bytearray, sent: int, sequence: int, timestamp: int) -> int:
        """The number to send of a packet that comes after, before or between withheld ones."""
        since = (sequence - self._withheld[-1]) & 0xFFFF
        if since >= 0x8000:
            return (sent + self._withheld_after(sequence)) & 0xFFFF
        if self._paused:
            self._paused = False
            pause = (timestamp + self.timestamp_offset - self.timestamp) & _MASK32
            if self._rate * PAUSE_S < pause < 0x80000000:
                packet[1] |= MARKER
        if since > MAX_MISORDER:
            self._withheld.clear()
        return sent

    def _advance(self, least: int, now: float) -> None:
        """Move the timestamp to `now`, but by no less than the packet before lasts."""
        step = round((now - self._at) * self._rate)
        if step < least and self._begun:
            step = least
            self._at += step / self._rate
        else:
            self._at = now
        self.timestamp = (self.timestamp + step) & _MASK32
