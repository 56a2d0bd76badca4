"""Each step, timer and callback is owned by its call: its fault ends that call and no other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidecar.media.engine import Digit, Side
from sidecar.recorders.recorder import Answerer
from tests.calls.world import CODES, NOTICE, OFF


class MistakeError(Exception):
    """What no code of ours should raise."""


def broken(*_arguments, **_more):
    raise MistakeError


def two_calls(world):
    w = world(replace(NOTICE, codes=CODES), recorder=True)
    caller, _ = w.talk()
    w.pass_time(2.0)
    w.talk()
    first, second = w.b2bua.calls.values()
    return w, first, second, caller


def test_a_fault_in_the_timer_of_one_call_leaves_the_call_whose_timer_fired_before(world):
    w, first, second, caller = two_calls(world)
    w.engine.opened[0].tell(Digit(Side.A, "*", 100, "rtp"))  # waits for the rest of a code
    w.settle()
    second.recorder._session.status = broken

    w.now += 5.5  # the end of that wait, and the look at the recorder, are due in one turn
    w.b2bua.wake(w.moment)
    w.settle()

    assert not first.over
    assert second.over
    assert w.ended == ("refused", "sidecar")
    caller.hang_up()


def test_a_look_at_the_recorder_that_fails_ends_the_call(world):
    w = world(replace(NOTICE, codes=CODES), recorder=True)
    w.talk()
    call = w.call
    call.recorder._session.status = broken

    w.pass_time(21.0)

    assert call.over
    assert w.counted("sip_rejected_total", reason="internal_error") == 1
    assert w.counted("fail_closed_total", reason="internal_error") == 1


@pytest.mark.parametrize(
    ("part", "step", "event"),
    [
        ("recorder", "_confirmed", lambda w: w.recording.confirm()),
        ("keys", "pressed", lambda w: w.media.tell(Digit(Side.A, "5", 100, "rtp"))),
    ],
)
def test_a_fault_in_what_the_outside_tells_ends_the_call_it_tells_of(
    world, monkeypatch, part, step, event
):
    w, first, second, caller = two_calls(world)
    monkeypatch.setattr(type(getattr(second, part)), step, broken)

    event(w)
    w.settle()

    assert not first.over
    assert second.over
    monkeypatch.undo()
    caller.hang_up()


def test_a_fault_once_it_is_told_who_has_answered_ends_the_call(world, monkeypatch):
    from sidecar.calls.call import Call

    w = world(replace(NOTICE, codes=CODES), recorder=True)
    w.recorder.answerer = None
    monkeypatch.setattr(Call, "_answered_by", broken)
    w.talk()
    call = w.call

    w.recording.waits_for_answerer(Answerer.PERSON)
    w.settle()

    assert call.over


def test_a_fault_in_the_handling_of_a_written_record_ends_the_call(world, monkeypatch):
    from sidecar.calls.call import Call

    w = world(OFF)
    w.records.waits = True
    there = w.trunk.call()
    w.settle()
    monkeypatch.setattr(Call, "_go_on", broken)

    w.records.waiting[0](True)
    w.settle()

    assert there.status == 503


def test_the_timer_of_a_call_that_is_over_does_nothing(world):
    w = world(OFF)
    there, _here = w.talk()
    done = []
    w.b2bua.turns.later(w.call, w.now + 1.0, done.append)
    there.hang_up()

    w.pass_time(2.0)

    assert done == []


@pytest.mark.parametrize("method", ["REGISTER", "SUBSCRIBE"])
def test_a_relayed_request_whose_response_we_fail_at_is_answered_all_the_same(
    world, monkeypatch, method
):
    from sidecar.calls.legs.relay import Relay

    w = world(OFF)
    monkeypatch.setattr(Relay, "on_response", broken)
    asked = w.pbx.request(method, "sip:carrier.example")
    w.settle()

    assert asked.status == 408


def test_a_request_in_a_call_whose_response_we_fail_at_is_answered_all_the_same(world, monkeypatch):
    from sidecar.calls.legs.forwarding import Forwarding

    w = world(OFF)
    there, _here = w.talk()
    monkeypatch.setattr(Forwarding, "on_response", broken)
    asked = there.send("INFO")
    w.settle()

    assert asked.status == 408
    assert w.b2bua.calls == {}


def test_a_fault_while_a_call_is_put_together_gives_its_ports_back(world, monkeypatch):
    w = world(OFF)
    monkeypatch.setattr("sidecar.calls.call.join_parts", broken)

    there = w.trunk.call()
    w.settle()

    assert there.status == 500
    assert w.engine.live == []


def test_a_fault_while_a_challenged_call_comes_again_leaves_its_one_record(world, monkeypatch):
    w = world(OFF)
    w.trunk.call(call_id="again", tag="t")
    w.settle()
    w.pbx.calls[-1].respond(401)
    w.settle()
    monkeypatch.setattr("sidecar.calls.call.join_parts", broken)

    w.trunk.call(call_id="again", tag="t", cseq=2)
    w.settle()

    assert w.ended == ("failed", "sidecar")


def test_a_fault_in_a_farewell_leaves_no_dialog(world, monkeypatch):
    from sidecar.calls.b2bua import B2bua

    w = world(OFF)
    there, _here = w.talk()
    monkeypatch.setattr(B2bua, "send_in_dialog", broken)
    there.hang_up()
    w.settle()

    assert w.b2bua.legs == {}
