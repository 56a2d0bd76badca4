"""Audio to listen to: keys as telephones make them, speech, noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sidecar.media.prompts import BUILTIN, read_wav, resample
from sidecar.rtp.g711 import decode_alaw, decode_ulaw, encode_alaw, encode_ulaw

RATE = 8000
FULL_SCALE_DBM0 = 3.14
"""Of a sine in u-law (ITU-T G.711)."""

TONES_HZ = {
    digit: (low, high)
    for low, keys in ((697, "123A"), (770, "456B"), (852, "789C"), (941, "*0#D"))
    for high, digit in zip((1209, 1336, 1477, 1633), keys, strict=True)
}

Samples = NDArray[np.float64]


def key(
    digit: str,
    milliseconds: float = 100,
    *,
    low_dbm0: float = -9.0,
    high_dbm0: float = -8.0,
    off: float = 0.0,
) -> Samples:
    """The two tones; off: by what share both frequencies are wrong."""
    at = np.arange(round(RATE * milliseconds / 1000)) / RATE
    low, high = (hertz * (1 + off) for hertz in TONES_HZ[digit])
    return _sine(low, low_dbm0, at) + _sine(high, high_dbm0, at)


def silence(milliseconds: float) -> Samples:
    return np.zeros(round(RATE * milliseconds / 1000))


def noise(milliseconds: float, rms: float, seed: int = 1) -> Samples:
    made = np.random.default_rng(seed).normal(0, rms, round(RATE * milliseconds / 1000))
    return np.clip(made, -32768, 32767)


def speech() -> list[tuple[str, Samples]]:
    """Every packaged prompt."""
    return [(str(path.relative_to(BUILTIN)), spoken(path)) for path in BUILTIN.glob("*/*.wav")]


def spoken(path: Path) -> Samples:
    samples, rate = read_wav(path)
    return np.clip(resample(samples, rate, RATE) * 0x8000, -32768, 32767)


def encoded(codec: str, samples: Samples) -> bytes:
    whole = [int(sample) for sample in np.rint(samples)]
    return encode_ulaw(whole) if codec == "PCMU" else encode_alaw(whole)


def decoded(codec: str, octets: bytes) -> Samples:
    decode = decode_ulaw if codec == "PCMU" else decode_alaw
    return np.array(decode(octets), dtype=np.float64)


def _sine(hertz: float, dbm0: float, at: Samples) -> Samples:
    amplitude = 32635 * 10 ** ((dbm0 - FULL_SCALE_DBM0) / 20)
    return np.asarray(amplitude * np.sin(2 * np.pi * hertz * at))
