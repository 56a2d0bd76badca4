"""The disk is blamed only for time in which this process could have heard from it."""

from __future__ import annotations

from collections.abc import Callable

from sidecar.records.watchdog import Watchdog


class FakeHandle:
    def __init__(self, loop: FakeLoop, at: float, callback: Callable[[], None]) -> None:
        self.loop, self.at, self.callback = loop, at, callback

    def cancel(self) -> None:
        if self in self.loop.handles:
            self.loop.handles.remove(self)


class FakeLoop:
    """Time that a test moves, with or without the loop having run meanwhile."""

    def __init__(self) -> None:
        self.now = 0.0
        self.handles: list[FakeHandle] = []

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, callback: Callable[[], None]) -> FakeHandle:
        self.handles.append(FakeHandle(self, at, callback))
        return self.handles[-1]

    def run_until(self, end: float) -> None:
        while due := [each for each in self.handles if each.at <= end]:
            handle = min(due, key=lambda each: each.at)
            self.now = max(self.now, handle.at)
            self.handles.remove(handle)
            handle.callback()
        self.now = end

    def stall_until(self, end: float) -> None:
        """Move the clock; what has become due is run late, once."""
        self.now = end
        for handle in [each for each in self.handles if each.at <= end]:
            self.handles.remove(handle)
            handle.callback()


def watchdog(seconds: float = 1.0) -> tuple[FakeLoop, Watchdog, list[float]]:
    loop, verdicts = FakeLoop(), list[float]()
    dog = Watchdog(loop, seconds, lambda: verdicts.append(loop.now))  # type: ignore[arg-type]
    return loop, dog, verdicts


def test_a_wait_that_lasts_too_long_gets_its_verdict_once() -> None:
    loop, dog, verdicts = watchdog()
    dog.start()

    loop.run_until(5.0)

    assert verdicts == [1.0]


def test_a_process_that_got_no_cpu_does_not_blame_the_disk() -> None:
    loop, dog, verdicts = watchdog()
    dog.start()

    loop.stall_until(1.5)
    dog.stop()  # the commit was done all along, and is heard of now
    loop.run_until(5.0)

    assert verdicts == []


def test_a_disk_that_hangs_after_a_stall_is_still_found_out() -> None:
    loop, dog, verdicts = watchdog()
    dog.start()

    loop.stall_until(1.5)
    loop.run_until(5.0)

    assert verdicts == [2.5]


def test_a_new_wait_has_all_its_time_again() -> None:
    loop, dog, verdicts = watchdog()
    dog.start()
    loop.run_until(0.9)
    dog.stop()
    dog.start()

    loop.run_until(1.8)

    assert verdicts == []
    assert loop.handles
    dog.stop()
    assert not loop.handles
