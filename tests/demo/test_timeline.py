from __future__ import annotations

from sidecar.demo.timeline import Received, blocks
from sidecar.demo.tones import encode, tone, tone_spans

FRAME = 160
TONE = encode("PCMU", tone(1000))[:FRAME]
CODECS = {0: "PCMU"}


def stream(count: int, *, wall: float = 100.0, timestamp: int = 0, ssrc: int = 1) -> list[Received]:
    """Packets of a tone that arrive on time."""
    return [
        Received(
            wall + i / 50,
            wall + i / 50,
            i,
            (timestamp + i * FRAME) & 0xFFFFFFFF,
            ssrc,
            i == 0,
            0,
            TONE,
        )
        for i in range(count)
    ]


def late(packet: Received, seconds: float) -> Received:
    return packet._replace(wall=packet.wall + seconds, arrived=packet.arrived + seconds)


def starts(packets: list[Received]) -> list[float]:
    return [round(block.start, 3) for block in blocks(packets, CODECS)]


def test_packets_that_come_late_are_heard_when_they_were_sent() -> None:
    packets = stream(20)
    packets[0] = late(packets[0], 0.015)
    packets[8:14] = [late(packet, 0.12) for packet in packets[8:14]]

    assert starts(packets) == [round(100 + i / 50, 3) for i in range(20)]
    assert len(tone_spans(blocks(packets, CODECS), 1000)) == 1


def test_timestamps_that_wrap_go_on() -> None:
    assert starts(stream(4, timestamp=0xFFFFFFFF - FRAME)) == [100, 100.02, 100.04, 100.06]


def test_a_leap_of_the_timestamps_or_another_source_begins_anew() -> None:
    packets = [
        *stream(2),
        *stream(2, wall=101, timestamp=900_000),
        *stream(2, wall=102, timestamp=2000, ssrc=9),
    ]

    assert starts(packets) == [100, 100.02, 101, 101.02, 102, 102.02]


def test_silence_suppression_leaves_a_gap() -> None:
    assert starts([*stream(1), *stream(1, wall=105, timestamp=5 * 8000)]) == [100, 105]


def test_other_payload_types_are_left_out() -> None:
    packets = stream(3)
    packets[1] = packets[1]._replace(payload_type=101)

    assert starts(packets) == [100, 100.04]
    assert blocks([], CODECS) == []
