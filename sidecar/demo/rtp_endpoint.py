"""One end of an RTP stream in G.711: sends a tone, silence, an echo or digits, and keeps a log.

Frames of 20 ms leave by a schedule that does not drift: each is due at a multiple of 20 ms after
the first one, and what is overdue leaves at once.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from sidecar.demo.timeline import Received, blocks
from sidecar.demo.tones import Block, encode, tone
from sidecar.demo.watched import Watched
from sidecar.rtp.packet import Packet, RtpError
from sidecar.rtp.silence import silence
from sidecar.rtp.telephone_event import DIGITS, DigitDecoder, EventPacket, TelephoneEvent

FRAME_S = 0.02
FRAME_BYTES = 160
DIGIT_FRAMES = 8
GAP_FRAMES = 5
_END_PACKETS = 3
_VOLUME = 10  # -10 dBm0
_ATTEMPTS = 200
_CODECS = {"PCMU": 0, "PCMA": 8}


@dataclass(slots=True)
class Sending:
    """Where media goes and as what; `hears` is whether the peer wants any now."""

    address: tuple[str, int]
    codec: str
    payload_type: int
    telephone_event: int | None
    hears: bool = True


class RtpEndpoint(Watched):
    """A pair of ports, RTP and RTCP one above, and what is sent from and heard at them.

    Open it with `RtpEndpoint.open`, point it with `send_to`, close it with `close`; `until` waits
    for what is received.
    """

    def __init__(self, tone_hz: int | None = None, *, echo: bool = False) -> None:
        super().__init__()
        self.received: list[Received] = []
        """RTP packets, in the order of their arrival."""
        self.rtcp_received: list[bytes] = []
        """RTCP packets, as they came."""
        self.sent = 0
        """How many packets of RTP have left."""
        self.sending: Sending | None = None
        self.payload_types: dict[int, str] = {number: name for name, number in _CODECS.items()}
        """What to take a payload type for when decoding."""
        self.telephone_event: int | None = None
        """Payload type under which the peer sends digits to us."""
        self.echo = echo
        self.port = 0
        """The RTP port."""
        self._tone_hz = tone_hz
        self._sound = b""
        self._position = 0
        self._ssrc = secrets.randbits(32)
        self._sequence = secrets.randbits(16)
        self._timestamp = secrets.randbits(32)
        self._marker = True
        self._plan: deque[_Frame] = deque()
        self._key_timestamp = 0
        self._transports: list[asyncio.DatagramTransport] = []
        self._tick: asyncio.Handle | None = None
        self._due = 0.0

    @classmethod
    async def open(
        cls, host: str, tone_hz: int | None = None, *, echo: bool = False
    ) -> RtpEndpoint:
        """Bind an even port and the one above it; raises OSError where no pair is free."""
        endpoint = cls(tone_hz, echo=echo)
        for _ in range(_ATTEMPTS):
            if await endpoint._bind(host):
                return endpoint
        raise OSError(f"no free pair of ports on {host}")

    async def _bind(self, host: str) -> bool:
        """Take a pair of ports if the first one offered is even and the next one free."""
        loop = asyncio.get_running_loop()
        bound: list[asyncio.DatagramTransport] = []
        try:
            rtp, _ = await loop.create_datagram_endpoint(
                partial(_Protocol, self._on_rtp), local_addr=(host, 0)
            )
            bound.append(rtp)
            self.port = rtp.get_extra_info("sockname")[1]
            if self.port % 2:
                return False
            with suppress(OSError):  # somebody else has the port above
                rtcp, _ = await loop.create_datagram_endpoint(
                    partial(_Protocol, self._on_rtcp), local_addr=(host, self.port + 1)
                )
                self._transports, bound = [rtp, rtcp], []
            return bool(self._transports)
        finally:
            for transport in bound:
                transport.close()

    def expect(self, payload_types: dict[int, str], telephone_event: int | None) -> None:
        """Take these payload types of the peer for PCMU, PCMA, and keys."""
        self.payload_types.update(payload_types)
        self.telephone_event = telephone_event

    def send_to(self, sending: Sending | None) -> None:
        """Send there from now on, or to nobody."""
        if sending is not None and (self.sending is None or sending.codec != self.sending.codec):
            self._sound = encode(sending.codec, tone(self._tone_hz)) if self._tone_hz else b""
            self._position = 0
        self.sending = sending
        if sending is None:
            self._stop()
        elif self._tick is None and not self.echo:
            loop = asyncio.get_running_loop()
            self._due = loop.time()
            self._marker = True
            self._tick = loop.call_soon(self._on_tick)

    def press(self, digits: str) -> asyncio.Future[None]:
        """Press keys one after the other (RFC 4733); the result is there when all are sent.

        Raises ValueError for what is no digit and where the peer takes no telephone-event.
        """
        if not digits or any(digit not in DIGITS for digit in digits):
            raise ValueError(f"no digits: {digits!r}")
        if self.sending is None or self.sending.telephone_event is None:
            raise ValueError("the peer takes no telephone-event")
        for digit in digits:
            self._plan.extend(_key_frames(digit))
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._plan[-1] = self._plan[-1]._replace(done=done)
        return done

    async def hear(self, packets: int) -> None:
        """Wait until so many packets have come in since the beginning."""
        await self.until(lambda: len(self.received) >= packets)

    @property
    def digits(self) -> str:
        """The keys that the peer has pressed so far."""
        decoder = DigitDecoder()
        return "".join(
            key.digit
            for packet in self.received
            if packet.payload_type == self.telephone_event
            for key in decoder.feed(
                EventPacket(packet.ssrc, packet.sequence, packet.timestamp),
                packet.payload,
                packet.arrived,
            )
        )

    def blocks(self) -> list[Block]:
        """What was heard, packet by packet, timed in seconds of the day's clock."""
        return blocks(self.received, self.payload_types)

    def send_raw(self, data: bytes, address: tuple[str, int] | None = None) -> None:
        """Send any bytes from the RTP port, to the peer or elsewhere."""
        target = address or (self.sending.address if self.sending else None)
        if target is not None and self._transports:
            self._transports[0].sendto(data, target)

    def send_rtcp(self, data: bytes, address: tuple[str, int]) -> None:
        """Send any bytes from the RTCP port."""
        self._transports[1].sendto(data, address)

    def close(self) -> None:
        """Stop sending and give the ports back."""
        self._stop()
        self.sending = None
        for transport in self._transports:
            transport.close()
        self._transports = []

    def _stop(self) -> None:
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        for frame in self._plan:
            if frame.done is not None:
                frame.done.cancel()
        self._plan.clear()

    def _on_rtp(self, data: bytes) -> None:
        try:
            packet = Packet.parse(data)
        except RtpError:
            return
        self.received.append(
            Received(
                asyncio.get_running_loop().time(),
                time.time(),
                packet.sequence,
                packet.timestamp,
                packet.ssrc,
                packet.marker,
                packet.payload_type,
                packet.payload,
            )
        )
        self._news.set()
        if self.echo and self.sending is not None:
            self._send(packet.payload_type, packet.payload, marker=packet.marker)
            self._timestamp = (self._timestamp + FRAME_BYTES) & 0xFFFFFFFF

    def _on_rtcp(self, data: bytes) -> None:
        self.rtcp_received.append(data)
        self._news.set()

    def _on_tick(self) -> None:
        loop = asyncio.get_running_loop()
        while self._due <= loop.time():
            self._send_frame()
            self._due += FRAME_S
        self._tick = loop.call_at(self._due, self._on_tick)

    def _send_frame(self) -> None:
        if self.sending is None:
            return
        frame = self._plan.popleft() if self._plan else _SOUND
        if frame.event is None:
            self._send_sound(self.sending)
        elif self.sending.telephone_event is not None:
            if frame.first:
                self._key_timestamp = self._timestamp
            payload_type, payload = self.sending.telephone_event, frame.event.encode()
            self._send(payload_type, payload, marker=frame.first, timestamp=self._key_timestamp)
        if frame.done is not None and not frame.done.done():
            frame.done.set_result(None)
        self._timestamp = (self._timestamp + FRAME_BYTES) & 0xFFFFFFFF
        self._position += FRAME_BYTES

    def _send_sound(self, sending: Sending) -> None:
        if not sending.hears:
            self._marker = True
            return
        payload = silence(sending.codec, 20)
        if self._sound:
            start = self._position % len(self._sound)
            payload = self._sound[start : start + FRAME_BYTES]
        self._send(sending.payload_type, payload, marker=self._marker)
        self._marker = False

    def _send(
        self, payload_type: int, payload: bytes, *, marker: bool, timestamp: int | None = None
    ) -> None:
        stamp = self._timestamp if timestamp is None else timestamp
        packet = Packet(payload_type, self._sequence, stamp, self._ssrc, marker, payload)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self.send_raw(packet.encode())
        self.sent += 1


class _Frame(NamedTuple):
    """What one frame carries: sound, or one packet of a key."""

    event: TelephoneEvent | None = None
    first: bool = False
    done: asyncio.Future[None] | None = None


_SOUND = _Frame()


def _key_frames(digit: str) -> list[_Frame]:
    """A key: an event that grows for 160 ms, its end three times (RFC 4733 2.5.1.4), a gap."""
    number = DIGITS.index(digit)
    durations = [*range(1, DIGIT_FRAMES + 1), *[DIGIT_FRAMES] * _END_PACKETS]
    events = [
        TelephoneEvent(number, index >= DIGIT_FRAMES, _VOLUME, frames * FRAME_BYTES)
        for index, frames in enumerate(durations)
    ]
    return [_Frame(event, index == 0) for index, event in enumerate(events)] + [_SOUND] * GAP_FRAMES


class _Protocol(asyncio.DatagramProtocol):
    """Hands datagrams on; an ICMP refusal is no concern of a telephone."""

    def __init__(self, take: Callable[[bytes], object]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, _address: tuple[str, int]) -> None:
        self._take(data)
