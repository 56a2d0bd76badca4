"""Stop, pause and resume, by whatever means, and what the recorder's answer decides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidecar.consent.decision import Decision
from sidecar.consent.order import Order
from sidecar.consent.party import Objector, Party
from sidecar.media.engine import Side
from sidecar.recorders.recorder import Doubted, Violated
from tests.calls.agents import sdp
from tests.calls.world import (
    ACCEPT,
    CODES,
    NOTICE,
    OFF,
    PAUSE,
    RESUME,
    STOP,
    TRUNK_MEDIA,
    asking,
)

WITH_CODES = replace(NOTICE, codes=CODES)
MUTING = replace(WITH_CODES, on_unconfirmed="mute")
RECORD_OFF, RECORD_ON = [("Record", "off")], [("Record", "on")]


def talking(world, decision=WITH_CODES, **more):
    """A call under a notice that was heard; the recorder is released."""
    w = world(decision, recorder=True, **more)
    there, here = w.talk()
    return w, there, here


def gates(w):
    return w.media.gates[Side.A], w.media.gates[Side.B]


def said(w):
    return [prompt for _side, prompt, _language in w.media.said if "notice" not in prompt]


class TestByKeys:
    @pytest.mark.parametrize("side", list(Side))
    def test_either_party_can_stop_the_recording(self, world, side):
        w, there, _here = talking(world)

        w.press(side, STOP)

        assert w.recording.orders == [Order.HOLD, Order.RELEASE, Order.STOP]
        assert said(w) == ["recording-stopped", "recording-stopped"]
        assert gates(w) == (True, True)
        there.hang_up()
        w.settle()
        assert w.record.stop_requested_at is not None
        assert w.record.stop_confirmed_at is not None
        assert w.record.recording_proof == "stayed"

    def test_nothing_passes_and_nothing_is_said_until_the_recorder_has_confirmed(self, world):
        w, there, _here = talking(world)
        w.recorder.answers[Order.STOP] = "wait"

        w.press(Side.A, STOP)
        assert gates(w) == (False, False)
        assert said(w) == []
        w.recording.confirm()
        w.settle()

        assert gates(w) == (True, True)
        assert said(w) == ["recording-stopped", "recording-stopped"]
        there.hang_up()

    def test_a_code_reaches_nobody_and_other_keys_go_on_in_their_order(self, world):
        w, there, _here = talking(world)

        w.press(Side.A, "12*")
        w.press(Side.A, "*93")

        assert w.media.pressed == [(Side.B, "1"), (Side.B, "2"), (Side.B, "*"), (Side.B, "3")]
        assert w.recording.orders[-1] is Order.STOP
        there.hang_up()

    def test_a_key_that_could_begin_a_code_goes_on_when_none_follows(self, world):
        w, there, _here = talking(world)

        w.press(Side.A, "*")
        assert w.media.pressed == []
        w.pass_time(2)

        assert w.media.pressed == [(Side.B, "*")]
        there.hang_up()

    def test_a_key_sent_as_info_too_counts_once(self, world):
        w, there, _here = talking(world)

        w.press(Side.A, "5")
        there.send("INFO", [("Content-Type", "application/dtmf-relay")], b"Signal=5\r\n")
        w.settle()

        assert w.media.pressed == [(Side.B, "5")]
        assert w.pbx.heard("INFO") == []
        there.hang_up()

    def test_a_key_that_came_as_info_goes_on_as_info(self, world):
        w, there, _here = talking(world)

        there.send("INFO", [("Content-Type", "application/dtmf-relay")], b"Signal=5\r\n")
        w.settle()

        assert w.pbx.asked_for("INFO").body.startswith(b"Signal=5\r\n")
        assert w.media.pressed == []
        there.hang_up()

    def test_pause_and_resume_hold_the_recorder_and_release_it(self, world):
        w, there, _here = talking(world)

        w.press(Side.A, PAUSE)
        w.press(Side.A, RESUME)

        assert w.recording.orders[2:] == [Order.HOLD, Order.RELEASE]
        assert said(w) == ["recording-paused"] * 2 + ["recording-resumed"] * 2
        there.hang_up()

    def test_the_other_side_cannot_take_a_stop_back(self, world):
        w, there, _here = talking(world)
        w.press(Side.A, STOP)

        w.press(Side.B, RESUME)
        assert w.recording.orders[-1] is Order.STOP
        w.press(Side.A, RESUME)

        assert w.recording.orders[-1] is Order.RELEASE
        there.hang_up()

    @pytest.mark.parametrize("side", list(Side))
    def test_without_a_recorder_a_stop_is_taken_and_fails_and_the_call_ends(self, world, side):
        w = world(WITH_CODES)
        w.recorder.answers[Order.STOP] = "fail"
        _there, _here = w.talk()

        w.press(side, STOP)
        w.settle()

        assert not w.b2bua.calls
        assert w.recording.orders[-1] is Order.STOP
        assert w.record.stop_requested_at is not None
        assert w.record.stop_confirmed_at is None
        assert w.media.pressed == []

    def test_without_a_recorder_a_stop_mutes_the_call_where_the_rule_says_so(self, world):
        w = world(MUTING)
        w.recorder.answers[Order.STOP] = "fail"
        there, _here = w.talk()

        w.press(Side.A, STOP)
        w.settle()

        assert len(w.b2bua.calls) == 1
        assert gates(w) == (False, True), "silence to the PBX"
        there.hang_up()
        w.settle()
        assert w.record.stop_requested_at is not None
        assert w.record.stop_confirmed_at is None

    def test_a_stop_during_the_notice_holds_after_it(self, world):
        w = world(WITH_CODES, recorder=True)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].answer()
        w.settle()

        w.press(Side.A, STOP)
        w.hear_notices()

        assert Order.RELEASE not in w.recording.orders
        assert gates(w) == (True, True)
        there.hang_up()

    def test_consent_that_is_taken_back_is_withdrawn(self, world):
        w = world(asking(Party.CALLER), recorder=True)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].answer()
        w.settle()
        w.hear_notices()
        w.press(Side.A, ACCEPT)

        w.press(Side.A, STOP)
        there.hang_up()
        w.settle()

        assert w.record.consent == "withdrawn"

    def test_a_pause_withdraws_no_consent_though_somebody_else_has_stopped_the_recording(
        self, world
    ):
        w, there, _here = talking(world, asking(Party.CALLER))
        w.press(Side.A, ACCEPT)
        w.run(w.call.requests.ask, Objector.OPERATOR, "stop", "api")

        w.press(Side.A, PAUSE)
        there.hang_up()
        w.settle()

        assert w.record.consent == "granted"


class TestByInfo:
    @pytest.mark.parametrize("from_pbx", [True, False])
    def test_record_off_stops_and_goes_no_further(self, world, from_pbx):
        w, there, here = talking(world)

        asked = (here if from_pbx else there).send("INFO", RECORD_OFF)
        w.settle()

        assert asked.status == 200
        assert w.pbx.heard("INFO") == w.trunk.heard("INFO") == []
        assert w.recording.orders[-1] is Order.STOP
        there.hang_up()
        w.settle()
        means = {"party": "callee" if from_pbx else "caller", "means": "info"}
        assert w.counted("stop_requests_total", **means) == 1

    @pytest.mark.parametrize("trusted", [True, False])
    def test_record_on_is_believed_of_a_trusted_trunk_only(self, world, trusted):
        w, there, _here = talking(world, trusted=trusted)
        there.send("INFO", RECORD_OFF)
        w.settle()

        asked = there.send("INFO", RECORD_ON)
        w.settle()

        assert asked.status == (200 if trusted else 403)
        assert w.recording.orders[-1] is (Order.RELEASE if trusted else Order.STOP)
        there.hang_up()

    def test_a_wish_that_nobody_understands_is_refused(self, world):
        w, there, _here = talking(world)

        asked = there.send("INFO", [("Record", "maybe")])
        w.settle()

        assert asked.status == 400
        assert w.recording.orders[-1] is Order.RELEASE
        there.hang_up()


class TestBySessionDescription:
    def reinvite(self, w, there, wish, version=2):
        body = sdp(TRUNK_MEDIA, more=f"a=recordpref:{wish}\r\n", version=version)
        asked = there.send("INVITE", [("Content-Type", "application/sdp")], body)
        w.settle()
        w.pass_time(0.01)
        return asked

    def test_recordpref_off_stops_and_does_not_cross(self, world):
        w, there, _here = talking(world)

        self.reinvite(w, there, "off")

        assert w.recording.orders[-1] is Order.STOP
        assert b"record" not in w.pbx.asked_for("INVITE").body
        there.hang_up()

    def test_whoever_asks_is_told_the_state(self, world):
        w, there, _here = talking(world)

        asked = self.reinvite(w, there, "nopreference")
        assert b"a=record:on\r\n" in asked.final.body
        self.reinvite(w, there, "off", version=3)
        asked = self.reinvite(w, there, "nopreference", version=4)

        assert b"a=record:off\r\n" in asked.final.body
        there.hang_up()

    def test_recordpref_off_in_the_first_invite_is_a_stop_from_the_beginning(self, world):
        w = world(WITH_CODES, recorder=True)
        there, _here = w.talk(sdp(TRUNK_MEDIA, more="a=recordpref:off\r\n"))

        assert Order.RELEASE not in w.recording.orders
        assert w.recording.orders[-1] is Order.STOP
        there.hang_up()

    def test_what_the_pbx_says_is_told_to_its_recorder(self, world):
        w, there, here = talking(world)

        body = sdp("198.51.100.22", more="a=record:on\r\n", version=2)
        here.send("INVITE", [("Content-Type", "application/sdp")], body)
        w.settle()

        assert w.recording.says == [True]
        there.hang_up()


class TestUnconfirmed:
    def test_a_stop_that_is_not_confirmed_in_time_ends_the_call(self, world):
        w, _there, _here = talking(world)
        w.recorder.answers[Order.STOP] = "wait"

        w.press(Side.A, STOP)
        w.pass_time(0.45)
        assert w.b2bua.calls
        w.pass_time(0.1)

        assert w.ended == ("refused", "sidecar")
        assert w.record.fail_closed == "recorder_unconfirmed"
        assert w.counted("fail_closed_total", reason="recorder_unconfirmed") == 1

    def test_a_stop_that_fails_ends_the_call_at_once(self, world):
        w, _there, _here = talking(world)
        w.recorder.answers[Order.STOP] = "fail"

        w.press(Side.A, STOP)

        assert w.ended == ("refused", "sidecar")
        assert w.record.fail_closed == "recorder_failed"

    def test_muted_the_pbx_hears_silence_until_it_confirms_after_all(self, world):
        w, there, _here = talking(world, MUTING)
        w.recorder.answers[Order.STOP] = "wait"

        w.press(Side.A, STOP)
        w.pass_time(1)
        assert gates(w) == (False, True)
        w.recording.confirm()
        w.settle()

        assert gates(w) == (True, True)
        there.hang_up()
        w.settle()
        assert w.record.fail_closed == "recorder_unconfirmed"
        assert w.ended == ("answered", "caller")

    def test_a_release_that_fails_leaves_the_call_unrecorded(self, world):
        w = world(WITH_CODES, recorder=True)
        w.recorder.answers[Order.RELEASE] = "fail"

        there, _here = w.talk()

        assert w.recording.orders == [Order.HOLD, Order.RELEASE, Order.STOP]
        assert gates(w) == (True, True)
        there.hang_up()

    def test_a_hold_that_is_not_confirmed_ends_the_call_before_anyone_is_heard(self, world):
        w = world(WITH_CODES, recorder=True)
        w.recorder.answers[Order.HOLD] = "wait"
        w.trunk.call()
        w.settle()
        w.pbx.calls[0].answer()
        w.settle()

        w.pass_time(0.6)

        assert w.record.fail_closed == "recorder_unconfirmed"

    def test_ringing_takes_as_long_as_it_takes(self, world):
        w = world(WITH_CODES, recorder=True)
        w.recorder.answers[Order.HOLD] = "wait"
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].ring()

        w.pass_time(20)
        w.pbx.calls[0].answer()
        w.settle()
        w.recording.confirm()
        w.settle()
        w.hear_notices()

        assert gates(w) == (True, True)
        there.hang_up()


class TestWhatTheRecorderDoesByItself:
    def test_a_recording_against_the_order_closes_the_gates_until_it_is_over(self, world):
        w, there, _here = talking(world, OFF)

        w.recording.tell(Violated())
        w.settle()
        assert gates(w) == (False, False)
        w.recording.confirm()
        w.settle()

        assert gates(w) == (True, True)
        there.hang_up()

    def test_one_that_does_not_end_is_not_waited_for(self, world):
        w, _there, _here = talking(world, OFF)

        w.recording.tell(Violated())
        w.pass_time(0.6)

        assert w.ended == ("refused", "sidecar")

    def test_a_lost_connection_that_is_not_regained_in_time_ends_the_call(self, world):
        w, _there, _here = talking(world)

        w.recording.tell(Doubted("unreachable"))
        w.pass_time(0.4)
        assert gates(w) == (True, True)
        w.pass_time(0.2)

        assert w.record.fail_closed == "recorder_lost"

    def test_one_that_is_regained_changes_nothing(self, world):
        w, there, _here = talking(world)

        w.recording.tell(Doubted("unreachable"))
        w.pass_time(0.4)
        w.recording.confirm()
        w.pass_time(10)

        assert gates(w) == (True, True)
        there.hang_up()

    def test_it_is_looked_at_again_and_again_while_the_call_is_up(self, world):
        w, there, _here = talking(world)
        w.pass_time(21)

        assert w.recording.looked_at == 4

        there.hang_up()
        w.pass_time(21)
        assert w.recording.looked_at == 4


class TestOutOfReach:
    def test_a_call_is_refused_before_it_rings(self, world):
        w = world(WITH_CODES, recorder=True)
        w.recorder.problem = "the manager interface does not answer"

        there = w.trunk.call()
        w.settle()

        assert there.status == 503
        assert w.pbx.calls == []
        assert w.counted("fail_closed_total", reason="recorder_unreachable") == 1

    def test_one_that_may_go_on_unrecorded_must_be_verified_once_both_are_up(self, world):
        w = world(replace(WITH_CODES, on_unreachable="unrecorded"), recorder=True)
        w.recorder.problem = "the manager interface does not answer"
        w.recorder.answers[Order.STOP] = "fail"

        w.trunk.call()
        w.settle()
        here = w.pbx.calls[0]
        assert here.request.headers.get("X-Record") == "off"
        here.answer()
        w.settle()
        assert gates(w) == (False, False)
        w.pass_time(0.6)

        assert w.record.fail_closed == "recorder_unconfirmed"


def test_policy_off_has_the_recorder_stopped_before_anyone_is_heard(world):
    w = world(Decision(), recorder=True)
    w.recorder.answers[Order.STOP] = "wait"
    there = w.trunk.call()
    w.settle()
    w.pbx.calls[0].answer()
    w.settle()
    assert gates(w) == (False, False)

    w.recording.confirm()
    w.settle()

    assert gates(w) == (True, True)
    there.hang_up()


def test_a_call_of_the_pbx_is_tied_to_its_recorder_by_its_own_call_id(world):
    w = world(WITH_CODES, recorder=True)
    there = w.pbx.call()
    w.settle()

    assert w.recording.leg.call_id == there.request.call_id
    there.cancel()
