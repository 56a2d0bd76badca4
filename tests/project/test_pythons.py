"""The Pythons that are promised are those that the tests run on."""

from __future__ import annotations

import re

from tests.project.repository import ROOT


def test_each_python_of_the_readme_is_one_of_make_unit_all() -> None:
    first, last = re.search(
        r"Python 3\.(\d+) to 3\.(\d+)", (ROOT / "README.md").read_text()
    ).groups()
    script = (ROOT / "tools" / "unit_all.sh").read_text()

    listed = re.search(r'^PYTHONS="(.*)"$', script, re.MULTILINE)[1].split()

    assert listed == [f"3.{minor}" for minor in range(int(first), int(last) + 1)]
