from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.records import files, owners
from sidecar.records.owners import Owner, forget, is_dead, names_with_lock_files


@pytest.fixture
def database(path: Path) -> Path:
    files.create(path)
    return path


def lock_file(database: Path, owner: Owner) -> Path:
    return database.with_name(f"records.db.{owner.name}.lock")


def test_an_owner_lives_until_it_lets_go_and_leaves_nothing(database: Path) -> None:
    owner = Owner(database)
    alive = not is_dead(database, owner.name)

    owner.release()

    assert alive
    assert is_dead(database, owner.name)
    assert [file.name for file in database.parent.iterdir()] == ["records.db"]


def test_a_lock_file_that_nobody_holds_is_of_a_dead_owner_and_is_removed(database: Path) -> None:
    left = database.with_name("records.db.0123456789abcdef.lock")
    left.touch()
    found = names_with_lock_files(database)

    dead = is_dead(database, "0123456789abcdef")
    forget(database, "0123456789abcdef")

    assert found == {"0123456789abcdef"}
    assert dead
    assert not left.exists()


def test_the_lock_file_of_an_owner_that_lives_is_not_removed(database: Path) -> None:
    owner = Owner(database)

    forget(database, owner.name)

    assert lock_file(database, owner).exists()
    owner.release()


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "0123456789ABCDEF", "0123456789abcdef/"])
def test_what_is_no_name_of_an_owner_is_dead_and_leads_to_no_file(
    database: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owners, "_lock_file", lambda *_: pytest.fail("a file name was made of it"))

    assert is_dead(database, name)


def test_files_of_others_beside_the_database_are_not_owners(database: Path) -> None:
    for name in ("records.db.lock", "records.db-wal", "records.db.backup.lock", "x.lock"):
        database.with_name(name).touch()

    assert names_with_lock_files(database) == set()


def test_an_owner_whose_lock_file_was_removed_makes_it_again(database: Path) -> None:
    owner = Owner(database)
    nothing_wrong = owner.keep()
    lock_file(database, owner).unlink()
    taken_for_dead = is_dead(database, owner.name)

    made_again = owner.keep()

    assert (nothing_wrong, taken_for_dead, made_again) == (False, True, True)
    assert not is_dead(database, owner.name)
    owner.release()
