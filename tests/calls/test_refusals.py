"""Calls that don't come about: refusals, other targets, what can't be served."""

from __future__ import annotations

import pytest

from tests.calls.agents import sdp
from tests.calls.world import BEFORE, NOTICE, OFF, PBX_MEDIA, SIDECAR, TRUNK, TRUNK_MEDIA


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "disposition"),
        [
            (404, "rejected"),
            (408, "no_answer"),
            (480, "no_answer"),
            (486, "busy"),
            (500, "failed"),
            (600, "busy"),
            (603, "rejected"),
        ],
    )
    def test_of_the_pbx_reach_the_caller(self, world, status, disposition):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].respond(status, [("Retry-After", "60"), ("X-Secret", "house")])
        w.settle()

        assert there.status == status
        assert there.final.headers.get("Retry-After") == "60"
        assert "X-Secret" not in there.final.headers
        assert w.ended == (disposition, "callee")

    def test_of_the_pbx_after_the_notice_end_the_call_by_bye(self, world):
        w = world(BEFORE)
        w.trunk.call()
        w.settle()
        w.hear_notices()
        w.pbx.calls[0].respond(486)
        w.settle()

        assert w.trunk.asked_for("BYE").headers.get("Reason") == "SIP ;cause=486"
        assert w.ended == ("busy", "callee")

    def test_a_body_of_a_refusal_stays_here_and_so_does_its_type(self, world):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].respond(488, body=sdp(PBX_MEDIA))
        w.settle()

        assert there.status == 488
        assert there.final.body == b""
        assert "Content-Type" not in there.final.headers

    def test_a_redirection_leads_through_the_sidecar(self, world):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].respond(302, [("Contact", "<sip:200@198.51.100.20>;q=0.5")])
        w.settle()

        assert there.status == 302
        assert there.final.headers.get("Contact") == "<sip:200@192.0.2.1:5060>;q=0.5"

    def test_a_redirection_to_nowhere_readable_is_passed_without_contact(self, world):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].respond(302, [("Contact", "*")])
        w.settle()

        assert there.status == 302

    def test_a_pbx_that_rings_for_ever_is_cancelled_after_timer_c(self, world):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].ring()
        w.pass_time(250)

        assert w.pbx.calls[0].cancelled
        assert there.status == 408
        assert w.ended == ("no_answer", "sidecar")


class TestTargets:
    def test_a_silent_pbx_is_answered_for_after_timer_b(self, world):
        w = world(OFF)
        w.pbx.silent = True
        there = w.trunk.call()
        w.pass_time(31)
        assert there.final is None
        w.pass_time(2)

        assert there.status == 503
        assert there.final.headers.get("Retry-After") == "5"
        assert w.ended == ("failed", "sidecar")
        assert w.counted("sip_rejected_total", reason="destination_silent") == 1

    @pytest.mark.parametrize("decision", [OFF, NOTICE, BEFORE])
    def test_another_target_takes_the_call_of_a_silent_one(self, world, decision):
        w = world(decision, spare=True)
        w.pbx.silent = True
        there = w.trunk.call()
        w.settle()
        w.hear_notices()
        w.pass_time(33)
        here = w.spare.calls[0]
        here.answer()
        w.settle()
        w.hear_notices()

        assert there.status == 200
        assert all(w.media.gates.values())
        there.hang_up()
        w.settle()
        assert w.ended == ("answered", "caller")

    @pytest.mark.parametrize("decision", [OFF, NOTICE, BEFORE])
    def test_another_target_takes_the_call_of_one_that_is_overloaded(self, world, decision):
        w = world(decision, spare=True)
        there = w.trunk.call()
        w.settle()
        w.hear_notices()
        w.pbx.calls[0].respond(503)
        w.settle()
        w.spare.calls[0].answer()
        w.settle()

        assert there.status == 200
        there.hang_up()

    def test_a_target_that_the_probes_found_silent_is_tried_last(self, world):
        w = world(OFF, spare=True)
        w.b2bua.unreachable.add(w.pbx_peer.uris[0])
        w.trunk.call()
        w.settle()

        assert w.pbx.calls == []
        w.spare.calls[0].respond(503)
        w.settle()
        w.pbx.calls[0].respond(486)
        w.settle()
        assert w.ended == ("busy", "callee")

    def test_the_last_target_s_503_reaches_the_caller(self, world):
        w = world(OFF, spare=True)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].respond(503)
        w.settle()
        w.spare.calls[0].respond(503)
        w.settle()

        assert there.status == 503
        assert w.ended == ("failed", "callee")

    def test_another_refusal_is_not_tried_elsewhere(self, world):
        w = world(OFF, spare=True)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].respond(486)
        w.settle()

        assert there.status == 486
        assert w.spare.calls == []

    def test_a_target_that_can_t_be_reached_is_passed_over(self, world):
        w = world(OFF, spare=True)
        w.pbx.silent = True
        there = w.trunk.call()
        w.settle()

        flow = w._flow_to(w.pbx_peer.uris[0])
        w.b2bua.transport_failed(flow, w.moment)
        w.settle()
        w.spare.calls[0].answer()
        w.settle()

        assert there.status == 200
        there.hang_up()

    def test_with_no_target_left_that_can_be_reached_the_call_is_refused(self, world):
        w = world(OFF)
        del w.agents[w.pbx.host]
        there = w.trunk.call()
        w.settle()

        assert there.status == 503
        assert w.ended == ("failed", "sidecar")


