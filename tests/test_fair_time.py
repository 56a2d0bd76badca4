"""A limit counts only time in which this process could do its work."""

from __future__ import annotations

import pytest

from sidecar.fair_time import LONGEST_STEP, MOST_LATE, FairTime


def verdict_at(limit: FairTime, late: dict[int, float] | None = None) -> float:
    """When the verdict falls, where look number N comes `late[N]` seconds after it was due."""
    for number in range(1000):
        now = limit.due + (late or {}).get(number, 0.0)
        if limit.over(now):
            return now
    raise AssertionError("there is no verdict")


@pytest.mark.parametrize("seconds", [0.05, 0.3, 0.5, 1.0, 4.0, 7.1])
def test_a_limit_is_over_after_its_seconds_where_every_look_comes_in_time(seconds: float) -> None:
    assert verdict_at(FairTime(seconds, 10.0)) == pytest.approx(10.0 + seconds)


@pytest.mark.parametrize("look", [0, 1, 2, 3])
def test_a_stall_longer_than_the_limit_is_no_verdict(look: int) -> None:
    limit = FairTime(0.5, 0.0)

    stalled = verdict_at(limit, {look: 30.0})

    assert stalled == pytest.approx(30.5 + 0.125)


def test_the_grace_after_a_stall_is_one_step_and_no_more() -> None:
    limit = FairTime(60.0, 0.0)

    assert verdict_at(limit, {119: 5.0}) == pytest.approx(65.0 + LONGEST_STEP)


def test_looks_that_are_a_little_late_make_nothing_later() -> None:
    late = dict.fromkeys(range(3), 0.01)

    assert verdict_at(FairTime(0.5, 0.0), late) == pytest.approx(0.5)


def test_a_machine_that_is_always_late_comes_to_a_verdict_all_the_same() -> None:
    limit = FairTime(0.5, 0.0)

    always = verdict_at(limit, dict.fromkeys(range(1000), 1.0))

    assert always < (MOST_LATE + 4) * 1.2
