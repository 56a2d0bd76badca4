from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sidecar.errors import OperatorError
from sidecar.records.files import create, lock


def test_a_new_file_and_its_folder_are_for_this_user_only(path: Path) -> None:
    create(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(OperatorError, match="cannot write call records") as refusal:
        create(tmp_path / "file" / "records.db")

    assert refusal.value.file == str(tmp_path / "file" / "records.db")


def test_only_one_process_can_have_the_file(path: Path) -> None:
    create(path)
    held = lock(path)

    with pytest.raises(OperatorError, match="another consent-sidecar"):
        lock(path)

    os.close(held)
    os.close(lock(path))
