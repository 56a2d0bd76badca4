"""One party's end of one stream: what becomes of each packet that comes from it.

That is decided when something changes (gate, prompt, address), not when a packet comes: `refresh`
picks one of the `_take` methods below.

Where packets are relayed as they came nothing is kept of them but the last one, in the line's
buffer: its header is all that is needed to go on with the stream when a prompt has to follow.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from sidecar.rtp.outgoing import MAX_DROPOUT, MAX_MISORDER, Outgoing
from sidecar.rtp.packet import HEADER, HEADER_SIZE, payload_span, sequence_ahead
from sidecar.rtp.rtcp import StreamMap, translate
from sidecar.rtp.settling import Numbers
from sidecar.rtp.silence import CLOCK_RATE

from .engine import RemoteMedia
from .formats import audio_marks, event_rates, listened_to, translation
from .inband import InbandListener
from .keys import KeyListener
from .line import LIMIT, MAX_DRAIN, Heard, Line
from .ports import PortPair
from .presser import Presser, has_tones
from .talker import Talker

if TYPE_CHECKING:
    from .session import Party


class Endpoint:
    """Made with its ports; `meet` ties it to the other party's endpoint of the same stream."""

    __slots__ = (
        "_events",
        "_formats_of",
        "_peer",
        "_peer_line",
        "_take",
        "_withheld",
        "alive_at",
        "gated",
        "generated",
        "inband",
        "invalid",
        "keys",
        "late",
        "line",
        "outgoing",
        "party",
        "presser",
        "received",
        "remote",
        "rtp_at",
        "talker",
        "translation",
        "unsent",
    )

    def __init__(self, party: Party, pair: PortPair) -> None:
        self.party = party
        self.remote: RemoteMedia | None = None
        self._take: Callable[[int, float], None] = self._take_gated
        self.line = Line(
            party.reactor,
            pair,
            deliver=self._take,
            deliver_rtcp=self._take_rtcp,
            moved=self._on_moved,
            refused=self._on_refused,
            heard=self._heard,
        )
        self._peer: Endpoint | None = None
        self._peer_line: Line = self.line
        self.outgoing: Outgoing | None = None
        """The stream towards this party, once something of ours was in it."""
        self.talker = Talker(self)
        self.presser = Presser(self)
        self.keys = KeyListener(party.reactor, self._on_key)
        self.inband = InbandListener(self)
        self._events = self.keys.marked
        self._formats_of: tuple[RemoteMedia | None, RemoteMedia | None] = (None, None)
        self.translation: bytes | None = None
        """For each second byte of the party's packets that of the other party's number for it."""
        self._withheld: list[bytes] = []
        """Keys of a stream that is relayed as it came, kept back since its last packet."""
        self.rtp_at = 0.0
        self.alive_at = 0.0
        self.received = self.gated = self.late = self.unsent = self.invalid = self.generated = 0

    def meet(self, peer: Endpoint) -> None:
        """Say where this party's packets go."""
        self._peer, self._peer_line = peer, peer.line

    def configure(self, remote: RemoteMedia | None, now: float) -> None:
        """Set where the party is. `refresh` of both endpoints has to follow."""
        before, self.remote = self.remote, remote
        if remote is None:
            self.line.point(None, 0, now)
            return
        rtcp_port = remote.port + 1 if remote.rtcp_port is None else remote.rtcp_port
        if before is None or (before.address, before.port, before.rtcp_port) != (
            remote.address,
            remote.port,
            remote.rtcp_port,
        ):
            self.line.point((remote.address, remote.port), rtcp_port, now)

    def refresh(self, now: float) -> None:
        """Pick what is done with packets from the party."""
        self._note_formats()
        self.keys.collecting = self.party.collecting or self._pressed_anew
        before, self._take = self._take, self._choose(now)
        self.line.deliver = self._take
        as_they_came = (self._take_plain, self._take_changed)
        if before in as_they_came and self._take not in as_they_came:
            self._hand_over()
        if self._take == self.inband.take and self._peer is not None:
            self._peer.next_outgoing(now)
        elif before == self.inband.take:
            self.inband.leave(now, send=self._passes)
        self.talker.refresh(now)
        self.presser.refresh(now)

    def _note_formats(self) -> None:
        """Note what the numbers of the party's packets mean."""
        own, peer = self.remote, self._peer.remote if self._peer is not None else None
        if self._formats_of != (own, peer):
            self._formats_of = (own, peer)
            self.line.audio = audio_marks(own, peer)
            self.translation = translation(own, peer)
            agreed = own is not None and own.telephone_event is not None
            self.keys.mark(event_rates(own, peer), agreed=agreed)
            self.inband.note(listened_to(own, peer))
        self._events = self.keys.marked

    def drop_late(self, now: float) -> None:
        """To be called every second: hear of what has waited for too long its keys, no more.

        A worker that got too little time for a while would relay all later packets as late as
        that: the socket keeps the oldest.
        """
        for _ in range(MAX_DRAIN):
            if not self.line.serve_late(self._take_late, now):
                break
        self.line.deliver = self._take

    def next_outgoing(self, now: float) -> Outgoing:
        """The stream towards this party, begun now if nothing of ours was in it before."""
        if self.outgoing is None:
            self.outgoing = Outgoing(
                ssrc=secrets.randbits(32),
                sequence=secrets.randbits(15),
                timestamp=secrets.randbits(32),
                now=now,
                rate=self.clock_rate,
            )
        return self.outgoing

    @property
    def heard_at(self) -> float:
        """When the last packet of the party came, RTP or RTCP; 0.0 if none ever did."""
        return max(self.alive_at, self.rtp_at)

    @property
    def clock_rate(self) -> int:
        """Timestamp units a second of the stream towards this party, as far as is known."""
        remote = self.remote
        if remote is None or remote.codec is not None:
            return CLOCK_RATE
        return remote.telephone_event_rate or CLOCK_RATE

    @property
    def peer(self) -> Endpoint | None:
        """The other party's endpoint of the same stream."""
        return self._peer

    def close(self) -> PortPair:
        """Let go of everything, so that nothing refers to itself. Returns the ports."""
        self.talker.close()
        self.presser.close()
        self.keys.close()
        self.inband.close()
        self._peer = None
        self._take = _nothing
        return self.line.close()

    @property
    def _passes(self) -> bool:
        """Whether what the party sends goes on to the other one."""
        peer, remote = self._peer, self.remote
        if peer is None or remote is None or peer.line.lock is None or not self.party.gate_open:
            return False
        return remote.kind == "raw" or not (peer.talker.busy or peer.presser.busy)

    def _choose(self, now: float) -> Callable[[int, float], None]:
        peer, remote = self._peer, self.remote
        if peer is None or not self._passes:
            return self.inband.take_gated if self.inband.wanted else self._take_gated
        if remote is not None and remote.kind == "raw":
            return self._take_raw
        if self.inband.wanted:
            return self.inband.take
        lingers = self._withheld or self.keys.lingers(now)
        if self.keys.collecting or lingers or self.translation is not None:
            return self._take_changed
        return self._take_plain if peer.outgoing is None else self._take_rewritten

    def _hand_over(self) -> None:
        """Packets were relayed as they came: whatever is sent now goes on from the last."""
        peer = self._peer
        if peer is None or peer.outgoing is not None or peer.remote is None:
            return
        if not self.relayed or (peer.remote.codec is None and not peer.presser.busy):
            return
        if self._withheld:
            self._adopt_before_withheld(peer, self.rtp_at)
        elif payload_span(self.line.buffer, HEADER_SIZE)[0] >= 0:
            peer.outgoing = Outgoing.adopt(self.line.buffer, self.rtp_at, peer.clock_rate)

    @property
    def relayed(self) -> int:
        """RTP packets sent on to the other party."""
        return self.received - self.gated - self.unsent

    # --- what becomes of a packet: in the line's buffer, so many bytes ----------------------

    def _take_plain(self, size: int, now: float) -> None:
        line = self.line
        if not HEADER_SIZE <= size < LIMIT or line.buffer[0] & 0xC0 != 0x80:
            self.invalid += 1
            return
        if self._events[line.buffer[1]]:
            self.keys.hear(line.view[:size], now)
        self.received += 1
        self.rtp_at = now
        try:
            self._peer_line.send(line.view[:size])
        except OSError:
            self._send_again(size)

    def _take_rewritten(self, size: int, now: float) -> None:
        line, peer = self.line, self._peer
        if not HEADER_SIZE <= size < LIMIT or line.buffer[0] & 0xC0 != 0x80:
            self.invalid += 1
            return
        rewrite = peer.outgoing.rewrite  # type: ignore[union-attr]
        if self._events[line.buffer[1]]:
            self.keys.hear(line.view[:size], now)
            rewrite = peer.outgoing.rewrite_event  # type: ignore[union-attr]
        self.received += 1
        self.rtp_at = now
        if not rewrite(line.buffer, now):
            self.gated += 1
            return
        try:
            self._peer_line.send(line.view[:size])
        except OSError:
            self._send_again(size)

    def _take_gated(self, size: int, now: float) -> None:
        line = self.line
        if not HEADER_SIZE <= size < LIMIT or line.buffer[0] & 0xC0 != 0x80:
            self.invalid += 1
            return
        if self._events[line.buffer[1]]:
            self.keys.hear(line.view[:size], now)
        self.received += 1
        self.gated += 1
        self.rtp_at = now

    def _take_late(self, size: int, now: float) -> None:
        gated = self.gated
        if self.remote is not None and self.remote.kind == "raw":
            self.received += 1
            self.gated += 1
        elif self.inband.wanted:
            self.inband.take_gated(size, now)
        else:
            self._take_gated(size, now)
        self.late += self.gated - gated

    def _take_raw(self, size: int, now: float) -> None:
        self.received += 1
        self.rtp_at = now
        if size >= LIMIT:
            self.invalid += 1
            self.unsent += 1
            return
        try:
            self._peer_line.send(self.line.view[:size])
        except OSError:
            self._send_again(size)

    def _send_again(self, size: int) -> None:
        """A refusal (ICMP) of an earlier packet is told once, in place of sending this one."""
        try:
            self._peer_line.send(self.line.view[:size])
        except OSError:
            self.unsent += 1

    # --- keys -------------------------------------------------------------------------------

    def _renumber(self, peer: Endpoint, now: float) -> None:
        """A packet comes after withheld ones: it moves up if they were of the same numbers."""
        _, _, first, _, ssrc = HEADER.unpack_from(self._withheld[0])
        _, _, sequence, _, source = HEADER.unpack_from(self.line.buffer)
        near = 0 < sequence_ahead(sequence, first) <= MAX_DROPOUT
        if peer.outgoing is None and ssrc == source and near:
            self._adopt_before_withheld(peer, now)
        self._withheld = []

    def _adopt_before_withheld(self, peer: Endpoint, now: float) -> None:
        """Go on with a stream that was relayed as it came until before the withheld packets."""
        peer.outgoing = Outgoing.adopt_before(self._withheld[0], now, peer.clock_rate)
        for packet in self._withheld:
            peer.outgoing.withhold(packet)
        self._withheld = []

    @property
    def _pressed_anew(self) -> bool:
        """Whether the other party takes no telephone events, and hears this one's as tones."""
        theirs = self._peer.remote if self._peer is not None else None
        if self.remote is None or self.remote.telephone_event is None or theirs is None:
            return False
        return theirs.telephone_event is None and has_tones(theirs)

    def _on_key(self, digit: str, duration_ms: int) -> None:
        party, peer = self.party, self._peer
        party.report_digit(digit, duration_ms)
        if peer is not None and party.gate_open and not party.collecting and self._pressed_anew:
            peer.presser.press(digit, told=False)
            party.refresh_all(time.monotonic())

    def _take_changed(self, size: int, now: float) -> None:
        """Like plain or rewritten, but keys stay here, or payload types get another number."""
        line, peer = self.line, self._peer
        if not HEADER_SIZE <= size < LIMIT or line.buffer[0] & 0xC0 != 0x80 or peer is None:
            self.invalid += 1
            return
        self.received += 1
        self.rtp_at = now
        event = self._events[line.buffer[1]]
        if event and self.keys.hear(line.view[:size], now):
            self.gated += 1
            if peer.outgoing is None:
                self._withheld = [*self._withheld[1 - MAX_MISORDER :], bytes(line.view[:size])]
            else:
                peer.outgoing.withhold(line.view[:size])
            return
        if self._withheld:
            self._renumber(peer, now)
        if self.translation is not None:
            line.buffer[1] = self.translation[line.buffer[1]]
        onward = peer.outgoing
        if onward is not None and not (onward.rewrite_event if event else onward.rewrite)(
            line.buffer, now
        ):
            self.gated += 1
            return
        try:
            self._peer_line.send(line.view[:size])
        except OSError:
            self._send_again(size)

    # --- RTCP and moves ----------------------------------------------------------------------

    def _take_rtcp(self, packet: memoryview, now: float) -> None:
        """RTCP goes the way of the RTP of the same party: it names people (CNAME)."""
        self.alive_at = now
        peer = self._peer
        if peer is None or not self._passes or self._take == self._take_raw:
            return
        translated: bytes | memoryview | None = packet
        if self.outgoing is not None or peer.outgoing is not None:
            translated = translate(packet, _map(peer.outgoing), _map(self.outgoing))
        if translated is not None and len(packet) < LIMIT:
            try:
                peer.line.send_rtcp(translated)
            except OSError:
                return  # the next report will say the same

    def _on_moved(self, now: float) -> None:
        self.talker.restart()

    def _on_refused(self, now: float) -> None:
        self.talker.refused(now)

    def _heard(self) -> Heard:
        """The last packet from the party, in the numbers that it had when it came."""
        if not self.received or self.remote is None or self.remote.kind == "raw":
            return None, self.rtp_at
        _, _, sequence, timestamp, ssrc = HEADER.unpack_from(self.line.buffer)
        onward = self._peer.outgoing if self._peer is not None else None
        if onward is not None and onward.source is not None and ssrc == onward.ssrc:
            ssrc, sequence = onward.source, (sequence - onward.sequence_offset) & 0xFFFF
        return Numbers(ssrc, sequence, timestamp), self.rtp_at


def _map(stream: Outgoing | None) -> StreamMap | None:
    if stream is None:
        return None
    return StreamMap(
        source=stream.source,
        sent=stream.ssrc,
        sequence_offset=stream.sequence_offset,
        timestamp_offset=stream.timestamp_offset,
        added_packets=stream.added_packets,
        added_octets=stream.added_octets,
    )


def _nothing(size: int, now: float) -> None:
    """What a closed endpoint does with a packet."""
