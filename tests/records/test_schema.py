from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.errors import OperatorError
from sidecar.records.record import COLUMNS
from sidecar.records.schema import APPLICATION_ID, MIGRATIONS, check_version, migrate

FILE = Path("records.db")
RENAME = ("ALTER TABLE cdr ADD COLUMN colour TEXT", "UPDATE cdr SET colour = 'grey'")


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def columns(database: sqlite3.Connection) -> tuple[str, ...]:
    return tuple(name for _, name, *_rest in database.execute("PRAGMA table_info(cdr)"))


def version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def test_a_new_file_gets_the_columns_of_a_call_record(database: sqlite3.Connection) -> None:
    before = migrate(database, FILE)

    assert before == 0
    assert version(database) == len(MIGRATIONS)
    assert columns(database) == (*COLUMNS, "owner", "dialog")


def test_a_current_file_stays_as_it_is(database: sqlite3.Connection) -> None:
    migrate(database, FILE)
    changes = database.total_changes

    before = migrate(database, FILE)

    assert before == len(MIGRATIONS)
    assert database.total_changes == changes


def test_an_old_file_keeps_its_records_and_gets_what_is_new(database: sqlite3.Connection) -> None:
    migrate(database, FILE, MIGRATIONS[:1])
    database.execute(
        "INSERT INTO cdr VALUES ('a','t',NULL,'t','','','','','','','','','','',NULL,NULL,"
        "NULL,NULL,NULL,'')"
    )

    before = migrate(database, FILE, (*MIGRATIONS, RENAME))

    assert before == 1
    assert version(database) == len(MIGRATIONS) + 1
    assert database.execute("SELECT call_id, recording_proof, colour FROM cdr").fetchall() == [
        ("a", "none", "grey")
    ]


def test_a_step_that_fails_leaves_the_file_at_the_step_before(database: sqlite3.Connection) -> None:
    broken = ("ALTER TABLE cdr ADD COLUMN half TEXT", "INSERT INTO no_such_table VALUES (1)")

    with pytest.raises(sqlite3.OperationalError):
        migrate(database, FILE, (*MIGRATIONS, broken))

    assert version(database) == len(MIGRATIONS)
    assert columns(database) == (*COLUMNS, "owner", "dialog")
    assert not database.in_transaction


def test_a_file_of_a_newer_version_is_refused_by_name(database: sqlite3.Connection) -> None:
    migrate(database, FILE, (*MIGRATIONS, RENAME))

    with pytest.raises(OperatorError, match="newer version") as refusal:
        migrate(database, FILE)

    assert refusal.value.file == "records.db"
    assert refusal.value.key == "records.database"


def test_the_database_of_another_program_is_refused(database: sqlite3.Connection) -> None:
    database.execute("CREATE TABLE voicemail_users (id INTEGER)")

    with pytest.raises(OperatorError, match="another program"):
        check_version(database, FILE)


def test_the_file_is_marked_as_ours(database: sqlite3.Connection) -> None:
    migrate(database, FILE)

    assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
