"""What an offer is narrowed to, what we say ourselves, and what an answer means."""

from __future__ import annotations

import pytest

from sidecar.sip.sdp import (
    NoCommonCodec,
    Origin,
    SdpError,
    SessionDescription,
    address_of,
    check_usable,
    fitted,
    make_answer,
    make_offer,
    narrow,
)

OURS = Origin("-", 7, 1, "IN", "IP4", "203.0.113.7")
HEAD = "v=0\no=alice 1 2 IN IP4 192.0.2.1\ns=Call\nc=IN IP4 192.0.2.1\nt=0 0\n"


def read(text: str) -> SessionDescription:
    return SessionDescription.parse(text.encode())


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
        "m=audio 4000 RTP/AVP 9 0 8 13 101",
        "a=rtpmap:9 G722/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:13 CN/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=rtcp-fb:* ccm",
        "a=sendrecv",
    ]


def test_narrowing_concerns_every_audio_line_and_no_other() -> None:
    rest = "m=video 4002 RTP/AVP 34\nm=audio 4004 RTP/AVP 18\nm=audio 4006 RTP/AVP 18 8\n"
    sdp = read(HEAD + "m=audio 0 RTP/AVP 18\n" + MANY + rest)

    narrowed = narrow(sdp, WANTED)

    assert narrowed is not None
    assert narrowed.media[0] == sdp.media[0]
    assert narrowed.media[2] == sdp.media[2]
    assert narrowed.media[1].formats == ("9", "0", "8", "13", "101")
    assert not narrowed.media[3].live
    assert narrowed.media[4].formats == ("8",)


@pytest.mark.parametrize(
    "media",
    [
        "m=audio 4000 RTP/AVP 18 101\na=rtpmap:101 telephone-event/8000\n",
        "m=audio 4000 RTP/SAVP 0\n",
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
    lines = answer.encode().decode().split("\r\n")
    assert [line for line in lines if line.startswith("m=")] == [
        "m=video 0 RTP/AVP 34",
        "m=audio 30000 RTP/AVP 0 101",
        "m=audio 0 RTP/AVP 0",
    ]


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


# -- an answer, as one to an offer ---------------------------------------------------------------


def fit(answer: str, offer: str) -> list[str]:
    return fitted(read(HEAD + answer), read(HEAD + offer)).encode().decode().split("\r\n")[5:-1]


@pytest.mark.parametrize(
    ("answer", "offer", "formats"),
    [
        ("8 0 101", "0 101", "0 101"),
        ("13 8 101", "8 101 13", "13 8 101"),
        ("0 8", "8 0", "0 8"),
        ("8 96", "8 101", "8"),
        ("0", "8", "0"),
        ("0 101", "8 101", "0 101"),
    ],
)
def test_of_an_answer_those_codecs_count_that_were_offered(
    answer: str, offer: str, formats: str
) -> None:
    events = "a=rtpmap:101 telephone-event/8000\n"

    lines = fit(f"m=audio 4 RTP/AVP {answer}\n{events}", f"m=audio 4 RTP/AVP {offer}\n{events}")

    assert lines[0] == f"m=audio 4 RTP/AVP {formats}"


def test_an_answer_may_leave_out_what_the_offer_has_said() -> None:
    offer = "m=audio 4 RTP/AVPF 96 0\na=rtpmap:96 opus/48000/2\n"

    assert fit("m=audio 4 RTP/AVP 96\n", offer)[:2] == [
        "m=audio 4 RTP/AVPF 96",
        "a=rtpmap:96 opus/48000/2",
    ]


def test_lines_that_an_answer_lacks_are_refused() -> None:
    offer = "m=audio 4 RTP/AVP 0\nm=video 6 RTP/AVP 34\nm=image 8 udptl t38\n"

    lines = fit("m=audio 4 RTP/AVP 0\n", offer)

    assert lines[3:] == ["m=video 0 RTP/AVP 34", "m=image 0 udptl t38"]


@pytest.mark.parametrize(
    ("answer", "offer"),
    [
        ("video 4 RTP/AVP 34", "audio 4 RTP/AVP 0"),
        ("audio 4 RTP/SAVP 0", "audio 4 RTP/AVP 0"),
        ("audio 4 RTP/AVP 0", "audio 0 RTP/AVP 0"),
        ("audio 4 udptl t38", "audio 4 RTP/AVP 0"),
        ("message 4 TCP/MSRP *", "audio 4 RTP/AVP 0"),
        ("message 4 RTP/AVP 0", "message 4 TCP/MSRP *"),
        ("message 4 TCP/MSRP *", "message 0 TCP/MSRP *"),
    ],
)
def test_an_answer_of_another_kind_than_was_offered_is_a_refusal(answer: str, offer: str) -> None:
    words = offer.split()

    assert fit(f"m={answer}\n", f"m={offer}\n") == [f"m={words[0]} 0 {words[2]} {words[3]}"]


# -- what can be used ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("media", "ours", "warning"),
    [
        ("m=audio 4 RTP/AVP 0\n", "203.0.113.7", None),
        ("m=audio 4 RTP/SAVP 0\nm=audio 4 RTP/AVP 0\n", "203.0.113.7", None),
        ("m=audio 0 RTP/AVP 0\n", "203.0.113.7", None),
        ("m=message 4 TCP/MSRP *\n", "203.0.113.7", None),
        ("m=audio 4 RTP/AVP 0\nc=IN IP4 0.0.0.0\n", "2001:db8::7", None),
        ("m=text 4 RTP/AVP 98\nc=IN IP4 a\nm=audio 4 RTP/AVP 0\n", "203.0.113.7", None),
        ("m=audio 4 RTP/AVP 0\n", "2001:db8::7", 301),
        ("m=audio 4 RTP/AVP 0\nc=IN IP6 2001:db8::1\n", "203.0.113.7", 301),
        ("m=audio 4 RTP/AVP 0\nc=IN IP4 localhost\n", "203.0.113.7", 301),
        ("m=audio 4 RTP/AVP 0\nc=IN IP4 224.2.1.1/127\n", "203.0.113.7", 301),
        ("m=audio 4 RTP/AVP 0\nc=IN IP4 224.2.1.1\n", "203.0.113.7", 330),
        ("m=audio 4 RTP/SAVP 0\n", "203.0.113.7", 302),
        ("m=audio 4 UDP/TLS/RTP/SAVPF 0\n", "203.0.113.7", 302),
        ("m=text 4 RTP/AVP 98\na=rtpmap:98 t140/1000\n", "203.0.113.7", 304),
        ("m=application 4 UDP/BFCP *\n", "203.0.113.7", 304),
        ("m=audio 4 RTP/AVP 101\na=rtpmap:101 telephone-event/8000\n", "203.0.113.7", 304),
    ],
)
def test_an_offer_is_usable_or_is_refused_with_the_reason(
    media: str, ours: str, warning: int | None
) -> None:
    sdp = read(HEAD + media)
    if warning is None:
        check_usable(sdp, ours)
        return

    with pytest.raises(SdpError) as refused:
        check_usable(sdp, ours)

    assert (refused.value.status, refused.value.warning) == (488, warning)
