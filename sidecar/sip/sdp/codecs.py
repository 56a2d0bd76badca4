"""Codecs of an RTP media line: the static payload types of RFC 3551 and `a=rtpmap`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

TELEPHONE_EVENT = "TELEPHONE-EVENT"

_MAX_RATE = 1_000_000
_MAX_CHANNELS = 255


@dataclass(frozen=True, slots=True)
class Codec:
    """One payload type of a media line.

    `name` is in upper case. `rate` is the RTP clock rate in Hz: 8000 for G722, although it
    samples at 16 kHz (RFC 3551 section 4.5.2). `fmtp` is the text after the payload type.
    """

    payload_type: int
    name: str
    rate: int
    channels: int = 1
    fmtp: str | None = None

    @property
    def rtpmap(self) -> str:
        """The value of this codec's `a=rtpmap` attribute (RFC 8866 section 6.6)."""
        channels = f"/{self.channels}" if self.channels != 1 else ""
        name = "telephone-event" if self.name == TELEPHONE_EVENT else self.name
        return f"{self.payload_type} {name}/{self.rate}{channels}"


# RFC 3551 tables 4 and 5: what a payload type means where no rtpmap says so.
STATIC_TYPES: dict[int, Codec] = {
    codec.payload_type: codec
    for codec in (
        Codec(0, "PCMU", 8000),
        Codec(3, "GSM", 8000),
        Codec(4, "G723", 8000),
        Codec(5, "DVI4", 8000),
        Codec(6, "DVI4", 16000),
        Codec(7, "LPC", 8000),
        Codec(8, "PCMA", 8000),
        Codec(9, "G722", 8000),
        Codec(10, "L16", 44100, 2),
        Codec(11, "L16", 44100),
        Codec(12, "QCELP", 8000),
        Codec(13, "CN", 8000),
        Codec(14, "MPA", 90000),
        Codec(15, "G728", 8000),
        Codec(16, "DVI4", 11025),
        Codec(17, "DVI4", 22050),
        Codec(18, "G729", 8000),
        Codec(25, "CELB", 90000),
        Codec(26, "JPEG", 90000),
        Codec(28, "NV", 90000),
        Codec(31, "H261", 90000),
        Codec(32, "MPV", 90000),
        Codec(33, "MP2T", 90000),
        Codec(34, "H263", 90000),
    )
}


def read_codecs(
    formats: Iterable[str], attributes: Iterable[tuple[str, str | None]]
) -> tuple[Codec, ...]:
    """The codecs that a media line's formats stand for, in the line's order of preference.

    A dynamic payload type without a readable rtpmap means nothing to anybody and is left out.
    """
    maps: dict[str, str] = {}
    parameters: dict[str, str] = {}
    for name, value in attributes:
        if value is None or name not in ("rtpmap", "fmtp"):
            continue
        payload_type, _, rest = value.strip().partition(" ")
        (maps if name == "rtpmap" else parameters).setdefault(payload_type, rest.strip())
    found = []
    for text in dict.fromkeys(formats):
        codec = _codec(int(text), maps.get(text), parameters.get(text))
        if codec is not None:
            found.append(codec)
    return tuple(found)


def _codec(payload_type: int, rtpmap: str | None, fmtp: str | None) -> Codec | None:
    if rtpmap is None:
        static = STATIC_TYPES.get(payload_type)
        if static is None:
            return None
        return Codec(payload_type, static.name, static.rate, static.channels, fmtp)
    name, _, clock = rtpmap.partition("/")
    rate_text, _, channels_text = clock.partition("/")
    rate = _number(rate_text, _MAX_RATE)
    channels = _number(channels_text, _MAX_CHANNELS) if channels_text else 1
    if not name or not rate or not channels:
        return None
    return Codec(payload_type, name.upper(), rate, channels, fmtp)


def _number(text: str, highest: int) -> int:
    """The number that `text` spells, 0 where it is none or is too high."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        return 0
    value = int(text)
    return value if value <= highest else 0
