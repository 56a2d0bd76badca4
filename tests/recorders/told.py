"""A leg that remembers what a recorder does with it, and the events that a session tells."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sidecar.recorders.recorder import RecorderEvent

Event = TypeVar("Event", bound=RecorderEvent)


async def alone(_call_id: str) -> bool:
    """No other sidecar has any call."""
    return False


@dataclass
class Leg:
    """The leg to the PBX."""

    call_id: str = "call@sidecar"
    done: list[str] = field(default_factory=list)
    on_status: Callable[[int], None] = lambda _status: None
    on_state: Callable[[bool | None], None] = lambda _state: None
    on_done: Callable[[bool], None] = lambda _done: None

    def info(self, record: str, on_status: Callable[[int], None]) -> None:
        self.done.append(f"info {record}")
        self.on_status = on_status

    def offer_recordpref(self, preference: str, on_state: Callable[[bool | None], None]) -> None:
        self.done.append(f"recordpref {preference}")
        self.on_state = on_state

    def press(self, digits: str, on_done: Callable[[bool], None]) -> None:
        self.done.append(f"press {digits}")
        self.on_done = on_done


class Told:
    """What a session tells, in order."""

    def __init__(self) -> None:
        self.events: list[RecorderEvent] = []
        self._queue: asyncio.Queue[RecorderEvent] = asyncio.Queue()

    def __call__(self, event: RecorderEvent) -> None:
        self.events.append(event)
        self._queue.put_nowait(event)

    async def next(self, kind: type[Event], within: float = 5.0) -> Event:
        """The next event, which must be of this kind."""
        event = await asyncio.wait_for(self._queue.get(), within)
        assert isinstance(event, kind), self.events
        return event

    async def all(self) -> list[RecorderEvent]:
        """Everything told so far and due now."""
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        told, self.events = self.events, []
        return told
