"""What it costs to read a number, to tell its place, and to keep and ask a list of a million.

Reading is measured cold (nothing remembered, but the numbering plans loaded, as after a minute of
service) and remembered. While a list is loaded in a thread, an event loop that only sleeps a
millisecond at a time tells how long it was held up.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import Row, percentile
from sidecar.numbers import Number, NumberList, load_number_list, read_number
from sidecar.numbers.number import read_plain
from sidecar.numbers.written import plain
from sidecar.rules.file.jurisdictions import load_jurisdictions

TEXTS = 2000
ROUNDS = 5
LISTED = 1_000_000
NATIONAL = 50_000
TICK = 0.001

KINDS: dict[str, tuple[str, Callable[[int], str]]] = {
    "E.164, +44": ("GB", lambda i: f"+4420{i:08}"),
    "E.164, +1": ("US", lambda i: f"+1310{2000000 + i}"),
    "national, GB": ("GB", lambda i: f"020 {i // 10000:04} {i % 10000:04}"),
    "national, US": ("US", lambda i: f"(310) {2000000 + i}"),
    "an extension": ("GB", lambda i: str(1000 + i)),
}


def _microseconds(work: Callable[[str], object], texts: Sequence[str]) -> float:
    """The best round's CPU time a text."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time_ns()
        for text in texts:
            work(text)
        best = min(best, (time.process_time_ns() - started) / len(texts) / 1000)
    return best


def reading() -> list[Row]:
    """A row for each kind of text."""
    rows = []
    for kind, (country, make) in KINDS.items():
        texts = [make(index) for index in range(TEXTS)]

        def cold(text: str, country: str = country) -> Number:
            return read_plain(plain(text), "", country)

        def warm(text: str, country: str = country) -> Number:
            return read_number(text, country)

        figure = f"{_microseconds(cold, texts):.1f} us, {_microseconds(warm, texts):.1f} remembered"
        rows.append(Row(f"reading a number ({kind})", figure, "", "at most 100 us"))
    return rows


def judging() -> Row:
    """The stricter of two parties' places."""
    table = load_jurisdictions()
    parties = (read_number("+12125550100"), read_number("+442079460101"))
    cost = _microseconds(lambda _: table.strictest(parties), ["a call"] * TEXTS)
    return Row("the stricter of two places", f"{cost:.1f} us")


async def loaded(path: Path, country: str) -> tuple[NumberList, float, list[float]]:
    """Load a list in a thread: the list, the seconds it took, how late each tick was."""
    late: list[float] = []

    async def tick() -> None:
        while True:
            started = time.perf_counter()
            await asyncio.sleep(TICK)
            late.append(time.perf_counter() - started - TICK)

    ticking = asyncio.create_task(tick())
    started = time.perf_counter()
    numbers = await asyncio.to_thread(load_number_list, path, country)
    taken = time.perf_counter() - started
    ticking.cancel()
    return numbers, taken, late


def listing(kind: str, count: int) -> list[Row]:
    """A list of that many numbers: loading, how it held others up, memory, asking."""
    country, make = KINDS[kind]
    shuffled = random.Random(1).sample(range(7_000_000), count)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "list.txt"
        path.write_text("\n".join(map(make, shuffled)))
        numbers, taken, late = asyncio.run(loaded(path, country))
    texts = [make(index) for index in range(TEXTS)]
    parties = {text: read_number(text, country) for text in texts}
    asking = _microseconds(lambda text: parties[text] in numbers, texts)
    what = f"a list of {count:,} numbers ({kind})"
    pauses = f"{max(late) * 1000:.0f} ms, p99 {percentile(late, 0.99) * 1000:.0f} ms"
    return [
        Row(f"{what}: loading", f"{taken:.1f} s"),
        Row(f"{what}: the loop is late meanwhile", f"at most {pauses}"),
        Row(f"{what}: memory", f"{numbers.size / 2**20:.1f} MiB"),
        Row(f"{what}: asking", f"{asking:.1f} us"),
    ]


def run() -> list[Row]:
    """Measure; a row for each figure."""
    rows = [*reading(), judging(), *listing("E.164, +44", LISTED)]
    rows += listing("national, US", LISTED)
    rows += listing("national, GB", NATIONAL)
    return rows
