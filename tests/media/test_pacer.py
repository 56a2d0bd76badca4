from __future__ import annotations

import pytest

from sidecar.media.pacer import TICK_S, Pacer


class Talker:
    def __init__(self, period: int = 4) -> None:
        self.due = -1
        self.period = period
        self.at: list[float] = []

    def tick(self, at: float) -> None:
        self.at.append(at)


def run(pacer: Pacer, start: float, end: float, step: float = 0.0013) -> None:
    now = start
    while now < end:
        pacer.run(now)
        now += step


def test_a_talker_is_called_every_20_ms_without_drift() -> None:
    pacer, talker = Pacer(100.0), Talker()
    pacer.join(talker, 100.0)
    run(pacer, 100.0, 110.0)
    assert len(talker.at) in (499, 500)
    assert talker.at[-1] - talker.at[0] == pytest.approx((len(talker.at) - 1) * 0.02)


def test_talkers_are_spread_over_the_ticks() -> None:
    pacer, talkers = Pacer(0.0), [Talker() for _ in range(8)]
    for talker in talkers:
        pacer.join(talker, 0.0)
    pacer.run(0.0201)
    firsts = [talker.at[0] for talker in talkers]
    assert all(firsts.count(at) == 2 for at in firsts)


def test_a_short_stall_is_made_up_for() -> None:
    pacer, talker = Pacer(0.0), Talker()
    pacer.join(talker, 0.0)
    pacer.run(0.1)
    assert len(talker.at) == 5


def test_after_a_long_stall_the_missed_ticks_are_skipped_but_not_the_time() -> None:
    pacer, talker = Pacer(0.0), Talker()
    pacer.join(talker, 0.0)
    run(pacer, 0.0, 0.1)
    before = len(talker.at)
    pacer.run(60.0)
    run(pacer, 60.0, 60.1)
    after = talker.at[before:]
    assert 5 <= len(after) <= 6
    assert after[0] > 59.9


def test_one_who_joins_after_a_quiet_hour_is_called_soon() -> None:
    pacer, talker = Pacer(0.0), Talker()
    pacer.join(talker, 3600.0)
    at = pacer.next_at()
    assert at is not None
    assert 3600.0 <= at <= 3600.0 + 4 * TICK_S
    run(pacer, 3600.0, 3600.1)
    assert len(talker.at) in (4, 5)


def test_one_who_leaves_is_called_no_more_and_may_come_back() -> None:
    pacer, talker = Pacer(0.0), Talker()
    pacer.join(talker, 0.0)
    pacer.leave(talker)
    pacer.leave(talker)
    pacer.run(0.1)
    assert talker.at == []
    assert pacer.next_at() is None
    pacer.join(talker, 0.1)
    pacer.leave(talker)
    pacer.join(talker, 0.1)
    pacer.run(0.2)
    assert len(talker.at) == 5
    assert pacer.talkers == 1
