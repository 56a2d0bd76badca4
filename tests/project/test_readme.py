"""What README.md and docs/ tell people to type exists, and what they link to, too."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from sidecar.cli import main
from tests.project.repository import ROOT

DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [*sorted(ROOT.glob("*.md")), *DOCS]
FENCED = re.MULTILINE | re.DOTALL
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


def code_in(page: Path) -> str:
    """All that is set as code, in blocks and within lines."""
    text = page.read_text()
    blocks = re.findall(r"^```.*?^```|^ {4}\S.*?$", text, re.MULTILINE | re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", text)])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(r"\bmake ([a-z-]+)", code_in(page)))

    assert named <= TARGETS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_named_exists(page: Path) -> None:
    assert isinstance(main, click.Group)
    named = set(re.findall(r"\bconsent-sidecar (?!consent-sidecar)([a-z-]+)\b", code_in(page)))

    assert named <= set(main.commands)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    named = re.findall(r"`((?:docs|config|tools|tests|sidecar|requirements)/[a-z0-9_./-]+)`", text)

    missing = [link for link in links if not (page.parent / link).exists()]
    missing += [path for path in named if not (ROOT / path).exists()]

    assert missing == []


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_every_page_that_another_one_names_is_a_link(page: Path) -> None:
    prose = re.sub(r"^```.*?^```|`[^`\n]+`|\[[^]]*\]\([^)]*\)", "", page.read_text(), flags=FENCED)
    names = {other.name for other in DOCS if other != page} - {"README.md"}

    named = {name for name in re.findall(r"[a-z-]+\.md\b", prose) if name in names}

    assert named == set()


def test_the_map_leads_to_every_page_and_names_each_one_once() -> None:
    text = (ROOT / "docs" / "README.md").read_text()

    listed = sorted(re.findall(r"^\| \[[^]]+\]\(([^)]+)\) \|", text, re.MULTILINE))

    first = {"README.md", "architecture.md", "glossary.md"}
    assert listed == sorted({page.name for page in DOCS} - first)
    assert "](architecture.md)" in text
    assert "](glossary.md)" in text


def test_every_phony_target_has_a_recipe() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)

    assert set(phony.split()) <= TARGETS
