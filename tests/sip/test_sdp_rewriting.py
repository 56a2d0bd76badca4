"""What leaves of a description: our address and port, and what was understood."""

from __future__ import annotations

import pytest

from sidecar.sip.sdp import (
    Origin,
    SdpError,
    SessionDescription,
    address_of,
    anchor,
)

OURS = Origin("-", 7, 1, "IN", "IP4", "203.0.113.7")
HEAD = "v=0\no=alice 1 2 IN IP4 192.0.2.1\ns=Call\nc=IN IP4 192.0.2.1\nt=0 0\n"


def read(text: str) -> SessionDescription:
    return SessionDescription.parse(text.encode())


def anchored(text: str, *ports: int, address: str = "203.0.113.7") -> list[str]:
    sdp = anchor(read(text), address=address, ports=ports, origin=OURS)
    assert SessionDescription.parse(sdp.encode()) == sdp
    return sdp.encode().decode().split("\r\n")[:-1]


# -- anchoring -----------------------------------------------------------------------------------


def test_an_anchored_description_names_our_address_port_and_origin() -> None:
    assert anchored(HEAD + "m=audio 4000 RTP/AVP 0 8\na=ptime:20\na=sendrecv\n", 30000) == [
        "v=0",
        "o=- 7 1 IN IP4 203.0.113.7",
        "s=-",
        "c=IN IP4 203.0.113.7",
        "t=0 0",
        "m=audio 30000 RTP/AVP 0 8",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=ptime:20",
        "a=sendrecv",
    ]


def test_every_live_media_line_gets_its_own_port_and_all_the_same_address() -> None:
    lines = anchored(
        "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nt=0 0\n"
        "m=audio 4000 RTP/AVP 0\nc=IN IP4 192.0.2.1\n"
        "m=video 4002 RTP/AVP 34\nc=IN IP4 192.0.2.2\n"
        "m=image 4004 udptl t38\nc=IN IP4 192.0.2.3\n"
        "m=audio 0 RTP/AVP 8\n",
        30000,
        30002,
        30004,
        30006,
    )

    assert [line for line in lines if line[0] in "mc"] == [
        "c=IN IP4 203.0.113.7",
        "m=audio 30000 RTP/AVP 0",
        "m=video 30002 RTP/AVP 34",
        "m=image 30004 udptl t38",
        "m=audio 0 RTP/AVP 8",
    ]
    assert not any("192.0.2" in line for line in lines)


def test_a_call_from_an_ipv6_network_is_anchored_to_our_ipv6_address() -> None:
    text = (
        "v=0\no=- 1 1 IN IP6 2001:db8::1\ns=-\nc=IN IP6 2001:db8::1\nt=0 0\nm=audio 4 RTP/AVP 0\n"
    )

    assert "c=IN IP6 2001:db8::7" in anchored(text, 30000, address="2001:db8::7")
    assert address_of(read(text), 0) == ("2001:db8::1", 4, 5, False)


PCMU = "a=rtpmap:0 PCMU/8000"
PLAIN = ["m=audio 30000 RTP/AVP 0", PCMU, "a=sendrecv"]


def test_no_other_rtcp_address_and_no_rtcp_mux_crosses() -> None:
    lines = anchored(
        HEAD + "m=audio 4000 RTP/AVP 0\na=rtcp:4444 IN IP4 192.0.2.9\na=rtcp-mux\n", 30000
    )

    assert lines[5:] == PLAIN


