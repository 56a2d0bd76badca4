"""Both files of settings: the settings, a NUL, the rules. Checking them ends in words."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp

from sidecar.rules.both_files import check_files
from tests.fuzz import oracle

MEMORY = Path("/dev/shm")
FOLDER = Path(mkdtemp(prefix="fuzz-settings-", dir=MEMORY if MEMORY.is_dir() else None))


def attempt(data: bytes) -> None:
    """Check the files; a mistake has a place, and is told in one line."""
    settings, _, rules = data.partition(b"\0")
    (FOLDER / "sidecar.toml").write_bytes(settings)
    (FOLDER / "rules.toml").write_bytes(rules)
    report = check_files(FOLDER / "sidecar.toml")
    wrong = report.settings is None or report.rules is None
    oracle.demand(bool(report.errors) == wrong, "refused without a word", report.errors)
    for error in (*report.errors, *report.warnings):
        oracle.demand(error.file is not None and error.message, "no place", error)
        oracle.demand(str(error).isprintable(), "an error of more than a line", str(error))
