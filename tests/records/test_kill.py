"""Promise 6: exactly one record a call, also after kill -9."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from sidecar.metrics import Metrics
from sidecar.records import Disposition, SqliteStore

BUSY_SIDECAR = """
import asyncio, itertools, sys, time
from pathlib import Path
from sidecar.metrics import Metrics
from sidecar.records import CallRecord, Disposition, EndedBy, SqliteStore

async def call(store, number):
    record = CallRecord(f"call-{number}", time.time())
    await store.begin(record)
    sys.stdout.write(f"{record.call_id}\\n")
    sys.stdout.flush()
    record.answered_at = time.time()
    store.update(record)
    if number % 3:
        record.ended_at, record.disposition = time.time(), Disposition.ANSWERED
        record.ended_by = EndedBy.CALLER
        store.finish(record)

async def main():
    store = await SqliteStore.open(Path(sys.argv[1]), Metrics())
    for number in itertools.count(step=8):
        await asyncio.gather(*(call(store, number + more) for more in range(8)))

asyncio.run(main())
"""


@pytest.mark.parametrize("calls", [1, 100, 417])
async def test_after_kill_9_every_call_that_went_on_has_exactly_one_closed_record(
    path: Path, metrics: Metrics, calls: int
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", BUSY_SIDECAR, str(path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    went_on = [await process.stdout.readline() for _ in range(calls)]
    process.send_signal(signal.SIGKILL)
    went_on += (await process.stdout.read()).splitlines(keepends=True)
    await process.wait()

    store = await SqliteStore.open(path, metrics)
    records = await store.list(1_000_000)
    await store.close()

    found = [record.call_id for record in records]
    promised = {line.decode().strip() for line in went_on if line.endswith(b"\n")}
    assert len(promised) >= calls
    assert len(found) == len(set(found))
    assert promised <= set(found)
    assert all(record.ended_at is not None for record in records)
    assert {record.disposition for record in records} <= {
        Disposition.ANSWERED,
        Disposition.INTERRUPTED,
    }
    for record in records:
        assert record.ended_at is not None
        assert record.ended_at >= record.started_at
