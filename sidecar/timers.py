"""One heap of timers for everything that waits: transactions, retransmissions, calls.

Nothing here reads a clock. Whoever owns the heap asks for `next_deadline`, sleeps until then and
calls `run(now)`. Most SIP timers are cancelled long before they fire, so cancelling only marks the
entry; marked entries are dropped when they reach the top, or all at once when they are the
majority.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

Callback = Callable[[float], None]

COMPACTION_FLOOR = 64
"""Below this many cancelled entries the heap is left alone."""


class Timer:
    """One call to come. Made by `TimerHeap.schedule`, never directly."""

    __slots__ = ("_callback", "_heap", "at")

    def __init__(self, heap: TimerHeap, at: float, callback: Callback) -> None:
        self.at = at
        """When the callback is due, in the seconds of whoever runs the heap."""
        self._heap = heap
        self._callback: Callback | None = callback

    @property
    def active(self) -> bool:
        """True until the timer has fired or was cancelled."""
        return self._callback is not None

    def cancel(self) -> None:
        """Make sure that the callback is not called any more. Repeating it does no harm."""
        if self._callback is not None:
            self._callback = None  # also lets go of what the callback holds
            self._heap._note_cancelled()


class TimerHeap:
    """Timers ordered by their deadline; equal deadlines fire in the order of scheduling."""

    __slots__ = ("_cancelled", "_entries", "_sequence")

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, Timer]] = []
        self._sequence = 0
        self._cancelled = 0

    def __len__(self) -> int:
        """How many timers are still to fire."""
        return len(self._entries) - self._cancelled

    @property
    def entries(self) -> int:
        """How many entries the heap holds, cancelled ones included: what memory depends on."""
        return len(self._entries)

    def schedule(self, at: float, callback: Callback) -> Timer:
        """Call `callback(now)` once `run` is given a `now` of at least `at` seconds."""
        timer = Timer(self, at, callback)
        self._sequence += 1
        heapq.heappush(self._entries, (at, self._sequence, timer))
        return timer

    def next_deadline(self) -> float | None:
        """When `run` has something to do next, or None while no timer is active."""
        entries = self._entries
        while entries and entries[0][2]._callback is None:
            heapq.heappop(entries)
            self._cancelled -= 1
        return entries[0][0] if entries else None

    def run(self, now: float) -> None:
        """Call every callback due at `now` or before: see `due`.

        An exception of a callback passes through; what was due after it stays due.
        """
        for callback in self.due(now):
            callback(now)

    def due(self, now: float) -> Iterator[Callback]:
        """Take every callback due at `now` or before off the heap, the earliest first, one a step.

        A timer that a callback schedules for `now` or before waits for the next time, so that a
        callback which re-arms itself cannot hold the loop. One that a callback cancels is not met.
        """
        entries = self._entries
        newest = self._sequence
        while entries and entries[0][0] <= now and entries[0][1] <= newest:
            timer = heapq.heappop(entries)[2]
            callback = timer._callback
            if callback is None:
                self._cancelled -= 1
                continue
            timer._callback = None
            yield callback
            entries = self._entries  # a compaction may have replaced the list

    def _note_cancelled(self) -> None:
        self._cancelled += 1
        if self._cancelled > COMPACTION_FLOOR and self._cancelled * 2 > len(self._entries):
            self._entries = [entry for entry in self._entries if entry[2]._callback is not None]
            heapq.heapify(self._entries)
            self._cancelled = 0
