"""Keys in the body of an INFO request: `application/dtmf-relay` and `application/dtmf`.

Neither was ever standardised. The first is lines of NAME=VALUE as Cisco gateways wrote them
("Signal=5", "Duration=160", with or without blanks around the value); the second is one digit.
Both know "*" and "#" also as 10 and 11, "A" to "D" as 12 to 15 (the numbers of RFC 4733).
"""

from __future__ import annotations

import re
from typing import NamedTuple

DIGITS = "0123456789*#ABCD"
"""By their numbers, 0 to 15."""

RELAY = "application/dtmf-relay"
PLAIN = "application/dtmf"

DEFAULT_DURATION_MS = 100
"""Where a body names no duration, or one that is no number of milliseconds."""

MAX_DURATION_MS = 10_000
"""Longer ones are cut to this."""

_MAX_BODY = 256
_KEY = re.compile(r"[0-9*#A-Da-d]|1[0-5]")
_DURATION = re.compile(r"0*([1-9][0-9]{0,8})")


class DtmfInfo(NamedTuple):
    """One key and how long it was pressed."""

    digit: str
    duration_ms: int


def parse(content_type: str | None, body: bytes) -> DtmfInfo | None:
    """Read a body; None where it is of another type, too long, or names not exactly one key."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind not in (RELAY, PLAIN) or len(body) > _MAX_BODY or not body.isascii():
        return None
    text = body.decode("ascii")
    if kind == RELAY:
        return _parse_relay(text)
    digit = _digit(text)
    return None if digit is None else DtmfInfo(digit, DEFAULT_DURATION_MS)


def write(content_type: str, digit: str, duration_ms: int) -> bytes:
    """Write a body of one of the two types (parameters and case of the type don't matter).

    Raises ValueError for another type, or for what is no digit.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if len(digit) != 1 or digit not in DIGITS:
        raise ValueError("not a digit of a telephone")
    if kind == PLAIN:
        return digit.encode()
    if kind != RELAY:
        raise ValueError("not a type of body that carries a digit")
    duration = min(max(duration_ms, 1), MAX_DURATION_MS)
    return f"Signal={digit}\r\nDuration={duration}\r\n".encode()


def _parse_relay(text: str) -> DtmfInfo | None:
    signals: list[str] = []
    duration = DEFAULT_DURATION_MS
    for line in text.splitlines():
        name, _, value = line.partition("=")
        name = name.strip().lower()
        if name == "signal":
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
