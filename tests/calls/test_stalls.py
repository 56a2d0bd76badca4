"""This process got no CPU for a while: nobody is blamed for what nobody could read."""

from __future__ import annotations

from dataclasses import replace

from sidecar.calls.legs.probe import Probe
from sidecar.consent.order import Order
from sidecar.consent.party import Party
from sidecar.media.engine import Side
from tests.calls.world import ACCEPT, CODES, NOTICE, OFF, STOP, World, asking

WITH_CODES = replace(NOTICE, codes=CODES)


def stall(w: World, seconds: float) -> None:
    """Let time pass in which nothing is read; timers fire before what has arrived is met."""
    w.now += seconds
    w._run_timers()


def test_a_recorder_that_confirmed_while_the_process_stood_still_ends_no_call(world) -> None:
    w = world(WITH_CODES, recorder=True)
    there, _here = w.talk()
    w.recorder.answers[Order.STOP] = "wait"
    w.press(Side.A, STOP)
    w.recording.confirm()

    stall(w, 2.0)
    w.settle()

    assert w.b2bua.calls
    assert w.counted("fail_closed_total", reason="recorder_unconfirmed") == 0
    there.hang_up()
    w.settle()
    assert w.ended == ("answered", "caller")


def test_a_recorder_that_never_confirms_is_found_out_a_grace_later(world) -> None:
    w = world(WITH_CODES, recorder=True)
    w.talk()
    w.recorder.answers[Order.STOP] = "wait"
    w.press(Side.A, STOP)

    stall(w, 2.0)
    assert w.b2bua.calls
    assert not all(w.media.gates.values())
    w.pass_time(0.51)

    assert w.record.fail_closed == "recorder_unconfirmed"


def test_a_key_that_was_pressed_in_time_is_heard_after_a_stall(world) -> None:
    w = world(asking(Party.CALLER), recorder=True)
    there = w.trunk.call()
    w.settle()
    w.pbx.calls[0].answer()
    w.settle()
    w.hear_notices()
    w.pass_time(7.0)

    stall(w, 3.0)
    w.press(Side.A, ACCEPT)
    w.hear_notices()

    there.hang_up()
    w.settle()
    assert w.record.consent.value == "granted"


def test_a_neighbour_is_not_called_silent_for_a_stall_of_ours(world) -> None:
    w = world(OFF)
    probe = Probe(w.b2bua, w.pbx_peer, w.pbx_peer.uris[0])
    w.run(probe.ask, w.now)

    stall(w, 5.0)
    assert probe.reachable is None
    w.settle()

    assert probe.reachable is True
    probe.close()
