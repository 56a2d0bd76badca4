"""Session timers (RFC 4028): end to end where both sides have agreed, ours where we answered."""

from __future__ import annotations

import pytest

from tests.calls.agents import sdp
from tests.calls.world import BEFORE, OFF, PBX_MEDIA, TRUNK_MEDIA

UPDATES = ("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE")
EXPIRES = "Session-Expires"


def timer(value, *more):
    return [("Supported", "timer"), (EXPIRES, value), *more]


def refreshes(neighbour):
    """The INVITEs and UPDATEs within calls that have reached a neighbour."""
    within = [each for each in neighbour.received if getattr(each, "to_tag", None)]
    return [each for each in within if getattr(each, "method", "") in ("INVITE", "UPDATE")]


class TestPassThrough:
    def test_both_sides_agree_with_each_other_and_nothing_is_added(self, world):
        w = world(OFF)
        there = w.trunk.call(headers=timer("90", UPDATES))
        w.settle()
        here = w.pbx.calls[0]
        here.answer(headers=timer("90;refresher=uas"))
        w.settle()

        w.pass_time(50)

        assert there.final.headers.get(EXPIRES) == "90;refresher=uas"
        assert refreshes(w.trunk) == refreshes(w.pbx) == []
        refresh = here.send("UPDATE", timer("90;refresher=uac"))
        w.settle()
        assert w.trunk.asked_for("UPDATE").headers.get(EXPIRES) == "90;refresher=uac"
        assert refresh.status == 200
        w.pass_time(200)
        assert w.b2bua.calls, "whether it is refreshed is between both sides"
        there.hang_up()

    def test_a_refused_interval_and_the_call_that_follows_are_one_call(self, world):
        w = world(OFF)
        first = w.trunk.call(headers=timer("90"), call_id="same", tag="caller")
        w.settle()
        w.pbx.calls[0].respond(422, [("Min-SE", "300")])
        w.settle()
        assert first.status == 422
        assert first.final.headers.get("Min-SE") == "300"
        assert not w.records.finished

        again = w.trunk.call(
            headers=timer("300", ("Min-SE", "300")), call_id="same", tag="caller", cseq=2
        )
        w.settle()
        w.pbx.calls[1].answer(headers=timer("300;refresher=uac"))
        w.settle()
        again.hang_up()
        w.settle()

        assert w.ended == ("answered", "caller")
        assert len(w.records.begun) == 1

    def test_a_refused_interval_that_is_not_tried_again_is_one_refused_call(self, world):
        w = world(OFF)
        w.trunk.call(headers=timer("90"))
        w.settle()
        w.pbx.calls[0].respond(422, [("Min-SE", "300")])
        w.pass_time(40)

        assert w.ended == ("rejected", "callee")


