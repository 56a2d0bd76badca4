"""The default prompts are there, in every language, as a telephone wants them."""

from __future__ import annotations

import tomllib
import wave
from array import array
from itertools import groupby
from math import log10
from pathlib import Path

import pytest

from tests.project.repository import ROOT

NAMES = {
    "recording-notice",
    "recording-consent",
    "consent-required",
    "recording-stopped",
    "recording-paused",
    "recording-resumed",
    "new-party-informed",
    "consent-thanks",
    "consent-declined",
    "call-ends",
    "voicemail-notice",
    "voicemail-consent",
    "voicemail-unavailable",
}
FOLDER = ROOT / "sidecar" / "prompts"
TEXTS = tomllib.loads((ROOT / "tools" / "prompts.toml").read_text())
PROMPTS = sorted(FOLDER.glob("*/*.wav"))


def samples_of(path: Path) -> array[int]:
    with wave.open(str(path)) as source:
        return array("h", source.readframes(source.getnframes()))


def dbfs(level: float) -> float:
    return 20 * log10(level / 32768)


def loudness(samples: array[int]) -> float:
    """RMS of the 20 ms pieces in which somebody speaks, in dBFS."""
    pieces = [samples[at : at + 160] for at in range(0, len(samples) - 160, 160)]
    powers = [sum(sample * sample for sample in piece) / 160 for piece in pieces]
    speech = [power for power in powers if power > 300**2]
    return dbfs((sum(speech) / len(speech)) ** 0.5)


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_every_language_has_every_prompt_and_its_text(language: str) -> None:
    spoken = {path.stem for path in (FOLDER / language).glob("*.wav")}

    assert spoken == NAMES
    assert set(TEXTS[language]["texts"]) == NAMES


def test_the_documentation_gives_every_text_to_the_letter() -> None:
    page = (ROOT / "docs" / "prompts.md").read_text()

    missing = [
        (language, name)
        for language, settings in TEXTS.items()
        for name, text in settings["texts"].items()
        if f"| `{name}` | {text} |" not in page
    ]

    assert missing == []


@pytest.mark.parametrize("path", PROMPTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_prompt_is_fit_for_a_telephone_line(path: Path) -> None:
    with wave.open(str(path)) as source:
        shape = (source.getnchannels(), source.getsampwidth(), source.getframerate())
    samples = samples_of(path)

    assert shape == (1, 2, 8000)
    assert 1.0 < len(samples) / 8000 < 12.0
    assert -22.0 < loudness(samples) < -18.0
    assert dbfs(max(abs(sample) for sample in samples)) < -3.0
    assert not any(samples[:800])
    assert not any(samples[-800:])


@pytest.mark.parametrize("path", PROMPTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_prompt_has_no_long_pause_and_no_clipped_stretch(path: Path) -> None:
    samples = samples_of(path)[800:-800]
    quiet = (all(abs(s) < 60 for s in samples[at : at + 160]) for at in range(0, len(samples), 160))

    longest_pause = max((len(list(run)) for silent, run in groupby(quiet) if silent), default=0)
    flattest = max(len(list(run)) for level, run in groupby(samples) if abs(level) > 1000)

    assert longest_pause * 0.020 < 1.2
    assert flattest < 5
