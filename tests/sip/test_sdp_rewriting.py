from __future__ import annotations

import pytest

from sidecar.sip.sdp import (
    NoCommonCodec,
    Origin,
    SdpError,
    SessionDescription,
    address_of,
    anchor,
    make_answer,
    make_offer,
    narrow,
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
        "s=Call",
        "c=IN IP4 203.0.113.7",
        "t=0 0",
        "m=audio 30000 RTP/AVP 0 8",
        "a=ptime:20",
        "a=sendrecv",
    ]


def test_every_live_media_line_gets_its_own_port_and_connection() -> None:
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
        "m=audio 30000 RTP/AVP 0",
        "c=IN IP4 203.0.113.7",
        "m=video 30002 RTP/AVP 34",
        "c=IN IP4 203.0.113.7",
        "m=image 30004 udptl t38",
        "c=IN IP4 203.0.113.7",
        "m=audio 0 RTP/AVP 8",
    ]
    assert not any("192.0.2" in line for line in lines)


def test_a_call_from_an_ipv6_network_is_anchored_to_our_ipv6_address() -> None:
    text = (
        "v=0\no=- 1 1 IN IP6 2001:db8::1\ns=-\nc=IN IP6 2001:db8::1\nt=0 0\nm=audio 4 RTP/AVP 0\n"
    )

    assert "c=IN IP6 2001:db8::7" in anchored(text, 30000, address="2001:db8::7")
    assert address_of(read(text), 0) == ("2001:db8::1", 4, 5, False)


def test_an_explicit_rtcp_address_is_rewritten_and_rtcp_mux_is_taken_out() -> None:
    lines = anchored(
        HEAD + "m=audio 4000 RTP/AVP 0\na=rtcp:4444 IN IP4 192.0.2.9\na=rtcp-mux\n", 30000
    )

    assert lines[6:] == ["a=rtcp:30001"]


def test_every_way_around_us_is_taken_out() -> None:
    lines = anchored(
        HEAD + "a=ice-lite\na=ice-options:trickle\na=group:BUNDLE 0 1\na=group:LS 0 1\n"
        "m=audio 4000/2 RTP/AVP 0\na=mid:0\na=ice-ufrag:x\na=ice-pwd:y\n"
        "a=candidate:1 1 UDP 2130706431 192.0.2.1 4000 typ host\na=end-of-candidates\n"
        "a=remote-candidates:1 192.0.2.1 4000\na=source-filter: incl IN IP4 * 192.0.2.1\n"
        "a=ssrc:1234 cname:somebody\na=ssrc-group:FID 1234 5678\n"
        "a=altc:1 IP6 2001:db8::1 4000\nc=IN IP4 192.0.2.1\nc=IN IP4 192.0.2.2\n",
        30000,
    )

    assert lines[5:] == [
        "a=group:LS 0 1",
        "m=audio 30000 RTP/AVP 0",
        "a=mid:0",
        "c=IN IP4 203.0.113.7",
    ]


def test_keys_are_taken_out_of_plain_media_and_left_in_secure_media() -> None:
    keys = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\na=fingerprint:sha-1 AA\na=setup:actpass\n"
    text = HEAD + "a=fingerprint:sha-1 BB\nm=audio 4000 {} 0\n" + keys

    plain = anchored(text.format("RTP/AVP"), 30000)
    secure = anchored(text.format("RTP/SAVP"), 30000)

    assert plain[5:] == ["m=audio 30000 RTP/AVP 0"]
    assert secure[5:] == [
        "a=fingerprint:sha-1 BB",
        "m=audio 30000 RTP/SAVP 0",
        *keys.splitlines(),
    ]


@pytest.mark.parametrize(
    ("said", "then"), [("a=sendrecv\n", "a=sendonly"), ("a=recvonly\n", "a=inactive")]
)
def test_hold_by_an_unreachable_address_stays_hold(said: str, then: str) -> None:
    text = HEAD.replace("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0") + "m=audio 4 RTP/AVP 0\n" + said

    assert anchored(text, 30000)[5:] == ["m=audio 30000 RTP/AVP 0", then]
    assert address_of(read(text), 0)[0] == "0.0.0.0"