CANDIDATE = "1 1 UDP 2130706431 192.0.2.1 4000 typ host"
FORTY_FOUR = [
    f"a=candidate:{CANDIDATE}",
    "a=candidate Habc 1 UDP 2130706431 192.0.2.1 4000 typ host",
    f"a=Candidate:{CANDIDATE}",
    f"a= candidate:{CANDIDATE}",
    f"a=candidate :{CANDIDATE}",
    f"a=CANDIDATE\t{CANDIDATE}",
    f"a=\tcandidate:{CANDIDATE}",
    "a=candidate",
    "a=remote-candidates:1 192.0.2.1 4000",
    "a=end-of-candidates",
    "a=ice-ufrag:x",
    "a=ICE-ufrag x",
    "a=ice-pwd:y",
    "a=ice-lite",
    "a=ice-options:trickle",
    "a=ice-mismatch",
    "a= rtcp:4444 IN IP4 192.0.2.9",
    "a=rtcp 4444 IN IP4 192.0.2.9",
    "a=RTCP:4444",
    "a=rtcp-mux",
    "a=rtcp-mux-only",
    "a=bundle-only",
    "a=group:BUNDLE 0",
    "a=Group:BUNDLE 0",
    "a=mid:0",
    "a=alt:1 1 : x y 192.0.2.1 4000",
    "a=altc:1 IP6 2001:db8::1 4000",
    "a=ccap:1 IP4 192.0.2.1 4000",
    "a=acap:1 crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x",
    "a=tcap:1 RTP/SAVP",
    "a=pcfg 1 t=1 a=1",
    "a=pcfg:1 t=1",
    "a=acfg:1 t=1",
    "a=actcfg:1",
    "a=csup:cap-v0",
    "a=creq:cap-v0",
    "a=path:msrp://192.0.2.1:2855/a;tcp",
    "a=record:on",
    "a=record on",
    "a=Record:off",
    "a=recordpref:on",
    "a= recordpref:off",
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x",
    "a=crypto 1 AES_CM_128_HMAC_SHA1_80 inline:x",
    "a=fingerprint:sha-1 AA",
    "a=setup:actpass",
    "a=connection:new",
    "a=tls-id:abc",
    "a=key-mgmt:mikey AQAFgM0X",
    "a=zrtp-hash:1.10 fe30efd0",
    "a=source-filter: incl IN IP4 * 192.0.2.1",
    "a=ssrc:1234 cname:somebody",
    "a=ssrc-group:FID 1234 5678",
    "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=T38FaxVersion:0",
    "a=label:1",
    "a=x-nobody-knows:1",
    "a=",
    "a=:x",
    "a=(x",
    "o=- 9 9 IN IP4 192.0.2.9",
    "u=http://192.0.2.9/",
    "k=clear:secret",
    "e=a@192.0.2.9",
    "p=+1 617 555-6011",
    "i=192.0.2.9",
    "z=2882844526 -1h",
    "r=7d 1h 0 25h",
    "y=0100000001",
    "C=IN IP4 192.0.2.9",
    "M=audio 4000 RTP/AVP 0",
    "b=RS:0",
    "b=X-key:secret",
]


@pytest.mark.parametrize("line", FORTY_FOUR)
@pytest.mark.parametrize("level", ["session", "media"])
def test_what_was_not_understood_does_not_cross(line: str, level: str) -> None:
    above, below = (f"{line}\n", "") if level == "session" else ("", f"{line}\n")

    lines = anchored(f"{HEAD}{above}m=audio 4000 RTP/AVP 0\n{below}", 30000)

    assert lines == [
        "v=0",
        "o=- 7 1 IN IP4 203.0.113.7",
        "s=-",
        "c=IN IP4 203.0.113.7",
        "t=0 0",
        *PLAIN,
    ]


def test_a_second_connection_and_a_second_time_do_not_cross() -> None:
    text = HEAD + "t=1 2\nm=audio 4000 RTP/AVP 0\nc=IN IP4 192.0.2.1\nc=IN IP4 192.0.2.2\n"

    assert anchored(text, 30000)[3:] == ["c=IN IP4 203.0.113.7", "t=0 0", *PLAIN]


