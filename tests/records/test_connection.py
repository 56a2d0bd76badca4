from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.errors import OperatorError
from sidecar.records.connection import prepare


def test_a_database_of_another_program_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "voicemail.db"
    with closing(sqlite3.connect(path)) as theirs:
        theirs.execute("CREATE TABLE voicemail_users (id INTEGER)")
    path.chmod(0o664)
    before = path.read_bytes()

    with pytest.raises(OperatorError, match="another program"):
        prepare(path)

    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o777 == 0o664
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_no_database_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, and longer than the head of one\n" * 4)
    path.chmod(0o664)

    with pytest.raises(OperatorError, match="not a database"):
        prepare(path)

    assert path.read_text().startswith("not a database")
    assert path.stat().st_mode & 0o777 == 0o664


def test_a_new_file_and_one_of_ours_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "odd name?#.db"

    for _ in range(2):
        prepare(path).release()

    assert path.stat().st_mode & 0o777 == 0o600