def test_a_stream_that_we_cannot_relay_or_have_no_port_for_is_refused() -> None:
    lines = anchored(
        HEAD + "m=application 2855 TCP/BFCP *\na=rtcp:1\nm=audio 4000 RTP/AVP 0\n", 30000, 0
    )

    assert lines[5:] == ["m=application 0 TCP/BFCP *", "m=audio 0 RTP/AVP 0"]


CHAT = "m=message 2855 TCP/TLS/MSRP *\ni=chat\na=path:msrps://192.0.2.1:2855/a;tcp\n"


@pytest.mark.parametrize(
    ("messages", "then"),
    [
        (False, ["m=message 0 TCP/TLS/MSRP *"]),
        (
            True,
            [
                "m=message 2855 TCP/TLS/MSRP *",
                "i=chat",
                "c=IN IP4 192.0.2.1",
                "a=path:msrps://192.0.2.1:2855/a;tcp",
            ],
        ),
    ],
)
def test_messages_are_refused_or_keep_their_own_way(messages: bool, then: list[str]) -> None:
    sdp = anchor(
        read(HEAD + CHAT), address="198.51.100.1", ports=[30000], origin=OURS, messages=messages
    )

    lines = sdp.encode().decode().splitlines()
    assert "c=IN IP4 198.51.100.1" in lines[:5]
    assert lines[5:] == then


def test_too_few_ports_are_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="1 media lines, 0 ports"):
        anchor(read(HEAD + "m=audio 4000 RTP/AVP 0\n"), address="::1", ports=(), origin=OURS)


def test_what_means_nothing_to_us_stays_as_it_came() -> None:
    below = ["i=x", "b=AS:64", "a=maxptime:40", "z-", "a=label:1"]
    text = HEAD + "m=audio 4000 RTP/AVP 0\n" + "\n".join(below).replace("z-", "z=odd") + "\n"

    assert anchored(text, 30000)[6:] == [line.replace("z-", "z=odd") for line in below]


def test_what_is_said_about_recording_does_not_cross() -> None:
    said = ["a=record:on", "a=recordpref:off", "a=recorder:x"]
    text = HEAD + "m=audio 4000 RTP/AVP 0\n" + "\n".join(said) + "\n"

    assert anchored(text, 30000)[6:] == ["a=recorder:x"]


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


# -- narrowing -----------------------------------------------------------------------------------

MANY = (
    "m=audio 4000 RTP/AVP 111 9 0 8 18 13 101 102\n"
    "a=rtpmap:111 opus/48000/2\na=fmtp:111 useinbandfec=1\na=rtcp-fb:111 nack\na=rtcp-fb:* ccm\n"
    "a=rtpmap:18 G729/8000\na=fmtp:18 annexb=no\n"
    "a=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\n"
    "a=rtpmap:102 telephone-event/48000\na=sendrecv\n"
)
WANTED = frozenset({"PCMU", "PCMA", "G722"})


def test_narrowing_keeps_the_named_codecs_and_their_telephone_event() -> None:
    narrowed = narrow(read(HEAD + MANY), WANTED)

    assert narrowed is not None
    assert narrowed.encode().decode().split("\r\n")[5:-1] == [
        "m=audio 4000 RTP/AVP 9 0 8 101",
        "a=rtcp-fb:* ccm",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=sendrecv",
    ]


def test_narrowing_leaves_other_media_lines_alone() -> None:
    rest = "m=video 4002 RTP/AVP 34\nm=audio 4004 RTP/AVP 18\n"
    sdp = read(HEAD + "m=audio 0 RTP/AVP 18\n" + MANY + rest)

    narrowed = narrow(sdp, WANTED)

    assert narrowed is not None
    assert narrowed.media[0] == sdp.media[0]
    assert narrowed.media[2:] == sdp.media[2:]
    assert narrowed.media[1].formats == ("9", "0", "8", "101")


@pytest.mark.parametrize(
    "media",
    [
        "m=audio 4000 RTP/AVP 18 101\na=rtpmap:101 telephone-event/8000\n",
        "m=audio 0 RTP/AVP 0\n",
        "m=video 4000 RTP/AVP 34\n",
        "m=audio 4000 TCP/XMR 0\n",
        "",
    ],
)
def test_without_a_common_codec_nothing_is_left(media: str) -> None:
    assert narrow(read(HEAD + media), WANTED) is None


