"""What descriptions agree on: codecs, keys and packet lengths of each side, and what is refused."""

from __future__ import annotations

import pytest

from sidecar.consent.decision import Decision, VoicemailPolicy
from sidecar.media.engine import Side
from tests.calls.agents import sdp
from tests.calls.world import BEFORE, NOTICE, OFF, PBX_MEDIA, TRUNK_MEDIA

PERHAPS = Decision(voicemail=VoicemailPolicy.NOTICE)
NEVER = Decision(voicemail=VoicemailPolicy.ALLOW)
CRYPTO = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n"


def events(*rates: tuple[int, int]) -> str:
    """The rtpmaps of telephone-event under these payload types at these clock rates."""
    return "".join(f"a=rtpmap:{number} telephone-event/{rate}\r\n" for number, rate in rates)


def audio(host: str, formats: str, *more: str, protocol: str = "RTP/AVP") -> bytes:
    """A description with one audio line."""
    body = sdp(host, codecs=formats, more="".join(more))
    return body.replace(b"RTP/AVP", protocol.encode())


def without_direction(host: str, *media: str) -> bytes:
    """A description with these media lines, each with what stands below it."""
    head = f"v=0\r\no=- 7 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
    return (head + "".join(media)).encode()


def media_lines(body: bytes) -> list[str]:
    return [line for line in body.decode().split("\r\n") if line.startswith("m=")]


def connected(w, offer: bytes, answer: bytes):
    """A call with this offer and this answer, after its notices; returns both ends."""
    there = w.trunk.call(body=offer)
    w.settle()
    w.hear_notices()
    here = w.pbx.calls[-1]
    here.answer(answer)
    w.settle()
    w.hear_notices()
    return there, here


class TestRefusesBeforeAnythingRings:
    @pytest.mark.parametrize("decision", [NEVER, PERHAPS, NOTICE, BEFORE])
    @pytest.mark.parametrize(
        "protocol", ["RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"]
    )
    def test_secure_media_alone(self, world, decision, protocol):
        w = world(decision)

        there = w.trunk.call(body=audio(TRUNK_MEDIA, "8 101", CRYPTO, protocol=protocol))
        w.settle()

        assert there.status == 488
        assert "302" in there.final.headers.get("Warning")
        assert not w.pbx.calls
        assert w.ended == ("refused", "sidecar")

    @pytest.mark.parametrize("decision", [NEVER, NOTICE, BEFORE])
    @pytest.mark.parametrize(
        "connection",
        [
            "IN IP4 localhost",
            "IN IP4 media.example.com",
            "IN IP4 127.0.0.1/127",
            "IN IP6 2001:db8::1",
            "IN IP6 ff02::1",
            "IN IP4 224.2.1.1",
            "IN IP4 224.2.1.1/127",
            "IN IP4 255.255.255.255",
            "IN IP4 1.2.3",
        ],
    )
    def test_media_for_an_address_that_is_no_hosts_of_our_family(self, world, decision, connection):
        w = world(decision)
        body = sdp(TRUNK_MEDIA).replace(
            f"c=IN IP4 {TRUNK_MEDIA}".encode(), b"c=%b" % connection.encode()
        )

        there = w.trunk.call(body=body)
        w.settle()

        assert there.status == 488
        assert not w.pbx.calls

    @pytest.mark.parametrize(
        "media",
        [
            "m=text 4000 RTP/AVP 98\r\na=rtpmap:98 t140/1000\r\n",
            "m=application 4000 UDP/DTLS/SCTP webrtc-datachannel\r\n",
            "m=application 4000 UDP/BFCP *\r\n",
            "m=audio 4000 TCP/RTP/AVP 0\r\n",
            "m=audio 4000 RTP/AVP 96\r\n",
            "m=audio 4000 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n",
            "m=chat 4000 RTP/AVP 0\r\n",
        ],
    )
    def test_media_that_we_dont_carry(self, world, media):
        w = world(OFF)

        there = w.trunk.call(body=without_direction(TRUNK_MEDIA, media))
        w.settle()

        assert there.status == 488
        assert not w.pbx.calls

    def test_messages_beside_secure_media(self, world):
        w = world(NEVER)
        there, _here = w.talk()
        chat = "m=message 2855 TCP/MSRP *\r\na=path:msrp://192.0.2.9:2855/a;tcp\r\n"
        secure = f"m=audio 4000 RTP/SAVP 8\r\n{CRYPTO}"

        asked = there.send("INVITE", body=without_direction(TRUNK_MEDIA, chat, secure))
        w.settle()

        assert asked.status == 488
        assert len(w.pbx.heard("INVITE")) == 1
        there.hang_up()

    def test_secure_media_within_a_call_which_goes_on(self, world):
        w = world(NOTICE)
        there, _here = w.talk()

        asked = there.send("INVITE", body=audio(TRUNK_MEDIA, "8", CRYPTO, protocol="RTP/SAVP"))
        w.settle()

        assert asked.status == 488
        assert len(w.pbx.heard("INVITE")) == 1
        assert w.b2bua.calls
        there.hang_up()


