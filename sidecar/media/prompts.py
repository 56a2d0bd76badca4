"""Prompts: recordings LANGUAGE/NAME.wav, made ready to be sent.

The product brings some; an engineer's folder replaces any of them by a file of the same name. Each
is read once, mixed to one channel, resampled with a proper low-pass and encoded in every codec
that prompts are sent in, in whole packets of 20 ms.
"""

from __future__ import annotations

import math
import os
import re
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from G722 import G722
from numpy.typing import NDArray

from sidecar.errors import OperatorError
from sidecar.rtp.g711 import encode_alaw, encode_ulaw
from sidecar.rtp.silence import BYTES_PER_MS, CLOCK_RATE, SILENCE
from sidecar.rtp.telephone_event import DIGITS
from sidecar.rtp.tone import key_tones, ringback

from .presser import KEY_PACKETS, PACKET_MS, tone_key
from .talker import RINGBACK

BUILTIN = Path(__file__).parent.parent / "prompts"
FRAME_BYTES = BYTES_PER_MS * 20

MIN_RATE, MAX_RATE = 8000, 192_000
MAX_SECONDS = 120
_WIDEBAND = 16_000
_ZERO_CROSSINGS = 32
_PASSBAND = 0.93
_KAISER = 8.0
"""The low-pass: flat up to 86 % of the band, 80 dB down from its edge on."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")

Samples = NDArray[np.float64]
"""-1.0 to 1.0"""


@dataclass(frozen=True, slots=True)
class EncodedPrompt:
    """A prompt ready to be sent.

    key: its place, "LANGUAGE/NAME", for the language that it really is in.
    audio: codec -> octets, 8 a millisecond in each codec.
    """

    key: str
    path: Path
    audio: dict[str, bytes]

    @property
    def duration_s(self) -> float:
        """Seconds, counted in whole packets."""
        return len(next(iter(self.audio.values()))) / BYTES_PER_MS / 1000


Usable = list[EncodedPrompt]
Problems = list[OperatorError]


class PromptLibrary:
    """All prompts there are, as files. Nothing is kept: who needs a prompt twice keeps it."""

    def __init__(self, folder: Path | None = None, builtin: Path = BUILTIN) -> None:
        """folder: the engineer's own, in front of the built-in one."""
        self._folders = [path for path in (folder, builtin) if path is not None]

    def get(self, name: str, language: str) -> EncodedPrompt | None:
        """The prompt in this language or its base ("de" for "de-AT"), or None: no other language.

        Raises OperatorError where the file can't be used.
        """
        found = self._find(name, language)
        if found is None:
            return None
        key, path = found
        return EncodedPrompt(key, path, encode(read_wav(path)))

    def list(self) -> tuple[Usable, Problems]:
        """Every prompt that can be used, and everything that is wrong with the others."""
        prompts: Usable = []
        problems: Problems = []
        for key, path in self._files(problems):
            try:
                prompts.append(EncodedPrompt(key, path, encode(read_wav(path))))
            except OperatorError as problem:
                problems.append(problem)
        return prompts, problems

    def _find(self, name: str, language: str) -> tuple[str, Path] | None:
        """Key and file. Neither name nor language leaves the folders."""
        for key in keys(name, language):
            for folder in self._folders:
                path = folder / f"{key}.wav"
                try:
                    if path.is_file():
                        return key, path
                except OSError as error:
                    raise OperatorError(f"can't be read: {error.strerror}", file=path) from error
        return None

    def _files(self, problems: Problems) -> Iterator[tuple[str, Path]]:
        """Every WAV file by its key, the replaced ones left out; misnamed ones are problems."""
        seen: set[str] = set()
        for folder in self._folders:
            for path in _waves(folder, problems):
                key = f"{path.parent.name}/{path.stem}"
                if not _NAME.fullmatch(path.stem) or not _LANGUAGE.fullmatch(path.parent.name):
                    wanted = "LANGUAGE/NAME.wav with a name of a to z, 0 to 9 and hyphens"
                    problems.append(OperatorError(f"is not named like {wanted}", file=path))
                elif key not in seen:
                    seen.add(key)
                    yield key, path


def _waves(folder: Path, problems: Problems) -> Iterator[Path]:
    """Every WAV file of a folder's languages; what can't be looked into is a problem."""
    for language in _entries(folder, problems):
        if language.is_dir():
            inside = _entries(Path(language.path), problems)
            yield from (Path(each.path) for each in inside if each.name.endswith(".wav"))


def _entries(folder: Path, problems: Problems) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except FileNotFoundError:
        problems.append(OperatorError("there is no such folder of prompts", file=folder))
    except OSError as error:
        problems.append(OperatorError(f"can't be read: {error.strerror}", file=folder))
    return []


def keys(name: str, language: str) -> tuple[str, ...]:
    """Where to look for a prompt, best first: its language, then the base of it.

    Empty for what can be no name or no language.
    """
    if not _NAME.fullmatch(name) or not _LANGUAGE.fullmatch(language):
        return ()
    languages = dict.fromkeys((language, language.partition("-")[0]))
    return tuple(f"{candidate}/{name}" for candidate in languages)


