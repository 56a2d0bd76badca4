"""People who come and go in a call: each new one is told before anything of it is recorded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from sidecar.consent.decision import Decision, Notice, Policy
from sidecar.consent.order import Order
from sidecar.consent.party import Party
from sidecar.media.engine import Side
from sidecar.recorders.recorder import Answerer, BackAgain, NobodyThere, OnHold, SomeoneNew
from tests.calls.agents import sdp
from tests.calls.hearing import open_gates, prompts, tell
from tests.calls.world import CODES, NOTICE, OFF, asking

PERSON = Decision(rule="rule", recording=Policy.NOTICE, notice=Notice(at="person"), codes=CODES)
ALL = Decision(rule="rule", recording=Policy.NOTICE, notice=Notice(), renotice="all")
PAUSING = Decision(rule="rule", recording=Policy.NOTICE, notice=Notice(), hold="pause")


class TestSomeoneNew:
    def test_is_told_while_the_recorder_is_held_and_the_other_side_is_not(self, world):
        w = world(NOTICE, recorder=True)
        there, _here = w.talk()
        w.media.said.clear()

        tell(w, SomeoneNew())

        assert prompts(w, Side.B) == ["recording-notice"]
        assert prompts(w, Side.A) == []
        assert w.recording.orders[-1] is Order.HOLD
        assert not any(w.media.gates.values())
        w.hear_notices()
        assert w.recording.orders[-1] is Order.RELEASE
        assert open_gates(w)
        there.hang_up()

    def test_makes_both_hear_it_again_where_the_rule_says_so(self, world):
        w = world(ALL, recorder=True)
        there, _here = w.talk()
        w.media.said.clear()

        tell(w, SomeoneNew())

        assert prompts(w, Side.A) == prompts(w, Side.B) == ["recording-notice"]
        w.hear_notices()
        assert open_gates(w)
        there.hang_up()

    def test_is_not_recorded_from_the_moment_the_last_one_left(self, world):
        w = world(NOTICE, recorder=True)
        there, _here = w.talk()

        tell(w, NobodyThere())
        assert w.recording.orders[-1] is Order.HOLD
        assert open_gates(w), "the caller hears the music and the ringing"

        tell(w, SomeoneNew())
        assert not any(w.media.gates.values())
        w.hear_notices()
        assert w.recording.orders[-1] is Order.RELEASE
        there.hang_up()

    def test_who_comes_back_is_not_told_again(self, world):
        w = world(NOTICE, recorder=True)
        there, _here = w.talk()
        w.media.said.clear()

        tell(w, NobodyThere(), BackAgain())

        assert w.media.said == []
        assert w.recording.orders[-1] is Order.RELEASE
        there.hang_up()

    def test_is_asked_where_callees_are_asked(self, world):
        w = world(asking(Party.CALLEE), recorder=True)
        there, _here = w.talk()
        w.press(Side.B, "1")
        assert open_gates(w)

        w.media.agreed.clear()
        tell(w, SomeoneNew())
        w.hear_notices()
        assert not open_gates(w)
        w.press(Side.B, "1")

        assert open_gates(w)
        there.hang_up()

    def test_does_not_agree_by_a_key_pressed_before_the_notice_begins(self, world):
        w = world(asking(Party.CALLEE), recorder=True)
        there, _here = w.talk()
        w.press(Side.B, "1")
        w.media.agreed.clear()
        w.recording.tell(SomeoneNew())
        w.settle()

        w.press(Side.B, "1")
        w.pass_time(0.6)

        assert not any(w.media.gates.values())
        assert w.counted("consents_total", party="callee", result="agreed") == 1
        assert prompts(w, Side.B)[-1] == "recording-notice"
        there.hang_up()

    def test_who_takes_the_place_of_one_who_is_being_told_makes_that_notice_an_abandoned_one(
        self, world
    ):
        w = world(NOTICE, recorder=True)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[-1].answer()
        w.settle()

        tell(w, SomeoneNew())

        assert w.counted("notices_total", party="callee", result="abandoned") == 1
        assert w.counted("notices_total", party="callee", result="answered") == 0
        w.hear_notices()
        there.hang_up()

    def test_on_the_side_of_a_pbx_that_calls_is_the_caller(self, world):
        w = world(NOTICE, recorder=True)
        there = w.pbx.call("+4930555")
        w.settle()
        w.trunk.calls[-1].answer()
        w.settle()
        w.hear_notices()
        w.media.said.clear()

        tell(w, SomeoneNew())

        assert prompts(w, Side.A) == ["recording-notice"]
        assert prompts(w, Side.B) == []
        w.hear_notices()
        there.hang_up()


class TestNamedBySip:
    """A PBX whose recorder sees nobody says by its messages who is there now."""

    def transfer(self, holder, to, agent, version=2, method="INVITE"):
        headers = [("P-Asserted-Identity", f"<sip:{to}@198.51.100.20>")]
        return holder.send(method, headers, sdp(agent.media, version=version))

    @pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
    def test_someone_else_is_told_before_anything_of_them_is_let_through(self, world, method):
        w = world(NOTICE)
        there, here = w.talk()
        self.transfer(here, "101", w.pbx, method=method)
        w.settle()
        w.media.said.clear()
        w.hear_notices()

        self.transfer(here, "102", w.pbx, version=3, method=method)
        w.pass_time(0.6)

        assert prompts(w, Side.B) == ["recording-notice"]
        assert not any(w.media.gates.values())
        w.hear_notices()
        assert open_gates(w)
        there.hang_up()

    def test_the_same_person_is_not_told_again(self, world):
        w = world(NOTICE)
        there, here = w.talk()
        self.transfer(here, "101", w.pbx)
        w.settle()
        w.hear_notices()
        w.media.said.clear()

        self.transfer(here, "101", w.pbx, version=3)
        w.settle()

        assert w.media.said == []
        there.hang_up()

    def test_where_the_recorder_sees_people_the_pbx_s_words_are_not_needed(self, world):
        w = world(NOTICE, recorder=True)
        there, here = w.talk()
        for version, number in ((2, "101"), (3, "102")):
            self.transfer(here, number, w.pbx, version=version)
            w.settle()

        assert len(w.media.said) == 2, "one notice each, at the answer"
        there.hang_up()

    def test_a_trunk_is_believed_too_for_it_gains_no_more_than_a_notice(self, world):
        w = world(NOTICE)
        there, _here = w.talk()
        for version, number in ((2, "+4930111"), (3, "+4930222")):
            self.transfer(there, number, w.trunk, version=version)
            w.settle()

        assert prompts(w, Side.A) == ["recording-notice"] * 2
        w.hear_notices()
        there.hang_up()


class TestFirstContactWithAPerson:
    def machine(self, world):
        w = world(PERSON, recorder=True)
        w.recorder.answerer = Answerer.MACHINE
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[-1].answer()
        w.settle()
        return w, there

    def test_the_caller_hears_the_menu_and_is_neither_heard_nor_told_nor_recorded(self, world):
        w, there = self.machine(world)

        assert w.media.said == []
        assert w.media.gates == {Side.A: False, Side.B: True}
        assert w.recording.orders == [Order.HOLD]
        there.hang_up()

    def test_the_keys_of_the_caller_reach_the_menu(self, world):
        w, there = self.machine(world)

        w.press(Side.A, "4")
        w.pass_time(3)

        assert w.media.pressed == [(Side.B, "4")]
        there.hang_up()

    def test_once_a_person_is_there_both_are_told_and_then_talk(self, world):
        w, there = self.machine(world)

        tell(w, SomeoneNew())
        assert prompts(w, Side.A) == prompts(w, Side.B) == ["recording-notice"]
        assert not any(w.media.gates.values())
        w.hear_notices()

        assert open_gates(w)
        assert w.recording.orders[-1] is Order.RELEASE
        there.hang_up()

    def test_a_person_who_answers_at_once_is_told_at_the_answer(self, world):
        w = world(PERSON, recorder=True)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[-1].answer()
        w.settle()

        assert prompts(w, Side.A) == prompts(w, Side.B) == ["recording-notice"]
        there.hang_up()

    def test_a_recorder_that_sees_nobody_has_it_told_at_the_answer(self, world):
        w = world(PERSON)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[-1].answer()
        w.settle()

        assert prompts(w, Side.A) == ["recording-notice"]
        there.hang_up()


class TestWhoAnswered:
    def unsaid(self, world, decision=NOTICE):
        """A call that was answered, and whose recorder does not say by whom."""
        w = world(decision, recorder=True)
        w.recorder.answerer = None
        there = w.trunk.call()
        w.settle()
        here = w.pbx.calls[-1]
        here.answer()
        w.settle()
        return w, there, here

    def test_nothing_begins_before_it_is_known(self, world):
        w, there, _here = self.unsaid(world)
        assert w.media.said == []

        w.run(w.recording.waits_for_answerer, Answerer.PERSON)
        w.settle()

        assert prompts(w, Side.A) == ["recording-notice"]
        there.hang_up()

    def silent(self, world, decision=NOTICE):
        w, there, _here = self.unsaid(world, decision)
        w.pass_time(0.55)
        w.hear_notices()
        return w, there

    def test_a_recorder_that_does_not_say_is_not_relied_on(self, world):
        w, _there = self.silent(world, OFF)
        assert not any(w.media.gates.values())

        w.pass_time(0.5)

        assert w.record.fail_closed == "recorder_lost"

    def test_one_that_says_it_late_is(self, world):
        w, there = self.silent(world, OFF)

        w.run(w.recording.waits_for_answerer, Answerer.PERSON)
        w.settle()

        assert open_gates(w)
        there.hang_up()

    def test_one_that_says_it_late_has_not_confirmed_by_that_what_it_was_ordered(self, world):
        w = world(replace(OFF, on_unconfirmed="mute"), recorder=True)
        w.recorder.answers[Order.STOP] = "nothing"
        w.recorder.answerer = None
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[-1].answer()
        w.pass_time(0.6)

        w.run(w.recording.waits_for_answerer, Answerer.PERSON)
        w.settle()

        assert not any(w.media.gates.values())
        there.hang_up()

    def test_one_that_still_carries_orders_out_is_too(self, world):
        w, there = self.silent(world)

        assert w.recording.orders[-1] is Order.RELEASE
        assert open_gates(w)
        there.hang_up()

    @pytest.mark.parametrize("who", ["caller", "callee"])
    def test_a_call_that_ends_meanwhile_has_ended(self, world, who):
        w, there, here = self.unsaid(world)
        (there if who == "caller" else here).hang_up()
        w.settle()

        assert w.ended == ("answered", who)

    def test_of_a_call_that_is_over_nobody_is_warned_that_the_recorder_has_not_said(self, world):
        w, there, _here = self.unsaid(world)
        there.hang_up()

        with capture_logs() as logs:
            w.pass_time(1)

        assert "recorder_silent" not in [line["event"] for line in logs]


class TestHold:
    def test_by_the_pbx_s_side_pauses_where_the_rule_says_so(self, world):
        w = world(PAUSING, recorder=True)
        there, _here = w.talk()
        w.media.said.clear()

        tell(w, OnHold(True))
        assert w.recording.orders[-1] is Order.HOLD
        assert open_gates(w)
        tell(w, OnHold(False))

        assert w.recording.orders[-1] is Order.RELEASE
        assert w.media.said == []
        there.hang_up()

    def test_is_recorded_where_the_rule_says_nothing(self, world):
        w = world(NOTICE, recorder=True)
        there, _here = w.talk()

        tell(w, OnHold(True))

        assert w.recording.orders[-1] is Order.RELEASE
        there.hang_up()

    @pytest.mark.parametrize("direction", ["sendonly", "inactive"])
    def test_by_a_re_invite_of_either_side_pauses_until_it_is_taken_back(self, world, direction):
        for side in ("trunk", "pbx"):
            w = world(PAUSING, recorder=True)
            there, here = w.talk()
            holder, agent = (there, w.trunk) if side == "trunk" else (here, w.pbx)

            holder.send("INVITE", body=sdp(agent.media, direction=direction, version=2))
            w.settle()
            assert w.recording.orders[-1] is Order.HOLD
            holder.send("INVITE", body=sdp(agent.media, version=3))
            w.settle()

            assert w.recording.orders[-1] is Order.RELEASE
            there.hang_up()

    def test_that_the_recorder_has_seen_does_not_end_with_a_session_refreshed_meanwhile(
        self, world
    ):
        w = world(PAUSING, recorder=True)
        there, _here = w.talk()
        tell(w, OnHold(True))

        there.send("INVITE", body=sdp(w.trunk.media, version=2))
        w.settle()

        assert w.recording.orders[-1] is Order.HOLD
        tell(w, OnHold(False))
        assert w.recording.orders[-1] is Order.RELEASE
        there.hang_up()
