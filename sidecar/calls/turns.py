"""Whose turn it is: one step after the other, each owned by the call that it works for.

Whatever comes from outside (a datagram, an event of the media or of a recorder, a record that was
written, a wish of the operator) and each timer is a step. A fault of ours in a step is told to the
host together with the step's owner, which ends that call; the steps of all others go on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from sidecar.timers import Timer, TimerHeap

Step = Callable[..., None]


class Moment(NamedTuple):
    """What time it is, as the host has read it from its clocks."""

    monotonic: float
    """Seconds that never jump."""
    wall: float
    """Unix seconds."""


WithTime = Callable[[Callable[[Moment], None]], None]


class StepOwner(Protocol):
    """What a step is done for: a call."""

    @property
    def over(self) -> bool:
        """Whether nothing is to be done for it any more."""

    @property
    def itself(self) -> object:
        """It, where it is known by a weak reference only."""


Owned = TypeVar("Owned", bound=StepOwner)
Owned_contra = TypeVar("Owned_contra", bound=StepOwner, contravariant=True)


class Host(Protocol[Owned_contra]):
    """What turns are taken for."""

    def follow(self) -> bool:
        """Do what follows from the steps done; False where nothing does."""

    def rest(self) -> None:
        """Nothing is left to be done now."""

    def failed(self, error: Exception, of: Owned_contra | None, arguments: tuple[Any, ...]) -> None:
        """Take a fault of ours in a step of that call (None: of no call)."""


class Turns(Generic[Owned]):
    """All steps of one agent, in their order."""

    def __init__(self, with_time: WithTime, host: Host[Owned]) -> None:
        """`with_time` calls what it is given with the time it is."""
        self._with_time = with_time
        self._host = host
        self._steps: deque[tuple[Owned | None, Step, tuple[Any, ...]]] = deque()
        self._running = False
        self.timers = TimerHeap()
        """For those who wait for no call's sake; a call's own timers are made by `later`."""
        self.now = 0.0
        """The time of the present turn, in monotonic seconds."""
        self.wall = 0.0
        """The time of the present turn, in Unix seconds."""

    def run(self, step: Step, *arguments: Any, at: Moment, of: Owned | None = None) -> None:
        """Do a step, what is due by then, and all that follows; the only way in from outside.

        What is told of within a step (by a recorder that answers at once) is a step after it.
        """
        self._steps.append((_itself(of), step, arguments))
        if self._running:
            return
        self._running = True
        try:
            self.now, self.wall = at
            for fire in self.timers.due(self.now):
                self.do(fire, self.now)
            self._do_all()
        finally:
            self._running = False
        self._host.rest()

    def enter(self, step: Step, *arguments: Any, of: Owned | None = None) -> None:
        """Do a step that somebody tells of who knows no time; after the present one, if any."""
        if self._running:
            self._steps.append((_itself(of), step, arguments))
        else:
            self._with_time(lambda at: self.run(step, *arguments, at=at, of=of))

    def do(self, step: Step, *arguments: Any, of: Owned | None = None) -> None:
        """Do a step at once, within the present turn, and see to its faults."""
        try:
            step(*arguments)
        except Exception as error:  # noqa: BLE001 (the boundary: a fault stays with its call)
            self._host.failed(error, of, arguments)

    def later(self, call: Owned, at: float, step: Callable[[float], None]) -> Timer:
        """Do `step(now)` for a call at a monotonic time; nothing where the call is over by then."""
        return self.timers.schedule(at, partial(self._fire, _itself(call), step))

    def owned_by(self, call: Owned, callback: Step) -> Step:
        """Return what somebody outside may call: each time it is a step of that call.

        It keeps the call alive: whoever holds it lets go of it once there is nothing more to tell.
        """
        return partial(self.enter, callback, of=_itself(call))

    def _do_all(self) -> None:
        while True:
            while self._steps:
                of, step, arguments = self._steps.popleft()
                self.do(step, *arguments, of=of)
            if not self._host.follow():
                return

    def _fire(self, call: Owned, step: Callable[[float], None], now: float) -> None:
        if not call.over:
            self.do(step, now, of=call)


def _itself(call: StepOwner | None) -> Any:
    """Return the call, also where a part of it knows it by a weak reference only."""
    return None if call is None else call.itself
