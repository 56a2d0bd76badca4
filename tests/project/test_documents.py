"""What the documents draw from the code is what the code says today."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.project.repository import ROOT
from tools import (
    boundary_sdp,
    boundary_tables,
    consent_diagram,
    diagrams,
    endpoints_table,
    jurisdictions_page,
    metrics_table,
    pages,
    settings_reference,
    uri_table,
)

TOOLS = (
    boundary_sdp,
    boundary_tables,
    consent_diagram,
    diagrams,
    endpoints_table,
    jurisdictions_page,
    metrics_table,
    settings_reference,
    uri_table,
)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.__name__)
def test_what_a_tool_writes_into_the_documents_is_current(tool: ModuleType) -> None:
    assert pages.outdated(tool.PARTS) == {}, f"run python {tool.__name__.replace('.', '/')}.py"


def test_every_part_that_is_made_by_a_tool_is_checked_here() -> None:
    marks = {
        line
        for page in sorted((ROOT / "docs").glob("*.md"))
        for line in page.read_text(encoding="utf-8").splitlines()
        if ": made by tools/" in line
    }

    parts = [part for tool in TOOLS for part in tool.PARTS]

    assert marks == {f"<!-- {part.name}: made by tools/{part.tool}.py -->" for part in parts}


def test_a_check_names_the_page_that_is_out_of_date_and_leaves_it_alone(
    tmp_path, monkeypatch, capsys
) -> None:
    text = "<!-- rows: made by tools/rows.py -->\nold\n<!-- end of rows -->\n"
    (tmp_path / "rows.md").write_text(text)
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    monkeypatch.setattr("sys.argv", ["rows.py", "--check"])

    code = pages.main((pages.Part("rows.md", "rows", "rows", lambda: "new"),))

    assert code == 1
    assert capsys.readouterr().out == "docs/rows.md is out of date: run python tools/rows.py\n"
    assert (tmp_path / "rows.md").read_text() == text


def test_a_page_that_the_code_names_is_a_link_in_the_documents(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    (tmp_path / "media.md").touch()

    text = pages.linked("behind NAT (docs/media.md), media.md, multi-media.md, docs/other.md")

    links = "behind NAT ([media.md](media.md)), [media.md](media.md)"
    assert text == f"{links}, multi-media.md, docs/other.md"
