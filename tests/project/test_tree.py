"""What must not be in the repository, and how large its files may be."""

from __future__ import annotations

import re

from tests.project.repository import ROOT, text_lines, tracked_files

# Spelled in pieces, so that this file does not find itself.
MACHINE_PATHS = ["/wo" + "rk/", "/ro" + "ot/", "/home/[a-z]+/", r"\.\./sha" + "red"]
HOSTS = [
    r"\bpy" + r"pi\.(org|io)",
    "python" + "hosted",
    r"deb" + r"ian\.org",
    "npm" + r"js\.(org|com)",
    "ubuntu" + r"\.com",
]
UNFINISHED = [r"\bTO" + r"DO\b", r"\bFIX" + r"ME\b", r"\bXX" + r"X\b", "NotImplemented" + "Error"]
MACHINERY = [r"\bcla" + r"ude\b", r"\bll" + r"m\b", r"sub-?ag" + "ent", r"\bissue [0-9]"]


def found(patterns: list[str], flags: int = 0) -> list[str]:
    """Lines that match any of the patterns, as file:line: text."""
    pattern = re.compile("|".join(patterns), flags)
    return [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, number, line in text_lines()
        if pattern.search(line)
    ]


def test_no_file_names_a_path_of_somebody_s_machine() -> None:
    assert found(MACHINE_PATHS) == []


def test_no_file_names_the_host_of_a_package_registry() -> None:
    assert found(HOSTS, re.IGNORECASE) == []


def test_nothing_is_left_unfinished() -> None:
    assert found(UNFINISHED) == []


def test_the_text_speaks_of_the_product_only() -> None:
    assert found(MACHINERY, re.IGNORECASE) == []


def test_no_source_file_is_longer_than_500_lines() -> None:
    lengths = {
        str(path): len((ROOT / path).read_text().splitlines())
        for path in tracked_files()
        if path.suffix == ".py" and (ROOT / path).is_file()
    }

    assert {path: lines for path, lines in lengths.items() if lines > 500} == {}


def test_nothing_large_or_built_is_under_version_control() -> None:
    large = [
        str(path)
        for path in tracked_files()
        if (ROOT / path).is_file() and (ROOT / path).stat().st_size > 300_000
    ]
    built = [str(path) for path in tracked_files() if path.suffix in {".pyc", ".whl", ".so"}]

    assert (large, built) == ([], [])
