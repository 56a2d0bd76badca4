"""How long a call was recorded, and whether its recordings hold more, once it is over.

Only lengths, sizes and where there is silence are looked at. A recording that was held goes on as
silence, exact zeros, so what counts is how long anything else is in it.
"""

from __future__ import annotations

import asyncio
import os
import wave
from collections.abc import Iterable
from enum import Enum, auto
from pathlib import Path, PurePosixPath

import numpy as np
import structlog

from sidecar.recorders.asterisk.patience import Patience

log = structlog.get_logger(__name__)

MOST_FILES = 50
TOLERANCE = 0.4
"""Seconds: a command takes effect between two frames, and mixing runs behind."""
_FRAMES_AT_ONCE = 80_000
_BLOCK_SECONDS = 0.01


class Meter:
    """Adds up the time during which at least one recording ran unheld. Times are in seconds."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._total = 0.0

    def set(self, recording: bool, now: float) -> None:
        """From now on something records, or nothing does."""
        if recording and self._since is None:
            self._since = now
        elif not recording and self._since is not None:
            self._total += now - self._since
            self._since = None

    def seconds(self, now: float) -> float:
        """Return what was recorded until now."""
        return self._total + (now - self._since if self._since is not None else 0.0)


class Verdict(Enum):
    """What looking at the files said."""

    UNKNOWN = auto()
    """They are not to be seen, or not of a kind that can be judged."""
    AS_ALLOWED = auto()
    MORE_THAN_ALLOWED = auto()


class FileCheck:
    """The files of one call, as Asterisk names them, in the folder where the sidecar sees them."""

    def __init__(self, folder: Path, patience: Patience) -> None:
        self._folder = folder
        self._patience = patience
        self._names: set[str] = set()
        self._sizes: dict[Path, int] = {}

    def add(self, names: Iterable[str]) -> None:
        """Take note of files, absolute and without suffix."""
        for name in names:
            if len(self._names) < MOST_FILES:
                self._names.add(name)

    async def note_sizes(self) -> None:
        """From now on no file may grow."""
        self._sizes = await asyncio.to_thread(self._measure)

    def may_grow(self) -> None:
        """Files may grow again."""
        self._sizes = {}

    async def judge(self, allowed: float) -> Verdict:
        """Wait until the files are complete; say if more than `allowed` seconds are in them."""
        if not self._names:
            return Verdict.UNKNOWN
        sizes = await self._complete()
        if any(sizes.get(path, 0) > size for path, size in self._sizes.items()):
            return Verdict.MORE_THAN_ALLOWED
        return await asyncio.to_thread(self._judge, list(sizes), allowed)

    async def _complete(self) -> dict[Path, int]:
        """Return the sizes once they no longer change."""
        sizes = await asyncio.to_thread(self._measure)
        for _ in range(round(self._patience.complete_within / self._patience.look_every)):
            await asyncio.sleep(self._patience.look_every)
            before, sizes = sizes, await asyncio.to_thread(self._measure)
            if sizes == before:
                break
        return sizes

    def _measure(self) -> dict[Path, int]:
        sizes = {}
        for name in self._names:
            for path in find(self._folder, name):
                try:
                    sizes[path] = path.stat().st_size
                except OSError:
                    continue  # moved away meanwhile
        return sizes

    def _judge(self, paths: list[Path], allowed: float) -> Verdict:
        if not paths:
            return Verdict.UNKNOWN
        longest = 0.0
        for path in paths:
            seconds = sounding_seconds(path)
            if seconds is None:
                return Verdict.UNKNOWN
            longest = max(longest, seconds)
        if longest > allowed + TOLERANCE:
            log.warning("recorded_more_than_allowed", seconds=round(longest - allowed, 2))
            return Verdict.MORE_THAN_ALLOWED
        return Verdict.AS_ALLOWED


def find(folder: Path, name: str) -> list[Path]:
    """Return the files that Asterisk calls `name`, with any suffix, below `folder`.

    Where Asterisk's path begins is not known, so its longest end that exists is taken. Nothing
    outside of the folder is found.
    """
    parts = PurePosixPath(name).parts[1:]
    if ".." in parts or not parts:
        return []
    root = folder.resolve()
    for begin in range(len(parts)):
        place = folder.joinpath(*parts[begin:-1]).resolve()
        if not place.is_relative_to(root):
            continue
        try:
            with os.scandir(place) as entries:
                found = [
                    Path(entry.path)
                    for entry in entries
                    if entry.is_file(follow_symlinks=False)
                    and PurePosixPath(entry.name).stem == parts[-1]
                ]
        except OSError:
            continue
        if found:
            return sorted(found)
    return []


def sounding_seconds(path: Path) -> float | None:
    """Return how many seconds of a WAV are not exact silence; None where it can't be read."""
    try:
        with wave.open(str(path), "rb") as file:
            if file.getsampwidth() != 2 or not file.getframerate():
                return None
            block = max(1, round(file.getframerate() * _BLOCK_SECONDS)) * file.getnchannels()
            sounding = 0
            while data := file.readframes(_FRAMES_AT_ONCE):
                samples = np.frombuffer(data, dtype="<i2")
                samples = np.pad(samples, (0, -len(samples) % block))
                sounding += int(samples.reshape(-1, block).any(axis=1).sum())
            return sounding * _BLOCK_SECONDS
    except (OSError, EOFError, wave.Error, ValueError):
        return None
