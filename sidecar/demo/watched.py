"""Waiting for what has come in, without looking at a clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Watched:
    """Something that things come in to, for others to wait for."""

    def __init__(self) -> None:
        self._news = asyncio.Event()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition()` holds; it is looked at whenever something has come in."""
        while not condition():
            self._news.clear()
            await self._news.wait()
