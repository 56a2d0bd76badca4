"""`python -m tests.fuzz.one TARGET [libFuzzer's arguments]`: one target under atheris.

Only what the target imports of the sidecar is watched, so that coverage means its code.
"""

from __future__ import annotations

import sys
from importlib import import_module

import atheris


def main() -> None:
    """Fuzz until libFuzzer ends, with status 77 for a finding."""
    _, name, *arguments = sys.argv
    with atheris.instrument_imports(include=["sidecar"]):
        target = import_module(f"tests.fuzz.targets.{name}")
    atheris.Setup([name, *arguments], target.attempt)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