def test_what_the_session_says_of_its_media_is_said_by_each_of_them() -> None:
    text = HEAD + "a=recvonly\na=rtcp:7000\nm=audio 4000 RTP/AVP 0\nm=video 4002 RTP/AVP 34\n"

    assert anchored(text, 30000, 30002)[5:] == [
        "m=audio 30000 RTP/AVP 0",
        PCMU,
        "a=recvonly",
        "m=video 30002 RTP/AVP 34",
        "a=rtpmap:34 H263/90000",
        "a=recvonly",
    ]
    assert address_of(read(text), 0)[2] == 7000


@pytest.mark.parametrize(
    ("written", "then"),
    [
        ("a=PTIME: 030", "a=ptime:30"),
        ("a=maxptime 40", "a=maxptime:40"),
        ("a=silenceSupp:off - - - -", "a=silenceSupp:off - - - -"),
        ("a=silencesupp:off  -  - - -", "a=silenceSupp:off - - - -"),
        ("a=gpmd:0 vbd=yes", "a=gpmd:0 vbd=yes"),
        ("a=rtcp-fb:* nack pli", "a=rtcp-fb:* nack pli"),
        ("b=AS:64", "b=AS:64"),
        ("b=TIAS:64000", "b=TIAS:64000"),
    ],
)
def test_what_is_understood_crosses_in_one_spelling(written: str, then: str) -> None:
    assert then in anchored(HEAD + f"m=audio 4000 RTP/AVP 0\n{written}\n", 30000)[6:]


@pytest.mark.parametrize(
    "line",
    [
        "a=ptime:0",
        "a=ptime:20ms",
        "a=ptime:99999",
        "a=silenceSupp:perhaps - - - -",
        "a=gpmd:0 candidate",
        "a=rtcp-fb:0",
        "a=rtcp-fb:8 nack",
        "a=fmtp:0 na\u00efve",
        "a=fmtp:0 \x07",
        "a=fmtp:0 " + "x" * 1025,
        "a=fmtp:8 x",
        "a=rtpmap:0",
        "b=AS:much",
        "b=CT:64",
    ],
)
def test_a_value_that_fits_no_grammar_does_not_cross(line: str) -> None:
    assert anchored(HEAD + f"m=audio 4000 RTP/AVP 0\n{line}\n", 30000)[5:] == PLAIN


def test_fax_crosses_with_what_it_has_to_say_and_nothing_else() -> None:
    said = [
        "a=T38FaxVersion:0",
        "a=T38MaxBitRate:14400",
        "a=T38FaxRateManagement:transferredTCF",
        "a=T38FaxMaxBuffer:262",
        "a=T38FaxMaxDatagram:90",
        "a=T38FaxUdpEC:t38UDPRedundancy",
        "a=T38FaxUdpECDepth:1 2",
    ]
    odd = ["a=t38faxversion:3", "a=T38FaxFillBitRemoval:0", "a=T38FaxUdpEC:none", "a=ptime:20"]
    text = HEAD + "m=image 4000 UDPTL T38 x\n" + "\n".join(said[::-1] + odd) + "\n"

    assert anchored(text, 30000)[5:] == ["m=image 30000 udptl t38", *said]


def test_a_flag_of_fax_crosses_bare() -> None:
    text = HEAD + "m=image 4000 udptl t38\na=T38FaxTranscodingMMR:1\na=t38faxfillbitremoval\n"

    flags = ["a=T38FaxFillBitRemoval", "a=T38FaxTranscodingMMR"]
    assert anchored(text, 30000)[6:] == flags


def test_video_crosses_with_what_it_has_to_say() -> None:
    said = [
        "b=AS:512",
        "a=rtpmap:96 H264/90000",
        "a=fmtp:96 profile-level-id=42e01f;packetization-mode=1",
        "a=rtpmap:97 rtx/90000",
        "a=fmtp:97 apt=96",
        "a=framerate:29.97",
        "a=content:slides",
        "a=imageattr:96 recv [x=640,y=360]",
        "a=rtcp-fb:96 nack pli",
        "a=rtcp-fb:96 ccm fir",
        "a=sendrecv",
    ]
    text = HEAD + "m=video 4000 RTP/AVPF 96 97 98\n" + "\n".join(said) + "\na=rtcp-fb:98 nack\n"

    assert anchored(text, 30000)[5:] == ["m=video 30000 RTP/AVPF 96 97", *said]


