"""The clock of everything that the worker sends on its own: ticks of 5 ms that never drift.

Whoever talks joins once and is then called every so many ticks. Talkers are spread over the ticks,
so that a hundred calls are not sent in one burst. A tick that comes late is made up for; only after
a long stall are the missed ones skipped, in packets as in timestamps.
"""

from __future__ import annotations

from typing import Protocol

TICK_S = 0.005
MAX_LAG = 40
"""Ticks (200 ms) that are made up for."""

_RING = 64
_SPREAD = 4


class Paced(Protocol):
    """One who talks. `due` belongs to the pacer."""

    due: int
    period: int

    def tick(self, at: float) -> None:
        """Send what is due at this moment of the monotonic clock."""


class Pacer:
    """The wheel of ticks. `Paced.due` is the number of the tick a talker waits for, or -1."""

    def __init__(self, now: float) -> None:
        self._epoch = now
        self._done = 0
        self._slots: list[list[Paced]] = [[] for _ in range(_RING)]
        self.talkers = 0

    def join(self, talker: Paced, now: float) -> None:
        """Call it from now on, every `period` ticks, starting within the next four."""
        if talker.due >= 0:
            return
        base = max(self._done, int((now - self._epoch) / TICK_S))
        if not self.talkers:
            self._forget(base)
        ahead = range(base + 1, base + 1 + _SPREAD)
        self._await(talker, min(ahead, key=lambda tick: len(self._slots[tick % _RING])))
        self.talkers += 1

    def leave(self, talker: Paced) -> None:
        """Call it no more. Harmless for one who has not joined."""
        if talker.due >= 0:
            talker.due = -1  # its entry in the wheel is passed over
            self.talkers -= 1

    def next_at(self) -> float | None:
        """When `run` has something to do, or None while nobody talks."""
        if not self.talkers:
            return None
        for tick in range(self._done + 1, self._done + _RING):
            if self._slots[tick % _RING]:
                return self._epoch + tick * TICK_S
        return None

    def run(self, now: float) -> None:
        """Call everyone who is due at `now` or was before."""
        current = int((now - self._epoch) / TICK_S)
        if not self.talkers:
            self._forget(current)
            return
        if current - self._done > MAX_LAG:
            self._skip(current - self._done - 1)
        while self._done < current:
            tick = self._done = self._done + 1
            waiting = self._slots[tick % _RING]
            if not waiting:
                continue
            self._slots[tick % _RING] = []
            at = self._epoch + tick * TICK_S
            for talker in waiting:
                if talker.due == tick:
                    self._await(talker, tick + talker.period)
                    talker.tick(at)

    def _await(self, talker: Paced, tick: int) -> None:
        talker.due = tick
        self._slots[tick % _RING].append(talker)

    def _forget(self, current: int) -> None:
        """Nobody talks: jump to the current tick, and drop the entries of those who left."""
        if current - self._done >= _RING:
            for slot in self._slots:
                slot.clear()
        self._done = max(self._done, current)

    def _skip(self, ticks: int) -> None:
        """Put everything off by so many ticks."""
        talkers = [(t, t.due) for slot in self._slots for t in slot]
        for slot in self._slots:
            slot.clear()
        self._done += ticks
        for talker, due in talkers:
            if talker.due == due >= 0:
                self._await(talker, due + ticks)
