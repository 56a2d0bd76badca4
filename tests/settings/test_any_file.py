"""Whatever stands in the files, checking them ends in words and names places."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.rules.both_files import check_files
from tests.settings.conftest import RULES, SETTINGS

PIECES = st.sampled_from(
    [
        *['"', "'", "[", "]", "[[", "]]", "{", "}", "=", ",", "\n", "#", ".", "*", " ", "x", "\\"],
        *["0", "-1", "1e9", "true", '""', '"x"', "[]", "{}", "[[]]", "1979-05-27", "nan", '"""'],
        *["sip", "pbx", "trunk", "rule", "match", "notice", "name", "hosts", "uri", "\u0007", "é"],
    ]
)
MORE = """\
[[rule]]
name = "desk"
voicemail = "consent"
recording = "notice"
renotice = "all"
hold = "pause"
voicemail_divert = { after = "20s", on = ["no-answer"], to = "sip:vm102@127.0.0.1" }
[[rule]]
name = "board"
room = { name = "board", announce = true }
"""
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES), min_size=1, max_size=4)


def edited(text: str, edits: list[tuple[float, int, str]]) -> str:
    """A text with some of its characters replaced."""
    for where, length, piece in edits:
        start = int(where * len(text))
        text = text[:start] + piece + text[start + length :]
    return text


@given(EDITS, EDITS)
@settings(max_examples=500, deadline=None)
def test_files_edited_at_random_are_fine_or_told_what_is_wrong(in_settings, in_rules):
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sidecar.toml").write_text(edited(SETTINGS, in_settings), encoding="utf-8")
        (folder / "rules.toml").write_text(edited(RULES + MORE, in_rules), encoding="utf-8")

        report = check_files(folder / "sidecar.toml")

    assert bool(report.errors) == (report.settings is None or report.rules is None)
    for error in (*report.errors, *report.warnings):
        assert error.file is not None
        assert error.message
        assert str(error).isprintable()
        nowhere = error.message.startswith(("can't be read", "is missing"))
        assert error.line is not None or nowhere


@given(st.binary(max_size=200))
def test_bytes_that_are_no_settings_are_told_so(content):
    with TemporaryDirectory() as name:
        file = Path(name) / "sidecar.toml"
        file.write_bytes(content)

        assert check_files(file).errors
