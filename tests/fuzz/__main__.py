"""`make fuzz`: all targets in turn, then hostile peers; one line each, status 1 for a finding."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz import running

FOLDER = running.ROOT / "build" / "fuzz"


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
    targets = arguments.targets or running.TARGETS
    share = max(1, arguments.seconds // len(targets))
    findings = 0
    for target in targets:
        found = running.run(
            target, seconds=share, executions=0, seed=arguments.seed, folder=Path(FOLDER)
        )
        print(found, flush=True)
        if found.finding:
            findings += 1
            print(found.finding, file=sys.stderr, flush=True)
    print(f"{findings} of {len(targets)} targets have findings; inputs are in {FOLDER}/crashes")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
