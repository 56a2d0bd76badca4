"""Offers and answers: re-INVITE, hold, glare, fax, and calls whose INVITE brings no offer."""

from __future__ import annotations

import pytest

from sidecar.media.engine import Side
from tests.calls.agents import sdp
from tests.calls.world import BEFORE, NOTICE, OFF, PBX_MEDIA, TRUNK_MEDIA


class TestReInvite:
    @pytest.mark.parametrize("decision", [OFF, NOTICE, BEFORE])
    def test_holds_and_resumes(self, world, decision):
        w = world(decision)
        there, here = w.talk()

        held = here.send("INVITE", body=sdp(PBX_MEDIA, direction="sendonly", version=2))
        w.settle()
        assert held.status == 200
        assert b"a=sendonly" in w.trunk.asked_for("INVITE").body
        assert w.media.remotes[Side.B, 0].hears is False

        resumed = here.send("INVITE", body=sdp(PBX_MEDIA, version=3))
        w.settle()
        assert resumed.status == 200
        assert w.media.remotes[Side.B, 0].hears is True
        there.hang_up()

    def test_moves_the_media_of_one_side_only(self, world):
        w = world(OFF)
        there, _here = w.talk()

        there.send("INVITE", body=sdp("203.0.113.99", 7000, version=2))
        w.settle()

        assert w.media.remotes[Side.A, 0].address == "203.0.113.99"
        assert w.media.remotes[Side.B, 0].address == PBX_MEDIA
        there.hang_up()

    def test_refused_leaves_what_was_agreed(self, world):
        w = world(OFF)
        there, here = w.talk()
        before = dict(w.media.remotes)
        w.pbx.answers["INVITE"] = 488

        asked = there.send("INVITE", body=sdp(TRUNK_MEDIA, 7000, version=2))
        w.settle()

        assert asked.status == 488
        assert w.media.remotes == before
        w.trunk.answers["INVITE"] = 200
        again = here.send("INVITE", body=sdp(PBX_MEDIA, version=2))
        w.settle()
        assert again.status == 200
        there.hang_up()

    def test_of_both_at_once_is_glare(self, world):
        w = world(OFF)
        there, here = w.talk()

        one = there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
        other = here.send("INVITE", body=sdp(PBX_MEDIA, version=2))
        w.settle()

        assert sorted([one.status, other.status]) == [200, 491]
        there.hang_up()

    def test_that_overlaps_another_of_the_same_side_is_told_to_wait(self, world):
        w = world(OFF)
        w.pbx.answers["INVITE"] = None
        there, _here = w.talk()

        there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
        w.settle()
        second = there.send("INVITE", body=sdp(TRUNK_MEDIA, version=3))
        w.settle()

        assert second.status == 500
        assert 0 <= int(second.final.headers.get("Retry-After")) <= 10
        w.pbx.served[-1].respond(200, body=sdp(PBX_MEDIA, version=2))
        w.settle()
        there.hang_up()

    def test_cancelled_is_cancelled_on_the_other_leg(self, world):
        w = world(OFF)
        w.pbx.answers["INVITE"] = None
        there, _here = w.talk()
        asked = there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
        w.settle()

        w.trunk.layer.cancel(asked.transaction, w.now)
        w.trunk.flush()
        w.settle()

        assert w.pbx.served[-1].cancelled
        assert asked.status == 487
        assert w.b2bua.calls
        there.hang_up()

    def test_cancelled_while_ports_are_opened_is_not_sent_on(self, world):
        w = world(OFF)
        there, _here = w.talk()
        more = "m=video 4002 RTP/AVP 96\r\n"
        w.media.add_stream = lambda: None
        asked = there.send("INVITE", body=sdp(TRUNK_MEDIA, more=more, version=2))
        w.settle()

        w.trunk.layer.cancel(asked.transaction, w.now)
        w.trunk.flush()
        w.settle()

        assert asked.status == 487
        assert w.pbx.heard("INVITE") == [w.pbx.calls[0].request]
        there.hang_up()

    def test_with_two_more_streams_waits_for_the_ports_of_both(self, world):
        w = world(OFF)
        there, _here = w.talk()
        more = "m=video 4002 RTP/AVP 34\r\nm=image 4004 udptl t38\r\n"

        there.send("INVITE", body=sdp(TRUNK_MEDIA, more=more, version=2))
        w.settle()

        offered = w.pbx.asked_for("INVITE").body.decode()
        assert f"m=video {w.media.ports_b[1]} " in offered
        assert f"m=image {w.media.ports_b[2]} " in offered
        there.hang_up()

    def test_with_a_stream_that_finds_no_port_declines_that_stream(self, world):
        w = world(OFF)
        there, _here = w.talk()
        w.engine.refuses = "ports used up"

        asked = there.send(
            "INVITE", body=sdp(TRUNK_MEDIA, more="m=video 4002 RTP/AVP 96\r\n", version=2)
        )
        w.settle()

        assert asked.status == 200
        assert b"m=video 0" in w.pbx.asked_for("INVITE").body
        there.hang_up()

    def test_whose_answer_is_lost_gets_the_same_ack_again(self, world):
        w = world(OFF)
        there, here = w.talk()
        dropped = []

        def lose(message, to):
            if getattr(message, "method", "") == "ACK" and not dropped:
                dropped.append(message)
                return True
            return False

        w.lose = lose
        there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
        w.settle()
        w.pass_time(1)

        acks = w.pbx.heard("ACK")
        assert acks[-1].cseq == dropped[0].cseq
        assert acks[-1].cseq.number > here.request.cseq.number
        there.hang_up()

    def test_that_is_never_acknowledged_ends_the_call(self, world):
        w = world(OFF)
        there, _here = w.talk()
        w.trunk.layer.send_ack = lambda *_: None

        there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
        w.pass_time(40)

        assert w.ended == ("answered", "sidecar")

    def test_acknowledged_by_the_ack_of_another_invite_is_not(self, world):
        w = world(OFF)
        there, _here = w.talk()
        send_ack = w.trunk.layer.send_ack
        w.trunk.layer.send_ack = lambda *_: None
        there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
        w.settle()

        send_ack(there.dialog.ack(there.request), w.trunk.flow, w.now)
        w.trunk.flush()
        w.pass_time(40)

        assert w.ended == ("answered", "sidecar")

    def test_without_an_offer_gets_the_other_side_s_offer(self, world):
        w = world(OFF)
        w.pbx.answers["INVITE"] = None
        there, _here = w.talk()

        asked = there.send("INVITE")
        w.settle()
        w.pbx.served[-1].respond(200, body=sdp(PBX_MEDIA, 8000, version=2))
        w.settle()

        assert asked.status == 200
        assert b"m=audio" in asked.final.body
        w.settle()
        there.hang_up()

    def test_a_preview_in_a_183_is_anchored_too(self, world):
        w = world(OFF)
        w.pbx.answers["INVITE"] = None
        there, _here = w.talk()
        asked = there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
        w.settle()

        w.pbx.served[-1].respond(183, body=sdp(PBX_MEDIA, version=2))
        w.settle()

        assert b"192.0.2.1" in asked.responses[-1].body
        w.pbx.served[-1].respond(200, body=sdp(PBX_MEDIA, version=2))
        w.settle()
        there.hang_up()

    def test_offers_no_reliable_provisionals(self, world):
        w = world(OFF)
        there, _here = w.talk()

        there.send("INVITE", [("Supported", "timer, 100rel")], sdp(TRUNK_MEDIA, version=2))
        refused = there.send("INVITE", [("Require", "100rel")], sdp(TRUNK_MEDIA, version=3))
        w.settle()

        assert w.pbx.asked_for("INVITE").headers.get("Supported") == "timer"
        assert refused.status == 420
        there.hang_up()

    def test_to_fax_passes_under_a_notice_too(self, world):
        w = world(NOTICE)
        there, _here = w.talk()
        fax = sdp(PBX_MEDIA).replace(b"m=audio 4000 RTP/AVP 0 8", b"m=image 4000 udptl t38")

        asked = w.pbx.calls[0].send("INVITE", body=fax)
        w.settle()

        assert asked.status == 200
        assert b"m=image" in w.trunk.asked_for("INVITE").body
        there.hang_up()

    def test_the_other_side_that_stays_silent_is_408(self, world):
        w = world(OFF)
        there, _here = w.talk()
        w.pbx.silent = True

        asked = there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
        w.pass_time(40)

        assert asked.status == 408
        w.pbx.silent = False
        there.hang_up()

    def test_pending_when_the_call_ends_is_answered(self, world):
        w = world(OFF)
        w.pbx.answers["INVITE"] = None
        there, here = w.talk()
        asked = there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
        w.settle()

        here.hang_up()
        w.settle()

        assert asked.status == 487
        assert len(w.trunk.heard("BYE")) == 1
        w.pbx.served[-1].respond(487)


