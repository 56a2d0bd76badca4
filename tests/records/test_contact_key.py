"""The key of Contacts on disk: made once, shared, and nobody else's."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sidecar.errors import OperatorError
from sidecar.records.contact_key import LENGTH, NAME, contact_key


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "records.db"


def test_the_first_start_makes_it_and_all_later_ones_read_it(database: Path) -> None:
    key = contact_key(database)

    file = database.with_name(NAME)
    assert len(key) == LENGTH
    assert contact_key(database) == key
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(database.parent) == [NAME]


def test_sidecars_that_start_at_once_share_one(database: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(contact_key, [database] * 8))

    assert len(set(keys)) == 1


def test_two_folders_have_two(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    assert contact_key(tmp_path / "a" / "x.db") != contact_key(tmp_path / "b" / "x.db")


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o602])
def test_one_that_others_may_touch_is_not_taken(database: Path, mode: int) -> None:
    contact_key(database)
    database.with_name(NAME).chmod(mode)

    with pytest.raises(OperatorError, match="chmod 600"):
        contact_key(database)


def test_a_link_is_not_followed(database: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("00" * LENGTH)
    other.chmod(0o600)
    database.with_name(NAME).symlink_to(other)

    with pytest.raises(OperatorError) as raised:
        contact_key(database)

    assert raised.value.file == str(database.with_name(NAME))


def test_a_dangling_link_makes_no_file_elsewhere(database: Path, tmp_path: Path) -> None:
    database.with_name(NAME).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OperatorError):
        contact_key(database)

    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("text", ["", "00" * 10, "xx" * LENGTH, "00" * (LENGTH + 1), "é"])
def test_what_holds_no_key_is_told_and_left_alone(database: Path, text: str) -> None:
    file = database.with_name(NAME)
    file.write_text(text)
    file.chmod(0o600)

    with pytest.raises(OperatorError, match="no key of Contacts"):
        contact_key(database)

    assert file.read_text() == text


def test_a_folder_or_a_pipe_in_its_place_is_told(database: Path) -> None:
    file = database.with_name(NAME)
    os.mkfifo(file, 0o600)
    with pytest.raises(OperatorError, match="must be a file"):
        contact_key(database)
    file.unlink()
    file.mkdir(0o700)
    with pytest.raises(OperatorError, match="must be a file"):
        contact_key(database)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="No such file"):
        contact_key(tmp_path / "gone" / "records.db")
