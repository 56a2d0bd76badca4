"""Whatever a peer writes: what leaves is canonical, names us alone, and is read as it is meant."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, Phase, assume, event, given, settings
from hypothesis import strategies as st

from sidecar.sip.sdp import Origin, SdpError, SessionDescription, anchor, fitted, narrow
from sidecar.sip.sdp.allowed import TABLE
from sidecar.sip.sdp.fields import DIRECTIONS
from sidecar.sip.sdp.media import CARRIED
from tests.sip.descriptions import hostile

TRYING = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
OURS = Origin("-", 7, 1, "IN", "IP4", "203.0.113.7")
ADDRESS = "203.0.113.7"
PORTS = range(30000, 30040, 2)

ALLOWED = {
    kind: {each.name for each in TABLE if kind in each.kinds} | {"rtpmap", "fmtp", *DIRECTIONS}
    for kind in CARRIED
}
HEAD = ["v=0", f"o={OURS}", "s=-", f"c=IN IP4 {ADDRESS}", "t=0 0"]


def read(body: bytes) -> SessionDescription:
    """Read it, or let hypothesis try another one."""
    try:
        return SessionDescription.parse(body)
    except SdpError:
        event("refused")
        assume(False)
        raise


def written(sdp: SessionDescription) -> bytes:
    return anchor(sdp, address=ADDRESS, ports=PORTS, origin=OURS).encode()


@settings(TRYING, max_examples=150)
@given(hostile)
def test_what_leaves_holds_our_address_and_allowed_attributes_alone(body: bytes) -> None:
    lines = written(read(body)).decode("ascii").split("\r\n")

    assert lines.pop() == ""
    assert lines[:5] == HEAD
    kind, port = "", ""
    for line in lines[5:]:
        if line.startswith("m="):
            kind, port, protocol, *formats = line[2:].split(" ")
            assert formats
            assert port == "0" or protocol in CARRIED[kind]
            continue
        assert port != "0", "something is said of a refused stream"
        found = re.fullmatch(r"(?:b=(?:AS|TIAS):\d+|a=([A-Za-z0-9-]+)(?::[ -~]+)?)", line)
        assert found, line
        assert found[1] is None or found[1] in ALLOWED[kind]


@settings(TRYING, max_examples=150)
@given(hostile)
def test_what_leaves_is_read_as_what_was_meant_and_written_the_same_again(body: bytes) -> None:
    anchored = anchor(read(body), address=ADDRESS, ports=PORTS, origin=OURS)

    again = SessionDescription.parse(anchored.encode())

    assert again == anchored
    assert written(again) == anchored.encode()


@settings(TRYING, max_examples=100)
@given(hostile)
def test_what_leaves_differs_in_no_medium_codec_and_direction_from_what_was_read(
    body: bytes,
) -> None:
    sdp = read(body)

    anchored = anchor(sdp, address=ADDRESS, ports=PORTS, origin=OURS)

    assert len(anchored.media) == len(sdp.media)
    for before, after, port in zip(sdp.media, anchored.media, PORTS, strict=False):
        assert (after.kind, after.protocol) == (before.kind, before.protocol)
        assert after.port == (port if before.carried else 0)
        if after.live:
            event("carried")
            assert (after.codecs, after.direction) == (before.codecs, before.direction)


@settings(TRYING, max_examples=100)
@given(hostile, hostile)
def test_an_answer_says_no_more_than_the_offer_asked(offer: bytes, answer: bytes) -> None:
    asked = anchor(read(offer), address=ADDRESS, ports=PORTS, origin=OURS)

    told = fitted(read(answer), asked)

    for offered, answered in zip(asked.media, told.media, strict=False):
        assert offered.live or not answered.live
        assert answered.kind == offered.kind
        assert not answered.secure or not answered.live or answered.msrp
    assert SessionDescription.parse(written(told)).encode() == written(told)


@settings(TRYING, max_examples=100)
@given(hostile, st.frozensets(st.sampled_from(["PCMU", "PCMA", "G722"]), min_size=1))
def test_a_narrowed_offer_has_nothing_but_the_named_codecs(
    body: bytes, names: frozenset[str]
) -> None:
    narrowed = narrow(read(body), names)
    if narrowed is None:
        return

    again = SessionDescription.parse(written(narrowed))

    audio = [media for media in again.media if media.kind == "audio" and media.live]
    assert audio
    for media in audio:
        assert {codec.name for codec in media.codecs if codec.voice} <= names
