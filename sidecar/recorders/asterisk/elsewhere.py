"""Which channels are calls of other sidecars at the same PBX: each is asked for once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

KNOWN_WITHIN = 0.25
"""Seconds after which a channel counts as nobody's: whoever is behind it is told once too often
rather than not at all."""


class Elsewhere:
    """What is known of channels that no session of this process has."""

    def __init__(
        self, ask: Callable[[str], Awaitable[bool]], on_known: Callable[[str], None]
    ) -> None:
        """`ask` tells of a Call-ID whether another sidecar carries that call.

        `on_known` is called with the uniqueid of each channel that was asked for.
        """
        self._ask = ask
        self._on_known = on_known
        self._known: dict[str, bool] = {}
        self._asking: dict[str, asyncio.Task[bool]] = {}

    def carries(self, uniqueid: str, call_id: str) -> bool | None:
        """Tell whether a channel is another sidecar's call; None: `on_known` will say when."""
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
            return await asyncio.wait_for(self._ask(call_id), KNOWN_WITHIN)
        except TimeoutError:
            return False

    def _found_out(self, uniqueid: str, task: asyncio.Task[bool]) -> None:
        if self._asking.pop(uniqueid, None) is not None:
            self._known[uniqueid] = task.result()
            self._on_known(uniqueid)
