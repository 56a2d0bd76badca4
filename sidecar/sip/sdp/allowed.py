"""Which attributes cross, for each kind of media, and how each is read and written anew.

Whatever isn't in this table stays here: other ways for media (ICE, BUNDLE, alternatives), keys,
and what nobody has thought of yet. A value that doesn't fit its grammar is as good as none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from sidecar.sip.sdp.fields import WORD, Attribute

Reader = Callable[[str], str | None]
"""Gives a value in its one spelling ("" for a flag), None where it isn't understood."""

MAX_TEXT = 1024
_PRINTABLE = r"[!-~]+(?: [!-~]+)*"
_NUMBERS = r"\d{1,3}(?:-\d{1,3})?(?:,\d{1,3}(?:-\d{1,3})?)*"


def _matching(pattern: str) -> Reader:
    """Read what the pattern fits, with single blanks between its words."""
    fits = re.compile(pattern, re.ASCII).fullmatch

    def read(value: str) -> str | None:
        text = " ".join(value.split())
        return text if len(value) <= MAX_TEXT and fits(text) else None

    return read


def _number(lowest: int, highest: int) -> Reader:
    def read(value: str) -> str | None:
        if not (value.isascii() and value.isdigit() and len(value) <= 10):
            return None
        return str(int(value)) if lowest <= int(value) <= highest else None

    return read


def _one_of(*words: str) -> Reader:
    spelled = {word.lower(): word for word in words}
    return lambda value: spelled.get(value.lower())


def _flag(value: str) -> str | None:
    """T.38's flags: there, or with a 1, is true; a 0 says the same as none."""
    return "" if value in ("", "1") else None


text = _matching(_PRINTABLE)
events = _matching(_NUMBERS)
"""The events of RFC 4733 section 2.4.1 that a `fmtp` lists."""


class Allowed(NamedTuple):
    """One attribute that crosses.

    `name` is how it is written, `source` where it is defined, `form` its value in words; `many`
    says that a media line may have several.
    """

    name: str
    kinds: tuple[str, ...]
    source: str
    form: str
    read: Reader
    many: bool = False


_RTP = ("audio", "video")
_MILLISECONDS = "whole milliseconds"
_NATURAL = "a whole number"
_CROSSED = "printable characters"
_PAYLOAD_TYPE = r"(?:\*|\d{1,3})"

