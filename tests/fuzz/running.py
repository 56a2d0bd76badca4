"""Runs targets, each in a process of its own, and reads what libFuzzer tells of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SEEDS = HERE / "seeds"
TARGETS = sorted(path.stem for path in (HERE / "targets").glob("[a-z]*.py"))
HAS_ATHERIS = find_spec("atheris") is not None
MISSING = "atheris is not here: it has wheels for Linux on x86_64 alone"

LONGEST_INPUT = 4096
SLOWEST_S = 60
"""An input that takes so long is a finding; seconds may only mean that the machine was busy."""
MEMORY_MIB = 2048
HOSTILE_PEERS = "tests/calls/test_hostile_peers.py"
BATCH = 100

_DONE = re.compile(r"stat::number_of_executed_units:\s*(\d+)|Done (\d+) runs")
_CORPUS = re.compile(r"corp: (\d+)/")


@dataclass(frozen=True)
class Result:
    """How a run of one target went. `finding` is what it said of one, "" where there is none."""

    target: str
    executions: int
    corpus: int
    finding: str

    def __str__(self) -> str:
        crashes = 1 if self.finding else 0
        return (
            f"{self.target:<16} {self.executions:>9} executions  {self.corpus:>5} in the corpus  "
            f"{crashes} crashes"
        )


def run(target: str, *, seconds: int, executions: int, seed: int, folder: Path) -> Result:
    """Run a target from its seeds until one of both limits is reached (0 executions: no limit).

    What it learns and what breaks it is left in `folder`; the seeds stay as they are.
    """
    corpus = folder / "corpus" / target
    crashes = folder / "crashes"
    for each in (corpus, crashes):
        each.mkdir(parents=True, exist_ok=True)
    limits = [f"-runs={executions}"] if executions else []
    command = [
        *(sys.executable, "-m", "tests.fuzz.one", target, str(corpus), str(SEEDS / target)),
        *(f"-max_total_time={seconds}", *limits, f"-seed={seed}", f"-max_len={LONGEST_INPUT}"),
        *(f"-timeout={SLOWEST_S}", f"-rss_limit_mb={MEMORY_MIB}", "-print_final_stats=1"),
        *(f"-artifact_prefix={crashes / target}-", f"-dict={HERE / 'words.dict'}"),
    ]
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=False)
    return _read(target, done.returncode, (done.stdout + done.stderr).decode(errors="replace"))


def _read(target: str, status: int, told: str) -> Result:
    counts = [int(found[1] or found[2]) for found in _DONE.finditer(told)]
    sizes = [int(found[1]) for found in _CORPUS.finditer(told)]
    _, uncaught, trace = told.partition("=== Uncaught")
    finding = "" if status == 0 else (uncaught + trace if uncaught else told)[-6000:]
    return Result(target, max(counts, default=0), max(sizes, default=0), finding)


def attack_calls(*, seconds: int) -> Result:
    """Let hostile peers loose on the call core (tests/calls), each batch from another start."""
    began, examples = time.monotonic(), 0
    command = [sys.executable, "-m", "pytest", "-q", "--timeout=0", HOSTILE_PEERS]
    env = os.environ | {"HOSTILE_EXAMPLES": str(BATCH)}
    while True:
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=False)
        examples += BATCH
        if done.returncode != 0:
            told = (done.stdout + done.stderr).decode(errors="replace")
            return Result("hostile peers", examples, 0, told[-6000:])
        if time.monotonic() - began > seconds:
            return Result("hostile peers", examples, 0, "")
