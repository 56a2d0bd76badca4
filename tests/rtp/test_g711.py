from __future__ import annotations

import itertools

import pytest

from sidecar.rtp.g711 import decode_alaw, decode_ulaw, encode_alaw, encode_ulaw
from sidecar.rtp.silence import SILENCE, silence
from sidecar.rtp.tone import ringback

EVERY_BYTE = bytes(range(256))


def test_every_byte_survives_decoding_and_encoding() -> None:
    assert encode_alaw(decode_alaw(EVERY_BYTE)) == EVERY_BYTE
    again = encode_ulaw(decode_ulaw(EVERY_BYTE))
    assert again == EVERY_BYTE.replace(b"\x7f", b"\xff")  # both are zero


@pytest.mark.parametrize(
    ("sample", "ulaw", "alaw"),
    [
        (0, 0xFF, 0xD5),
        (-1, 0x7F, 0x55),
        (1000, 0xCE, 0xFA),
        (-1000, 0x4E, 0x7A),
        (32767, 0x80, 0xAA),
        (-32768, 0x00, 0x2A),
    ],
)
def test_samples_have_the_bytes_of_the_standard(sample: int, ulaw: int, alaw: int) -> None:
    assert encode_ulaw([sample]) == bytes([ulaw])
    assert encode_alaw([sample]) == bytes([alaw])


def test_encoding_is_never_further_off_than_half_a_step() -> None:
    samples = range(-32768, 32768, 7)
    for encode, decode in ((encode_ulaw, decode_ulaw), (encode_alaw, decode_alaw)):
        for sample, back in zip(samples, decode(encode(samples)), strict=True):
            assert abs(sample - back) <= max(16, abs(sample) / 16, abs(sample) - 32124)


def test_silence_is_silent() -> None:
    assert set(decode_ulaw(silence("PCMU", 20))) == {0}
    assert set(decode_alaw(silence("PCMA", 20))) == {8}
    assert len(silence("G722", 30)) == 240
    assert set(SILENCE) == {"PCMU", "PCMA", "G722"}


def test_ringback_is_a_second_of_tone_and_four_of_silence() -> None:
    tone = ringback(8000)
    assert len(tone) == 40_000
    assert max(tone[:8000]) == 4096
    assert set(tone[8000:]) == {0}
    crossings = sum(a < 0 <= b for a, b in itertools.pairwise(tone))
    assert crossings in (424, 425)