@pytest.mark.parametrize(
    ("formats", "maps", "then"),
    [
        ("0 96", [], ["0"]),
        ("0 96", ["96 t140c/8000"], ["0"]),
        ("0 96", ["96 x-unknown/8000"], ["0"]),
        ("0 8", ["8 opus/48000/2"], ["0"]),
        ("9", ["9 g722/16000"], ["9"]),
        ("0 96 97", ["96 t140c/8000", "97 red/8000"], ["0", "97"]),
        ("0 0 00", [], ["0"]),
    ],
)
def test_codecs_that_mean_nothing_to_us_do_not_cross(
    formats: str, maps: list[str], then: list[str]
) -> None:
    below = "".join(f"a=rtpmap:{each}\n" for each in maps) + "a=fmtp:98 96/96\n"

    lines = anchored(HEAD + f"m=audio 4000 RTP/AVP {formats}\n{below}", 30000)

    assert lines[5] == f"m=audio 30000 RTP/AVP {' '.join(then)}"


def test_redundancy_for_a_codec_that_stays_here_does_not_cross() -> None:
    below = "a=rtpmap:96 t140c/8000\na=rtpmap:97 red/8000\na=fmtp:97 96/0\n"

    lines = anchored(HEAD + f"m=audio 4000 RTP/AVP 0 97 96\n{below}", 30000)

    assert lines[5:] == PLAIN


@pytest.mark.parametrize(
    ("formats", "first", "second", "then"),
    [
        ("8 101", 16000, 8000, 8000),
        ("8 101", 8000, 16000, 8000),
        ("111 101", 8000, 48000, 48000),
        ("8 101", 16000, 32000, 16000),
    ],
)
def test_of_two_meanings_of_a_payload_type_the_one_with_a_codecs_clock_counts(
    formats: str, first: int, second: int, then: int
) -> None:
    text = (
        f"m=audio 4000 RTP/AVP {formats}\na=rtpmap:111 opus/48000/2\n"
        f"a=rtpmap:101 telephone-event/{first}\na=rtpmap:101 telephone-event/{second}\n"
    )

    lines = anchored(HEAD + text, 30000)

    events = [line for line in lines if "telephone-event" in line]
    assert events == [f"a=rtpmap:101 telephone-event/{then}"]


@pytest.mark.parametrize(
    "keys",
    [
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\n",
        "a=fingerprint:sha-1 AA\na=setup:actpass\n",
    ],
)
def test_secure_media_is_refused_and_plain_media_goes_on_without_keys(keys: str) -> None:
    text = HEAD + "a=fingerprint:sha-1 BB\nm=audio 4000 {} 0\n" + keys

    assert anchored(text.format("RTP/AVP"), 30000)[5:] == PLAIN
    for secure in ("RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVP", "udp/tls/rtp/savpf"):
        refused = f"m=audio 0 {secure.upper()} 0"
        assert anchored(text.format(secure), 30000)[5:] == [refused]


@pytest.mark.parametrize(
    ("said", "then"), [("a=sendrecv\n", "a=sendonly"), ("a=recvonly\n", "a=inactive")]
)
def test_hold_by_an_unreachable_address_stays_hold(said: str, then: str) -> None:
    text = HEAD.replace("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0") + "m=audio 4 RTP/AVP 0\n" + said

    assert anchored(text, 30000)[5:] == [*PLAIN[:2], then]
    assert address_of(read(text), 0)[0] == "0.0.0.0"


