from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.sip.errors import ParseError
from sidecar.sip.sdp import Codec, SdpError, SessionDescription
from sidecar.sip.sdp.description import MAX_LINES, MAX_MEDIA, MAX_SIZE
from sidecar.sip.sdp.fields import MAX_ATTRIBUTES

HEAD = b"v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
AUDIO = b"m=audio 4000 RTP/AVP 0 8\r\n"

# RFC 4566 section 5, with a line of a type nobody knows and one attribute in Latin-1.
RICH = (
    b"v=0\r\n"
    b"o=jdoe 2890844526 2890842807 IN IP4 10.47.16.5\r\n"
    b"s=SDP Seminar\r\n"
    b"i=A Seminar on the session description protocol\r\n"
    b"u=http://www.example.com/seminars/sdp.pdf\r\n"
    b"e=j.doe@example.com (Jane Doe)\r\n"
    b"c=IN IP4 224.2.17.12/127\r\n"
    b"b=AS:64\r\n"
    b"t=2873397496 2873404696\r\n"
    b"a=recvonly\r\n"
    b"a=recordpref:off\r\n"
    b"y=0100000001\r\n"
    b"m=audio 49170 RTP/AVP 0\r\n"
    b"a=label:gr\xfc\xdfe\r\n"
    b"m=video 51372/2 RTP/AVP 99\r\n"
    b"a=rtpmap:99 h263-1998/90000\r\n"
)

WRITTEN = (
    b"v=0\r\n"
    b"o=jdoe 2890844526 2890842807 IN IP4 10.47.16.5\r\n"
    b"s=-\r\n"
    b"c=IN IP4 224.2.17.12/127\r\n"
    b"t=0 0\r\n"
    b"m=audio 49170 RTP/AVP 0\r\n"
    b"a=rtpmap:0 PCMU/8000\r\n"
    b"a=recvonly\r\n"
    b"a=recordpref:off\r\n"
    b"m=video 51372 RTP/AVP 99\r\n"
    b"a=rtpmap:99 H263-1998/90000\r\n"
    b"a=recvonly\r\n"
    b"a=recordpref:off\r\n"
)


def described(*lines: str) -> SessionDescription:
    """One audio line with `lines` below it."""
    return SessionDescription.parse(HEAD + AUDIO + "".join(f"{x}\r\n" for x in lines).encode())


def test_a_description_is_written_anew_from_what_was_understood() -> None:
    assert SessionDescription.parse(RICH).encode() == WRITTEN
    assert SessionDescription.parse(WRITTEN).encode() == WRITTEN


def test_bare_line_feeds_are_read_and_written_as_crlf() -> None:
    bare = RICH.replace(b"\r\n", b"\n")

    assert SessionDescription.parse(bare).encode() == WRITTEN


def test_a_missing_last_line_end_and_blank_lines_at_the_end_are_forgiven() -> None:
    assert SessionDescription.parse(RICH[:-2]).encode() == WRITTEN
    assert SessionDescription.parse(RICH + b"\r\n\r\n").encode() == WRITTEN


