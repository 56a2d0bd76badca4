"""Answers that come early, incomplete, or in the midst of something that is being said."""

from __future__ import annotations

import pytest

from sidecar.media.engine import Side, Silent
from tests.calls.agents import sdp
from tests.calls.world import BEFORE, NOTICE, OFF, PBX_MEDIA, TRUNK_MEDIA

FAX = sdp(PBX_MEDIA, version=2).replace(b"m=audio 4000 RTP/AVP 0 8", b"m=image 4000 udptl t38")


def lines_of(body):
    return [line for line in body.decode().split("\r\n") if line.startswith("m=")]


class TestAnAnswerThatCameEarlyOnly:
    @pytest.mark.parametrize("decision", [OFF, NOTICE, BEFORE])
    def test_in_an_unreliable_183_counts_with_the_200(self, world, decision):
        w = world(decision)
        there = w.trunk.call()
        w.settle()
        w.hear_notices()
        here = w.pbx.calls[0]
        here.ring(183, sdp(PBX_MEDIA))
        w.settle()

        here.answer(b"")
        w.settle()
        w.hear_notices()

        assert there.status == 200
        assert lines_of(there.final.body), "our 200 has the answer all the same"
        assert there.final.headers.get("Content-Type") == "application/sdp"
        assert w.media.remotes[Side.B, 0].address == PBX_MEDIA
        assert all(w.media.gates.values())
        there.hang_up()

    @pytest.mark.parametrize("decision", [OFF, BEFORE])
    def test_is_that_of_the_telephone_that_has_answered(self, world, decision):
        w = world(decision)
        there = w.trunk.call()
        w.settle()
        w.hear_notices()
        here = w.pbx.calls[0]
        here.ring(183, sdp(PBX_MEDIA, 5000), tag="one")
        here.ring(183, sdp(PBX_MEDIA, 6000), tag="two")
        w.settle()
        assert w.media.remotes[Side.B, 0].port == 6000

        here.answer(b"", tag="one")
        w.settle()
        w.hear_notices()

        assert there.status == 200
        assert w.media.remotes[Side.B, 0].port == 5000
        there.hang_up()

    def test_of_another_telephone_is_no_answer(self, world):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        here = w.pbx.calls[0]
        here.ring(183, sdp(PBX_MEDIA), tag="one")
        w.settle()

        here.answer(b"", tag="two")
        w.settle()

        assert there.status == 502

    def test_in_a_re_invite_counts_too(self, world):
        w = world(OFF)
        w.pbx.answers["INVITE"] = None
        there, _here = w.talk()
        asked = there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
        w.settle()
        w.pbx.served[-1].respond(183, body=sdp(PBX_MEDIA, 7000, version=2))
        w.pbx.served[-1].respond(200)
        w.settle()

        assert asked.status == 200
        assert lines_of(asked.final.body)
        assert w.media.remotes[Side.B, 0].port == 7000
        there.hang_up()

    def test_beside_a_body_of_another_type_counts_too(self, world):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        here = w.pbx.calls[0]
        here.ring(183, sdp(PBX_MEDIA))
        w.settle()

        here.answer(b"x", headers=[("Content-Type", "application/x-own")])
        w.settle()

        assert there.status == 200
        assert there.final.headers.get("Content-Type") == "application/sdp"
        there.hang_up()


class TestAFaxDuringTheNotice:
    @pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
    @pytest.mark.parametrize("from_pbx", [True, False])
    def test_comes_again_after_it(self, world, from_pbx, method):
        w = world(NOTICE)
        there = w.trunk.call()
        w.settle()
        here = w.pbx.calls[0]
        here.answer()
        w.settle()
        before = dict(w.media.remotes)

        asked = (here if from_pbx else there).send(method, body=FAX)
        w.settle()

        assert asked.status == 491
        assert w.media.remotes == before
        assert FAX.split(b"m=")[1] not in b"".join(m.body for m in w.trunk.received)
        w.hear_notices()
        again = here.send("INVITE", body=FAX)
        w.settle()
        assert again.status == 200
        there.hang_up()

    def test_leaves_a_hold_to_cross(self, world):
        w = world(NOTICE)
        there = w.trunk.call()
        w.settle()
        here = w.pbx.calls[0]
        here.answer()
        w.settle()

        held = here.send("INVITE", body=sdp(PBX_MEDIA, direction="sendonly", version=2))
        w.settle()

        assert held.status == 200
        there.hang_up()


class TestSilence:
    def test_ends_a_call_by_a_reason_that_says_so(self, world):
        w = world(OFF)
        w.talk()
        w.media.tell(Silent(Side.A, 300.0))
        w.settle()

        for neighbour in (w.trunk, w.pbx):
            reason = neighbour.asked_for("BYE").headers.get("Reason")
            assert reason.startswith("Q.850 ;cause=102")
            assert "500" not in reason
        assert w.ended == ("answered", "sidecar")


class TestReliableAnswers:
    def test_of_several_telephones_count_for_the_one_that_answers(self, world):
        w = world(OFF)
        there = w.trunk.call(headers=[("Supported", "100rel")])
        w.settle()
        here = w.pbx.calls[0]
        here.ring(183, sdp(PBX_MEDIA, 5000), tag="one", reliable=True)
        w.settle()
        here.ring(183, sdp(PBX_MEDIA, 6000), tag="two", reliable=True)
        w.settle()
        assert w.media.remotes[Side.B, 0].port == 6000

        here.answer(sdp(PBX_MEDIA, 5000), tag="one")
        w.settle()

        assert w.media.remotes[Side.B, 0].port == 5000
        assert lines_of(there.final.body)
        there.hang_up()

    @pytest.mark.parametrize("again", [b"", sdp(PBX_MEDIA, 5000)])
    def test_to_a_call_of_ours_alone_are_acknowledged_by_us(self, world, again):
        w = world(BEFORE)
        there = w.trunk.call()
        w.settle()
        w.hear_notices()
        here = w.pbx.calls[0]
        assert "100rel" in here.request.headers.get("Supported")
        here.ring(183, sdp(PBX_MEDIA, 5000), reliable=True)
        w.settle()
        assert not here.reliable[here.tag].pending
        assert w.pbx.heard("PRACK")
        assert w.trunk.heard(183) == [], "the caller was answered long ago"
        assert w.media.remotes[Side.B, 0].port == 5000

        here.answer(again)
        w.settle()
        w.hear_notices()

        assert all(w.media.gates.values())
        assert w.media.remotes[Side.B, 0].port == 5000
        there.hang_up()

    def test_that_come_again_are_acknowledged_once(self, world):
        w = world(BEFORE)
        there = w.trunk.call()
        w.settle()
        w.hear_notices()
        here = w.pbx.calls[0]
        w.lose = lambda message, _to: getattr(message, "method", "") == "PRACK"
        here.ring(183, sdp(PBX_MEDIA), reliable=True)
        w.pass_time(3)
        w.lose = lambda _message, _to: False
        w.pass_time(5)

        numbers = {each.cseq.number for each in w.pbx.heard("PRACK")}
        assert len(numbers) == 1
        assert not here.reliable[here.tag].pending
        there.hang_up()


def test_a_callee_is_told_of_replaces_only_where_the_caller_knows_it(world):
    for headers, told in (
        ([], "100rel, timer"),
        ([("Supported", "replaces")], "100rel, replaces, timer"),
    ):
        w = world(BEFORE)
        there = w.trunk.call(headers=headers)
        w.settle()
        w.hear_notices()
        assert w.pbx.calls[0].request.headers.get("Supported") == told
        there.hang_up()