class TestWhatCanTBeServed:
    def test_no_ports_left(self, world):
        w = world(OFF)
        w.engine.refuses = "ports used up"
        there = w.trunk.call()
        w.settle()

        assert there.status == 503
        assert there.final.headers.get("Retry-After") == "5"
        assert w.ended == ("refused", "sidecar")
        assert w.counted("sip_rejected_total", reason="no_ports") == 1

    def test_a_record_that_can_t_be_written(self, world):
        w = world(OFF)
        w.records.fails = True
        there = w.trunk.call()
        w.settle()

        assert there.status == 503
        assert there.final.headers.get("Retry-After") == "5"
        assert w.pbx.calls == []
        assert w.ended == ("refused", "sidecar")
        assert w.counted("fail_closed_total", reason="record_not_written") == 1

    @pytest.mark.parametrize("decision", [OFF, NOTICE, BEFORE])
    @pytest.mark.parametrize(
        "body",
        [
            b"v=0\r\no=- 1 1 IN IP4 203.0.113.11\r\ns=-\r\nc=IN IP4 203.0.113.11\r\nt=0 0\r\n"
            b"m=video 4000 RTP/AVP 96\r\n",
            b"v=0\r\nnonsense",
            sdp("203.0.113.11", 0),
        ],
        ids=["video only", "nonsense", "port 0"],
    )
    def test_an_offer_without_audio(self, world, decision, body):
        w = world(decision)
        there = w.trunk.call(body=body)
        w.settle()

        assert there.status in (400, 488)
        assert w.ended == ("refused", "sidecar")
        assert w.counted("sip_rejected_total", reason="offer_unusable") == 1

    @pytest.mark.parametrize("decision", [NOTICE, BEFORE])
    def test_no_codec_that_a_prompt_can_be_played_in(self, world, decision):
        w = world(decision)
        there = w.trunk.call(body=sdp(TRUNK_MEDIA, codecs="18"))
        w.settle()

        assert there.status == 488
        assert w.ended == ("refused", "sidecar")
        assert w.counted("sip_rejected_total", reason="offer_unusable") == 1

    def test_any_codec_will_do_without_a_notice(self, world):
        w = world(OFF)
        there = w.trunk.call(body=sdp(TRUNK_MEDIA, codecs="18"))
        w.settle()
        w.pbx.calls[0].answer(sdp(PBX_MEDIA, codecs="18"))
        w.settle()

        assert there.status == 200
        there.hang_up()

    def test_a_body_that_is_no_session_description(self, world):
        w = world(OFF)
        there = w.trunk.call(body=b"hello", headers=[("Content-Type", "text/plain")])
        w.settle()

        assert there.status == 415
        assert there.final.headers.get("Accept") == "application/sdp"

    def test_an_extension_that_nobody_knows(self, world):
        w = world(OFF)
        there = w.trunk.call(headers=[("Require", "timer, telepathy")])
        w.settle()

        assert there.status == 420
        assert there.final.headers.get("Unsupported") == "telepathy"
        assert w.records.finished == []

    def test_no_hops_left(self, world):
        w = world(OFF)
        there = w.trunk.call(headers=[("Max-Forwards", "0")])
        w.settle()

        assert there.status == 483

    def test_hops_are_counted_down(self, world):
        w = world(OFF)
        there = w.trunk.call(headers=[("Max-Forwards", "12")])
        w.settle()

        assert w.pbx.calls[0].request.headers.get("Max-Forwards") == "11"
        there.cancel()

    @pytest.mark.parametrize("contact", ["", "*"])
    def test_an_invite_without_a_contact_that_can_be_sent_to(self, world, contact):
        w = world(OFF)
        lines = [
            f"INVITE sip:100@{SIDECAR[0]} SIP/2.0",
            f"Via: SIP/2.0/UDP {TRUNK};branch=z9hG4bKx",
            "From: <sip:a@b>;tag=1",
            "To: <sip:100@c>",
            "Call-ID: x",
            "CSeq: 1 INVITE",
            "Content-Length: 0",
        ]
        if contact:
            lines.insert(2, f"Contact: {contact}")
        w.trunk.throw("\r\n".join([*lines, "", ""]).encode())
        w.settle()

        assert w.trunk.heard(400)

    def test_a_response_of_the_pbx_that_can_t_be_used_as_answer(self, world):
        w = world(NOTICE)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].answer(b"v=0\r\nnonsense")
        w.settle()

        assert there.status == 502
        assert len(w.pbx.heard("BYE")) == 1
        assert w.ended == ("failed", "sidecar")

    def test_a_pbx_that_answers_without_a_description(self, world):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].answer(b"")
        w.settle()

        assert there.status == 502
        assert len(w.pbx.calls[0].acks) == 1
        assert len(w.pbx.heard("BYE")) == 1

    def test_strangers_and_strays_get_no_answer(self, world):
        from sidecar.sip.flow import Flow

        w = world(OFF)
        stranger = Flow("UDP", SIDECAR, ("192.0.2.99", 5060), "192.0.2.1:5060")
        w.b2bua.receive(b"OPTIONS sip:x SIP/2.0\r\n\r\n", stranger, w.moment)
        w.trunk.throw(b"\x00\x01garbage")
        w.trunk.throw(b"SIP/2.0 200 OK\r\nnothing")
        w.settle()

        assert w.trunk.received == []
        assert w.counted("sip_rejected_total", reason="unknown_source") == 1
        assert w.counted("sip_rejected_total", reason="malformed") == 2

    def test_a_session_description_under_another_type(self, world):
        w = world(OFF)
        there = w.trunk.call(headers=[("Content-Type", "text/plain")])
        w.settle()

        assert there.status == 415
        assert w.pbx.calls == []

    def test_an_answer_under_another_type(self, world):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].answer(headers=[("Content-Type", "text/plain")])
        w.settle()

        assert there.status == 502
        assert len(w.pbx.heard("BYE")) == 1

    def test_more_streams_than_one_call_may_have(self, world):
        w = world(OFF)
        more = "m=video 4002 RTP/AVP 96\r\n" * 8
        there = w.trunk.call(body=sdp(TRUNK_MEDIA, more=more))
        w.settle()
        other, _here = w.talk()
        again = other.send("INVITE", body=sdp(TRUNK_MEDIA, more=more, version=2))
        w.settle()

        assert there.status == 488
        assert again.status == 488
        assert len(w.media.ports_a) == 1
        other.hang_up()


class TestPromises:
    @pytest.mark.parametrize("decision", [NOTICE, BEFORE])
    def test_a_call_whose_notice_can_not_be_said_is_refused_before_anyone_rings(
        self, world, decision
    ):
        w = world(decision)
        w.engine.prompts.missing.add("recording-notice")
        there = w.trunk.call()
        w.settle()

        assert there.status == 503
        assert w.pbx.calls == []
        assert w.ended == ("refused", "sidecar")
        assert w.counted("fail_closed_total", reason="prompt_missing") == 1

    def test_a_keep_alive_over_udp_is_no_malformed_message(self, world):
        w = world(OFF)
        for data in (b"\r\n\r\n", b"\r\n", b"\0", b""):
            w.trunk.throw(data)
        w.settle()

        assert w.counted("sip_rejected_total", reason="malformed") == 0
