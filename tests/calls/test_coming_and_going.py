"""Calls that go from people to mailboxes and conferences and back: nothing holds on by mistake."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidecar.consent.decision import Decision, Divert, Notice, Policy, Room
from sidecar.consent.order import Order
from sidecar.consent.party import Objector, Party
from sidecar.media.engine import Side
from sidecar.recorders.recorder import (
    BackAgain,
    InRoom,
    MailboxReached,
    NobodyThere,
    SomeoneNew,
)
from tests.calls.agents import sdp
from tests.calls.hearing import open_gates, prompts, tell
from tests.calls.mailboxes import MAILBOX
from tests.calls.world import ACCEPT, BEFORE, CODES, DECLINE, NOTICE, OFF, PBX, asking

DIVERTED = Divert(MAILBOX, 20.0)
BOTH = asking(Party.CALLER, Party.CALLEE)
BOARD = Decision(
    rule="rule", recording=Policy.NOTICE, notice=Notice(), codes=CODES, room=Room("board")
)


def agree(w, *sides):
    for side in sides:
        w.press(side, ACCEPT)


class TestBackFromAMailbox:
    def test_someone_new_is_never_recorded_in_the_moment_of_coming_back(self, world):
        w = world(NOTICE, recorder=True)
        there, _here = w.talk()
        tell(w, MailboxReached())
        w.hear_notices()
        w.recording.orders.clear()

        tell(w, SomeoneNew())

        assert Order.RELEASE not in w.recording.orders
        w.hear_notices()
        assert w.recording.orders[-1] is Order.RELEASE
        there.hang_up()

    def test_what_others_agreed_to_before_is_not_taken_for_the_yes_of_one_who_declined(self, world):
        w = world(BOTH, recorder=True)
        there, _here = w.talk()
        agree(w, Side.A, Side.B)
        tell(w, MailboxReached())
        w.hear_notices()
        tell(w, SomeoneNew())
        w.hear_notices()
        w.press(Side.B, DECLINE)
        tell(w, MailboxReached())
        w.hear_notices()
        w.recording.orders.clear()

        tell(w, BackAgain())

        assert Order.RELEASE not in w.recording.orders
        there.hang_up()

    def test_a_mailbox_that_names_itself_as_it_comes_in_is_still_a_mailbox(self, world):
        w = world(OFF)
        w.signs.user = "vm"
        there, here = w.talk()
        here.send("UPDATE", [("P-Asserted-Identity", "<sip:102@pbx>")])
        w.settle()
        assert open_gates(w)

        moved = [("P-Asserted-Identity", "<sip:vm@pbx>"), ("Contact", f"<sip:vm@{PBX}>")]
        here.send("INVITE", moved, sdp(w.pbx.media, version=2))
        w.settle()

        assert w.call.consent.at_mailbox
        assert prompts(w) == ["voicemail-notice"]
        assert not w.media.gates[Side.A]
        there.hang_up()


class TestDiversion:
    def test_a_caller_who_was_answered_before_connecting_is_diverted_after_the_same_time(
        self, world
    ):
        w = world(replace(BEFORE, divert=DIVERTED), recorder=True)
        there = w.trunk.call()
        w.settle()
        w.hear_notices()
        here = w.pbx.calls[-1]
        here.ring()
        w.settle()
        assert w.media.ringing

        w.pass_time(20.1)

        assert here.cancelled
        assert not w.media.ringing
        assert prompts(w)[-1] == "voicemail-notice"
        there.hang_up()

    @pytest.mark.parametrize("event", [SomeoneNew(), BackAgain()])
    def test_late_news_of_the_telephone_given_up_does_not_call_it_again(self, world, event):
        w = world(replace(OFF, divert=DIVERTED), recorder=True)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[-1].ring()
        w.pass_time(20.1)

        tell(w, NobodyThere(), event)
        w.hear_notices()

        assert w.pbx.calls[-1].request.uri.startswith("sip:vm102@")
        w.pbx.calls[-1].answer()
        w.settle()
        assert w.call.consent.at_mailbox
        there.hang_up()

    def test_a_call_that_is_being_refused_is_diverted_no_more(self, world):
        must = asking(Party.CALLER, policy=Policy.REQUIRED, divert=DIVERTED)
        w = world(must, recorder=True)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[-1].ring()
        w.pass_time(19.0)
        w.run(w.call.requests.ask, Objector.OPERATOR, "stop", "api")
        w.settle()
        assert prompts(w) == ["call-ends"]

        w.pass_time(5.0)

        assert len(w.pbx.calls) == 1
        w.hear_notices()
        assert there.status == 403
        assert w.record.voicemail == ""

    def test_a_call_whose_offer_cannot_cross_leaves_no_timer(self, world):
        w = world(replace(NOTICE, divert=Divert(MAILBOX, 300.0)), recorder=True)
        w.trunk.call(body=sdp(w.trunk.media, codecs="18"))
        w.pass_time(100.0)

        assert w.ended == ("refused", "sidecar")
        assert w.counted("setup_seconds_count") == 0
        assert len(w.b2bua.timers) == 0


class TestRoomsLeft:
    def test_who_comes_after_the_conference_is_asked_like_anybody(self, world):
        w = world(BOTH, recorder=True)
        there, _here = w.talk()
        agree(w, Side.A, Side.B)
        tell(w, InRoom("sales"))
        w.media.agreed.discard(Side.B)
        w.recording.orders.clear()

        tell(w, InRoom(""), SomeoneNew())
        w.hear_notices()

        assert prompts(w, Side.B)[-1] == "recording-notice"
        assert Order.RELEASE not in w.recording.orders
        assert not open_gates(w)
        w.press(Side.B, ACCEPT)
        assert w.recording.orders[-1] is Order.RELEASE
        there.hang_up()

    def test_from_one_conference_straight_to_another_the_first_is_left(self, world):
        w = world(NOTICE, recorder=True)
        there, _here = w.talk()

        tell(w, InRoom("sales"), InRoom("board"))

        assert w.board.standing == {"main/sales": set(), "main/board": {w.call.id}}
        there.hang_up()

    def test_a_call_that_leaves_a_message_is_in_no_room(self, world):
        w = world(BOARD, recorder=True)
        there = w.trunk.call()
        w.settle()
        tell(w, MailboxReached())
        w.pbx.calls[-1].answer()
        w.settle()
        w.hear_notices()

        assert not any(w.board.standing.values())
        there.hang_up()

    def test_a_caller_cannot_name_another_room_by_the_number_it_calls(self, world):
        w = world(replace(BOARD, room=Room()), recorder=True)
        there = w.trunk.call("main%2Fsales")
        w.settle()
        w.pbx.calls[-1].answer()
        w.settle()

        assert "main/sales" not in w.board.standing
        there.hang_up()

    def test_a_mailbox_that_leads_into_a_conference_is_left(self, world):
        w = world(NOTICE, recorder=True)
        there, _here = w.talk()
        tell(w, MailboxReached())
        w.hear_notices()

        tell(w, InRoom("sales"))
        w.hear_notices()

        assert not w.call.consent.at_mailbox
        assert w.recording.orders[-1] is Order.RELEASE
        there.hang_up()

    def test_a_parked_call_that_is_led_into_a_conference_is_recorded_there(self, world):
        w = world(NOTICE, recorder=True)
        there, _here = w.talk()
        tell(w, NobodyThere())
        assert w.recording.orders[-1] is Order.HOLD

        tell(w, InRoom("sales"))
        w.hear_notices()

        assert w.recording.orders[-1] is Order.RELEASE
        there.hang_up()
