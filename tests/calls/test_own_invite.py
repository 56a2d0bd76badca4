"""Re-INVITEs of the sidecar's own: what a recorder asks of the PBX, and what crosses it."""

from __future__ import annotations

import pytest

from tests.calls.agents import sdp
from tests.calls.world import OFF, PBX_MEDIA, TRUNK_MEDIA

RECORDING = sdp(PBX_MEDIA, more="a=record:on\r\n", version=2)
TIMER = [("Supported", "timer"), ("Session-Expires", "90;refresher=uac"), ("Allow", "UPDATE")]


@pytest.fixture
def up(world):
    """A call that is up, whose PBX leaves INVITEs within it to the test; and what is told."""
    w = world(OFF, recorder=True)
    there, here = w.talk()
    w.pbx.answers["INVITE"] = None
    return w, there, here, []


def ask(w, told):
    w.b2bua.run(w.recording.leg.offer_recordpref, "on", told.append)
    w.settle()


def within(w):
    """The INVITEs within the call that have reached the PBX."""
    return [each for each in w.pbx.served if each.method == "INVITE"]


def test_an_own_invite_offers_what_is_agreed_with_a_wish_and_tells_the_answer(up):
    w, there, _here, told = up
    ask(w, told)

    (offer,) = within(w)
    assert b"a=recordpref:on" in offer.request.body
    assert "Session-Expires" not in offer.request.headers
    offer.respond(200, body=RECORDING)
    w.settle()
    assert told == [True]
    there.hang_up()


def test_an_own_invite_is_made_again_after_a_glare(up):
    w, there, _here, told = up
    ask(w, told)
    within(w)[-1].respond(491)
    w.pass_time(2.05)
    assert len(within(w)) == 1
    w.pass_time(2)

    assert len(within(w)) == 2
    within(w)[-1].respond(200, body=RECORDING)
    w.settle()
    assert told == [True]
    there.hang_up()


def test_an_own_invite_waits_while_the_other_side_offers(up):
    w, there, _here, told = up
    asked = there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
    w.settle()
    ask(w, told)
    assert len(within(w)) == 1, "that is the caller's"
    within(w)[-1].respond(200, body=sdp(PBX_MEDIA, version=2))
    w.settle()
    assert asked.status == 200

    w.pass_time(4.1)

    assert len(within(w)) == 2
    within(w)[-1].respond(200, body=RECORDING)
    w.settle()
    assert told == [True]
    there.hang_up()


def test_an_own_invite_gives_up_after_so_many_glares(up):
    w, there, _here, told = up
    ask(w, told)
    for _ in range(5):
        within(w)[-1].respond(491)
        w.pass_time(4.1)

    assert told == [None]
    assert len(within(w)) == 5
    there.hang_up()


@pytest.mark.parametrize("status", [488, 481, 500])
def test_an_own_invite_that_is_refused_leaves_the_call_as_it_was(up, status):
    w, there, _here, told = up
    before = dict(w.media.remotes)
    ask(w, told)
    within(w)[-1].respond(status)
    w.settle()

    assert told == [None]
    assert w.media.remotes == before
    again = there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
    w.settle()
    within(w)[-1].respond(200, body=sdp(PBX_MEDIA, version=2))
    w.settle()
    assert again.status == 200
    there.hang_up()


def test_an_own_invite_whose_call_ends_meanwhile_tells_nothing_new_and_leaves_nothing(up):
    w, there, _here, told = up
    ask(w, told)
    there.hang_up()
    w.settle()
    within(w)[-1].respond(200, body=RECORDING)
    w.pass_time(5)

    assert told == [None]
    assert w.ended == ("answered", "caller")


def test_an_own_invite_that_waits_when_the_call_ends_is_not_sent_any_more(up):
    w, there, _here, told = up
    ask(w, told)
    within(w)[-1].respond(491)
    w.settle()
    there.hang_up()
    w.pass_time(10)

    assert len(within(w)) == 1


class TestWithASessionTimer:
    @pytest.fixture
    def timed(self, world):
        w = world(OFF, recorder=True)
        there = w.trunk.call(headers=TIMER)
        w.settle()
        w.pbx.calls[0].answer(headers=TIMER)
        w.settle()
        w.pbx.answers["INVITE"] = None
        return w, there, []

    def test_leaves_what_both_sides_have_agreed(self, timed):
        w, there, told = timed
        ask(w, told)

        offer = within(w)[-1]
        assert offer.request.headers.get("Session-Expires") == "90;refresher=uac"
        offer.respond(200, TIMER, RECORDING)
        w.pass_time(100)
        assert w.b2bua.calls, "the timer is between both sides"
        assert w.pbx.heard("UPDATE") == []
        there.hang_up()

    def test_makes_us_a_party_where_the_pbx_agrees_to_something_else(self, timed):
        w, there, told = timed
        ask(w, told)
        longer = [("Supported", "timer"), ("Session-Expires", "300;refresher=uac"), TIMER[2]]
        within(w)[-1].respond(200, longer, RECORDING)
        w.settle()

        w.pass_time(45)
        refresh = there.send("UPDATE", TIMER)
        w.settle()

        assert refresh.final.headers.get("Session-Expires") == "90;refresher=uac"
        assert w.pbx.asked_for("UPDATE").headers.get("Session-Expires") == "300;refresher=uac"
        there.hang_up()
