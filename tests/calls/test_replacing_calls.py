"""INVITE with Replaces: who was told and stays is spared the notice, whoever is new is not."""

from __future__ import annotations

import pytest

from sidecar.calls.hands.parties import Heritage
from sidecar.consent.decision import Decision, Notice, Policy
from sidecar.consent.order import Order
from sidecar.media.engine import Side
from tests.calls.hearing import open_gates, prompts
from tests.calls.world import CODES, NOTICE

PERSON = Decision(rule="rule", recording=Policy.NOTICE, notice=Notice(at="person"), codes=CODES)
ALL = Decision(rule="rule", recording=Policy.NOTICE, notice=Notice(), renotice="all")
PAUSING = Decision(rule="rule", recording=Policy.NOTICE, notice=Notice(), hold="pause")


class TestACallThatTakesTheOthersPlace:
    """INVITE with Replaces: the PBX's phone stays, someone else of the trunk talks to it."""

    def replaced(self, world, decision=NOTICE, codes="", ends="pbx", knows="timer, replaces"):
        w = world(decision, recorder=True)
        first, here = w.talk()
        if codes:
            w.press(Side.B, codes)
            w.hear_notices()
        dialog = first.dialog
        value = f"{dialog.call_id};to-tag={dialog.remote.tag};from-tag={dialog.local.tag}"
        again = w.trunk.call("100", headers=[("Replaces", value), ("Require", "replaces")])
        w.settle()
        if ends:
            (here if ends == "pbx" else first).hang_up()
        w.pbx.calls[-1].answer(headers=[("Supported", knows)])
        w.settle()
        return w, first, again

    def test_only_the_new_one_is_told(self, world):
        w, _first, again = self.replaced(world)

        assert prompts(w, Side.A) == ["recording-notice"]
        assert prompts(w, Side.B) == []
        assert not open_gates(w)
        w.hear_notices()
        assert open_gates(w)
        again.hang_up()

    def test_both_are_told_where_the_rule_says_so(self, world):
        w, _first, again = self.replaced(world, ALL)

        assert prompts(w, Side.B) == ["recording-notice"]
        w.hear_notices()
        again.hang_up()

    def test_the_stop_of_the_one_who_stays_holds(self, world):
        stops = Decision(rule="rule", recording=Policy.NOTICE, notice=Notice(), codes=CODES)
        w, _first, again = self.replaced(world, stops, "*9")
        w.hear_notices()

        assert w.recording.orders[-1] is Order.STOP
        w.press(Side.A, "*8")
        assert w.recording.orders[-1] is Order.STOP
        w.hear_notices()
        again.hang_up()

    @pytest.mark.parametrize("ends", ["", "trunk"])
    def test_a_pbx_that_does_not_end_the_first_call_may_have_rung_somebody_else(self, world, ends):
        w, first, again = self.replaced(world, ends=ends)

        assert prompts(w, Side.B) == ["recording-notice"]
        w.hear_notices()
        assert open_gates(w)
        again.hang_up()
        if not ends:
            first.hang_up()

    def test_a_pbx_that_knows_no_replaces_may_have_rung_somebody_else(self, world):
        w, _first, again = self.replaced(world, knows="timer")

        assert prompts(w, Side.B) == ["recording-notice"]
        w.hear_notices()
        assert open_gates(w)
        again.hang_up()

    def test_which_has_taken_another_s_keeps_nothing_of_that_one(self, world):
        w, _first, second = self.replaced(world)
        w.hear_notices()
        dialog, here = second.dialog, w.pbx.calls[-1]
        value = f"{dialog.call_id};to-tag={dialog.remote.tag};from-tag={dialog.local.tag}"
        third = w.trunk.call("100", headers=[("Replaces", value)])
        w.settle()
        here.hang_up()
        w.pbx.calls[-1].answer()
        w.settle()
        w.hear_notices()

        replaced = w.call.heritage.leg.call

        assert replaced.over
        assert replaced.heritage == Heritage()
        third.hang_up()

    def test_a_made_up_reference_of_a_trusted_trunk_spares_nobody_the_notice(self, world):
        w = world(NOTICE, recorder=True, trusted=True)
        again = w.trunk.call("100", headers=[("Replaces", "x;to-tag=1;from-tag=2")])
        w.settle()
        w.pbx.calls[-1].answer()
        w.settle()

        assert prompts(w, Side.B) == ["recording-notice"]
        w.hear_notices()
        again.hang_up()
