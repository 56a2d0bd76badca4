from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sidecar.errors import OperatorError
from sidecar.records import files
from sidecar.records.files import Lock, create


def test_a_new_file_and_its_folder_are_for_this_user_only(path: Path) -> None:
    create(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(OperatorError, match="cannot write call records") as refusal:
        create(tmp_path / "file" / "records.db")

    assert refusal.value.file == str(tmp_path / "file" / "records.db")


def test_a_lock_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    path = tmp_path / ("r" * 252)
    create(path)

    with pytest.raises(OperatorError, match=r"r\.lock: File name too long"):
        Lock(path)


def test_whoever_comes_first_has_the_file_alone_until_it_shares(path: Path) -> None:
    create(path)
    first = Lock(path)
    alone = first.alone
    first.share()

    second = Lock(path)

    assert (alone, second.alone) == (True, False)
    first.release()
    second.release()


def test_a_file_that_another_keeps_for_itself_is_refused_by_name(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "START_SECONDS", 0.0)
    create(path)
    older_version = Lock(path)

    with pytest.raises(OperatorError, match="another version"):
        Lock(path)

    older_version.release()
    Lock(path).release()
