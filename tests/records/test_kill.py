"""Promise 6: exactly one record a call, also after kill -9."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.metrics import Metrics
from sidecar.records.record import CallRecord, Disposition
from sidecar.records.sqlite import SqliteStore
from tests.records.keeping import begin

BUSY_SIDECAR = """
import asyncio, itertools, sys, time
from pathlib import Path
from sidecar.metrics import Metrics
from sidecar.records.record import CallRecord, Disposition, EndedBy
from sidecar.records.sqlite import SqliteStore

def begin(store, record, dialog):
    done = asyncio.get_running_loop().create_future()
    store.begin(record, dialog, done.set_result)
    return done

async def call(store, number):
    record = CallRecord(f"{sys.argv[2]}-{number}", time.time())
    await begin(store, record, "dialog")
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


Sidecar = asyncio.subprocess.Process


async def start_sidecar(path: Path, name: str = "call") -> Sidecar:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", BUSY_SIDECAR, str(path), name, stdout=asyncio.subprocess.PIPE
    )


TOLD = re.compile(rb"[a-z]+-[0-9]+\n")
"""A call that went on. Whatever else stands on stdout is a line of the log."""


async def calls_told(sidecar: Sidecar, calls: int) -> list[bytes]:
    """The next `calls` lines: calls that went on, as their records were on disk."""
    assert sidecar.stdout is not None
    told: list[bytes] = []
    while len(told) < calls:
        line = await sidecar.stdout.readline()
        assert line, "it has ended by itself"
        told += TOLD.findall(line)
    return told


async def kill(sidecar: Sidecar) -> list[bytes]:
    """Kill it; returns what it told until then."""
    assert sidecar.stdout is not None
    sidecar.send_signal(signal.SIGKILL)
    told = (await sidecar.stdout.read()).splitlines(keepends=True)
    await sidecar.wait()
    return told


def promised(told: list[bytes]) -> set[str]:
    return {line.decode().strip() for line in told if TOLD.fullmatch(line)}


def each_is_closed_once(records: list[CallRecord]) -> bool:
    ids = [record.call_id for record in records]
    return len(ids) == len(set(ids)) and all(
        record.disposition in {Disposition.ANSWERED, Disposition.INTERRUPTED}
        and record.ended_at is not None
        and record.ended_at >= record.started_at
        for record in records
    )


@pytest.mark.parametrize("calls", [1, 100, 417])
async def test_after_kill_9_every_call_that_went_on_has_exactly_one_closed_record(
    path: Path, metrics: Metrics, calls: int
) -> None:
    sidecar = await start_sidecar(path)
    went_on = promised(await calls_told(sidecar, calls) + await kill(sidecar))

    store = await SqliteStore.open(path, metrics)
    records = await store.list(1_000_000)
    await store.close()

    assert len(went_on) >= calls
    assert went_on <= {record.call_id for record in records}
    assert each_is_closed_once(records)


async def test_kill_9_of_one_sidecar_leaves_the_calls_of_the_other_on_the_file_alone(
    path: Path, store: SqliteStore, call: Callable[..., CallRecord]
) -> None:
    survivor = store
    await begin(survivor, call("survives"), "dialog")
    first, second = await start_sidecar(path, "first"), await start_sidecar(path, "second")
    told = await calls_told(first, 50) + await calls_told(second, 50)
    told += await kill(first)
    told += await calls_told(second, 50) + await kill(second)

    await survivor._left_overs.put_right()

    records = {record.call_id: record for record in await survivor.list(1_000_000)}
    assert records.pop("survives").ended_at is None
    assert promised(told) <= set(records)
    assert each_is_closed_once(list(records.values()))
    assert len(list(path.parent.glob("*.????????????????.lock"))) == 1
