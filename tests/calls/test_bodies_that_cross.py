"""What a side says in a body crosses as it was understood, or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.calls.agents import SDP_TYPE, sdp, typed_as
from tests.calls.world import (
    NOTICE,
    OFF,
    PBX_MEDIA,
    SIDECAR,
    TRUNK_MEDIA,
)

ELSEWHERE = "203.0.113.99"
ALLOWED = replace(OFF, messages="allow")
DTMF = "application/dtmf-relay"
HIDDEN = sdp(ELSEWHERE).replace(b"v=0\r\n", b"")
"""A description without its first line, as Asterisk takes it all the same."""
TYPES = ["application/\tsdp", "application /sdp", "Application/SDP ", "application/sdp;x=y"]


class TestADescriptionInAnotherSpelling:
    """A PBX that skips a blank where we see another type would take what we have not read."""

    @pytest.mark.parametrize("kind", TYPES)
    @pytest.mark.parametrize("method", ["UPDATE", "INVITE", "INFO", "NOTIFY", "MESSAGE", "REFER"])
    def test_that_can_t_be_read_does_not_reach_the_pbx(self, world, method, kind):
        w = world(ALLOWED)
        there, _here = w.talk()

        asked = there.send(method, typed_as(kind), HIDDEN)
        w.settle()

        assert asked.status in (400, 415)
        assert w.pbx.served == []
        there.hang_up()

    @pytest.mark.parametrize("kind", TYPES)
    def test_that_can_be_read_goes_on_in_ours(self, world, kind):
        w = world(OFF)
        there, here = w.talk(headers=typed_as(kind))
        update = there.send("UPDATE", typed_as(kind), sdp(TRUNK_MEDIA, version=2))
        w.settle()

        assert update.status == 200
        for message in (here.request, w.pbx.asked_for("UPDATE")):
            assert message.headers.get_all("Content-Type") == ["application/sdp"]
            assert SIDECAR[0].encode() in message.body
        there.hang_up()

    def test_that_can_t_be_read_sets_up_no_call(self, world):
        w = world(OFF)
        there = w.trunk.call(headers=typed_as("application/\tsdp"), body=HIDDEN)
        w.settle()

        assert there.status in (400, 415)
        assert w.pbx.calls == []

    def test_answers_nothing_in_the_ack_that_was_held_back(self, world):
        w = world(OFF)
        there = w.trunk.call(body=b"")
        there.acks = False
        w.settle()
        w.pbx.calls[-1].answer()
        w.settle()

        ack = there.dialog.ack(there.request, typed_as("application/\tsdp"), HIDDEN)
        w.trunk.layer.send_ack(ack, w.trunk.flow, w.now)
        w.trunk.flush()
        w.settle()

        assert all(ELSEWHERE.encode() not in ack.body for ack in w.pbx.heard("ACK"))
        assert [each.method for each in w.pbx.served] == ["BYE"]

    @pytest.mark.parametrize("status", [183, 200])
    def test_does_not_reach_a_pbx_that_calls(self, world, status):
        w = world(OFF)
        there = w.pbx.call("+49301", caller="100")
        w.settle()
        here = w.trunk.calls[-1]
        odd = typed_as("application/\tsdp")
        if status == 183:
            here.ring(183, HIDDEN, headers=odd)
        else:
            here.answer(HIDDEN, headers=odd)
        w.settle()

        assert not any(ELSEWHERE.encode() in each.body for each in w.pbx.received)
        assert there.status == (None if status == 183 else 502)
        there.cancel()

    def test_does_not_answer_a_reliable_18x(self, world):
        w = world(OFF)
        there = w.trunk.call(body=b"", headers=[("Supported", "100rel")])
        there.pracks = False
        w.settle()
        w.pbx.calls[-1].ring(183, sdp(PBX_MEDIA), reliable=True)
        w.settle()
        rung = next(each for each in there.responses if each.headers.get("RSeq"))
        rack = f"{rung.headers.get('RSeq')} {rung.cseq}"
        early = next(iter(there.early.values()))

        prack = w.trunk.ask(
            early, "PRACK", [("RAck", rack), *typed_as("application/\tsdp")], HIDDEN
        )
        w.settle()

        assert prack.status == 400
        assert w.pbx.heard("PRACK") == []
        there.cancel()


class TestAnAnswerToWhatWasNotOffered:
    """Whoever gives one has seen an offer that did not come through us."""

    @pytest.mark.parametrize("kind", ["application/sdp", "application/x-sdp"])
    def test_of_the_pbx_ends_the_call(self, world, kind):
        w = world(NOTICE)
        w.pbx.answers["UPDATE"] = None
        there, _here = w.talk()
        asked = there.send("UPDATE")
        w.settle()

        w.pbx.served[-1].respond(200, typed_as(kind), sdp(PBX_MEDIA, version=2))
        w.settle()

        assert asked.status == 487
        assert not asked.final.body
        assert w.counted("fail_closed_total", reason="answer_unasked") == 1
        assert w.record.fail_closed == "answer_unasked"
        assert [each.method for each in w.trunk.served] == ["BYE"]

    def test_in_an_ack_ends_the_call(self, world):
        w = world(OFF)
        there = w.trunk.call()
        there.answer_in_ack = sdp(ELSEWHERE, version=9)
        w.settle()
        w.pbx.calls[-1].answer()
        w.settle()

        assert w.counted("fail_closed_total", reason="answer_unasked") == 1
        assert all(not ack.body for ack in w.pbx.heard("ACK"))
        assert [each.method for each in w.trunk.served] == ["BYE"]

    def test_in_an_ack_that_only_repeats_the_offer_does_no_harm(self, world):
        w = world(OFF)
        there = w.trunk.call()
        there.answer_in_ack = there.body
        w.settle()
        w.pbx.calls[-1].answer()
        w.settle()

        assert w.counted("fail_closed_total", reason="answer_unasked") == 0
        assert all(not ack.body for ack in w.pbx.heard("ACK"))
        there.hang_up()


class TestMultipart:
    """Of a multipart body only the session description goes on, as a body of its own."""

    BODY = (
        b"--b\r\nContent-Type: application/isup;version=x\r\n\r\n\x01\x02\r\n"
        b"--b\r\nContent-Type: application/sdp\r\n\r\n" + sdp(TRUNK_MEDIA) + b"\r\n--b--\r\n"
    )

    def test_goes_on_as_the_description_alone(self, world):
        w = world(OFF)
        there, here = w.talk(
            self.BODY,
            headers=[
                ("Content-Type", "multipart/mixed;boundary=b"),
                ("MIME-Version", "1.0"),
                ("Content-Disposition", "session;handling=required"),
            ],
        )

        assert here.request.headers.get("Content-Type") == "application/sdp"
        assert here.request.body.startswith(b"v=0\r\n")
        assert here.request.body.count(b"v=0") == 1
        for name in ("MIME-Version", "Content-Disposition"):
            assert name not in here.request.headers
        there.hang_up()


class TestBodies:
    @pytest.mark.parametrize(
        ("method", "kind", "came", "goes"),
        [
            ("INFO", DTMF, b"Signal= 5\nDuration= 160\n", b"Signal=5\r\nDuration=160\r\n"),
            ("INFO", "application/\tDTMF-Relay;x", b"Signal=11", b"Signal=#\r\nDuration=100\r\n"),
            ("INFO", "application/dtmf", b" 10 ", b"*"),
            ("INFO", "application/dtmf", b"d=1", b"1"),
            ("INFO", "audio/telephone-event;rate=8000", b"\x05\x01\x05\x00", b"\x05\x0a\x05\x00"),
            ("INFO", "Audio/\ttelephone-event", b"\x0b\x80\x05\x00", b"\x0b\x8a\x05\x00"),
            (
                "NOTIFY",
                "message/sipfrag;version=2.0",
                b"SIP/2.0 200 come to my place\r\nSubject: hello\r\n\r\nread me",
                b"SIP/2.0 200 OK\r\n",
            ),
            (
                "NOTIFY",
                "application/simple-message-summary",
                b"messages-waiting: YES\r\nvoice-message: 2/8 (0/2)\r\nX-Read: me\r\n\r\nFrom: x",
                b"Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/2)\r\n",
            ),
        ],
    )
    def test_are_written_anew(self, world, method, kind, came, goes):
        w = world(OFF)
        there, _here = w.talk()

        asked = there.send(method, typed_as(kind), came)
        w.settle()

        here = w.pbx.asked_for(method)
        assert asked.status == 200
        assert here.body == goes
        assert here.headers.get("Content-Type") == kind.partition(";")[0].replace("\t", "").lower()
        there.hang_up()

    def test_a_wish_for_a_whole_picture_is_written_in_fixed_words(self, world):
        w = world(OFF)
        there, _here = w.talk()
        wish = b"<media_control><vc_primitive><to_encoder><picture_fast_update>read me"

        there.send("INFO", typed_as("application/media_control+xml"), wish)
        w.settle()

        assert b"<picture_fast_update/>" in w.pbx.asked_for("INFO").body
        assert b"read me" not in w.pbx.asked_for("INFO").body
        there.hang_up()

    @pytest.mark.parametrize(
        "method", ["INFO", "NOTIFY", "REFER", "SUBSCRIBE", "UPDATE", "OPTIONS"]
    )
    @pytest.mark.parametrize(
        "kind",
        [
            "application/octet-stream",
            "application/isup",
            "image/png",
            "nonsense",
            "multipart/mixed",
        ],
    )
    def test_of_other_types_are_refused_with_what_would_be_taken(self, world, method, kind):
        w = world(ALLOWED)
        there, _here = w.talk()

        asked = there.send(method, typed_as(kind), b"\x01\x02")
        w.settle()

        assert asked.status in (400, 415)
        if asked.status == 415:
            assert asked.final.headers.get_all("Accept") != []
        assert w.pbx.served == []
        there.hang_up()

    def test_without_a_type_are_refused(self, world):
        w = world(OFF)
        asked = w.trunk.request("NOTIFY", f"sip:100@{SIDECAR[0]}", body=b"SIP/2.0 200 OK")
        w.settle()

        assert asked.status == 415
        assert w.pbx.received == []

    def test_of_a_re_invite_that_describe_no_session_are_refused_with_what_would_be_taken(
        self, world
    ):
        w = world(ALLOWED)
        there, _here = w.talk()

        asked = there.send("INVITE", typed_as("text/plain"), b"read me")
        w.settle()

        assert asked.status == 415
        assert asked.final.headers.get("Accept") == "application/sdp"
        assert w.pbx.served == []
        there.hang_up()

    def test_that_may_be_left_out_are_left_out(self, world):
        w = world(OFF)
        there, _here = w.talk()
        optional = [
            *typed_as("application/isup"),
            ("Content-Disposition", "signal;handling=optional"),
        ]

        asked = there.send("INFO", optional, b"\x01")
        w.settle()

        assert asked.status == 200
        assert w.pbx.asked_for("INFO").body == b""
        assert "Content-Type" not in w.pbx.asked_for("INFO").headers
        there.hang_up()

    @pytest.mark.parametrize("inside", [True, False])
    def test_that_are_encoded_are_refused(self, world, inside):
        w = world(OFF)
        encoded = [SDP_TYPE, ("Content-Encoding", "gzip")]
        there = w.trunk.call() if inside else w.trunk.call(headers=encoded)
        w.settle()
        if inside:
            w.pbx.calls[-1].answer()
            w.settle()
        asked = there.send("INVITE", encoded, sdp(TRUNK_MEDIA)) if inside else there
        w.settle()

        assert asked.status == 415
        assert w.pbx.heard("INVITE") == ([w.pbx.calls[0].request] if inside else [])
        there.hang_up() if inside else None

    @pytest.mark.parametrize("name", ["Content-Type", "Content-Disposition", "Content-Encoding"])
    def test_whose_headers_say_something_twice_are_refused(self, world, name):
        w = world(OFF)
        value = {"Content-Type": "application/sdp", "Content-Disposition": "session"}
        twice = [(name, value.get(name, "identity"))] * 2

        there = w.trunk.call(headers=twice)
        w.settle()

        assert there.status == 400
        assert w.pbx.calls == []

    @pytest.mark.parametrize("method", ["INFO", "OPTIONS", "NOTIFY", "REFER", "MESSAGE"])
    def test_in_answers_are_left_out(self, world, method):
        w = world(ALLOWED)
        w.pbx.answers[method] = None
        there, _here = w.talk()
        asked = there.send(method, [("Refer-To", "<sip:+4930777@192.0.2.1>")])
        w.settle()

        w.pbx.served[-1].respond(200, typed_as("text/plain"), b"read me")
        w.settle()

        assert asked.status == 200
        assert asked.final.body == b""
        assert "Content-Type" not in asked.final.headers
        there.hang_up()

    def test_in_answers_outside_of_calls_are_left_out(self, world):
        w = world(OFF)
        w.trunk.answers["SUBSCRIBE"] = None
        asked = w.pbx.request("SUBSCRIBE", "sip:100@carrier.example", [("Event", "presence")])
        w.settle()

        w.trunk.served[-1].respond(200, typed_as("text/plain"), b"read me")
        w.settle()

        assert (asked.status, asked.final.body) == (200, b"")
        assert "Content-Type" not in asked.final.headers