TABLE = (
    Allowed("ptime", ("audio",), "RFC 8866 section 6.4", _MILLISECONDS, _number(1, 1000)),
    Allowed("maxptime", ("audio",), "RFC 8866 section 6.5", _MILLISECONDS, _number(1, 1000)),
    Allowed(
        "silenceSupp",
        ("audio",),
        "RFC 3108 section 5.6.3.2",
        "on or off, and four words",
        _matching(rf"(?:on|off)(?: {WORD}){{4}}"),
    ),
    Allowed(
        "gpmd",
        ("audio",),
        "ITU-T V.152",
        "a payload type, and whether it is for modems (vbd)",
        _matching(r"\d{1,3} vbd=(?:yes|no)"),
        many=True,
    ),
    Allowed(
        "framerate",
        ("video",),
        "RFC 8866 section 6.13",
        "frames a second",
        _matching(r"\d{1,3}(?:\.\d{1,4})?"),
    ),
    Allowed("quality", ("video",), "RFC 8866 section 6.14", "0 to 10", _number(0, 10)),
    Allowed(
        "content",
        ("video",),
        "RFC 4796 section 5",
        "words with commas between",
        _matching(rf"{WORD}(?:,{WORD})*"),
    ),
    Allowed(
        "imageattr",
        ("video",),
        "RFC 6236 section 3.1",
        "a payload type, then printable characters",
        _matching(rf"{_PAYLOAD_TYPE} {_PRINTABLE}"),
        many=True,
    ),
    Allowed(
        "rtcp-fb",
        _RTP,
        "RFC 4585 section 4.2",
        "a payload type or *, then words",
        _matching(rf"{_PAYLOAD_TYPE}(?: {WORD})+"),
        many=True,
    ),
    Allowed("T38FaxVersion", ("image",), "ITU-T T.38 annex D", _NATURAL, _number(0, 99)),
    Allowed("T38MaxBitRate", ("image",), "ITU-T T.38 annex D", "bits a second", _number(1, 10**6)),
    Allowed("T38FaxFillBitRemoval", ("image",), "ITU-T T.38 annex D", "a flag", _flag),
    Allowed("T38FaxTranscodingMMR", ("image",), "ITU-T T.38 annex D", "a flag", _flag),
    Allowed("T38FaxTranscodingJBIG", ("image",), "ITU-T T.38 annex D", "a flag", _flag),
    Allowed(
        "T38FaxRateManagement",
        ("image",),
        "ITU-T T.38 annex D",
        "localTCF or transferredTCF",
        _one_of("localTCF", "transferredTCF"),
    ),
    Allowed("T38FaxMaxBuffer", ("image",), "ITU-T T.38 annex D", _NATURAL, _number(0, 10**6)),
    Allowed("T38FaxMaxDatagram", ("image",), "ITU-T T.38 annex D", _NATURAL, _number(0, 65_535)),
    Allowed("T38FaxMaxIFP", ("image",), "ITU-T T.38 annex D", _NATURAL, _number(0, 65_535)),
    Allowed(
        "T38FaxUdpEC",
        ("image",),
        "ITU-T T.38 annex D",
        "t38UDPRedundancy, t38UDPFEC or t38UDPNoEC",
        _one_of("t38UDPRedundancy", "t38UDPFEC", "t38UDPNoEC"),
    ),
    Allowed(
        "T38FaxUdpECDepth",
        ("image",),
        "ITU-T T.38 annex D",
        "one or two whole numbers",
        _matching(r"\d{1,3}(?: \d{1,3})?"),
    ),
    Allowed("T38FaxUdpFECMaxSpan", ("image",), "ITU-T T.38 annex D", _NATURAL, _number(0, 255)),
    Allowed(
        "T38ModemType",
        ("image",),
        "ITU-T T.38 annex D",
        "t38G3FaxOnly, t38G3AndV34HDX",
        _one_of("t38G3FaxOnly", "t38G3AndV34HDX"),
    ),
    Allowed(
        "T38VendorInfo",
        ("image",),
        "ITU-T T.38 annex D",
        "three whole numbers",
        _matching(r"\d{1,3} \d{1,3} \d{1,10}"),
    ),
    Allowed("accept-types", ("message",), "RFC 4975 section 8.6", _CROSSED, text),
    Allowed("accept-wrapped-types", ("message",), "RFC 4975 section 8.6", _CROSSED, text),
    Allowed("max-size", ("message",), "RFC 4975 section 8.6", _NATURAL, _number(0, 10**10 - 1)),
    Allowed(
        "path",
        ("message",),
        "RFC 4975 section 8.2",
        "MSRP addresses",
        _matching(r"msrps?://[!-~]+(?: msrps?://[!-~]+)*"),
    ),
    Allowed(
        "setup",
        ("message",),
        "RFC 6135 section 4",
        "who connects",
        _one_of("active", "passive", "actpass", "holdconn"),
    ),
    Allowed(
        "fingerprint",
        ("message",),
        "RFC 4975 section 14.4",
        "a hash function and a hash",
        _matching(rf"{WORD} [0-9A-Fa-f]{{2}}(?::[0-9A-Fa-f]{{2}})*"),
        many=True,
    ),
    Allowed("file-selector", ("message",), "RFC 5547 section 6", _CROSSED, text),
    Allowed("file-transfer-id", ("message",), "RFC 5547 section 6", "a word", _matching(WORD)),
    Allowed("file-disposition", ("message",), "RFC 5547 section 6", "a word", _matching(WORD)),
    Allowed("file-date", ("message",), "RFC 5547 section 6", _CROSSED, text),
    Allowed(
        "file-range",
        ("message",),
        "RFC 5547 section 6",
        "from and to",
        _matching(r"\d{1,19}-(?:\d{1,19}|\*)"),
    ),
)
"""In the order in which they are written."""

_BY_KIND = {
    kind: {
        each.name.lower(): (place, each) for place, each in enumerate(TABLE) if kind in each.kinds
    }
    for kind in ("audio", "video", "image", "message")
}


def read_allowed(kind: str, attributes: Iterable[Attribute]) -> tuple[Attribute, ...]:
    """Of a media line's attributes those that cross, each in its one spelling, in one order.

    Names are those of `read_attribute`. Of several of one name the first that is understood
    counts, unless there may be many.
    """
    known = _BY_KIND.get(kind, {})
    found: dict[tuple[int, str], Attribute] = {}
    for name, value in attributes:
        if name not in known or len(value) > MAX_TEXT:
            continue
        if (understood := _read(kind, name, value)) is not None:
            place, allowed = known[name]
            found.setdefault(
                (place, understood if allowed.many else ""), (allowed.name, understood)
            )
    return tuple(found[key] for key in sorted(found, key=lambda key: key[0]))


@lru_cache(maxsize=1024)
def _read(kind: str, name: str, value: str) -> str | None:
    """Neighbours say the same few things again and again."""
    return _BY_KIND[kind][name][1].read(value)
