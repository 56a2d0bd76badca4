"""When received audio was sent, as well as its arrival tells.

A single packet may come late because a machine was busy. All packets of a stream share one clock,
their RTP timestamps, and the least delayed one tells how that clock stands to the time of day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sidecar.demo.tones import RATE, Block, decode

LEAP_S = 0.3
"""A packet this far from where the timestamps put it begins a new stretch: the clock was set."""


class Received(NamedTuple):
    """A packet that came in: `arrived` is the loop's clock, `wall` the time of day, in seconds."""

    arrived: float
    wall: float
    sequence: int
    timestamp: int
    ssrc: int
    marker: bool
    payload_type: int
    payload: bytes


def blocks(packets: Iterable[Received], payload_types: dict[int, str]) -> list[Block]:
    """The audio among `packets`, decoded, one block a packet, timed in seconds of the day's clock.

    `payload_types` says which are PCMU and which PCMA; others are left out.
    """
    return [
        Block(start, decode(payload_types[packet.payload_type], packet.payload))
        for stretch in _stretches(packets)
        for start, packet in _timed(stretch)
        if packet.payload_type in payload_types
    ]


def _since(first: Received, packet: Received) -> float:
    """Seconds from one packet to another by their timestamps, which wrap at 32 bits."""
    units = (packet.timestamp - first.timestamp + 0x80000000) % 0x100000000 - 0x80000000
    return units / RATE


def _stretches(packets: Iterable[Received]) -> Iterator[list[Received]]:
    """The packets cut where another source speaks or the timestamps leap."""
    stretch: list[Received] = []
    for packet in packets:
        if stretch:
            first = stretch[0]
            expected = first.wall + _since(first, packet)
            if packet.ssrc != first.ssrc or abs(packet.wall - expected) > LEAP_S:
                yield stretch
                stretch = []
        stretch.append(packet)
    if stretch:
        yield stretch


def _timed(stretch: list[Received]) -> Iterator[tuple[float, Received]]:
    first = stretch[0]
    zero = min(packet.wall - _since(first, packet) for packet in stretch)
    for packet in stretch:
        yield zero + _since(first, packet), packet
