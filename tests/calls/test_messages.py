"""Instant messages: MESSAGE outside and inside calls (RFC 3428), MSRP in calls (RFC 4975)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from sidecar.media.engine import Side
from tests.calls.agents import sdp
from tests.calls.world import (
    BEFORE,
    NOTICE,
    OFF,
    PBX_MEDIA,
    SIDECAR,
    TRUNK_MEDIA,
    Party,
    notice,
)

ALLOWED = replace(OFF, messages="allow")
SECRET = "the-content-of-the-message"

MSRP = "m=message 2855 TCP/MSRP *"
CHAT = (
    f"{MSRP}\r\n"
    "c=IN IP4 chat.example\r\n"
    "a=accept-types:message/cpim text/plain\r\n"
    "a=path:msrp://chat.example:2855/a1b2;tcp\r\n"
    "a=setup:actpass\r\n"
)
ANSWERED_CHAT = CHAT.replace("chat.example", "chat.house").replace("actpass", "active")
REFUSED = "m=message 0 TCP/MSRP *"
SESSION = "v=0\r\no=- 7 1 IN IP4 203.0.113.12\r\ns=-\r\nc=IN IP4 203.0.113.12\r\nt=0 0\r\n"
ONLY_CHAT = (SESSION + CHAT).encode()
AUDIO_AND_CHAT = sdp(TRUNK_MEDIA, more=CHAT)


def counted(w) -> tuple[float, float]:
    """How many were (allowed, denied)."""
    return tuple(w.counted("messages_total", result=each) for each in ("allowed", "denied"))


def streams(body: bytes) -> list[str]:
    return [line for line in body.decode().split("\r\n") if line.startswith("m=")]


class TestMessage:
    @pytest.mark.parametrize("status", [200, 202, 415])
    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("text/plain", b"hi"),
            ("message/cpim", b"From: <im:a@h>\r\n\r\nContent-Type: text/plain\r\n\r\nhi"),
            ("application/im-iscomposing+xml", b"<isComposing/>"),
            ("text/plain", b"x" * 20_000),
        ],
    )
    def test_that_is_allowed_crosses_with_its_times_and_its_answer(self, world, kind, body, status):
        w = world(ALLOWED)
        w.pbx.answers["MESSAGE"] = status
        headers = [
            ("Content-Type", kind),
            ("Expires", "60"),
            ("Date", "Sat, 13 Nov 2010 23:29:00 GMT"),
        ]

        asked = w.trunk.request("MESSAGE", f"sip:100@{SIDECAR[0]}", headers, body)
        w.settle()

        there = w.pbx.asked_for("MESSAGE")
        assert there.body == body
        assert [there.headers.get(name) for name, _ in headers] == [text for _, text in headers]
        assert there.contact is None
        assert asked.status == status

    @pytest.mark.parametrize("decision", [OFF, ALLOWED])
    @pytest.mark.parametrize("inside", [False, True])
    def test_leaves_nothing_of_itself(self, world, decision, inside):
        w = world(decision)
        there, _here = w.talk()
        text = [("Content-Type", "text/plain"), ("Subject", SECRET)]

        with capture_logs() as logs:
            if inside:
                asked = there.send("MESSAGE", text, SECRET.encode())
            else:
                uri = f"sip:100@{SIDECAR[0]}"
                asked = w.trunk.request("MESSAGE", uri, text, SECRET.encode())
            w.settle()
        there.hang_up()
        w.settle()

        assert asked.status == (200 if decision is ALLOWED else 403)
        assert SECRET not in str([each for each in logs if each["log_level"] != "debug"])
        assert SECRET not in repr(w.record)

    def test_that_is_denied_is_told_so_in_words(self, world):
        w = world(OFF)

        asked = w.trunk.request("MESSAGE", f"sip:100@{SIDECAR[0]}", body=b"hi")
        w.settle()

        assert asked.final.reason == "Instant messages are not allowed"


class TestStreamWithAudio:
    @pytest.mark.parametrize("decision", [OFF, NOTICE])
    def test_is_refused_without_a_word_to_the_other_side(self, world, decision):
        w = world(decision)
        there = w.trunk.call(body=AUDIO_AND_CHAT)
        w.settle()
        here = w.pbx.calls[-1]

        assert streams(here.request.body)[1:] == [REFUSED]
        assert b"chat.example" not in here.request.body
        assert b"accept-types" not in here.request.body

        here.answer(sdp(PBX_MEDIA, more="m=message 0 TCP/MSRP *\r\n"))
        w.settle()
        w.hear_notices()
        assert there.status == 200
        assert streams(there.final.body)[1:] == [REFUSED]
        assert counted(w) == (0, 1)
        there.hang_up()

    def test_is_refused_by_the_sidecar_that_answers_alone(self, world):
        w = world(replace(BEFORE, messages="allow"))
        there = w.trunk.call(body=AUDIO_AND_CHAT)
        w.settle()

        assert there.status == 200
        assert streams(there.final.body)[1:] == [REFUSED]
        assert counted(w) == (0, 1)
        w.hear_notices()
        assert streams(w.pbx.calls[-1].request.body)[1:] == [REFUSED]
        assert counted(w) == (0, 1)
        there.hang_up()

    def test_stays_refused_where_the_other_side_answers_it_all_the_same(self, world):
        w = world(OFF)
        there = w.trunk.call(body=AUDIO_AND_CHAT)
        w.settle()
        w.pbx.calls[-1].answer(sdp(PBX_MEDIA, more=ANSWERED_CHAT))
        w.settle()

        assert streams(there.final.body)[1:] == [REFUSED]
        assert b"chat.house" not in there.final.body
        there.hang_up()

    def test_is_counted_once_for_all_targets(self, world):
        w = world(OFF, spare=True)
        there = w.trunk.call(body=AUDIO_AND_CHAT)
        w.settle()
        w.pbx.calls[-1].respond(503)
        w.settle()

        assert streams(w.spare.calls[-1].request.body)[1:] == [REFUSED]
        assert counted(w) == (0, 1)
        there.cancel()

    def test_that_is_allowed_goes_directly_between_both_sides(self, world):
        w = world(ALLOWED)
        there = w.trunk.call(body=AUDIO_AND_CHAT)
        w.settle()
        here = w.pbx.calls[-1]
        here.answer(sdp(PBX_MEDIA, more=ANSWERED_CHAT))
        w.settle()

        assert here.request.body.decode().endswith(CHAT)
        assert there.final.body.decode().endswith(ANSWERED_CHAT)
        assert counted(w) == (1, 0)
        assert w.media.remotes[Side.B, 0].address == PBX_MEDIA
        assert w.media.remotes.get((Side.B, 1)) is None
        there.hang_up()

    def test_that_is_allowed_brings_no_other_media_past_the_sidecar(self, world):
        w = world(ALLOWED)
        odd = "m=message 4002 RTP/AVP 0\r\nm=audio 4004 TCP/MSRP *\r\n"
        there = w.trunk.call(body=sdp(TRUNK_MEDIA, more=odd))
        w.settle()

        offered = streams(w.pbx.calls[-1].request.body)
        assert offered[1:] == ["m=message 0 RTP/AVP 0", "m=audio 0 TCP/MSRP *"]
        there.cancel()

    @pytest.mark.parametrize("decision", [OFF, ALLOWED])
    def test_offered_in_the_2xx_is_treated_alike(self, world, decision):
        w = world(decision)
        there = w.trunk.call(body=b"")
        there.answer_in_ack = sdp(TRUNK_MEDIA, more=ANSWERED_CHAT)
        w.settle()
        w.pbx.calls[-1].answer(sdp(PBX_MEDIA, more=CHAT))
        w.settle()

        allowed = decision is ALLOWED
        (ack,) = w.pbx.heard("ACK")
        assert (b"chat.example" in there.final.body) is allowed
        assert (b"chat.house" in ack.body) is allowed
        assert counted(w) == ((1, 0) if allowed else (0, 1))
        there.hang_up()


class TestStreamWithinACall:
    @pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
    @pytest.mark.parametrize("decision", [OFF, ALLOWED])
    def test_is_added_only_by_rule(self, world, decision, method):
        w = world(decision)
        w.pbx.answers[method] = None
        there, _here = w.talk()

        asked = there.send(method, body=sdp(TRUNK_MEDIA, more=CHAT, version=2))
        w.settle()
        w.pbx.served[-1].respond(200, body=sdp(PBX_MEDIA, more=ANSWERED_CHAT, version=2))
        w.settle()

        allowed = decision is ALLOWED
        assert asked.status == 200
        assert (b"chat.example" in w.pbx.asked_for(method).body) is allowed
        assert (b"chat.house" in asked.final.body) is allowed
        assert streams(asked.final.body)[1:] == ([MSRP] if allowed else [REFUSED])
        assert counted(w) == ((1, 0) if allowed else (0, 1))
        there.hang_up()

    @pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
    def test_in_place_of_the_audio_is_refused_and_the_call_goes_on(self, world, method):
        w = world(OFF)
        there, here = w.talk()

        asked = there.send(method, body=sdp(TRUNK_MEDIA, 0, more=CHAT, version=2))
        w.settle()

        assert asked.status == 488
        assert asked.final.headers.get("Warning") == (
            '304 consent-sidecar "Media type not available"'
        )
        assert w.pbx.heard("UPDATE") == []
        assert counted(w) == (0, 1)
        again = here.send("INVITE", body=sdp(PBX_MEDIA, version=2))
        w.settle()
        assert again.status == 200
        there.hang_up()

    def test_that_is_refreshed_is_no_other_offer(self, world):
        w = world(OFF)
        there, _here = w.talk()

        for _ in range(3):
            there.send("INVITE", body=sdp(TRUNK_MEDIA, more=CHAT, version=2))
            w.settle()
        there.send("INVITE", body=sdp(TRUNK_MEDIA, more=CHAT, version=3))
        w.settle()

        assert counted(w) == (0, 2)
        there.hang_up()


class TestNothingButStreams:
    @pytest.mark.parametrize(
        "decision",
        [
            OFF,
            NOTICE,
            BEFORE,
            replace(NOTICE, messages="allow"),
            replace(notice(Party.CALLEE), messages="allow"),
        ],
    )
    def test_are_refused_where_they_are_denied_or_a_notice_is_due(self, world, decision):
        w = world(decision)

        there = w.trunk.call(body=ONLY_CHAT)
        w.settle()

        assert there.status == 488
        assert there.final.headers.get("Warning") == (
            '304 consent-sidecar "Media type not available"'
        )
        assert w.pbx.calls == []
        assert w.ended == ("refused", "sidecar")
        assert counted(w) == (0, 1)

    def test_make_a_call_without_media_where_they_are_allowed(self, world):
        w = world(ALLOWED)
        there = w.trunk.call(body=ONLY_CHAT)
        w.settle()
        w.pbx.calls[-1].answer((SESSION + ANSWERED_CHAT).encode())
        w.pass_time(300)

        assert there.status == 200
        assert w.pbx.calls[-1].request.body.decode().endswith(CHAT)
        assert w.call.media.remotes.get((Side.A, 0)) is None
        assert counted(w) == (1, 0)
        there.hang_up()
        w.settle()
        assert w.ended == ("answered", "caller")

    def test_with_video_beside_them_are_no_call_either(self, world):
        w = world(ALLOWED)

        there = w.trunk.call(body=ONLY_CHAT + b"m=video 4000 RTP/AVP 34\r\n")
        w.settle()

        assert there.status == 488
        assert w.pbx.calls == []