def test_the_parts_of_a_description_can_be_looked_at() -> None:
    sdp = SessionDescription.parse(RICH)

    assert sdp.origin == ("jdoe", 2890844526, 2890842807, "IN", "IP4", "10.47.16.5")
    assert sdp.connection == ("IP4", "224.2.17.12/127")
    audio, video = sdp.media
    assert (audio.kind, audio.port, audio.protocol, audio.formats) == (
        "audio",
        49170,
        "RTP/AVP",
        ("0",),
    )
    assert (video.port, video.formats) == (51372, ("99",))
    assert [media.recording for media in sdp.media] == [(("recordpref", "off"),)] * 2
    assert [media.direction for media in sdp.media] == ["recvonly", "recvonly"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "Malformed line"),
        (b"hello", "Malformed line"),
        (b"v=1\r\n" + HEAD[5:] + AUDIO, "begin with v=0"),
        (AUDIO + HEAD, "begin with v=0"),
        (HEAD.replace(b"o=- 1 2 IN IP4 192.0.2.1\r\n", b"") + AUDIO, "needs an origin"),
        (HEAD.replace(b"o=- 1 2", b"o=- 1"), "six fields"),
        (HEAD.replace(b"o=- 1 2", b"o=- 1 two"), "version isn't a number"),
        (HEAD.replace(b"o=- 1 2", "o=- \u0661 2".encode()), "session id isn't a number"),
        (HEAD.replace(b"o=- 1 2", b"o=- 1 " + b"9" * 5000), "version isn't a number"),
        (HEAD.replace(b"c=IN IP4 192.0.2.1\r\n", b"") + AUDIO, "without a connection"),
        (HEAD.replace(b"c=IN IP4 192.0.2.1", b"c=IN IP4") + AUDIO, "three fields"),
        (HEAD.replace(b"c=IN IP4", b"c=ATM NSAP") + AUDIO, "Incompatible network"),
        (HEAD.replace(b"IP4 192.0.2.1\r\nt", b"IP4 %b\r\nt" % (b"a" * 256)) + AUDIO, "no host"),
        (HEAD + b"m=audio RTP/AVP 0\r\n", "needs a kind"),
        (HEAD + b"m=audio x RTP/AVP 0\r\n", "bad port"),
        (HEAD + b"m=audio 70000 RTP/AVP 0\r\n", "bad port"),
        (HEAD + b"m=audio -1 RTP/AVP 0\r\n", "bad port"),
        (HEAD + b"m=au(dio 4000 RTP/AVP 0\r\n", "bad kind or protocol"),
        (HEAD + b"m=x-odd 4000 RTP/AVP 0\r\n", "bad kind or protocol"),
        (HEAD + b"m=audio 4000 RTP/A-VP 0\r\n", "bad kind or protocol"),
        (HEAD + b"m=audio 4000 RTP//AVP 0\r\n", "bad kind or protocol"),
        (HEAD + b"m=audio 4000/0 RTP/AVP 0\r\n", "bad port count"),
        (HEAD + b"m=audio 4000 RTP/AVP 128\r\n", "bad payload type"),
        (HEAD + b"m=audio 4000 RTP/AVP PCMU\r\n", "bad payload type"),
        (HEAD + b"m=audio 4000 RTP/AVP" + b" 0" * 129 + b"\r\n", "Too many formats"),
        (HEAD + AUDIO + b"sendrecv\r\n", "Malformed line"),
        (HEAD + b"\r\n" + AUDIO, "Malformed line"),
        (HEAD + AUDIO + b"a=x\ra=y\r\n", "control character"),
        (HEAD + AUDIO + b"a=x\0\r\n", "control character"),
        (HEAD + AUDIO * (MAX_MEDIA + 1), "Too many media"),
        (HEAD + AUDIO + b"a=x\r\n" * (MAX_ATTRIBUTES + 1), "Too many attributes"),
        (HEAD + AUDIO + b"b=x\r\n" * MAX_LINES, "Too many lines"),
        (HEAD + AUDIO + b"a=" + b"x" * MAX_SIZE, "too large"),
    ],
)
def test_nonsense_is_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(SdpError, match=reason) as refused:
        SessionDescription.parse(data)

    assert isinstance(refused.value, ParseError)
    assert refused.value.status in (400, 413, 488)


def test_only_a_refused_media_line_goes_without_a_connection() -> None:
    data = HEAD.replace(b"c=IN IP4 192.0.2.1\r\n", b"") + b"m=audio 0 RTP/AVP 0\r\n"

    assert not SessionDescription.parse(data).media[0].live


@given(st.binary(max_size=400))
def test_any_bytes_are_either_read_or_refused(data: bytes) -> None:
    for body in (data, HEAD + data, HEAD + AUDIO + b"a=" + data, HEAD + b"m=" + data):
        try:
            sdp = SessionDescription.parse(body)
        except SdpError:
            continue
        written = sdp.encode()
        assert SessionDescription.parse(written).encode() == written
        for media in sdp.media:
            assert media.direction
            assert media.ptime is None or media.ptime > 0
            assert media.rtcp is None or 0 < media.rtcp < 65536
            assert len(media.codecs) <= len(media.formats)


def test_static_payload_types_need_no_rtpmap() -> None:
    sdp = SessionDescription.parse(HEAD + b"m=audio 4000 RTP/AVP 0 3 8 9 18 34 96\r\n")

    assert [(codec.name, codec.rate) for codec in sdp.media[0].codecs] == [
        ("PCMU", 8000),
        ("GSM", 8000),
        ("PCMA", 8000),
        ("G722", 8000),
        ("G729", 8000),
        ("H263", 90000),
    ]


def test_rtpmap_and_fmtp_describe_dynamic_payload_types() -> None:
    sdp = SessionDescription.parse(
        HEAD + b"m=audio 4000 RTP/AVP 111 101 0\r\n"
        b"a=fmtp:111 minptime=10;useinbandfec=1\r\n"
        b"a=rtpmap:111 opus/48000/2\r\n"
        b"a=rtpmap:101 telephone-event/8000\r\n"
        b"a=fmtp:101 0-15\r\n"
    )

    assert sdp.media[0].codecs == (
        Codec(111, "OPUS", 48000, 2, "minptime=10;useinbandfec=1"),
        Codec(101, "TELEPHONE-EVENT", 8000, 1, "0-15"),
        Codec(0, "PCMU", 8000),
    )


@pytest.mark.parametrize(
    "rtpmap",
    [
        "96",
        "96 ",
        "96 opus",
        "96 opus/",
        "96 opus/0",
        "96 opus/x",
        "96 opus/-8000",
        "96 opus/48000/x",
        "96 opus/99999999999999999999",
        "96 /8000",
    ],
)
def test_a_dynamic_payload_type_with_an_unreadable_rtpmap_is_no_codec(rtpmap: str) -> None:
    sdp = SessionDescription.parse(
        HEAD + f"m=audio 4000 RTP/AVP 96\r\na=rtpmap:{rtpmap}\r\n".encode()
    )

    assert sdp.media[0].codecs == ()


