"""Microseconds of CPU to decide about a call, with many rules and with many numbers in one rule.

Each figure is the mean over calls that spread over the whole file, and over calls that no rule is
for. The best of several rounds counts: whatever else runs on the machine only ever adds. The file
of everything names a list of a million numbers; its calls come from numbers that were not seen
before, so that each has to be read, and from numbers that are remembered. While it is read anew in
a thread, an event loop that only sleeps a millisecond at a time tells how long it was held up.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import Row, percentile
from sidecar.consent.decision import CallFacts
from sidecar.rules.file.loading import load_rules
from sidecar.rules.file.schema import RulesFile
from sidecar.rules.live import LiveRules
from sidecar.rules.rule_tests import failed_tests
from sidecar.rules.rules import RuleSet
from sidecar.settings import load_settings

MANY = 5000
CALLS = 500
ROUNDS = 7
CALLER = "+4930123456"
LISTED = 1_000_000
TICK = 0.001
INVITE = tuple((f"X-Header-{index}", "a value of some length") for index in range(20))
SETTINGS = """
default_country = "GB"
timezone = "Europe/London"
holidays = "GB-ENG"
[sip]
listen = ["udp://127.0.0.1:5070"]
[pbx.main]
uri = "sip:127.0.0.1:5080"
hosts = ["127.0.0.1:5080"]
[trunk.carrier]
uri = "sip:127.0.0.1:5090"
hosts = ["127.0.0.1"]
"""


def _number(index: int) -> str:
    return f"+4420{index:08}"


def _beginning(index: int) -> str:
    return f"+4420{index:06}*"


def _file(*rules: dict[str, Any]) -> RulesFile:
    named = [
        {"name": f"rule {index}", "recording": "notice", "match": match}
        for index, match in enumerate(rules)
    ]
    return RulesFile.model_validate({"rule": named})


FILES: dict[str, Callable[[], RulesFile]] = {
    "rules of a called number": lambda: _file(*({"to": _number(i)} for i in range(MANY))),
    "rules of a beginning": lambda: _file(*({"to": _beginning(i)} for i in range(MANY))),
    "rules of a caller's number": lambda: _file(*({"from": _number(i)} for i in range(MANY))),
    "numbers in one rule": lambda: _file({"to": [_number(i) for i in range(MANY)]}),
    "beginnings in one rule": lambda: _file({"to": [_beginning(i) for i in range(MANY)]}),
}


def calls(key: str) -> list[CallFacts]:
    """Calls over the whole file; a beginning has its last number called."""
    numbers = (index * MANY // CALLS for index in range(CALLS))
    if "beginning" in key:
        texts = [f"{_beginning(index)[:-1]}99" for index in numbers]
    else:
        texts = [_number(index) for index in numbers]
    if "caller" in key:
        return [CallFacts("inbound", "carrier", "main", text, "500") for text in texts]
    return [CallFacts("inbound", "carrier", "main", CALLER, text) for text in texts]


STRANGERS = [CallFacts("inbound", "carrier", "main", CALLER, f"+33{i:09}") for i in range(CALLS)]


def _microseconds(rules: RuleSet | LiveRules, facts: Sequence[CallFacts]) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time_ns()
        for each in facts:
            rules.decide(each)
        best = min(best, (time.process_time_ns() - started) / len(facts) / 1000)
    return best


def _rule(index: int) -> str:
    """One of the rules of everything: as few share a condition as in a file that people write."""
    match index % 5:
        case 0:
            asked = f'to = "{_number(index)}", hours = "08:00-18:00", days = "workdays"'
        case 1:
            asked = f'from_region = "US-CA", header = {{ X-Tenant = "tenant-{index}" }}'
        case 2:
            asked = f'from = "{_beginning(index)}", jurisdiction = "all-party"'
        case 3:
            asked = f'to = "{_beginning(index)}", from = "list:never", anonymous = false'
        case _:
            asked = f'header = {{ X-Tenant = "tenant-{index}" }}, days = ["sat", "holidays"]'
    return f'[[rule]]\nname = "rule {index}"\nmatch = {{ {asked} }}\nrecording = "notice"\n'


def _write_everything(folder: Path) -> Path:
    shuffled = random.Random(1).sample(range(100_000_000), LISTED)
    (folder / "never.txt").write_text("\n".join(f"+4930{number:08}" for number in shuffled))
    first = '[lists]\nnever = "never.txt"\n'
    never = '[[rule]]\nname = "never"\nmatch = { from = "list:never" }\nrecording = "off"\n'
    (folder / "rules.toml").write_text(first + never + "".join(map(_rule, range(MANY))))
    (folder / "sidecar.toml").write_text(SETTINGS)
    return folder / "sidecar.toml"


def _everything_calls(first: int) -> list[CallFacts]:
    """Calls that no rule takes, of numbers that differ with `first`."""
    at = 1_795_600_800.0
    return [
        CallFacts(
            "inbound",
            "carrier",
            "main",
            f"+33{first + index:09}",
            f"+4420{70_000_000 + first + index:08}",
            at,
            (("X-Tenant", f"other-{index}"), *INVITE),
        )
        for index in range(CALLS)
    ]


def _cold(rules: LiveRules) -> float:
    """Microseconds a decision where neither number was seen before."""
    best = float("inf")
    for rounds in range(ROUNDS):
        calls = _everything_calls(100_000 * (rounds + 1))
        started = time.process_time_ns()
        for each in calls:
            rules.decide(each)
        best = min(best, (time.process_time_ns() - started) / len(calls) / 1000)
    return best


async def _held_up(work: Callable[[], object]) -> tuple[float, list[float]]:
    """Seconds that work in a thread takes, and how late the loop was meanwhile."""
    late: list[float] = []

    async def tick() -> None:
        while True:
            started = time.perf_counter()
            await asyncio.sleep(TICK)
            late.append(time.perf_counter() - started - TICK)

    ticking = asyncio.create_task(tick())
    started = time.perf_counter()
    await asyncio.to_thread(work)
    taken = time.perf_counter() - started
    ticking.cancel()
    return taken, late


def _resident() -> float:
    """MiB of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def everything() -> list[Row]:
    """All kinds of conditions and a list of a million, asked, held in memory, and read anew."""
    with TemporaryDirectory() as name:
        path = _write_everything(Path(name))
        settings = load_settings(path)
        before = _resident()
        rules = LiveRules.load(settings)
        gc.collect()
        memory = _resident() - before
        cold, warm = _cold(rules), _microseconds(rules, _everything_calls(0))
        with (path.parent / "rules.toml").open("a") as file:
            file.write("# changed\n")
        thresholds = gc.get_threshold()
        gc.freeze()
        gc.set_threshold(50_000, 10, 100)  # as a running service has it
        taken, late = asyncio.run(_held_up(rules.reload))
        gc.set_threshold(*thresholds)
        gc.unfreeze()
    what = f"{MANY:,} rules of all kinds and a list of {LISTED:,}"
    pauses = f"{max(late) * 1000:.0f} ms, p99 {percentile(late, 0.99) * 1000:.0f} ms"
    figure = f"{cold:.1f} us, {warm:.1f} us where both numbers are remembered"
    return [
        Row(f"a decision with {what}", figure, "", "at most 100 us"),
        Row(f"{what}: memory", f"{memory:.0f} MiB"),
        Row(f"{what}: read anew, the list unchanged", f"{taken:.1f} s"),
        Row(f"{what}: the loop is late meanwhile", f"at most {pauses}"),
    ]


