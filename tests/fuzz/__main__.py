"""`make fuzz`: all targets in turn, then hostile peers; one line each, status 1 for a finding."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from tests.fuzz import running

FOLDER = running.ROOT / "build" / "fuzz"


FOR_CALLS = 3
"""Shares of the time that hostile peers get: a call is larger than a header."""


def main() -> int:
    """Share the seconds among the targets; what is found is shown and kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help="some of: " + " ".join(running.TARGETS))
    parser.add_argument("--seconds", type=int, default=600, help="for all of them together")
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    arguments = parser.parse_args()
    if not running.HAS_ATHERIS:
        print(running.MISSING)
        return 2
    results = [_shown(each) for each in _results(arguments)]
    findings = sum(1 for each in results if each.finding)
    print(f"{findings} of {len(results)} have findings; inputs are in {FOLDER}/crashes")
    return 1 if findings else 0


def _results(arguments: argparse.Namespace) -> Iterator[running.Result]:
    targets = arguments.targets or running.TARGETS
    shares = len(targets) + (0 if arguments.targets else FOR_CALLS)
    share = max(1, arguments.seconds // shares)
    for target in targets:
        yield running.run(target, seconds=share, executions=0, seed=arguments.seed, folder=FOLDER)
    if not arguments.targets:
        yield running.attack_calls(seconds=FOR_CALLS * share)


def _shown(result: running.Result) -> running.Result:
    print(result, flush=True)
    if result.finding:
        print(result.finding, file=sys.stderr, flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
