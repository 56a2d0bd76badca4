"""Codecs of an RTP media line: the static payload types of RFC 3551 and `a=rtpmap`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from sidecar.sip.sdp.allowed import events, text
from sidecar.sip.sdp.codec_names import SPELLED

TELEPHONE_EVENT = "TELEPHONE-EVENT"
COMFORT_NOISE = "CN"
REDUNDANCY = "RED"

NO_VOICE = frozenset((TELEPHONE_EVENT, COMFORT_NOISE, REDUNDANCY, "ULPFEC", "RTX", "TONE"))
"""What only goes beside a codec: nobody can be spoken to in it alone."""

_MAX_RATE = 1_000_000
_MAX_CHANNELS = 255
_MAX_RTPMAP = 64
_RTPMAP = re.compile(r"([^/\s]+)\s*/\s*(\d{1,9})\s*(?:/\s*(\d{1,9})\s*)?", re.ASCII)
_POINTS_TO = {REDUNDANCY: re.compile(r"\d+"), "RTX": re.compile(r"(?<=apt=)\d+")}


@dataclass(frozen=True)
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
    def voice(self) -> bool:
        """Whether it carries the medium itself, and doesn't only go beside another codec."""
        return self.name not in NO_VOICE

    @property
    def coding(self) -> tuple[str, int, int]:
        """What it is, by whatever number it goes."""
        return self.name, self.rate, self.channels

    @property
    def rtpmap(self) -> str:
        """The value of this codec's `a=rtpmap` attribute (RFC 8866 section 6.6)."""
        channels = f"/{self.channels}" if self.channels != 1 else ""
        return f"{self.payload_type} {SPELLED.get(self.name, self.name)}/{self.rate}{channels}"

    @cached_property
    def written(self) -> str:
        """Its lines below the media line."""
        fmtp = f"a=fmtp:{self.payload_type} {self.fmtp}\r\n" if self.fmtp else ""
        return f"a=rtpmap:{self.rtpmap}\r\n{fmtp}"


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
    formats: Iterable[str], maps: Mapping[int, Sequence[str]], parameters: Mapping[int, str]
) -> tuple[Codec, ...]:
    """The codecs that a media line's formats stand for, in the line's order of preference.

    `maps` and `parameters` are what rtpmap and fmtp attributes say of each payload type. One that
    means nothing to us is left out: a dynamic one without a readable rtpmap, a static one that is
    said to be something else, a codec that we don't know (`codec_names`).
    """
    read: dict[int, list[Codec]] = {}
    for payload_type in dict.fromkeys(map(int, formats)):
        read[payload_type] = _meanings(payload_type, maps.get(payload_type, ()))
    rates = [each.rate for meanings in read.values() for each in meanings[:1] if each.voice]
    chosen = [_fitting(meanings, rates) for meanings in read.values() if meanings]
    return supported([_with_parameters(each, parameters) for each in chosen])


def split_payload_type(value: str) -> tuple[int, str] | None:
    """The payload type and the rest of a rtpmap or fmtp, None where there is no such."""
    if not value:
        return None
    number, *rest = value.split(None, 1)
    if not (number.isascii() and number.isdigit() and len(number) <= 3):
        return None
    return int(number), "".join(rest)


def _meanings(payload_type: int, maps: Sequence[str]) -> list[Codec]:
    """All that a payload type is said to be; one, unless the describer contradicts itself."""
    static = STATIC_TYPES.get(payload_type)
    if static is not None:
        names = {each.partition("/")[0].strip().upper() for each in maps}
        return [static] if names <= {static.name} else []
    found = (_codec(payload_type, each) for each in maps)
    return [codec for codec in found if codec is not None]


def _codec(payload_type: int, rtpmap: str) -> Codec | None:
    return _read_rtpmap(payload_type, rtpmap) if len(rtpmap) <= _MAX_RTPMAP else None


@lru_cache(maxsize=1024)
def _read_rtpmap(payload_type: int, rtpmap: str) -> Codec | None:
    """Neighbours say the same few things again and again."""
    found = _RTPMAP.fullmatch(rtpmap)
    if found is None:
        return None
    name, rate, channels = found[1].upper(), int(found[2]), int(found[3] or 1)
    known = name in SPELLED and 0 < rate <= _MAX_RATE and 0 < channels <= _MAX_CHANNELS
    return Codec(payload_type, name, rate, channels) if known else None


def _fitting(meanings: Sequence[Codec], rates: Sequence[int]) -> Codec:
    """Of several meanings the one whose clock is that of a codec of the line, else the first."""
    for rate in rates if len(meanings) > 1 else ():
        for codec in meanings:
            if codec.rate == rate:
                return codec
    return meanings[0]


def _with_parameters(codec: Codec, parameters: Mapping[int, str]) -> Codec:
    said = parameters.get(codec.payload_type)
    if said is None:
        return codec
    return replace(codec, fmtp=(events if codec.name == TELEPHONE_EVENT else text)(said))


def supported(codecs: Sequence[Codec]) -> tuple[Codec, ...]:
    """Without those that would carry another payload type which isn't there."""
    there = {codec.payload_type for codec in codecs}
    return tuple(codec for codec in codecs if _carried_by(codec) <= there)


def _carried_by(codec: Codec) -> set[int]:
    """The payload types that a codec carries within itself (RFC 2198, RFC 4588)."""
    pattern = _POINTS_TO.get(codec.name)
    return set(map(int, pattern.findall(codec.fmtp or ""))) if pattern is not None else set()
