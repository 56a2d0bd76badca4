"""docs/settings.md and docs/rules.md say what the schema says today, of every key."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import settings_reference as tool

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "sidecar.toml": (ROOT / "docs" / "settings.md").read_text(),
    "rules.toml": (ROOT / "docs" / "rules.md").read_text(),
}
PAGE = "".join(PAGES.values())


def test_every_key_has_its_meaning() -> None:
    without = [
        f"{title} {key}"
        for model in tool.FILES.values()
        for title, table in tool.tables(model)
        for key, field in tool.keys(table)
        if tool.table_in(field.annotation) is None and not field.description
    ]

    assert without == []


@pytest.mark.parametrize(
    "row",
    [
        '| `rules` | text | `"rules.toml"` | ',
        "| `listen` | list of texts | must be there | ",
        "| `uri` | text, or a list of texts | must be there | ",
        "| `trusted` | `true`, `false` | `false` | ",
        '| `ports` | text | `"30000-39999"` | ',
        '| `database` | text | `"sqlite:///records.db"` | ',
        "| `keep_days` | whole number | `30` | ",
        '| `numbers` | `"full"`, `"none"` | `"full"` | ',
        '| `listen` | text | `"127.0.0.1:9464"` | ',
        "| `trunk` | text, or a list of texts |  | ",
        "| `from` | text, or a list of texts |  | ",
        "| `from_country` | text, or a list of texts |  | ",
        "| `hours` | text, or a list of texts |  | ",
        "| `header` | a table of texts |  | ",
        "| `lists` | a table of texts |  | ",
        "| `anonymous` | `true`, `false` |  | ",
        '| `within` | a time like `"8s"` or `"500ms"` | `"8s"` | ',
        "| `language` | text, or `{ caller = …, callee = … }` |  | ",
        '| `token` | `{ env = "NAME" }`, `{ file = "PATH" }`, or text |  | ',
        '| `to` | `"caller"`, `"callee"`, or a list of them | `["caller", "callee"]` | ',
    ],
)
def test_a_row_says_what_may_be_there_and_what_holds_otherwise(row: str) -> None:
    assert row in PAGE


@pytest.mark.parametrize(
    "heading",
    [
        "notice = { … } in expect of [[test]]",
        "[pbx.NAME]",
        "[defaults.notice]",
        "[[rule]]",
        "match = { … } in [[rule]]",
        "[[test]]",
    ],
)
def test_a_heading_is_written_as_in_the_file(heading: str) -> None:
    assert f"### `{heading}`" in PAGE


def test_keys_of_later_versions_are_named() -> None:
    for model in tool.FILES.values():
        for _title, table in tool.tables(model):
            for key in table.LATER:
                assert f"`{key}`" in PAGE
