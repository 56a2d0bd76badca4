"""The timer heap: order, cancelling, and memory that does not grow with cancelled timers."""

from __future__ import annotations

import gc
import weakref
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.timers import COMPACTION_FLOOR, TimerHeap


@pytest.fixture
def heap():
    return TimerHeap()


def test_timers_fire_in_the_order_of_their_deadlines(heap):
    fired = []
    for at in (3.0, 1.0, 2.0):
        heap.schedule(at, lambda now, at=at: fired.append((at, now)))

    heap.run(2.5)

    assert fired == [(1.0, 2.5), (2.0, 2.5)]
    assert len(heap) == 1
    assert heap.next_deadline() == 3.0


def test_equal_deadlines_fire_in_the_order_of_scheduling(heap):
    fired = []
    for name in "abc":
        heap.schedule(1.0, lambda _, name=name: fired.append(name))

    heap.run(1.0)

    assert fired == ["a", "b", "c"]


def test_a_cancelled_timer_does_not_fire(heap):
    fired = []
    timer = heap.schedule(1.0, fired.append)
    assert timer.active
    assert timer.at == 1.0

    timer.cancel()
    timer.cancel()
    heap.run(5.0)

    assert fired == []
    assert not timer.active
    assert len(heap) == 0
    assert heap.next_deadline() is None


def test_cancelling_a_timer_that_has_fired_does_no_harm(heap):
    timer = heap.schedule(1.0, lambda _: None)
    heap.schedule(2.0, lambda _: None)
    heap.run(1.0)

    timer.cancel()

    assert not timer.active
    assert len(heap) == 1


def test_the_next_deadline_is_that_of_a_timer_that_will_fire(heap):
    heap.schedule(1.0, lambda _: None).cancel()
    heap.schedule(2.0, lambda _: None)

    assert heap.next_deadline() == 2.0
    assert len(heap) == 1


def test_a_callback_may_cancel_a_timer_that_is_due_with_it(heap):
    fired = []
    heap.schedule(1.0, lambda _: second.cancel())
    second = heap.schedule(1.0, fired.append)

    heap.run(1.0)

    assert fired == []
    assert len(heap) == 0


def test_a_callback_that_schedules_itself_for_now_does_not_hold_the_loop(heap):
    fired = []

    def again(now):
        fired.append(now)
        heap.schedule(now, again)

    heap.schedule(1.0, again)

    heap.run(1.0)
    heap.run(1.0)

    assert fired == [1.0, 1.0]
    assert heap.next_deadline() == 1.0


def test_what_was_due_after_a_failing_callback_stays_due(heap):
    fired = []

    def fail(_):
        raise ZeroDivisionError

    heap.schedule(1.0, fail)
    heap.schedule(1.0, fired.append)

    with pytest.raises(ZeroDivisionError):
        heap.run(1.0)
    heap.run(1.5)

    assert fired == [1.5]


def test_cancelled_timers_do_not_pile_up(heap):
    kept = [heap.schedule(1000.0 + index, lambda _: None) for index in range(10)]

    for index in range(10_000):
        heap.schedule(float(index), lambda _: None).cancel()

    assert len(heap) == 10
    assert heap.entries <= 2 * COMPACTION_FLOOR + len(kept)


def test_a_compaction_during_a_run_loses_nothing(heap):
    fired = []
    doomed = [heap.schedule(50.0, fired.append) for _ in range(10 * COMPACTION_FLOOR)]

    def cancel_all(_):
        for timer in doomed:
            timer.cancel()

    heap.schedule(1.0, cancel_all)
    heap.schedule(2.0, fired.append)
    heap.run(3.0)

    assert fired == [3.0]
    assert len(heap) == 0


def test_a_compaction_keeps_the_order(heap):
    fired = []
    deadlines = list(range(1000))
    Random(7).shuffle(deadlines)
    timers = [heap.schedule(float(at), lambda _, at=at: fired.append(at)) for at in deadlines]

    for timer in timers[:700]:
        timer.cancel()
    heap.run(1000.0)

    assert fired == sorted(deadlines[700:])


def test_a_cancelled_timer_lets_go_of_what_its_callback_holds(heap):
    class Leg:
        def wake(self, now):
            pass

    leg = Leg()
    gone = weakref.ref(leg)
    timer = heap.schedule(1.0, leg.wake)

    timer.cancel()
    del leg
    gc.collect()

    assert gone() is None


steps = st.lists(
    st.tuples(st.sampled_from(["schedule", "cancel", "run"]), st.integers(0, 30)), max_size=200
)


@given(steps)
def test_each_timer_fires_once_at_its_time_or_never_if_cancelled(steps):
    heap, now, fired, timers = TimerHeap(), 0, [], []
    for action, number in steps:
        if action == "schedule":
            index = len(timers)
            timers.append(heap.schedule(now + number, lambda at, i=index: fired.append((i, at))))
        elif action == "cancel" and timers:
            timers[number % len(timers)].cancel()
        elif action == "run":
            now += number
            heap.run(now)
        active = [timer.at for timer in timers if timer.active]
        assert len(heap) == len(active)
        assert heap.next_deadline() == min(active, default=None)
        assert not active or action != "run" or min(active) > now

    assert len({index for index, _ in fired}) == len(fired)
    assert all(timers[index].at <= at for index, at in fired)