def test_fax_over_udptl_is_no_rtp_and_has_neither_codecs_nor_rtcp() -> None:
    sdp = SessionDescription.parse(
        HEAD + b"m=image 5000 udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\n"
    )
    fax = sdp.media[0]

    assert (fax.rtp, fax.carried, fax.secure, fax.codecs, fax.rtcp) == (
        False,
        True,
        False,
        (),
        None,
    )
    assert fax.attribute("T38MaxBitRate") == "14400"


@pytest.mark.parametrize(
    ("line", "rtp", "secure", "carried"),
    [
        ("audio 4000 RTP/AVP 0", True, False, True),
        ("AUDIO 4000 rtp/avp 0", True, False, True),
        ("audio 4000 RTP/AVPF 0", True, False, True),
        ("audio 0 RTP/AVP 0", True, False, False),
        ("audio 4000 RTP/AVP 101", True, False, False),
        ("audio 4000 RTP/SAVP 0", True, True, False),
        ("audio 4000 RTP/SAVPF 0", True, True, False),
        ("audio 4000 UDP/TLS/RTP/SAVPF 0", True, True, False),
        ("audio 4000 TCP/RTP/AVP 0", True, False, False),
        ("video 4000 RTP/AVP 34", True, False, True),
        ("text 4000 RTP/AVP 0", True, False, False),
        ("message 4000 TCP/MSRP *", False, False, False),
        ("application 4000 UDP/BFCP *", False, False, False),
        ("application 4000 UDP/DTLS/SCTP webrtc-datachannel", False, True, False),
        ("image 4000 udptl t38", False, False, True),
        ("image 4000 UDPTL T38", False, False, True),
        ("image 4000 udptl jpeg", False, False, False),
        ("image 4000 TCP t38", False, False, False),
        ("audio 4000 udptl t38", False, False, False),
        ("image 4000 RTP/AVP 0", True, False, False),
        ("nonsense 4000 RTP/AVP 0", True, False, False),
    ],
)
def test_a_media_line_says_what_the_relay_has_to_do_with_it(
    line: str, rtp: bool, secure: bool, carried: bool
) -> None:
    media = SessionDescription.parse(HEAD + f"m={line}\r\n".encode()).media[0]

    assert (media.rtp, media.secure, media.carried) == (rtp, secure, carried)


@pytest.mark.parametrize(
    ("session", "own", "direction"),
    [
        ((), (), "sendrecv"),
        ((), ("a=sendonly",), "sendonly"),
        (("a=inactive",), (), "inactive"),
        (("a=inactive",), ("a=sendrecv",), "sendrecv"),
        ((), ("c=IN IP4 0.0.0.0",), "sendonly"),
        ((), ("c=IN IP4 0.0.0.0", "a=recvonly"), "inactive"),
        ((), ("c=IN IP4 0.0.0.0", "a=sendonly"), "sendonly"),
        ((), ("c=IN IP6 ::", "a=sendrecv"), "sendonly"),
        ((), ("c=IN IP6 host.invalid",), "sendonly"),
        ((), ("a=sendonly:maybe",), "sendonly"),
        ((), ("a= Inactive",), "inactive"),
        ((), ("a=recvonly", "a=sendonly"), "recvonly"),
    ],
)
def test_the_direction_comes_from_the_line_the_session_or_an_unreachable_address(
    session: tuple[str, ...], own: tuple[str, ...], direction: str
) -> None:
    head = HEAD + "".join(f"{line}\r\n" for line in session).encode()
    below = "".join(f"{line}\r\n" for line in own).encode()

    assert SessionDescription.parse(head + AUDIO + below).media[0].direction == direction


@pytest.mark.parametrize(
    ("lines", "port", "mux"),
    [
        ((), 4001, False),
        (("a=rtcp:5555",), 5555, False),
        (("a=rtcp:5555 IN IP4 192.0.2.9",), 5555, False),
        (("a=rtcp-mux",), 4001, True),
        (("a=rtcp:0",), 4001, False),
        (("a=rtcp:99999",), 4001, False),
        (("a=rtcp:123456789012345678",), 4001, False),
        (("a=rtcp:none",), 4001, False),
    ],
)
def test_the_rtcp_port_is_one_above_unless_said_otherwise(
    lines: tuple[str, ...], port: int, mux: bool
) -> None:
    media = described(*lines).media[0]

    assert (media.rtcp, media.rtcp_mux) == (port, mux)


def test_above_the_highest_port_there_is_no_rtcp() -> None:
    sdp = SessionDescription.parse(HEAD + b"m=audio 65535 RTP/AVP 0\r\n")

    assert sdp.media[0].rtcp is None


@pytest.mark.parametrize(
    ("line", "ptime"),
    [("a=ptime:30", 30), ("a=ptime: 20 ", 20), ("a=ptime:0", None), ("a=ptime:x", None)],
)
def test_the_packet_time_is_read_where_it_makes_sense(line: str, ptime: int | None) -> None:
    assert described(line).media[0].ptime == ptime
