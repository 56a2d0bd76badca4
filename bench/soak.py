"""200 calls a second for a minute through the sidecar, the delay it adds, memory a live call.

Driven by the load generator of bench/load.py, which leaves more of the machine to the sidecar
than SIPp does.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import Row, percentile
from bench.load import Load, Result
from bench.machine import cpu_seconds, memory
from bench.peers.sidecar import NOTICE, SidecarProduct
from tests.peers.processes import LOOPBACK

RATE = 200.0
SECONDS = 60.0
HOLD = 1.0
QUIET_RATE = 20.0
QUIET_SECONDS = 10.0
LIVE = 1000
LIVE_RATE = 100.0
SETTLE = 3.0


@contextmanager
def _through_the_sidecar() -> Iterator[tuple[Load, SidecarProduct]]:
    with tempfile.TemporaryDirectory() as folder:
        load = Load((LOOPBACK, 0), prefix=NOTICE)
        try:
            with SidecarProduct(Path(folder), load.callee_port) as product:
                load.target = (LOOPBACK, product.port)
                yield load, product
        finally:
            load.close()


def _delays(result: Result) -> str:
    return ", ".join(
        f"{name} {percentile(values, 0.5) * 1000:.1f} / {percentile(values, 0.99) * 1000:.1f} ms"
        for name, values in (("INVITE to INVITE", result.forward), ("to 200", result.setup))
        if values
    )


def _failures(result: Result) -> str:
    why = ", ".join(f"{count} {reason}" for reason, count in result.failures.most_common(3))
    return f"{result.failed_share:.3%} of {result.offered} calls{': ' + why if why else ''}"


def soak() -> list[Row]:
    """A quiet time first, then the rush."""
    with _through_the_sidecar() as (load, product):
        load.run(QUIET_RATE, 2.0, HOLD)  # imports, caches
        quiet = load.run(QUIET_RATE, QUIET_SECONDS, HOLD)
        before = cpu_seconds(*product.pids)
        rush = load.run(RATE, SECONDS, HOLD)
        load.settle(SETTLE)
        spent = (cpu_seconds(*product.pids) - before) * 1000 / max(rush.completed, 1)
    at = f"{RATE:g} calls/s for {SECONDS:g} s"
    return [
        Row(f"failed, {at}", _failures(rush), f"{rush.retransmissions} retransmissions", "< 0.1 %"),
        Row(f"CPU a call, {at}", f"{spent:.2f} ms"),
        Row(
            f"delay p50 / p99, {at}", _delays(rush), f"generator late by {rush.late * 1000:.0f} ms"
        ),
        Row(f"delay p50 / p99, {QUIET_RATE:g} calls/s", _delays(quiet)),
    ]


def live_calls() -> list[Row]:
    """What each of many calls that are up adds to the memory of all the sidecar's processes."""
    with _through_the_sidecar() as (load, product):
        load.run(LIVE_RATE, 3.0, HOLD)
        load.settle(SETTLE)
        idle = memory(*product.pids)
        load.place(LIVE, LIVE_RATE, None)
        load.settle(SETTLE)
        up = len(load.calls)
        full = memory(*product.pids)
        load.hang_up(LIVE_RATE)
    if not up:
        return [Row("memory a live call", "no call came up", _failures(load.result), "<= 60 KB")]
    resident = (full.resident - idle.resident) / up / 1000
    proportional = (full.proportional - idle.proportional) / up / 1000
    return [
        Row(
            f"memory a live call, {up} calls",
            f"{proportional:.0f} KB (PSS), {resident:.0f} KB (RSS)",
            f"idle {idle.proportional / 1e6:.0f} MB",
            "<= 60 KB",
        )
    ]


def run() -> list[Row]:
    """Both parts."""
    return soak() + live_calls()
