"""When Python's cyclic garbage collector may look, and at what.

Every call waits while it sweeps, about a microsecond an object on a busy machine. A call that has
ended leaves no cycles (tests/calls/test_freed.py), but its transactions live on for up to 32 s: at
100 calls a second 300,000 objects that are no garbage. So what start-up has made is never looked
at. Young objects are, once and in small portions: HTTP requests leave cycles, which die young.
Whatever has outlived that is looked at only while nobody waits. To sweep it under load has no use
and stopped all calls for 0.3 s at a time, measured at 60 calls a second.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

YOUNG = 2_000
"""Objects, more made than freed, after which the youngest are swept: one or two milliseconds."""
NEVER = 1_000_000_000
EVERY_S = 60.0


def spare() -> None:
    """Leave alone from now on what there is; call it when everything has started."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, NEVER, NEVER)


async def collect_when_quiet(busy: Callable[[], bool]) -> None:
    """Sweep everything, about once a minute, where `busy` says that nobody waits; never returns."""
    while True:
        await asyncio.sleep(EVERY_S)
        if not busy():
            gc.collect()
