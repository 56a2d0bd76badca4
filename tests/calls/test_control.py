"""What the API may do with calls: see them, stop their recording, end them; overrule nobody."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from sidecar.consent.order import Order
from sidecar.control import Control
from sidecar.live.events import CallEnded, CallStarted, NoticeGiven, RecordingChanged
from sidecar.media.engine import Side
from sidecar.web.api.control import RecordingOutcome
from tests.calls.world import CODES, NOTICE, OFF, RESUME, STOP, World

WITH_CODES = replace(NOTICE, codes=CODES)


def control_of(w: World) -> Control:
    async def reload():
        return []

    return Control(lambda: w.b2bua, w.events, lambda *_: None, reload)  # type: ignore[arg-type]


async def outcome(w: World, action: str, seconds: float = 0.0) -> RecordingOutcome:
    """What is answered, once everything under way has been carried and so much time has passed."""
    asked = asyncio.ensure_future(control_of(w).recording(w.call.id, action))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    w.settle()
    w.pass_time(seconds)
    return await asked


async def test_a_stop_is_answered_once_the_recorder_has_confirmed(world):
    w = world(WITH_CODES, recorder=True)
    there, _here = w.talk()

    assert await outcome(w, "stop") is RecordingOutcome.CONFIRMED

    assert w.recording.orders[-1] is Order.STOP
    view = control_of(w).call(w.call.id)
    assert view is not None
    assert (view.recording, view.held_by) == ("stopped", ("operator",))
    there.hang_up()


async def test_one_that_is_not_confirmed_in_time_is_answered_so_and_ends_the_call(world):
    w = world(WITH_CODES, recorder=True)
    w.recorder.answers[Order.STOP] = "wait"
    w.talk()

    assert await outcome(w, "stop", seconds=1.0) is RecordingOutcome.UNCONFIRMED

    assert w.record.fail_closed == "recorder_unconfirmed"


async def test_a_party_that_stopped_is_not_overruled(world):
    w = world(WITH_CODES, recorder=True)
    there, _here = w.talk()
    w.press(Side.A, STOP)

    assert await outcome(w, "resume") is RecordingOutcome.OVERRULED
    assert w.recording.orders[-1] is Order.STOP

    w.press(Side.A, RESUME)
    assert await outcome(w, "resume") is RecordingOutcome.CONFIRMED
    there.hang_up()


async def test_a_resume_that_the_recorder_refuses_is_not_called_confirmed(world):
    w = world(WITH_CODES, recorder=True)
    there, _here = w.talk()
    await outcome(w, "stop")
    w.recorder.answers[Order.RELEASE] = "fail"

    assert await outcome(w, "resume") is RecordingOutcome.UNCONFIRMED

    assert w.recording.orders[-2:] == [Order.RELEASE, Order.STOP]
    there.hang_up()


@pytest.mark.parametrize(
    ("recorder", "action", "expected"),
    [
        (False, "stop", RecordingOutcome.NO_RECORDER),
        (True, "resume", RecordingOutcome.NOT_ALLOWED),
    ],
)
async def test_what_can_never_be_is_said_at_once(world, recorder, action, expected):
    w = world(OFF, recorder=recorder)
    there, _here = w.talk()

    assert await outcome(w, action) is expected
    there.hang_up()


async def test_a_call_that_is_not_there_is_gone(world):
    control = control_of(world(OFF))

    assert await control.recording("nobody", "stop") is RecordingOutcome.GONE
    assert await control.hangup("nobody") is False
    assert control.call("nobody") is None


async def test_hanging_up_ends_both_legs(world):
    w = world(OFF)
    w.talk()

    assert await control_of(w).hangup(w.call.id)
    w.settle()

    assert w.ended == ("answered", "sidecar")
    assert len(w.trunk.heard("BYE")) == len(w.pbx.heard("BYE")) == 1


async def test_whoever_watches_is_told_what_happens(world):
    w = world(WITH_CODES, recorder=True)
    with w.events.subscribe() as watching:
        there, _here = w.talk()
        there.hang_up()
        w.settle()
        told = [published.event for published in await watching.take()]

    assert isinstance(told[0], CallStarted)
    assert isinstance(told[-1], CallEnded)
    assert [each.party for each in told if isinstance(each, NoticeGiven)] == ["caller", "callee"]
    seen = [each.recording for each in told if isinstance(each, RecordingChanged)]
    assert seen[0] == "held"
    assert "recording" in seen
