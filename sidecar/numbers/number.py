"""What is known of a number: E.164, its country and region, whether it is withheld."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sidecar.numbers.written import normal_number

CACHED = 8192
"""Texts whose numbers are remembered; the longest is LONGEST characters."""
LONGEST = 64
"""Characters; a longer text is no number and is not remembered."""


@dataclass(frozen=True, slots=True)
class Number:
    """One party's number, as rules see it."""

    text: str
    """What is compared: `e164` where it is one, else the text without what is for the eye only."""
    e164: str = ""
    """The number as ITU-T E.164 has it (`+442079460101`), "" where it is none."""
    country: str = ""
    """ISO 3166-1 alpha-2, "" where it is not known (never for what is no E.164 number)."""
    region: str = ""
    """ISO 3166-2 (`US-CA`, `CA-QC`), "" where it is not known; only for the US and Canada.

    That of the area code: a ported or mobile number may be used anywhere, so it is a hint.
    """
    anonymous: bool = False
    """Whether the caller's number is withheld or not known (RFC 3323, RFC 3325)."""


def read_number(text: str, default_country: str = "") -> Number:
    """Return what a SIP user part, or a number as people write it, says. Never raises.

    `default_country` (ISO 3166-1 alpha-2) is where national numbers and international prefixes
    are dialled; without it, or where it is not known, they stay as they are.
    """
    return _read(text, default_country) if len(text) <= LONGEST else Number(normal_number(text))


@lru_cache(CACHED)
def _read(text: str, country: str) -> Number:
    return Number(normal_number(text))