def loading() -> float:
    """Return the seconds to read and check a file of that many rules, each with its test."""
    text = "\n".join(
        f'[[rule]]\nname = "rule {index}"\nmatch = {{ to = "{_number(index)}" }}\n'
        f'recording = "notice"\n[[test]]\ncall = {{ to = "{_number(index)}" }}\n'
        f'expect = {{ rule = "rule {index}" }}\n'
        for index in range(MANY)
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rules.toml"
        path.write_text(text)
        started = time.process_time()
        failed = list(failed_tests(RuleSet(load_rules(path))))
        taken = time.process_time() - started
    if failed:
        raise AssertionError(f"{len(failed)} tests failed")
    return taken


def run() -> list[Row]:
    """Measure; a row for each kind of file, and one for reading it."""
    rows = []
    for key, make in FILES.items():
        rules = RuleSet(make())
        met, unmet = _microseconds(rules, calls(key)), _microseconds(rules, STRANGERS)
        figure = f"{met:.1f} us, {unmet:.1f} us where no rule is for the call"
        rows.append(Row(f"a decision with {MANY:,} {key}", figure, "", "at most 20 us"))
    what = f"reading {MANY:,} rules and running {MANY:,} tests"
    rows.append(Row(what, f"{loading():.2f} s"))
    return [*rows, *everything()]