class TestTheCallerWhoWasAnsweredAlone:
    @pytest.mark.parametrize(
        ("asked", "answered"),
        [
            ("90", "90;refresher=uac"),
            ("90;refresher=uac", "90;refresher=uac"),
            ("1800;refresher=uas", "1800;refresher=uas"),
        ],
    )
    def test_gets_the_timer_that_it_asks_for_and_the_callee_is_not_asked(
        self, world, asked, answered
    ):
        w = world(BEFORE)
        there, here = w.talk(headers=timer(asked, ("Min-SE", "90")))

        assert there.final.headers.get(EXPIRES) == answered
        assert "timer" in there.final.headers.get("Supported")
        required = there.final.headers.get("Require")
        assert required == ("timer" if answered.endswith("uac") else None)
        assert EXPIRES not in here.request.headers
        assert "Min-SE" not in here.request.headers
        assert "timer" in here.request.headers.get("Supported")
        there.hang_up()

    def test_who_does_not_refresh_is_hung_up_on_in_time(self, world):
        w = world(BEFORE)
        _there, here = w.talk(headers=timer("90;refresher=uac"))
        said = w.now

        w.pass_time(59)
        assert w.b2bua.calls
        w.pass_time(2)

        assert not w.b2bua.calls
        assert w.now - said < 90
        assert w.ended == ("answered", "sidecar")
        assert "102" in w.trunk.asked_for("BYE").headers.get("Reason")
        assert here.acks

    def test_who_refreshes_alone_stays_during_the_notice(self, world):
        w = world(BEFORE)
        there = w.trunk.call(headers=timer("90;refresher=uac"))
        w.settle()
        for _ in range(4):
            w.pass_time(45)
            refresh = there.send("UPDATE", timer("90;refresher=uac"))
            w.settle()
            assert refresh.status == 200
            assert refresh.final.headers.get(EXPIRES) == "90;refresher=uac"
        assert w.b2bua.calls
        there.hang_up()

    def test_who_refreshes_in_the_call_reaches_the_callee_without_its_timer(self, world):
        w = world(BEFORE)
        there, _here = w.talk(headers=timer("90;refresher=uac"))

        for version in range(2, 6):
            w.pass_time(45)
            body = sdp(TRUNK_MEDIA, version=version)
            refresh = there.send("INVITE", timer("90;refresher=uac"), body)
            w.settle()
            assert refresh.status == 200
            assert refresh.final.headers.get(EXPIRES) == "90;refresher=uac"
            assert EXPIRES not in w.pbx.asked_for("INVITE").headers
        assert w.b2bua.calls
        there.hang_up()

    @pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
    def test_who_leaves_it_to_us_is_refreshed(self, world, method):
        w = world(BEFORE)
        allow = [UPDATES] if method == "UPDATE" else []
        w.trunk.answers["UPDATE"] = w.trunk.answers["INVITE"] = None
        there, _here = w.talk(headers=timer("90;refresher=uas", *allow))

        for _ in range(4):
            w.pass_time(45)
            served = w.trunk.served[-1]
            assert served.method == method
            assert served.request.headers.get(EXPIRES) == "90;refresher=uac"
            body = sdp(TRUNK_MEDIA) if method == "INVITE" else b""
            served.respond(200, timer("90;refresher=uac"), body)
            w.settle()
        assert len(refreshes(w.trunk)) == 4
        assert refreshes(w.pbx) == []
        there.hang_up()

    def test_whose_interval_is_too_short_is_told_so_and_tries_again_in_the_same_call(self, world):
        w = world(BEFORE)
        first = w.trunk.call(headers=timer("60"), call_id="same", tag="caller")
        w.settle()
        assert first.status == 422
        assert first.final.headers.get("Min-SE") == "90"

        again = w.trunk.call(headers=timer("90"), call_id="same", tag="caller", cseq=2)
        w.settle()
        assert again.status == 200
        again.hang_up()
        w.settle()
        assert len(w.records.finished) == 1

    def test_whose_later_interval_is_too_short_is_told_so_by_us(self, world):
        w = world(BEFORE)
        there, _here = w.talk(headers=timer("90"))

        refresh = there.send("UPDATE", timer("60"))
        w.settle()

        assert refresh.status == 422
        assert refresh.final.headers.get("Min-SE") == "90"
        assert w.pbx.heard("UPDATE") == []
        there.hang_up()

    def test_who_asks_for_no_timer_gets_none_whatever_the_callee_does(self, world):
        w = world(BEFORE)
        there = w.trunk.call()
        w.settle()
        w.hear_notices()
        w.pbx.calls[0].answer(headers=timer("90;refresher=uas", ("Require", "timer")))
        w.settle()

        assert EXPIRES not in there.final.headers
        refresh = w.pbx.calls[0].send(
            "INVITE", timer("90;refresher=uac"), sdp(PBX_MEDIA, version=2)
        )
        w.settle()
        assert EXPIRES not in w.trunk.asked_for("INVITE").headers
        assert refresh.final.headers.get(EXPIRES) == "90;refresher=uac"
        there.hang_up()

    def test_who_requires_what_the_callee_would_have_to_do_is_refused(self, world):
        w = world(BEFORE)
        there = w.trunk.call(headers=[("Require", "precondition, 100rel")])
        w.settle()

        assert there.status == 420
        assert there.final.headers.get("Unsupported") == "precondition"
        w.pass_time(40)


