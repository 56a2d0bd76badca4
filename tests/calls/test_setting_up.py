"""Setting a call up: forks, CANCEL and its races, lost ACKs, other targets, refusals."""

from __future__ import annotations

import pytest

from sidecar.sip.message import Request, respond
from tests.calls.agents import sdp
from tests.calls.world import BEFORE, NOTICE, OFF, PBX_MEDIA, TRUNK


def lose(method="", status=0, to="", times=10**6):
    """Lose messages of the sidecar."""
    left = [times]

    def lost(message, receiver):
        name = message.method if isinstance(message, Request) else message.status
        if name != (method or status) or (to and receiver != to) or left[0] == 0:
            return False
        left[0] -= 1
        return True

    return lost


class TestCancel:
    def test_before_the_ports_are_open(self, world):
        w = world(NOTICE)
        w.engine.opens_at_once = False
        there = w.trunk.call()
        w.settle()

        there.cancel()
        w.settle()

        assert there.status == 487
        assert w.ended == ("cancelled", "caller")
        assert w.pbx.calls == []

    def test_before_the_record_is_written(self, world):
        w = world(OFF)
        w.records.waits = True
        there = w.trunk.call()
        w.settle()

        there.cancel()
        w.settle()
        w.records.waiting[0](True)
        w.settle()

        assert there.status == 487
        assert w.pbx.calls == []
        assert w.ended == ("cancelled", "caller")

    def test_before_any_response_of_the_pbx_waits_for_one(self, world):
        w = world(OFF)
        w.pbx.silent = True
        there = w.trunk.call()
        w.settle()
        there.cancel()
        w.settle()
        assert there.status == 487
        assert w.pbx.heard("CANCEL") == []

        w.pbx.silent = False
        w.pass_time(1)

        assert len(w.pbx.heard("CANCEL")) == 1
        assert w.pbx.calls[0].cancelled
        assert w.ended == ("cancelled", "caller")

    def test_while_it_rings_with_its_reason(self, world):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].ring()
        w.settle()

        there.cancel([("Reason", 'SIP;cause=200;text="Call completed elsewhere"')])
        w.settle()

        assert there.statuses == [180, 487]
        reason = w.pbx.asked_for("CANCEL").headers.get("Reason")
        assert reason == 'SIP;cause=200;text="Call completed elsewhere"'
        assert w.ended == ("cancelled", "caller")

    def test_that_crosses_the_answer_hangs_the_pbx_up(self, world):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        here = w.pbx.calls[0]
        here.ring()
        w.settle()

        there.cancel()
        here.answer()
        w.settle()

        assert there.status == 487
        assert len(here.acks) == 1
        assert len(w.pbx.heard("BYE")) == 1
        assert w.ended == ("cancelled", "caller")

    def test_that_crosses_the_answer_of_a_telephone_not_heard_of_before(self, world):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        here = w.pbx.calls[0]
        here.ring(tag="one")
        w.settle()

        there.cancel()
        here.answer(tag="two")
        w.settle()

        assert len(w.pbx.heard("BYE")) == 1
        assert w.pbx.asked_for("BYE").to_tag == "two"

    def test_that_comes_after_the_answer_changes_nothing(self, world):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        here = w.pbx.calls[0]

        here.answer()
        w.carry_one()
        there.cancel()
        w.settle()

        assert there.status == 200
        assert w.b2bua.calls
        there.hang_up()
        w.settle()
        assert w.ended == ("answered", "caller")

    def test_while_the_notice_before_connect_plays_changes_nothing(self, world):
        w = world(BEFORE)
        there = w.trunk.call()
        w.settle()

        there.cancel()
        w.settle()

        assert there.status == 200
        assert w.b2bua.calls
        there.hang_up()


class TestForks:
    def test_each_is_an_early_dialog_of_its_own_and_the_first_answer_wins(self, world):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        here = w.pbx.calls[0]
        here.ring(tag="one")
        here.ring(183, sdp(PBX_MEDIA), tag="two")
        w.settle()
        assert len(there.early) == 2

        here.answer(tag="two")
        w.settle()

        assert len(there.early) == 2
        assert len(w.b2bua.legs) == 2
        there.hang_up()
        w.settle()
        assert w.pbx.asked_for("BYE").to_tag == "two"

    def test_a_second_answer_is_acknowledged_and_hung_up(self, world):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        here = w.pbx.calls[0]
        here.ring(tag="one")
        here.ring(tag="two")
        w.settle()

        here.answer(tag="one")
        here.answer(tag="two")
        w.settle()

        assert there.statuses.count(200) == 1
        assert w.pbx.asked_for("BYE").to_tag == "two"
        assert {ack.to_tag for ack in here.acks} == {"one", "two"}
        there.hang_up()
        w.settle()
        assert w.ended == ("answered", "caller")

    def test_the_loser_s_reliable_ringing_does_not_end_the_call(self, world):
        w = world(OFF)
        there = w.trunk.call(headers=[("Supported", "100rel")])
        there.pracks = False
        w.settle()
        here = w.pbx.calls[0]
        here.ring(183, tag="one", reliable=True)
        w.settle()

        here.answer(tag="two")
        w.pass_time(60)

        assert w.b2bua.calls
        there.hang_up()

    def test_a_lone_181_crosses(self, world):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].ring(181)
        w.pbx.calls[0].ring(182)
        w.settle()

        assert there.statuses == [181, 182]
        there.cancel()

    def test_ringing_without_a_tag_reaches_the_caller(self, world):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        here = w.pbx.calls[0]
        untagged = respond(here.request, 180)
        w.pbx.layer.respond(here.transaction, untagged, w.now)
        w.pbx.flush()
        w.settle()
        assert there.statuses == [180]

        here.answer()
        w.settle()

        assert there.status == 200
        there.hang_up()
        w.settle()
        assert w.ended == ("answered", "caller")


