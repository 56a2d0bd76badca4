"""Thirty seconds of attack in each run of the tests; `make fuzz` goes on for as long as you like.

Nothing here depends on the machine's pace: each target ends after so many executions or so many
seconds, whichever comes first, and only a finding makes it fail.
"""

from __future__ import annotations

import os
import platform
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.fuzz import running

SECONDS = 30
EXECUTIONS = 15_000
"""Of one target: a few seconds on a machine with nothing else to do."""


@pytest.mark.parametrize("target", running.TARGETS)
def test_no_seed_is_a_finding(target: str) -> None:
    seeds = sorted((running.SEEDS / target).iterdir())

    for seed in seeds:
        import_module(f"tests.fuzz.targets.{target}").attempt(seed.read_bytes())

    assert seeds


@pytest.mark.timeout(300)
@pytest.mark.parametrize("target", running.TARGETS)
def test_nothing_is_found_in_what_grows_out_of_the_seeds(target: str, tmp_path: Path) -> None:
    if not running.HAS_ATHERIS:
        pytest.skip(running.MISSING)
    share = max(1, SECONDS // len(running.TARGETS))

    result = running.run(target, seconds=share, executions=EXECUTIONS, seed=1, folder=tmp_path)

    assert not result.finding, result.finding


def test_atheris_is_here_wherever_there_is_one() -> None:
    has_wheels = sys.platform == "linux" and platform.machine() == "x86_64"

    assert running.HAS_ATHERIS or not has_wheels, "make installs it from requirements/dev.lock"
    assert running.HAS_ATHERIS or "CI" not in os.environ


def test_each_folder_of_seeds_belongs_to_a_target_and_each_seed_is_small() -> None:
    folders = sorted(running.SEEDS.iterdir())

    assert [folder.name for folder in folders] == running.TARGETS
    sizes = [seed.stat().st_size for folder in folders for seed in folder.iterdir()]
    assert max(sizes) <= running.LONGEST_INPUT