class TestPlainMediaBesideOther:
    @pytest.mark.parametrize("decision", [NEVER, PERHAPS, NOTICE])
    def test_goes_on_and_every_audio_line_is_narrowed(self, world, decision):
        w = world(decision)
        opus = "a=rtpmap:111 opus/48000/2\r\n"
        secure = f"m=audio 4000 RTP/SAVP 111 8\r\n{opus}{CRYPTO}"
        plain = f"m=audio 4002 RTP/AVP 111 8 101\r\n{opus}{events((101, 8000))}"
        text = "m=text 4004 RTP/AVP 98\r\na=rtpmap:98 t140/1000\r\n"

        there = w.trunk.call(body=without_direction(TRUNK_MEDIA, secure, plain, text))
        w.settle()

        body = w.pbx.calls[-1].request.body
        formats = "111 8 101" if decision is NEVER else "8 101"
        assert media_lines(body) == [
            "m=audio 0 RTP/SAVP 111",
            f"m=audio {w.media.ports_b[1]} RTP/AVP {formats}",
            "m=text 0 RTP/AVP 98",
        ]
        assert b"crypto" not in body
        there.cancel()
        w.settle()

    def test_is_what_the_notice_is_heard_on(self, world):
        w = world(NOTICE)
        secure = f"m=audio 4000 RTP/SAVP 8\r\n{CRYPTO}"

        offer = without_direction(TRUNK_MEDIA, secure, "m=audio 4002 RTP/AVP 8\r\n")
        answer = without_direction(
            PBX_MEDIA, "m=audio 0 RTP/SAVP 8\r\n", "m=audio 4002 RTP/AVP 8\r\n"
        )
        there, _here = connected(w, offer, answer)

        assert w.media.remotes[Side.A, 0] is None
        assert w.media.remotes[Side.A, 1].codec == "PCMA"
        assert all(w.media.gates.values())
        there.hang_up()

    def test_with_an_offer_of_keys_crosses_without_them(self, world):
        w = world(NOTICE)

        there = w.trunk.call(body=audio(TRUNK_MEDIA, "8", CRYPTO, "a=fingerprint:sha-1 AA\r\n"))
        w.settle()

        body = w.pbx.calls[-1].request.body
        assert media_lines(body) == [f"m=audio {w.media.ports_b[0]} RTP/AVP 8"]
        assert b"crypto" not in body
        assert b"fingerprint" not in body
        there.cancel()
        w.settle()


AGREED = [
    # offer, answer -> codec; payload type at each side; keys at each side
    (("8 101", (101, 8000)), ("8 101", (101, 8000)), ("PCMA", 8, 8, 101, 101)),
    (("8 101", (101, 8000)), ("8",), ("PCMA", 8, 8, None, None)),
    (("8 101", (101, 8000)), ("8 96", (96, 8000)), ("PCMA", 8, 8, 101, 96)),
    (("8",), ("8 101", (101, 8000)), ("PCMA", 8, 8, None, None)),
    (("8 101", (101, 48000)), ("8 101", (101, 48000)), ("PCMA", 8, 8, None, None)),
    (("8 101", (101, 16000), (101, 8000)), ("8 101", (101, 8000)), ("PCMA", 8, 8, 101, 101)),
    (
        ("8 110 101", (110, 48000), (101, 8000)),
        ("8 96", (96, 8000)),
        ("PCMA", 8, 8, 101, 96),
    ),
    (("0 101", (101, 8000)), ("8 0 101", (101, 8000)), ("PCMU", 0, 0, 101, 101)),
    (("8 13 101", (101, 8000)), ("13 8 101", (101, 8000)), ("PCMA", 8, 8, 101, 101)),
    (("0 8",), ("8 0",), ("PCMA", 8, 8, None, None)),
    (("8",), ("0",), (None, None, None, None, None)),
]


@pytest.mark.parametrize(("offer", "answer", "expected"), AGREED)
def test_a_side_is_spoken_to_in_what_both_descriptions_have_under_its_own_numbers(
    world, offer, answer, expected
):
    w = world(OFF)

    there, _here = connected(
        w,
        audio(TRUNK_MEDIA, offer[0], events(*offer[1:])),
        audio(PBX_MEDIA, answer[0], events(*answer[1:])),
    )

    a, b = w.media.remotes[Side.A, 0], w.media.remotes[Side.B, 0]
    codec, type_a, type_b, keys_a, keys_b = expected
    assert (a.codec, a.payload_type, a.telephone_event) == (codec, type_a, keys_a)
    assert (b.codec, b.payload_type, b.telephone_event) == (codec, type_b, keys_b)
    there.hang_up()


