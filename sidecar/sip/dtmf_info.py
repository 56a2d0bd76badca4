"""Keys in the body of an INFO request, in the three types that are about.

None was ever standardised for INFO. `application/dtmf-relay` is lines of NAME=VALUE as Cisco
gateways wrote them ("Signal=5", "Duration=160", with or without blanks around the value, some with
a colon for the sign); `application/dtmf` is one digit, bare or as the value of one such line
("d=5"); `audio/telephone-event` is the four bytes of RFC 4733 section 2.3, once for the beginning
of a key and once, with the E bit, for its end. Each type is read in the form of the others as well.
"*" and "#" are also 10 and 11, "A" to "D" 12 to 15 (the numbers of RFC 4733).
"""

from __future__ import annotations

import re
from typing import NamedTuple

DIGITS = "0123456789*#ABCD"
"""By their numbers, 0 to 15."""

RELAY = "application/dtmf-relay"
PLAIN = "application/dtmf"
EVENT = "audio/telephone-event"
TYPES = (RELAY, PLAIN, EVENT)

DEFAULT_DURATION_MS = 100
"""Where a body names no duration, or one that is no number of milliseconds."""

MAX_DURATION_MS = 10_000
"""Longer ones are cut to this."""

_MAX_BODY = 256
_KEY = re.compile(r"[0-9*#A-Da-d]|1[0-5]")
_DURATION = re.compile(r"0*([1-9][0-9]{0,8})")
_SIGNALS = ("signal", "d", "digit", "event")
_END = 0x80
_VOLUME = 10
_TIMESTAMPS_PER_MS = 8
"""The clock rate of a telephone event that comes without one: 8000 Hz."""


class DtmfInfo(NamedTuple):
    """One key and how long it was pressed; `ended` is False for one that is only going down."""

    digit: str
    duration_ms: int
    ended: bool = True


def parse(content_type: str | None, body: bytes) -> DtmfInfo | None:
    """Read a body; None where it is of another type, too long, or names not exactly one key."""
    kind = type_of(content_type)
    if kind not in TYPES or len(body) > _MAX_BODY:
        return None
    if kind == EVENT and len(body) == 4 and body[0] < len(DIGITS):
        return _parse_event(body)
    if not body.isascii():
        return None
    text = body.decode("ascii")
    digit = _digit(text)
    return _parse_lines(text) if digit is None else DtmfInfo(digit, DEFAULT_DURATION_MS)


def write(content_type: str, digit: str, duration_ms: int, *, ended: bool = True) -> bytes:
    """Write a body of one of the three types (parameters and case of the type don't matter).

    Only an event can say that its key has not `ended`. Raises ValueError for another type, or for
    what is no digit.
    """
    kind = type_of(content_type)
    if len(digit) != 1 or digit not in DIGITS:
        raise ValueError("not a digit of a telephone")
    if kind == PLAIN:
        return digit.encode()
    duration = min(max(duration_ms, 1), MAX_DURATION_MS)
    if kind == RELAY:
        return f"Signal={digit}\r\nDuration={duration}\r\n".encode()
    if kind != EVENT:
        raise ValueError("not a type of body that carries a digit")
    units = min(duration * _TIMESTAMPS_PER_MS, 0xFFFF)
    return bytes((DIGITS.index(digit), _END * ended | _VOLUME)) + units.to_bytes(2, "big")


def type_of(content_type: str | None) -> str:
    """Return a Content-Type as this module names it: without parameters, in lower case."""
    return (content_type or "").partition(";")[0].strip().lower()


def _parse_event(body: bytes) -> DtmfInfo:
    duration = int.from_bytes(body[2:], "big") // _TIMESTAMPS_PER_MS
    known = min(duration, MAX_DURATION_MS) or DEFAULT_DURATION_MS
    return DtmfInfo(DIGITS[body[0]], known, bool(body[1] & _END))


def _parse_lines(text: str) -> DtmfInfo | None:
    signals: list[str] = []
    duration = DEFAULT_DURATION_MS
    for line in text.splitlines():
        name, sign, value = line.partition("=")
        if not sign:
            name, _, value = line.partition(":")
        name = name.strip().lower()
        if name in _SIGNALS:
            signals.append(value)
        elif name == "duration":
            duration = _duration(value)
    digit = _digit(signals[0]) if len(signals) == 1 else None
    return None if digit is None else DtmfInfo(digit, duration)


def _digit(text: str) -> str | None:
    text = text.strip()
    if not _KEY.fullmatch(text):
        return None
    return DIGITS[int(text)] if text.isdigit() else text.upper()


def _duration(text: str) -> int:
    found = _DURATION.fullmatch(text.strip())
    return min(int(found[1]), MAX_DURATION_MS) if found else DEFAULT_DURATION_MS
