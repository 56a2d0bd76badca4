from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rtp.packet import Packet, RtpError, payload_span, sequence_ahead

packets = st.builds(
    Packet,
    payload_type=st.integers(0, 127),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    marker=st.booleans(),
    payload=st.binary(max_size=200),
)


@given(packets)
def test_a_packet_comes_back_as_it_was(packet: Packet) -> None:
    assert Packet.parse(packet.encode()) == packet


@given(st.binary(max_size=300))
def test_no_bytes_make_the_payload_lie_outside_of_the_packet(data: bytes) -> None:
    start, end = payload_span(data, len(data))
    assert (start, end) == (-1, -1) or 12 <= start <= end <= len(data)


def test_csrcs_extension_and_padding_are_not_payload() -> None:
    header = bytes([0x80 | 0x20 | 0x10 | 1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3])
    csrc, extension = b"\0\0\0\4", b"\xbe\xde\0\1abcd"
    data = header + csrc + extension + b"speech" + b"\0\0\3"
    assert Packet.parse(data).payload == b"speech"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80" * 11,
        b"\x40" + bytes(20),
        b"\x8f" + bytes(20),  # 15 CSRCs announced
        b"\x90" + bytes(11) + b"\0\0\xff\xff",  # extension of 65535 words
        b"\xa0" + bytes(12),  # padding of no length
        b"\xa0" + bytes(11) + b"\xff",  # padding longer than the packet
    ],
)
def test_what_is_no_packet_is_refused(data: bytes) -> None:
    with pytest.raises(RtpError):
        Packet.parse(data)


@pytest.mark.parametrize(
    ("newer", "older", "ahead"), [(1, 0, 1), (0, 0xFFFF, 1), (0xFFFF, 0, -1), (5, 105, -100)]
)
def test_sequence_numbers_are_compared_on_their_circle(newer: int, older: int, ahead: int) -> None:
    assert sequence_ahead(newer, older) == ahead
