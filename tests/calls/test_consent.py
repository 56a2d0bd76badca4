"""Asking for consent: who is asked, what an answer does, what silence means."""

from __future__ import annotations

import pytest

from sidecar.consent.decision import Policy
from sidecar.consent.order import Order
from sidecar.consent.party import Party
from sidecar.media.engine import Side
from tests.calls.hearing import open_gates
from tests.calls.world import ACCEPT, DECLINE, asking

CALLER, CALLEE = Party.CALLER, Party.CALLEE
ASKED = asking(CALLER)


def up(w, **more):
    """A call that is answered, the notice still playing."""
    there = w.trunk.call(**more)
    w.settle()
    here = w.pbx.calls[-1]
    here.answer()
    w.settle()
    return there, here


def said(w, name):
    return {side for side, prompt, _language in w.media.said if prompt == name}


class TestAnswers:
    def test_a_yes_after_the_notice_releases_the_recorder_and_opens_the_gates(self, world):
        w = world(ASKED, recorder=True)
        there, _here = up(w)
        w.hear_notices()
        assert w.recording.orders == [Order.HOLD]
        assert not open_gates(w)

        w.press(Side.A, ACCEPT)

        assert w.recording.orders == [Order.HOLD, Order.RELEASE]
        assert open_gates(w)
        there.hang_up()
        w.settle()
        assert w.record.consent == "granted"
        assert w.counted("consents_total", party="caller", result="agreed") == 1

    def test_a_yes_is_thanked_for_once_the_recorder_has_confirmed(self, world):
        w = world(ASKED, recorder=True)
        w.recorder.answers[Order.RELEASE] = "wait"
        there, _here = up(w)
        w.hear_notices()

        w.press(Side.A, ACCEPT)
        assert said(w, "consent-thanks") == set()
        w.recording.confirm()
        w.settle()

        assert said(w, "consent-thanks") == {Side.A, Side.B}
        there.hang_up()

    def test_a_yes_during_the_notice_ends_it(self, world):
        w = world(ASKED, recorder=True)
        there, _here = up(w)

        w.press(Side.A, ACCEPT)
        assert Side.A not in w.media.playing
        w.hear_notices()

        assert open_gates(w)
        there.hang_up()
        w.settle()
        assert w.record.notice_caller_at is None
        assert w.record.notice_callee_at is not None
        assert w.counted("notices_total", party="caller", result="answered") == 1

    @pytest.mark.parametrize("early", [True, False])
    def test_a_no_stops_the_recorder_and_the_call_goes_on(self, world, early):
        w = world(ASKED, recorder=True)
        there, _here = up(w)
        if not early:
            w.hear_notices()

        w.press(Side.A, DECLINE)

        assert w.recording.orders == [Order.HOLD, Order.STOP]
        assert open_gates(w)
        assert said(w, "consent-declined") == {Side.A, Side.B}
        there.hang_up()
        w.settle()
        assert w.record.consent == "refused"
        assert w.ended == ("answered", "caller")

    def test_everyone_who_is_asked_must_agree(self, world):
        w = world(asking(CALLER, CALLEE), recorder=True)
        there, _here = up(w)
        w.hear_notices()

        w.press(Side.B, ACCEPT)
        assert w.recording.orders == [Order.HOLD]
        w.press(Side.A, ACCEPT)

        assert w.recording.orders == [Order.HOLD, Order.RELEASE]
        there.hang_up()

    def test_one_no_counts_whatever_the_other_says(self, world):
        w = world(asking(CALLER, CALLEE), recorder=True)
        there, _here = up(w)
        w.hear_notices()

        w.press(Side.B, ACCEPT)
        w.press(Side.A, DECLINE)

        assert w.recording.orders[-1] is Order.STOP
        there.hang_up()
        w.settle()
        assert w.record.consent == "refused"

    def test_other_keys_are_no_answer_and_reach_nobody(self, world):
        w = world(ASKED, recorder=True)
        there, _here = up(w)
        w.hear_notices()

        w.press(Side.A, "5")

        assert not open_gates(w)
        assert w.media.pressed == []
        there.hang_up()

    def test_an_answer_by_info_counts(self, world):
        w = world(ASKED, recorder=True)
        there, _here = up(w)
        w.hear_notices()
        w.media.agreed.add(Side.A)

        asked = there.send("INFO", [("Content-Type", "application/dtmf")], b"1")
        w.settle()

        assert asked.status == 200
        assert w.pbx.heard("INFO") == []
        assert open_gates(w)
        there.hang_up()


