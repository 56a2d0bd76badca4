"""When Python's cyclic garbage collector may look, and at what.

What it sweeps over stands still meanwhile: every call waits. A call that has ended leaves no
cycles (tests/calls/test_freed.py), but its transactions live on for up to 32 s: at 100 calls a
second a million objects that are no garbage. So what start-up has made is never looked at, young
objects are in small portions (up to 50,000: some milliseconds), and everything is only while
nobody waits. What that finds are cycles of other people's libraries: connections to the HTTP server
and to the recorders.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

YOUNG = 5_000
"""Objects, more made than freed, after which the youngest are swept: half a millisecond."""
YOUNG_SWEEPS = 10
"""Sweeps of the youngest after which those that outlived them are swept too."""
NEVER = 1_000_000
EVERY_S = 60.0


def spare() -> None:
    """Leave alone from now on what there is; call it when everything has started."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, YOUNG_SWEEPS, NEVER)


async def collect_when_quiet(busy: Callable[[], bool]) -> None:
    """Sweep everything, about once a minute, where `busy` says that nobody waits; never returns."""
    while True:
        await asyncio.sleep(EVERY_S)
        if not busy():
            gc.collect()
