from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from structlog.testing import capture_logs

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


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_that_others_may_read_is_closed_to_them_with_those_beside_it(path: Path) -> None:
    create(path)
    wal = path.with_name(f"{path.name}-wal")
    wal.touch()
    for file in (path, wal):
        file.chmod(0o666)

    with capture_logs() as lines:
        create(path)

    assert (mode_of(path), mode_of(wal)) == (0o600, 0o600)
    assert [line["event"] for line in lines] == ["records_closed_to_others"] * 2


@pytest.mark.parametrize("kind", ["link to nothing", "pipe", "folder"])
def test_what_is_no_plain_file_is_refused_by_name(path: Path, kind: str) -> None:
    path.parent.mkdir()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(path.parent / "nowhere")

    with pytest.raises(OperatorError, match="cannot write call records here") as refusal:
        create(path)

    assert refusal.value.file == str(path)
    assert not (path.parent / "nowhere").exists()


@pytest.mark.parametrize("target", ["nowhere", "somewhere"])
def test_a_lock_follows_no_link(path: Path, target: str) -> None:
    create(path)
    (path.parent / "somewhere").touch()
    path.with_name(f"{path.name}.lock").symlink_to(path.parent / target)

    with pytest.raises(OperatorError, match=r"\.lock: is a symbolic link; remove it"):
        Lock(path)

    assert not (path.parent / "nowhere").exists()


def test_a_lock_that_is_a_pipe_is_refused(path: Path) -> None:
    create(path)
    os.mkfifo(path.with_name(f"{path.name}.lock"))

    with pytest.raises(OperatorError, match=r"\.lock: is no plain file; remove it"):
        Lock(path)


def test_a_lock_file_that_others_may_write_is_closed_to_them(path: Path) -> None:
    create(path)
    lock_file = path.with_name(f"{path.name}.lock")
    lock_file.touch()
    lock_file.chmod(0o666)

    Lock(path).release()

    assert mode_of(lock_file) == 0o600
