from __future__ import annotations

import math
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from G722 import G722

from sidecar.errors import OperatorError
from sidecar.media.prompts import PromptLibrary, encode, encode_tones, read_wav, resample
from sidecar.rtp.g711 import decode_alaw, decode_ulaw

from .phones import write_wav


def tone(hertz: float, rate: int, seconds: float = 0.5, level: float = 0.5) -> list[int]:
    return [
        round(32767 * level * math.sin(2 * math.pi * hertz * i / rate))
        for i in range(int(rate * seconds))
    ]


def level_of(samples: object, hertz: float, rate: int) -> float:
    """How much of a tone is in there, full scale being 1."""
    middle = np.asarray(samples, dtype=np.float64)[rate // 10 : -rate // 10] / 32768
    window = np.hanning(len(middle))
    phase = np.exp(-2j * math.pi * hertz * np.arange(len(middle)) / rate)
    return float(2 * abs((middle * window) @ phase) / window.sum())


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000])
def test_a_tone_keeps_its_pitch_level_and_length_from_any_rate(tmp_path: Path, rate: int) -> None:
    path = write_wav(tmp_path / "x.wav", tone(1000, rate), rate)
    audio = encode(read_wav(path))

    assert {len(octets) for octets in audio.values()} == {25 * 160}
    for samples in (decode_ulaw(audio["PCMU"]), decode_alaw(audio["PCMA"])):
        assert level_of(samples, 1000, 8000) == pytest.approx(0.5, rel=0.02)
    wide = G722(16000, 64000).decode(audio["G722"])
    assert level_of(wide, 1000, 16000) == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_what_is_above_the_band_does_not_come_back_below_it(rate: int) -> None:
    high = np.array(tone(5000, rate)) / 32768
    assert level_of(resample(high, rate, 8000) * 32768, 3000, 8000) < 0.5 * 10 ** (-60 / 20)


def test_a_voice_below_the_band_edge_is_not_dulled() -> None:
    edge = np.array(tone(3400, 48000)) / 32768
    assert level_of(resample(edge, 48000, 8000) * 32768, 3400, 8000) == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_all_sample_sizes_and_both_channels_are_read(tmp_path: Path, width: int) -> None:
    path = tmp_path / "x.wav"
    left = [0.5, -0.5, 0.25]
    packed = b""
    for value in left:
        for channel in (value, 0.0):
            whole = round(channel * 2 ** (8 * width - 1))
            packed += (
                bytes([whole + 128]) if width == 1 else whole.to_bytes(width, "little", signed=True)
            )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(width)
        file.setframerate(8000)
        file.writeframes(packed)

    samples, rate = read_wav(path)

    assert rate == 8000
    assert samples.tolist() == pytest.approx([0.25, -0.25, 0.125], abs=0.01)


def _wav_header(size: int) -> bytes:
    form = struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
    return (
        b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + struct.pack("<I", 16) + form
        + b"data" + struct.pack("<I", size)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"", "no readable PCM WAV file: it ends too early"),
        (b"ID3 this is an mp3", "no readable PCM WAV"),
        (_wav_header(0), "no audio"),
        (_wav_header(3200) + bytes(100), "cut off"),
        (_wav_header(4).replace(b"\x40\x1f\0\0", b"\xa0\x0f\0\0") + bytes(4), "4000 samples"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: bytes, wrong: str) -> None:
    path = tmp_path / "en" / "broken.wav"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(OperatorError, match=wrong) as caught:
        PromptLibrary(tmp_path, builtin=tmp_path).get("broken", "en")
    assert caught.value.file == path


def test_an_engineers_own_file_replaces_the_one_that_was_brought(tmp_path: Path) -> None:
    own, builtin = tmp_path / "own", tmp_path / "builtin"
    for folder in (own, builtin):
        write_wav(folder / "en" / "notice.wav", tone(1000, 8000))
    write_wav(builtin / "en" / "thanks.wav", tone(1000, 8000))
    library = PromptLibrary(own, builtin)

    notice, thanks = library.get("notice", "en"), library.get("thanks", "en")

    assert notice is not None
    assert notice.path == own / "en" / "notice.wav"
    assert notice.duration_s == 0.5
    assert thanks is not None
    usable, problems = library.list()
    assert sorted(prompt.path for prompt in usable) == [
        builtin / "en" / "thanks.wav",
        own / "en" / "notice.wav",
    ]
    assert problems == []


def test_a_language_falls_back_to_its_base_and_to_no_other(tmp_path: Path) -> None:
    write_wav(tmp_path / "de" / "notice.wav", tone(1000, 8000))
    library = PromptLibrary(None, tmp_path)
    assert library.get("notice", "de-AT") is not None
    assert library.get("notice", "de") is not None
    assert library.get("notice", "en") is None
    assert library.get("../de/notice", "de") is None
    assert library.get("notice", "../de") is None


def test_a_folder_that_cannot_be_looked_into_is_told(tmp_path: Path) -> None:
    library = PromptLibrary(tmp_path / ("p" * 300), tmp_path)

    with pytest.raises(OperatorError, match="can't be read: File name too long"):
        library.get("notice", "en")
    _usable, problems = library.list()

    assert [problem.message for problem in problems] == ["can't be read: File name too long"]


def test_check_is_told_everything_that_is_wrong(tmp_path: Path) -> None:
    write_wav(tmp_path / "en" / "good.wav", tone(1000, 8000))
    write_wav(tmp_path / "en" / "Bad Name.wav", tone(1000, 8000))
    (tmp_path / "en" / "broken.wav").write_bytes(b"RIFF")
    library = PromptLibrary(tmp_path / "missing", tmp_path)

    usable, problems = library.list()

    assert [prompt.key for prompt in usable] == ["en/good"]
    assert {Path(str(problem.file)).name for problem in problems} == {
        "missing",
        "Bad Name.wav",
        "broken.wav",
    }


def test_every_prompt_that_is_brought_along_can_be_played() -> None:
    usable, problems = PromptLibrary().list()
    assert problems == []
    assert {"en/recording-notice", "en/recording-consent", "en/voicemail-notice"} <= {
        prompt.key for prompt in usable
    }


def test_tones_are_whole_packets_in_every_codec() -> None:
    tones = encode_tones()
    assert set(tones) == {"ringback"} | {f"key-{digit}" for digit in "0123456789*#ABCD"}
    for key, audio in tones.items():
        assert {codec: len(octets) for codec, octets in audio.items()} == dict.fromkeys(
            ("PCMU", "PCMA", "G722"), 40_000 if key == "ringback" else 800
        )
