"""The wire itself: RTP seen on the loopback interface, with the kernel's arrival times.

A phone's own recording comes late by its jitter buffer; what left the sidecar and when is
only to be seen here. Needs root (AF_PACKET), as the Asterisk chroot does.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from .audio import RATE, Samples, Span, decode

_ETH_P_IP = 0x0800
_SO_ATTACH_FILTER = 26
_SO_TIMESTAMPNS = 35
_PACKET_OUTGOING = 4
_TIMESPEC = struct.Struct("@ll")
_WAKE_SECONDS = 0.2


class Packet(NamedTuple):
    """One RTP packet on the wire."""

    arrived: float  # wall clock, seconds
    source: int  # UDP ports
    destination: int
    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


@dataclass(frozen=True)
class Heard:
    """The sound of one stream in the order of arrival."""

    samples: Samples
    _starts: list[int] = field(repr=False)
    _times: list[float] = field(repr=False)

    def wall(self, seconds: float) -> float:
        """The wall clock time at which the sample at this offset was on the wire."""
        index = seconds * RATE
        packet = max(int(np.searchsorted(self._starts, index, side="right")) - 1, 0)
        return self._times[packet] + (index - self._starts[packet]) / RATE

    def wall_span(self, span: Span) -> Span:
        """Both ends of a span on the wall clock; the end is the end of its last sample."""
        last = span.end - 1 / RATE
        return Span(self.wall(span.start), self.wall(last) + 1 / RATE)


def _filter(low: int, high: int) -> tuple[bytes, int]:
    """Classic BPF: IPv4 UDP with either port in [low, high]; offsets count from the IP header."""
    rows = [
        (0x30, 0, 0, 9),  # protocol
        (0x15, 0, 8, 17),  # UDP, else drop
        (0xB1, 0, 0, 0),  # x = length of the IP header
        (0x48, 0, 0, 0),  # source port
        (0x35, 0, 1, low),
        (0x25, 0, 3, high),
        (0x48, 0, 0, 2),  # destination port
        (0x35, 0, 2, low),
        (0x25, 1, 0, high),
        (0x06, 0, 0, 65535),
        (0x06, 0, 0, 0),
    ]
    return b"".join(struct.pack("=HBBI", *row) for row in rows), len(rows)


class Capture:
    """Collects every RTP packet to or from a range of UDP ports while the block runs."""

    def __init__(self, low: int, high: int) -> None:
        self.packets: list[Packet] = []
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_IP))
        code, length = _filter(low, high)
        buffer = ctypes.create_string_buffer(code)
        program = struct.pack("HL", length, ctypes.addressof(buffer))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self._socket.bind(("lo", _ETH_P_IP))
        self._socket.settimeout(_WAKE_SECONDS)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                data, extra, _, address = self._socket.recvmsg(65535, 64)
            except TimeoutError:
                continue
            if address[2] != _PACKET_OUTGOING:  # loopback shows each packet twice
                self._keep(data, extra)

    def _keep(self, data: bytes, extra: list[tuple[int, int, bytes]]) -> None:
        udp = (data[0] & 0x0F) * 4
        rtp = udp + 8
        if len(data) < rtp + 12 or data[rtp] >> 6 != 2 or 64 <= data[rtp + 1] & 0x7F < 96:
            return  # not RTP, or RTCP (RFC 5761, section 4)
        seconds, nanoseconds = _TIMESPEC.unpack(extra[0][2][: _TIMESPEC.size])
        source, destination = struct.unpack_from("!HH", data, udp)
        first, second, sequence, timestamp, ssrc = struct.unpack_from("!BBHII", data, rtp)
        payload = data[rtp + 12 + 4 * (first & 0x0F) :]
        self.packets.append(
            Packet(
                seconds + nanoseconds / 1e9,
                source,
                destination,
                second & 0x7F,
                bool(second & 0x80),
                sequence,
                timestamp,
                ssrc,
                payload,
            )
        )

    def towards(self, port: int) -> list[Packet]:
        """The packets sent to one UDP port."""
        return [packet for packet in self.packets if packet.destination == port]

    def heard_at(self, port: int) -> Heard:
        """The G.711 sound sent to one UDP port, packet after packet."""
        return hear(self.towards(port))


def hear(packets: list[Packet]) -> Heard:
    """The sound of these packets; telephone-events and unknown payload types are left out."""
    parts = [np.zeros(0, np.int16)]
    starts: list[int] = []
    times: list[float] = []
    length = 0
    for packet in packets:
        if packet.payload_type in (0, 8):
            sound = decode(packet.payload_type, packet.payload)
            starts.append(length)
            times.append(packet.arrived)
            parts.append(sound)
            length += len(sound)
    return Heard(np.concatenate(parts), starts, times)
