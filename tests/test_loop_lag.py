"""The longest delay of the event loop, as an operator sees it."""

from __future__ import annotations

import asyncio
import time

import pytest

from sidecar.loop_lag import WINDOW_S, LoopLag


def test_the_worst_of_the_last_minute_is_kept_and_then_forgotten():
    lag = LoopLag()

    lag.note(0.2, 0.0)
    lag.note(0.001, 1.0)
    assert lag.longest == pytest.approx(0.2)

    lag.note(0.001, WINDOW_S + 1.0)
    assert lag.longest == pytest.approx(0.2)
    lag.note(0.002, 2 * WINDOW_S + 2.0)
    assert lag.longest == pytest.approx(0.002)


async def test_a_step_that_takes_long_is_seen():
    lag = LoopLag()
    lag.start()
    await asyncio.sleep(0)

    time.sleep(0.08)  # noqa: ASYNC251 - that is what must be seen
    await asyncio.sleep(0.03)
    lag.stop()

    assert lag.longest >= 0.06
