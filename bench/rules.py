"""Microseconds of CPU to decide about a call, with many rules and with many numbers in one rule.

Each figure is the mean over calls that spread over the whole file, and over calls that no rule is
for. The best of several rounds counts: whatever else runs on the machine only ever adds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import Row
from sidecar.consent.decision import CallFacts
from sidecar.consent.rule_tests import failed_tests
from sidecar.consent.rules import RuleSet
from sidecar.settings import RulesFile, load_rules

MANY = 5000
CALLS = 500
ROUNDS = 7
CALLER = "+4930123456"


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


def _microseconds(rules: RuleSet, facts: Sequence[CallFacts]) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time_ns()
        for each in facts:
            rules.decide(each)
        best = min(best, (time.process_time_ns() - started) / len(facts) / 1000)
    return best


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
    return rows