class TestSilence:
    def test_is_asked_again_and_is_a_no_then(self, world):
        w = world(ASKED, recorder=True)
        there, _here = up(w)
        w.hear_notices()

        w.pass_time(7.9)
        assert len(said(w, "recording-notice")) == 2
        assert not w.media.playing
        w.pass_time(0.2)
        assert list(w.media.playing) == [Side.A]
        w.hear_notices()
        w.pass_time(8.1)

        assert w.recording.orders == [Order.HOLD, Order.STOP]
        assert open_gates(w)
        there.hang_up()
        w.settle()
        assert w.record.consent == "refused"
        assert w.counted("consents_total", party="caller", result="silent") == 2

    def test_an_answer_ends_the_waiting(self, world):
        w = world(ASKED, recorder=True)
        there, _here = up(w)
        w.hear_notices()
        w.pass_time(7)
        w.press(Side.A, ACCEPT)

        w.pass_time(30)

        assert w.recording.orders[-1] is Order.RELEASE
        there.hang_up()


class TestWithoutAgreement:
    @pytest.mark.parametrize(
        "decision",
        [asking(CALLER, on_refusal="hangup"), asking(CALLER, policy=Policy.REQUIRED)],
        ids=["hangup", "required"],
    )
    def test_the_call_ends_after_an_explanation(self, world, decision):
        w = world(decision, recorder=True)
        there, _here = up(w)
        w.hear_notices()

        w.press(Side.A, DECLINE)
        assert said(w, "call-ends") == {Side.A, Side.B}
        assert not any(w.media.gates.values())
        assert w.b2bua.calls
        w.hear_notices()

        assert len(w.trunk.heard("BYE")) == len(w.pbx.heard("BYE")) == 1
        assert w.ended == ("refused", "sidecar")
        assert w.record.consent == "refused"
        assert w.record.fail_closed == ""
        assert there.dialog is not None

    def test_a_stop_under_required_ends_the_call(self, world):
        w = world(asking(CALLER, policy=Policy.REQUIRED), recorder=True)
        up(w)
        w.hear_notices()
        w.press(Side.A, ACCEPT)

        w.press(Side.B, "*9")
        w.hear_notices()

        assert w.ended == ("refused", "sidecar")
        assert w.record.consent == "withdrawn"


class TestBeforeConnect:
    def test_the_callee_is_called_once_the_caller_has_agreed_and_the_pbx_is_told_on(self, world):
        w = world(asking(CALLER, at="before-connect"))
        there = w.trunk.call()
        w.settle()
        w.hear_notices()
        assert w.pbx.calls == []

        w.press(Side.A, ACCEPT)

        assert w.pbx.calls[0].request.headers.get("X-Record") == "on"
        there.hang_up()

    def test_who_declines_is_connected_with_the_pbx_told_off(self, world):
        w = world(asking(CALLER, at="before-connect"))
        there = w.trunk.call()
        w.settle()

        w.press(Side.A, DECLINE)
        here = w.pbx.calls[0]
        here.answer()
        w.settle()

        assert here.request.headers.get("X-Record") == "off"
        assert w.recording.told is Order.STOP
        assert open_gates(w)
        there.hang_up()
        w.settle()
        assert w.record.consent == "refused"

    def test_who_declines_what_must_be_is_told_why_and_nobody_is_called(self, world):
        w = world(asking(CALLER, policy=Policy.REQUIRED, at="before-connect"))
        w.trunk.call()
        w.settle()
        w.hear_notices()

        w.press(Side.A, DECLINE)
        assert said(w, "call-ends") == {Side.A}
        w.hear_notices()

        assert w.pbx.calls == []
        assert w.ended == ("refused", "sidecar")

    def test_the_recorder_is_held_from_the_first_moment(self, world):
        w = world(asking(CALLER, at="before-connect"), recorder=True)
        there = w.trunk.call()
        w.settle()
        w.press(Side.A, ACCEPT)
        here = w.pbx.calls[0]

        assert w.recording.leg.call_id == here.request.call_id
        assert w.recording.orders[0] is Order.HOLD
        there.cancel()
        there.hang_up()


def test_without_a_recorder_consent_after_the_answer_leaves_the_call_unrecorded(world):
    w = world(ASKED)
    w.recorder.answers[Order.RELEASE] = "fail"
    there, here = up(w)
    w.hear_notices()
    assert here.request.headers.get("X-Record") == "off"

    w.press(Side.A, ACCEPT)

    assert w.recording.orders == [Order.RELEASE, Order.STOP]
    assert open_gates(w)
    there.hang_up()