# -- our own -------------------------------------------------------------------------------------


def test_an_offer_of_ours_lists_the_codecs_in_order_and_telephone_event() -> None:
    offer = make_offer("203.0.113.7", 30000, OURS, ("PCMA", "PCMU"))

    assert SessionDescription.parse(offer.encode()) == offer
    assert [codec.name for codec in offer.media[0].codecs] == ["PCMA", "PCMU", "TELEPHONE-EVENT"]
    assert address_of(offer, 0) == ("203.0.113.7", 30000, 30001, False)
    assert offer.origin == OURS


def test_an_offer_of_ours_may_do_without_telephone_event() -> None:
    offer = make_offer("::1", 30000, OURS, ("PCMU",), telephone_event=False, direction="inactive")

    assert offer.media[0].formats == ("0",)
    assert offer.media[0].direction == "inactive"
    assert offer.connection == ("IP6", "::1")


def test_our_answer_takes_the_first_codec_in_the_offerers_order() -> None:
    offer = read(HEAD + "m=video 4002 RTP/AVP 34\na=x\n" + MANY + "m=audio 5000 RTP/AVP 0\n")

    answer = make_answer(offer, "203.0.113.7", 30000, OURS, ("PCMU", "PCMA"))

    assert SessionDescription.parse(answer.encode()) == answer
    assert [str(media) for media in answer.media] == [
        "video 0 RTP/AVP 34",
        "audio 30000 RTP/AVP 0 101",
        "audio 0 RTP/AVP 0",
    ]
    assert answer.media[0].lines == ()


def test_our_answer_uses_the_offerers_payload_types() -> None:
    offer = read(
        HEAD
        + "m=audio 4000 RTP/AVP 97 96\na=rtpmap:97 pcma/8000\na=rtpmap:96 telephone-event/8000\n"
    )

    answer = make_answer(offer, "203.0.113.7", 30000, OURS, ("PCMU", "PCMA"))

    assert [(c.payload_type, c.name) for c in answer.media[0].codecs] == [
        (97, "PCMA"),
        (96, "TELEPHONE-EVENT"),
    ]


def test_our_answer_takes_the_telephone_event_of_its_codecs_clock_rate() -> None:
    offer = read(
        HEAD + "m=audio 4000 RTP/AVP 102 0 101\n"
        "a=rtpmap:102 telephone-event/48000\na=rtpmap:101 telephone-event/8000\n"
    )

    answer = make_answer(offer, "203.0.113.7", 30000, OURS)

    assert answer.media[0].formats == ("0", "101")


@pytest.mark.parametrize(
    ("offered", "wished", "answered"),
    [
        ("sendrecv", None, "sendrecv"),
        ("sendonly", None, "recvonly"),
        ("recvonly", None, "sendonly"),
        ("inactive", None, "inactive"),
        ("sendrecv", "recvonly", "recvonly"),
        ("sendrecv", "sendonly", "sendonly"),
        ("sendonly", "sendrecv", "recvonly"),
        ("sendonly", "sendonly", "inactive"),
        ("inactive", "sendrecv", "inactive"),
    ],
)
def test_our_answer_never_takes_a_direction_that_was_not_offered(
    offered: str, wished: str | None, answered: str
) -> None:
    offer = read(HEAD + f"m=audio 4000 RTP/AVP 0\na={offered}\n")

    answer = make_answer(offer, "203.0.113.7", 30000, OURS, direction=wished)

    assert answer.media[0].direction == answered


@pytest.mark.parametrize(
    "media",
    [
        "m=audio 4000 RTP/AVP 18\n",
        "m=audio 4000 RTP/SAVP 0\n",
        "m=audio 0 RTP/AVP 0\n",
        "m=video 4000 RTP/AVP 34\n",
        "m=audio 4000 RTP/AVP 101\na=rtpmap:101 telephone-event/8000\n",
        "",
    ],
)
def test_an_offer_that_we_cannot_speak_has_no_answer(media: str) -> None:
    with pytest.raises(NoCommonCodec) as refused:
        make_answer(read(HEAD + media), "203.0.113.7", 30000, OURS)

    assert refused.value.status == 488
