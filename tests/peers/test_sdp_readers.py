"""Descriptions that leave are read by others as exactly what we read: two readers need no PBX."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings

from sidecar.sip.sdp import Origin, SdpError, SessionDescription, anchor, make_offer
from tests.sip.descriptions import hostile

from .sdp_readers import SdpTransform, by_aiosipua, ours

PEERS = ("sdp-transform",)

ADDRESS = "203.0.113.7"
PORTS = range(30000, 30040, 2)
OURS = Origin("-", 7, 1, "IN", "IP4", ADDRESS)
HEAD = b"v=0 \r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
TRYING = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)

CORPUS = [
    b"m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n",
    b"m=audio 4000 RTP/AVP 111 9 13\r\na=rtpmap:111 opus/48000/2\r\na=sendonly\r\n",
    b"a=inactive\r\nm=audio 4000 RTP/AVP 18\r\nm=video 4002 RTP/AVPF 34\r\na=recvonly\r\n",
    b"m=audio 4000 RTP/AVP 8\r\na= candidate:1 1 UDP 2130706431 192.0.2.9 4000 typ host\r\n",
    b"m=audio 4000 RTP/AVP 8\r\na=rtcp 7000 IN IP4 192.0.2.9\r\na=candidate Habc 1 UDP\r\n",
    b"m=audio 0 RTP/AVP 0\r\nm=image 4000 udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:1\r\n",
    b"m=audio 4000 RTP/SAVP 8\r\na=crypto:1 x inline:y\r\nm=audio 4002 RTP/AVP 8\r\n",
    b"m=text 4000 RTP/AVP 98\r\na=rtpmap:98 t140/1000\r\nm=audio 4002 RTP/AVP 98 0\r\n",
    b"m=audio 4000 RTP/AVP 8\r\nc=IN IP4 192.0.2.8\r\nc=IN IP4 192.0.2.9\r\na=group:BUNDLE 0\r\n",
    b"c=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\na=sendrecv\r\n",
]


@pytest.fixture(scope="module")
def transform() -> Iterator[SdpTransform]:
    with SdpTransform() as running:
        yield running


def written(body: bytes, address: str = ADDRESS) -> bytes:
    """What leaves of a description that came."""
    sdp = SessionDescription.parse(body)
    return anchor(sdp, address=address, ports=PORTS, origin=OURS).encode()


@pytest.mark.parametrize("media", CORPUS)
@pytest.mark.parametrize("address", [ADDRESS, "2001:db8::7"])
def test_all_read_the_same(transform: SdpTransform, media: bytes, address: str) -> None:
    body = written(HEAD + media, address)

    assert by_aiosipua(body) == transform.read(body) == ours(body)
    assert {each.address for each in ours(body)} == {address}


def test_what_we_say_ourselves_is_read_the_same(transform: SdpTransform) -> None:
    body = make_offer(ADDRESS, 30000, OURS).encode()

    assert by_aiosipua(body) == transform.read(body) == ours(body)


@TRYING
@given(body=hostile)
def test_all_read_the_same_of_whatever_a_hostile_peer_writes(
    transform: SdpTransform, body: bytes
) -> None:
    try:
        leaves = written(body)
    except SdpError:
        assume(False)
        raise

    read = ours(leaves)

    assert by_aiosipua(leaves) == read
    assert transform.read(leaves) == read
    assert {each.address for each in read} == {ADDRESS}
    assert {each.port for each in read} <= {0, *PORTS}