def test_a_stream_that_we_cannot_relay_or_have_no_port_for_is_refused() -> None:
    lines = anchored(
        HEAD + "m=application 2855 TCP/BFCP *\na=rtcp:1\nm=audio 4000 RTP/AVP 0\n"
        "m=text 4002 RTP/AVP 98\na=rtpmap:98 t140/1000\nm=TEXT 4002 tcp/x a b\n",
        30000,
        0,
        30004,
        30006,
    )

    assert lines[5:] == [
        "m=application 0 TCP/BFCP *",
        "m=audio 0 RTP/AVP 0",
        "m=text 0 RTP/AVP 98",
        "m=text 0 TCP/X a",
    ]


CHAT = "m=message 2855 TCP/TLS/MSRP *\ni=chat\na=path:msrps://192.0.2.1:2855/a;tcp\n"
MORE = (
    "a=crypto:1 x inline:y\na=candidate:1\na=setup:active\na=accept-types:text/plain\n"
    "a=fingerprint:sha-1 AA:BB\na=record:on\nb=AS:1\n"
)


@pytest.mark.parametrize(
    ("messages", "then"),
    [
        (False, ["m=message 0 TCP/TLS/MSRP *"]),
        (
            True,
            [
                "m=message 2855 TCP/TLS/MSRP *",
                "c=IN IP4 192.0.2.1",
                "a=accept-types:text/plain",
                "a=path:msrps://192.0.2.1:2855/a;tcp",
                "a=setup:active",
                "a=fingerprint:sha-1 AA:BB",
            ],
        ),
    ],
)
def test_messages_are_refused_or_keep_their_own_way(messages: bool, then: list[str]) -> None:
    sdp = anchor(
        read(HEAD + CHAT + MORE),
        address="198.51.100.1",
        ports=[30000],
        origin=OURS,
        messages=messages,
    )

    lines = sdp.encode().decode().splitlines()
    assert "c=IN IP4 198.51.100.1" in lines[:5]
    assert lines[5:] == then


def test_too_few_ports_are_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="1 media lines, 0 ports"):
        anchor(read(HEAD + "m=audio 4000 RTP/AVP 0\n"), address="::1", ports=(), origin=OURS)


def test_a_version_with_a_blank_behind_it_is_taken_and_written_without() -> None:
    text = HEAD.replace("v=0\n", "v=0 \t\n") + "m=audio 4000 RTP/AVP 0\n"

    assert anchored(text, 30000)[0] == "v=0"


@pytest.mark.parametrize(
    ("connection", "usable"),
    [
        ("IN IP4 192.0.2.1", True),
        ("IN IP6 2001:db8::1", True),
        ("IN IP4 media.example.com", False),
        ("IN IP4 224.2.1.1/127", False),
        ("IN IP4 224.2.1.1", False),
        ("IN IP6 ff02::1", False),
        ("IN IP6 192.0.2.1", False),
        ("IN IP4 ::1", False),
        ("IN IP4 1.2.3.4.5", False),
        ("IN IP4 localhost", False),
        ("IN IP4 127.0.0.1/127", False),
        ("IN IP4 255.255.255.255", False),
        ("IN IP4 0.0.0.1", False),
        ("IN IP4 240.0.0.1", False),
        ("IN IP6 fe80::1%eth0", False),
        ("IN IP6 ::ffff:192.0.2.1", False),
    ],
)
def test_media_goes_to_unicast_addresses_only(connection: str, usable: bool) -> None:
    sdp = read(HEAD.replace("IN IP4 192.0.2.1\nt", f"{connection}\nt") + "m=audio 4 RTP/AVP 0\n")
    if usable:
        assert address_of(sdp, 0) == (connection.split()[2], 4, 5, False)
        return

    with pytest.raises(SdpError) as refused:
        address_of(sdp, 0)

    assert refused.value.status == 488


def test_a_refused_line_without_connection_has_no_address() -> None:
    sdp = read("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nt=0 0\nm=audio 0 RTP/AVP 0\n")

    with pytest.raises(SdpError, match="without a connection"):
        address_of(sdp, 0)
