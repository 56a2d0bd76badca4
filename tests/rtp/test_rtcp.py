from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rtp.rtcp import StreamMap, is_rtcp, translate

SPEAKS = StreamMap(source=11, sent=111, timestamp_offset=1000, added_packets=5, added_octets=800)
HEARS = StreamMap(source=22, sent=222, sequence_offset=0xFFF0)


def block(ssrc: int, highest: int) -> bytes:
    return struct.pack("!IIIIII", ssrc, 0x01000002, highest, 3, 4, 5)


def packet(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def sender_report(ssrc: int, *blocks: bytes) -> bytes:
    sender = struct.pack("!IIIIII", ssrc, 1, 2, 0xFFFFFF00, 77, 88)
    return packet(200, len(blocks), sender + b"".join(blocks))


def test_a_sender_report_speaks_of_the_stream_that_was_sent() -> None:
    translated = translate(sender_report(11), SPEAKS, None)
    assert translated is not None
    assert struct.unpack_from("!IIIIII", translated, 4) == (111, 1, 2, 744, 82, 888)


def test_report_blocks_are_put_back_into_the_numbers_of_the_source() -> None:
    report = packet(201, 1, struct.pack("!I", 11) + block(222, 0x0001_0005))
    translated = translate(report, SPEAKS, HEARS)
    assert translated == packet(201, 1, struct.pack("!I", 111) + block(22, 0x0000_0015))


def test_blocks_on_what_nobody_behind_us_has_sent_are_left_out() -> None:
    report = sender_report(11, block(999, 1), block(222, 0xFFF1))
    translated = translate(report, SPEAKS, HEARS)
    assert translated is not None
    assert translated[0] & 0x1F == 1
    assert len(translated) == 28 + 24
    assert struct.unpack_from("!H", translated, 2) == (12,)
    generated = StreamMap(source=None, sent=222)
    alone = translate(packet(201, 1, struct.pack("!I", 11) + block(222, 1)), SPEAKS, generated)
    assert alone == packet(201, 0, struct.pack("!I", 111))


def test_names_and_goodbyes_are_those_of_the_stream_that_was_sent() -> None:
    name = b"\x01\x04anna\x00\x00"
    compound = (
        packet(201, 0, struct.pack("!I", 11))
        + packet(202, 2, struct.pack("!I", 11) + name + struct.pack("!I", 5) + name)
        + packet(203, 1, struct.pack("!I", 11) + b"\x03bye")
    )
    assert translate(compound, SPEAKS, None) == compound.replace(
        struct.pack("!I", 11), struct.pack("!I", 111)
    )


def test_a_request_for_a_picture_passes_and_lists_of_lost_numbers_do_not() -> None:
    picture = packet(206, 1, struct.pack("!II", 11, 222))
    lost = packet(205, 1, struct.pack("!III", 11, 222, 0x00010000))
    assert translate(picture + lost, SPEAKS, HEARS) == packet(206, 1, struct.pack("!II", 111, 22))


def test_extended_reports_are_left_out() -> None:
    report = packet(201, 0, struct.pack("!I", 11))
    extended = packet(207, 0, struct.pack("!I", 11))
    assert translate(report + extended, None, None) == report
    assert translate(extended, None, None) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80",
        b"\x80\xc9\x00\x01",  # cut off
        b"\x40\xc9\x00\x00",  # version 1
        packet(200, 0, bytes(20)),  # too short for a sender report
        packet(201, 2, bytes(4 + 24)),  # two blocks announced, one there
        packet(201, 0, b""),
        packet(202, 1, b""),
        packet(202, 1, bytes(4) + b"\x01\xffab"),  # an item longer than the packet
        packet(203, 3, bytes(4)),
        packet(204, 0, bytes(4)),
        packet(206, 1, bytes(4)),
    ],
)
def test_what_is_malformed_is_not_passed(data: bytes) -> None:
    assert translate(data, SPEAKS, HEARS) is None


@given(
    st.lists(
        st.tuples(st.integers(198, 210), st.integers(0, 31), st.binary(max_size=80)), max_size=4
    ),
    st.sampled_from([None, SPEAKS, StreamMap(source=None, sent=0)]),
    st.sampled_from([None, HEARS, StreamMap(source=None, sent=0)]),
)
def test_no_bytes_upset_the_translation(
    parts: list[tuple[int, int, bytes]], speaks: StreamMap | None, hears: StreamMap | None
) -> None:
    data = b"".join(packet(kind, count, body[: len(body) // 4 * 4]) for kind, count, body in parts)
    translated = translate(data, speaks, hears)
    if translated is not None:
        assert len(translated) <= len(data)
        assert translate(translated, None, None) == translated


@given(st.binary(max_size=120))
def test_no_garbage_upsets_the_translation(data: bytes) -> None:
    translate(data, SPEAKS, HEARS)


def test_rtcp_is_told_from_rtp_by_its_second_byte() -> None:
    assert is_rtcp(200)
    assert not is_rtcp(0x80 | 0)
    assert not is_rtcp(101 | 0x80)
