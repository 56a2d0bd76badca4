"""Which channels are calls of other sidecars at the same PBX: each is asked for once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from sidecar.recorders.asterisk.eyes.rooms import Whose
from sidecar.recorders.recorder import CarriedByAnother

KNOWN_WITHIN = 0.25
"""Seconds after which a channel counts as nobody's: whoever is behind it is told once too often
rather than not at all."""


class Elsewhere:
    """What is known of channels that no session of this process has."""

    def __init__(
        self, carried_by_another: CarriedByAnother, on_known: Callable[[str], None]
    ) -> None:
        """`on_known` is called with the uniqueid of each channel that was asked for."""
        self._carried_by_another = carried_by_another
        self._on_known = on_known
        self._known: dict[str, Whose] = {}
        self._asking: dict[str, asyncio.Task[bool]] = {}

    def whose(self, uniqueid: str, call_id: str) -> Whose | None:
        """Return whose call a channel is; None: `on_known` will tell when that is known."""
        if uniqueid not in self._known and uniqueid not in self._asking:
            task = asyncio.create_task(self._find_out(call_id), name="asterisk-elsewhere")
            self._asking[uniqueid] = task
            task.add_done_callback(partial(self._found_out, uniqueid))
        return self._known.get(uniqueid)

    def gone(self, uniqueid: str) -> None:
        """A channel is gone."""
        self._known.pop(uniqueid, None)
        if task := self._asking.pop(uniqueid, None):
            task.cancel()

    def clear(self) -> None:
        """Nothing is known of any channel."""
        for uniqueid in (*self._known, *self._asking):
            self.gone(uniqueid)

    async def _find_out(self, call_id: str) -> bool:
        try:
            return await asyncio.wait_for(self._carried_by_another(call_id), KNOWN_WITHIN)
        except TimeoutError:
            return False

    def _found_out(self, uniqueid: str, task: asyncio.Task[bool]) -> None:
        if self._asking.pop(uniqueid, None) is not None:
            self._known[uniqueid] = Whose.ANOTHER_SIDECAR_S if task.result() else Whose.NOBODY_S
            self._on_known(uniqueid)