def test_a_codec_under_another_number_is_the_same_codec(world):
    w = world(OFF)

    there, _here = connected(
        w,
        audio(TRUNK_MEDIA, "97", "a=rtpmap:97 PCMA/8000\r\n"),
        audio(PBX_MEDIA, "8"),
    )

    assert w.media.remotes[Side.A, 0].payload_type == 97
    assert w.media.remotes[Side.A, 0].codecs == ((97, "PCMA/8000"),)
    assert w.media.remotes[Side.B, 0].payload_type == 8
    assert w.media.remotes[Side.B, 0].codecs == ((8, "PCMA/8000"),)
    there.hang_up()


def test_keys_go_by_the_clock_of_a_codec_that_nothing_is_said_in(world):
    w = world(NEVER)
    opus = "a=rtpmap:111 opus/48000/2\r\n"
    both = events((110, 48000), (101, 8000))

    there, _here = connected(
        w,
        audio(TRUNK_MEDIA, "111 8 101 110", opus, both),
        audio(PBX_MEDIA, "111 101 110", opus, both),
    )

    a = w.media.remotes[Side.A, 0]
    assert (a.codec, a.telephone_event, a.telephone_event_rate) == (None, 110, 48000)
    assert a.codecs == ((111, "OPUS/48000"), (8, "PCMA/8000"))
    there.hang_up()


class TestBeforeConnect:
    @pytest.mark.parametrize(
        ("offer", "answer", "a", "b"),
        [
            ("8 96", "8 101", ("PCMA", 96), ("PCMA", 101)),
            ("8 96", "0 8 101", ("PCMA", 96), ("PCMA", 101)),
            ("8 96", "8", ("PCMA", 96), ("PCMA", None)),
            ("8", "8 101", ("PCMA", None), ("PCMA", None)),
            ("8 96", "0 101", ("PCMA", 96), (None, None)),
        ],
    )
    def test_each_side_keeps_what_it_agreed_to_with_us(self, world, offer, answer, a, b):
        w = world(BEFORE)

        there, _here = connected(
            w,
            audio(TRUNK_MEDIA, offer, events((96, 8000)) if "96" in offer else ""),
            audio(PBX_MEDIA, answer, events((101, 8000)) if "101" in answer else ""),
        )

        near, far = w.media.remotes[Side.A, 0], w.media.remotes[Side.B, 0]
        assert (near.codec, near.telephone_event) == a
        assert (far.codec, far.telephone_event) == b
        there.hang_up()


@pytest.mark.parametrize(
    ("more", "milliseconds"),
    [
        ("", 20),
        ("a=ptime:30\r\n", 30),
        ("a=maxptime:40\r\n", 20),
        ("a=ptime:40\r\na=maxptime:30\r\n", 30),
        ("a=maxptime:10\r\n", 10),
    ],
)
def test_a_packet_time_crosses_and_is_kept_in_what_we_say(world, more, milliseconds):
    w = world(NOTICE)

    there, _here = connected(w, audio(TRUNK_MEDIA, "8", more), audio(PBX_MEDIA, "8"))

    body = w.pbx.calls[-1].request.body.decode()
    assert all(line in body for line in more.split())
    assert w.media.remotes[Side.A, 0].ptime_ms == milliseconds
    assert w.media.remotes[Side.B, 0].ptime_ms == 20
    there.hang_up()


def test_an_answer_with_fewer_streams_refuses_the_others(world):
    w = world(OFF)
    offer = audio(TRUNK_MEDIA, "8", "m=video 4002 RTP/AVP 34\r\n")

    there, _here = connected(w, offer, audio(PBX_MEDIA, "8"))

    assert media_lines(there.final.body) == [
        f"m=audio {w.media.ports_a[0]} RTP/AVP 8",
        "m=video 0 RTP/AVP 34",
    ]
    assert w.media.remotes.get((Side.A, 1)) is None
    there.hang_up()


def test_a_version_with_a_blank_behind_it_is_taken(world):
    w = world(OFF)

    there, _here = connected(
        w, sdp(TRUNK_MEDIA).replace(b"v=0", b"v=0 "), sdp(PBX_MEDIA).replace(b"v=0", b"v=0\t")
    )

    assert there.status == 200
    assert there.final.body.startswith(b"v=0\r\n")
    there.hang_up()


@pytest.mark.parametrize(
    "line", ["a=recordpref:off", "a= recordpref:off", "a=RecordPref OFF", "a=recordpref :off"]
)
@pytest.mark.parametrize("level", ["session", "media"])
def test_a_wish_about_recording_is_heard_in_any_spelling_and_does_not_cross(world, line, level):
    w = world(NOTICE, recorder=True)
    there, _here = w.talk()
    body = sdp(TRUNK_MEDIA, version=2)
    said = f"{line}\r\n".encode()

    there.send(
        "INVITE", body=body.replace(b"m=", said + b"m=") if level == "session" else body + said
    )
    w.settle()

    assert w.call.consent.state.stops
    assert b"recordpref" not in w.pbx.asked_for("INVITE").body.lower()
    there.hang_up()