class TestDelayedOffer:
    @pytest.mark.parametrize("decision", [OFF, NOTICE])
    def test_the_pbx_offers_and_the_caller_answers_in_the_ack(self, world, decision):
        w = world(decision)
        there = w.trunk.call(body=b"")
        there.answer_in_ack = sdp(TRUNK_MEDIA)
        w.settle()
        here = w.pbx.calls[0]
        assert here.request.body == b""
        here.answer()
        w.settle()

        assert b"m=audio" in there.final.body
        assert b"m=audio" in here.acks[0].body
        assert w.media.remotes[Side.A, 0].address == TRUNK_MEDIA
        assert w.media.remotes[Side.B, 0].address == PBX_MEDIA
        w.hear_notices()
        assert all(w.media.gates.values())
        there.hang_up()

    def test_before_connect_the_sidecar_offers(self, world):
        w = world(BEFORE)
        there = w.trunk.call(body=b"")
        there.answer_in_ack = sdp(TRUNK_MEDIA, codecs="8")
        w.settle()
        assert b"m=audio" in there.final.body
        w.hear_notices()
        here = w.pbx.calls[0]
        assert b"RTP/AVP 8\r\n" in here.request.body
        here.answer(sdp(PBX_MEDIA, codecs="8"))
        w.settle()
        w.hear_notices()

        assert all(w.media.gates.values())
        there.hang_up()

    @pytest.mark.parametrize("decision", [OFF, BEFORE])
    @pytest.mark.parametrize("answer", [b"", b"v=0\r\nnonsense"])
    def test_an_ack_without_a_usable_answer_ends_the_call(self, world, decision, answer):
        w = world(decision)
        there = w.trunk.call(body=b"")
        there.answer_in_ack = answer
        w.settle()
        if w.pbx.calls:
            w.pbx.calls[0].answer()
        w.settle()

        assert len(w.trunk.heard("BYE")) == 1
        assert not w.b2bua.calls

    def test_a_repeated_answer_before_the_caller_s_ack_waits_for_it(self, world):
        w = world(OFF)
        there = w.trunk.call(body=b"")
        there.acks = False
        there.answer_in_ack = sdp(TRUNK_MEDIA)
        w.settle()
        here = w.pbx.calls[0]
        here.answer()
        w.pass_time(2)
        assert here.acks == []

        there.ack()
        w.settle()

        assert len(here.acks) == 1
        there.hang_up()

    def test_a_pbx_that_hangs_up_before_its_ack_gets_it_all_the_same(self, world):
        w = world(OFF)
        there = w.trunk.call(body=b"")
        there.acks = False
        w.settle()
        here = w.pbx.calls[0]
        here.answer()
        w.settle()

        here.hang_up()
        w.settle()

        assert len(here.acks) == 1
        there.ack()
