"""G.711 by table: 16-bit samples to and from u-law and A-law bytes."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from functools import cache

_ULAW_BIAS = 0x84
_ULAW_CLIP = 32635


def _ulaw_byte(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), _ULAW_CLIP) + _ULAW_BIAS
    exponent = magnitude.bit_length() - 8
    mantissa = magnitude >> (exponent + 3) & 0x0F
    return ~(sign | exponent << 4 | mantissa) & 0xFF


def _alaw_byte(sample: int) -> int:
    sign = 0x80 if sample >= 0 else 0
    magnitude = (sample if sample >= 0 else ~sample) >> 4
    exponent = max(magnitude.bit_length() - 4, 0)
    if exponent > 1:
        magnitude >>= exponent - 1
    return (sign | exponent << 4 | magnitude & 0x0F) ^ 0x55


def _ulaw_sample(byte: int) -> int:
    inverted = ~byte & 0xFF
    magnitude = (((inverted & 0x0F) << 3) + _ULAW_BIAS << (inverted >> 4 & 0x07)) - _ULAW_BIAS
    return -magnitude if inverted & 0x80 else magnitude


def _alaw_sample(byte: int) -> int:
    plain = byte ^ 0x55
    exponent = plain >> 4 & 0x07
    magnitude = (plain & 0x0F) << 4 | 0x08
    if exponent:
        magnitude = magnitude + 0x100 << exponent - 1
    return magnitude if plain & 0x80 else -magnitude


@cache
def _encoder(alaw: bool) -> bytes:
    """One byte for each sample as an index of 16 bits (negative samples from 0x8000 on)."""
    encode = _alaw_byte if alaw else _ulaw_byte
    positive = bytes(encode(sample) for sample in range(0x8000))
    return positive + bytes(encode(sample) for sample in range(-0x8000, 0))


_ULAW_SAMPLES = tuple(_ulaw_sample(byte) for byte in range(256))
_ALAW_SAMPLES = tuple(_alaw_sample(byte) for byte in range(256))


def encode_ulaw(samples: Iterable[int]) -> bytes:
    """Signed 16-bit samples as PCMU (ITU-T G.711). Raises IndexError beyond 16 bits."""
    table = _encoder(False)
    return bytes([table[sample] for sample in samples])


def encode_alaw(samples: Iterable[int]) -> bytes:
    """Signed 16-bit samples as PCMA (ITU-T G.711). Raises IndexError beyond 16 bits."""
    table = _encoder(True)
    return bytes([table[sample] for sample in samples])


def decode_ulaw(data: bytes) -> array[int]:
    """PCMU as signed 16-bit samples."""
    return array("h", [_ULAW_SAMPLES[byte] for byte in data])


def decode_alaw(data: bytes) -> array[int]:
    """PCMA as signed 16-bit samples."""
    return array("h", [_ALAW_SAMPLES[byte] for byte in data])