class TestEarlyMedia:
    @pytest.mark.parametrize("decision", [OFF, NOTICE])
    def test_the_caller_hears_the_pbx_and_is_heard_only_without_a_notice(self, world, decision):
        from sidecar.media.engine import Side

        w = world(decision)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].ring(183, sdp(PBX_MEDIA))
        w.settle()

        assert w.media.gates == {Side.A: decision is OFF, Side.B: True}
        assert b"m=audio" in there.responses[-1].body
        there.cancel()

    def test_stops_with_the_answer_where_a_notice_is_due(self, world):
        from sidecar.media.engine import Side

        w = world(NOTICE)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].ring(183, sdp(PBX_MEDIA))
        w.settle()
        w.pbx.calls[0].answer()
        w.settle()

        assert w.media.gates == {Side.A: False, Side.B: False}
        there.hang_up()

    def test_of_the_pbx_reaches_a_caller_who_has_heard_the_notice(self, world):
        from sidecar.media.engine import Side

        w = world(BEFORE)
        there = w.trunk.call()
        w.settle()
        w.hear_notices()
        w.pbx.calls[0].ring(183, sdp(PBX_MEDIA))
        w.settle()

        assert w.media.gates == {Side.A: False, Side.B: True}
        assert not w.media.ringing
        there.hang_up()


class TestLoss:
    def test_a_lost_ack_to_the_pbx_is_sent_again_with_its_repeated_answer(self, world):
        w = world(OFF)
        w.lose = lose("ACK", times=1)
        there = w.trunk.call()
        w.settle()
        here = w.pbx.calls[0]
        here.answer()
        w.settle()
        assert here.acks == []

        w.pass_time(1)

        assert len(here.acks) == 1
        there.hang_up()

    def test_a_lost_answer_is_repeated_to_the_caller(self, world):
        w = world(OFF)
        w.lose = lose(status=200, to=TRUNK, times=2)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].answer()
        w.settle()
        assert there.final is None

        w.pass_time(3)

        assert there.status == 200
        there.hang_up()
        w.settle()
        assert w.ended == ("answered", "caller")

    def test_a_caller_who_never_acknowledges_is_hung_up_and_so_is_the_pbx(self, world):
        w = world(OFF)
        there = w.trunk.call()
        there.acks = False
        w.settle()
        w.pbx.calls[0].answer()
        w.pass_time(31)
        assert w.b2bua.calls

        w.pass_time(2)

        assert len(w.trunk.heard("BYE")) == len(w.pbx.heard("BYE")) == 1
        assert w.ended == ("failed", "sidecar")

    @pytest.mark.parametrize("decision", [NOTICE, BEFORE])
    def test_nothing_is_played_before_the_caller_s_ack(self, world, decision):
        w = world(decision)
        there = w.trunk.call()
        there.acks = False
        w.settle()
        if w.pbx.calls:
            w.pbx.calls[0].answer()
        w.pass_time(5)
        assert w.media.playing == {}

        there.ack()
        w.settle()

        assert w.media.playing
        there.hang_up()

    def test_a_bye_of_the_pbx_waits_for_the_caller_s_ack(self, world):
        w = world(OFF)
        there = w.trunk.call()
        there.acks = False
        w.settle()
        here = w.pbx.calls[0]
        here.answer()
        w.settle()
        here.hang_up()
        w.settle()
        assert w.trunk.heard("BYE") == []

        there.ack()
        w.settle()

        assert len(w.trunk.heard("BYE")) == 1

    def test_a_caller_who_sends_bye_in_place_of_the_ack_is_done_with(self, world):
        w = world(OFF)
        there = w.trunk.call()
        there.acks = False
        w.settle()
        here = w.pbx.calls[0]
        here.answer()
        w.settle()
        here.hang_up()
        w.settle()

        bye = there.hang_up()
        w.settle()

        assert bye.status == 200
        assert w.b2bua.legs == {}
        w.pass_time(40)
        assert w.trunk.heard("BYE") == []

    def test_an_invite_that_comes_again_is_no_second_call(self, world):
        w = world(OFF)
        w.lose = lambda message, to: to == TRUNK and not isinstance(message, Request)
        w.trunk.call()
        w.pass_time(4)
        assert len(w.pbx.calls) == 1

        w.lose = lambda _message, _to: False
        w.pbx.calls[0].respond(486)
        w.settle()

        assert len(w.records.finished) == 1


class TestByeInAnEarlyDialog:
    def test_of_the_caller_ends_the_call_with_487(self, world):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].ring()
        w.settle()

        bye = there.hang_up()
        w.settle()

        assert bye.status == 200
        assert there.status == 487
        assert w.pbx.calls[0].cancelled
        assert w.ended == ("cancelled", "caller")