def read_wav(path: Path) -> tuple[Samples, int]:
    """One channel of samples, and the samples a second. Raises OperatorError naming the file."""
    try:
        with wave.open(str(path), "rb") as file:
            form = file.getparams()
            data = file.readframes(form.nframes)
    except (OSError, EOFError, wave.Error) as error:
        reason = str(error) or "it ends too early"
        raise OperatorError(f"is no readable PCM WAV file: {reason}", file=path) from error
    if not MIN_RATE <= form.framerate <= MAX_RATE:
        raise OperatorError(
            f"has {form.framerate} samples a second; {MIN_RATE} to {MAX_RATE} are fine", file=path
        )
    if form.nchannels not in (1, 2):
        raise OperatorError(f"has {form.nchannels} channels; 1 or 2 are fine", file=path)
    if form.nframes > MAX_SECONDS * form.framerate:
        raise OperatorError(f"is longer than {MAX_SECONDS} s", file=path)
    whole = len(data) // (form.sampwidth * form.nchannels) * form.sampwidth * form.nchannels
    if not whole:
        raise OperatorError("holds no audio", file=path)
    if whole < form.nframes * form.sampwidth * form.nchannels:
        raise OperatorError("is cut off: its header promises more audio", file=path)
    samples = _to_float(data[:whole], form.sampwidth)
    return samples.reshape(-1, form.nchannels).mean(axis=1), form.framerate


def encode(recording: tuple[Samples, int]) -> dict[str, bytes]:
    """Samples and their rate in every codec, the last packet filled up with silence."""
    samples, rate = recording
    narrow = _to_pcm(resample(samples, rate, CLOCK_RATE))
    wide = _to_pcm(resample(samples, rate, _WIDEBAND))
    encoded = {
        "PCMU": encode_ulaw(narrow),
        "PCMA": encode_alaw(narrow),
        "G722": bytes(G722(_WIDEBAND, 64_000).encode(wide)),
    }
    longest = max(len(audio) for audio in encoded.values())
    size = -(-longest // FRAME_BYTES) * FRAME_BYTES
    return {
        codec: audio + bytes([SILENCE[codec]]) * (size - len(audio))
        for codec, audio in encoded.items()
    }


def encode_tones() -> dict[str, dict[str, bytes]]:
    """The ringback tone, and the tones of each key, as prompts: key -> audio in each codec."""
    tones = {RINGBACK: ringback(_WIDEBAND)}
    for digit in DIGITS:
        tones[tone_key(digit)] = key_tones(digit, _WIDEBAND, KEY_PACKETS * PACKET_MS)
    return {
        key: encode((np.asarray(tone, dtype=np.float64) / 0x8000, _WIDEBAND))
        for key, tone in tones.items()
    }


def resample(samples: Samples, rate: int, wanted: int) -> Samples:
    """Change the samples a second, band-limited to the lower of the two rates.

    Windowed-sinc interpolation: with rate / wanted = M / L in lowest terms there are L different
    kernels, and each makes every L-th sample.
    """
    if rate == wanted:
        return samples
    common = math.gcd(rate, wanted)
    up, down = wanted // common, rate // common
    cutoff = min(1.0, wanted / rate) * _PASSBAND
    reach = math.ceil(_ZERO_CROSSINGS / cutoff)
    padded = np.pad(samples, reach)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach)
    result = np.empty(-(-len(samples) * up // down))
    offsets = np.arange(-reach, reach)
    for phase in range(min(up, len(result))):
        start, fraction = divmod(phase * down, up)
        distance = offsets - fraction / up
        taper = np.i0(_KAISER * np.sqrt(np.clip(1.0 - (distance / reach) ** 2, 0.0, 1.0)))
        kernel = cutoff * np.sinc(cutoff * distance) * taper / np.i0(_KAISER)
        result[phase::up] = np.einsum("ij,j->i", windows[start::down], kernel)[
            : len(result[phase::up])
        ]
    return result


def _to_float(data: bytes, width: int) -> Samples:
    """PCM of 8 (unsigned), 16, 24 or 32 bits, little-endian."""
    if width == 1:
        return (np.frombuffer(data, np.uint8).astype(np.float64) - 128) / 128
    if width == 3:
        triples = np.frombuffer(data, np.uint8).reshape(-1, 3)
        padded = np.zeros((len(triples), 4), np.uint8)
        padded[:, 1:] = triples
        return padded.reshape(-1).view("<i4").astype(np.float64) / 2**31
    return np.frombuffer(data, f"<i{width}").astype(np.float64) / float(2 ** (8 * width - 1))


def _to_pcm(samples: Samples) -> list[int]:
    clipped = np.clip(np.rint(samples * 0x8000), -0x8000, 0x7FFF)
    return [int(sample) for sample in clipped.astype(np.int64).tolist()]
