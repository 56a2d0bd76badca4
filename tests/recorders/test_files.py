"""What recordings are found to hold after a call."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from sidecar.recorders.asterisk.hands.files import FileCheck, Verdict, find, sounding_seconds
from sidecar.recorders.asterisk.patience import Patience


def write_wav(path: Path, *parts: tuple[float, bool]) -> Path:
    """Seconds of sound (True) or silence, one after the other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        for seconds, sound in parts:
            file.writeframes((b"\x10\x01" if sound else b"\0\0") * round(8000 * seconds))
    return path


LITTLE = Patience(look_every=0.01, complete_within=0.05)


@pytest.mark.parametrize(
    ("allowed", "verdict"),
    [(2.0, Verdict.AS_ALLOWED), (1.9, Verdict.AS_ALLOWED), (1.0, Verdict.MORE_THAN_ALLOWED)],
)
async def test_held_silence_does_not_count_and_sound_does(
    tmp_path: Path, allowed: float, verdict: Verdict
) -> None:
    write_wav(tmp_path / "2026" / "a.wav", (3, False), (2, True), (1, False))
    check = FileCheck(tmp_path, LITTLE)
    check.add(["/var/spool/monitor/2026/a"])

    assert await check.judge(allowed) is verdict


async def test_a_file_that_grew_after_the_stop_says_so(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", (1, True))
    check = FileCheck(tmp_path, LITTLE)
    check.add(["/m/a"])
    await check.note_sizes()
    write_wav(tmp_path / "a.wav", (1.1, True))

    assert await check.judge(60) is Verdict.MORE_THAN_ALLOWED


async def test_files_that_cannot_be_judged_prove_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.gsm").write_bytes(b"\0" * 1000)
    check = FileCheck(tmp_path, LITTLE)
    assert await check.judge(0) is Verdict.UNKNOWN
    check.add(["/m/a", "/m/gone"])

    assert await check.judge(0) is Verdict.UNKNOWN


@pytest.mark.parametrize("name", ["/../x", "/m/../x", "/", "", "/link/x"])
def test_nothing_outside_of_the_folder_is_found(tmp_path: Path, name: str) -> None:
    write_wav(tmp_path / "x.wav", (1, True))
    folder = tmp_path / "recordings"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)

    assert find(folder, name) == []


def test_a_file_without_sound_or_sense_is_not_counted(tmp_path: Path) -> None:
    (tmp_path / "junk.wav").write_bytes(b"RIFF0000WAVEjunk")

    assert sounding_seconds(tmp_path / "junk.wav") is None
    assert sounding_seconds(write_wav(tmp_path / "a.wav", (1, False))) == 0
