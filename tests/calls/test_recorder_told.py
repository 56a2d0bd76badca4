"""What the log and the call record tell of a recorder, for the operator who reads them."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from sidecar.consent.decision import Decision
from sidecar.recorders.recorder import Violated
from tests.calls.world import NOTICE, OFF


@pytest.mark.parametrize(
    ("decision", "order", "level"), [(NOTICE, "hold", "info"), (OFF, "stop", "warning")]
)
def test_a_recording_that_is_held_as_it_begins_is_no_warning_and_one_after_a_stop_is(
    world, decision: Decision, order: str, level: str
) -> None:
    w = world(decision, recorder=True)
    there = w.trunk.call()
    w.settle()
    w.pbx.calls[-1].answer()
    w.settle()

    with capture_logs() as lines:
        w.recording.tell(Violated())
        w.settle()

    told = [(each["order"], each["log_level"]) for each in lines if "violated" in each["event"]]
    assert told == [(order, level)]
    there.hang_up()


def test_how_long_was_recorded_is_told_in_milliseconds(world) -> None:
    w = world(NOTICE, recorder=True)
    there, _here = w.talk()

    w.recording.recorded = 4.327000000001135
    there.hang_up()
    w.settle()

    assert w.record.recorded_seconds == 4.327