class TestTheCalleeOfACallerAnsweredAlone:
    def talk(self, w, *headers):
        there = w.trunk.call()
        w.settle()
        w.hear_notices()
        here = w.pbx.calls[0]
        here.answer(headers=headers)
        w.settle()
        w.hear_notices()
        return there, here

    @pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
    def test_that_leaves_the_refresh_to_us_is_refreshed(self, world, method):
        w = world(BEFORE)
        w.pbx.answers["UPDATE"] = w.pbx.answers["INVITE"] = None
        allow = [UPDATES] if method == "UPDATE" else []
        there, here = self.talk(w, *timer("90;refresher=uac"), ("Require", "timer"), *allow)

        for _ in range(4):
            w.pass_time(45)
            served = w.pbx.served[-1]
            assert served.method == method
            assert served.request.headers.get(EXPIRES) == "90;refresher=uac"
            body = sdp(PBX_MEDIA) if method == "INVITE" else b""
            served.respond(200, timer("90;refresher=uac"), body)
            w.settle()
        assert refreshes(w.trunk) == []
        offers = {each.body for each in refreshes(w.pbx)}
        assert len(offers) == 1, "the session is as it was"
        assert not here.cancelled
        there.hang_up()

    def test_that_refreshes_by_itself_is_waited_for(self, world):
        w = world(BEFORE)
        _there, here = self.talk(w, *timer("90;refresher=uas"), UPDATES)
        w.pass_time(45)
        refresh = here.send("UPDATE", timer("90;refresher=uac"))
        w.settle()
        assert refresh.final.headers.get(EXPIRES) == "90;refresher=uac"
        w.pass_time(59)
        assert w.b2bua.calls

        w.pass_time(2)
        assert w.ended == ("answered", "sidecar")

    def test_that_wants_a_longer_interval_gets_it(self, world):
        w = world(BEFORE)
        w.pbx.answers["UPDATE"] = None
        there, _here = self.talk(w, *timer("90;refresher=uac"), UPDATES)
        w.pass_time(45)
        w.pbx.served[-1].respond(422, [("Min-SE", "300")])
        w.pass_time(1)

        again = w.pbx.served[-1]
        assert again.request.headers.get(EXPIRES) == "300;refresher=uac"
        assert again.request.headers.get("Min-SE") == "300"
        again.respond(200, timer("300;refresher=uac"))
        w.pass_time(100)
        assert w.b2bua.calls
        there.hang_up()

    def test_that_refuses_update_gets_a_re_invite(self, world):
        w = world(BEFORE)
        w.pbx.answers["UPDATE"] = 405
        there, _here = self.talk(w, *timer("90;refresher=uac"), UPDATES)
        w.pass_time(46)

        assert [each.method for each in refreshes(w.pbx)] == ["UPDATE", "INVITE"]
        there.hang_up()

    @pytest.mark.parametrize("status", [408, 481])
    def test_that_knows_of_no_call_any_more_ends_it(self, world, status):
        w = world(BEFORE)
        w.pbx.answers["UPDATE"] = status
        self.talk(w, *timer("90;refresher=uac"), UPDATES)
        w.pass_time(46)

        assert w.ended == ("answered", "sidecar")

    def test_that_refuses_every_refresh_is_left_when_the_time_is_over(self, world):
        w = world(BEFORE)
        w.pbx.answers["UPDATE"] = 500
        self.talk(w, *timer("90;refresher=uac"), UPDATES)
        w.pass_time(59)
        assert w.b2bua.calls
        assert len(refreshes(w.pbx)) == 2
        w.pass_time(2)
        assert w.ended == ("answered", "sidecar")

    def test_that_is_asked_in_the_middle_of_an_offer_of_its_own_is_asked_again(self, world):
        w = world(BEFORE)
        w.pbx.answers["INVITE"] = None
        there, _here = self.talk(w, *timer("90;refresher=uac"))
        w.pass_time(45)
        w.pbx.served[-1].respond(491)
        w.settle()
        w.pass_time(2.05)
        assert len(refreshes(w.pbx)) == 1, "whoever made the Call-ID waits 2.1 s and more"
        w.pass_time(2)
        assert len(refreshes(w.pbx)) == 2
        w.pbx.served[-1].respond(200, timer("90;refresher=uac"), sdp(PBX_MEDIA, version=2))
        w.settle()
        there.hang_up()

    def test_that_hangs_up_during_our_refresh_ends_the_call_once(self, world):
        w = world(BEFORE)
        w.pbx.answers["INVITE"] = None
        _there, here = self.talk(w, *timer("90;refresher=uac"))
        w.pass_time(45)
        here.hang_up()
        w.settle()
        w.pbx.served[-1].respond(200, timer("90;refresher=uac"), sdp(PBX_MEDIA, version=2))
        w.pass_time(5)

        assert w.ended == ("answered", "callee")

    def test_whose_caller_hangs_up_during_our_refresh_gets_its_ack_and_bye(self, world):
        w = world(BEFORE)
        w.pbx.answers["INVITE"] = None
        there, _here = self.talk(w, *timer("90;refresher=uac"))
        w.pass_time(45)
        there.hang_up()
        w.settle()
        w.pbx.served[-1].respond(487)
        w.pass_time(5)

        assert w.ended == ("answered", "caller")
        assert w.pbx.heard("BYE")

    def test_is_not_offered_anything_by_the_caller_during_our_refresh(self, world):
        w = world(BEFORE)
        w.pbx.answers["INVITE"] = None
        there, _here = self.talk(w, *timer("90;refresher=uac"))
        w.pass_time(45)

        asked = there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
        empty = there.send("INVITE")
        w.settle()

        assert [asked.status, empty.status] == [491, 491]
        w.pbx.served[-1].respond(200, timer("90;refresher=uac"), sdp(PBX_MEDIA, version=2))
        w.settle()
        there.hang_up()

    def test_that_takes_no_update_does_not_get_the_caller_s_refresh(self, world):
        w = world(BEFORE)
        w.pbx.answers["UPDATE"] = 405
        there, _here = self.talk(w, ("Allow", "INVITE, ACK, BYE, CANCEL"))

        refresh = there.send("UPDATE", timer("90;refresher=uac"))
        w.settle()

        assert refresh.status == 200
        assert refresh.final.headers.get(EXPIRES) == "90;refresher=uac"
        assert w.pbx.heard("UPDATE") == []
        there.hang_up()

    def test_that_turns_out_to_take_no_update_does_not_end_the_caller_s_session(self, world):
        w = world(BEFORE)
        w.pbx.answers["UPDATE"] = 501
        there, _here = self.talk(w)

        refresh = there.send("UPDATE", timer("90;refresher=uac"))
        w.settle()

        assert refresh.status == 200
        assert refresh.final.headers.get(EXPIRES) == "90;refresher=uac"
        there.hang_up()

    def test_that_wants_a_longer_interval_in_the_caller_s_re_invite_is_asked_again(self, world):
        w = world(BEFORE)
        w.pbx.answers["INVITE"] = None
        there, _here = self.talk(w, *timer("90;refresher=uac"))
        asked = there.send("INVITE", timer("90"), sdp(TRUNK_MEDIA, version=2))
        w.settle()
        first = w.pbx.served[-1]
        first.respond(422, [("Min-SE", "300")])
        w.settle()
        again = w.pbx.served[-1]
        assert again is not first
        assert again.request.headers.get(EXPIRES) == "300;refresher=uac"
        assert again.request.body == first.request.body
        again.respond(200, timer("300;refresher=uac"), sdp(PBX_MEDIA, version=2))
        w.settle()

        assert asked.status == 200
        assert asked.final.headers.get(EXPIRES) == "90;refresher=uac"
        there.hang_up()

    def test_that_refuses_an_interval_which_nobody_asked_for_is_not_told_to_the_caller(self, world):
        w = world(BEFORE)
        w.pbx.answers["INVITE"] = 422
        there, _here = self.talk(w)
        asked = there.send("INVITE", timer("90"), sdp(TRUNK_MEDIA, version=2))
        w.settle()

        assert asked.status == 500
        there.hang_up()


def test_a_pbx_that_calls_out_and_was_answered_alone_gets_its_own_timer(world):
    w = world(BEFORE)
    there = w.pbx.call("+4930123", headers=timer("90", UPDATES))
    w.settle()
    w.hear_notices()
    here = w.trunk.calls[0]
    here.answer(headers=timer("1800;refresher=uas"))
    w.settle()
    w.hear_notices()

    assert there.final.headers.get(EXPIRES) == "90;refresher=uac"
    for _ in range(3):
        w.pass_time(45)
        refresh = there.send("UPDATE", timer("90;refresher=uac"))
        w.settle()
        assert refresh.final.headers.get(EXPIRES) == "90;refresher=uac"
    assert w.b2bua.calls
    first = refreshes(w.trunk)[0]
    assert first.headers.get(EXPIRES) == "1800;refresher=uas"
    there.hang_up()
