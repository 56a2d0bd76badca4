from __future__ import annotations

import math
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.media.local import LocalEngine
from sidecar.media.prompts import PromptLibrary

from .phones import Call, descriptors, write_wav


@pytest.fixture
def library(tmp_path: Path) -> PromptLibrary:
    """Prompts in English: "notice", 110 ms of a tone, which is six packets; "long" lasts 1 s."""
    tone = [round(8000 * math.sin(2 * math.pi * 1000 * i / 8000)) for i in range(880)]
    write_wav(tmp_path / "en" / "notice.wav", tone)
    write_wav(tmp_path / "en" / "long.wav", (tone * 10)[:8000])
    return PromptLibrary(None, builtin=tmp_path)


@pytest.fixture
async def engine(library: PromptLibrary) -> AsyncIterator[LocalEngine]:
    """A running engine with one worker; nothing may be left of its sessions at the end."""
    engine = LocalEngine("127.0.0.1", range(32000, 32100), library, workers=1)
    await engine.start()
    before = {pid: descriptors(pid) for pid in engine.worker_pids}
    try:
        yield engine
        assert engine.sessions == 0
        probe = Call(engine, streams=0)
        await probe.opened()
        await probe.close()
        for pid in engine.worker_pids:
            assert descriptors(pid) == before.get(pid, descriptors(pid))
    finally:
        await engine.close()
    assert engine.worker_pids == []
