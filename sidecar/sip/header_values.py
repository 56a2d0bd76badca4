"""Header values that nobody but the far end looks at: read, and written in one spelling.

Each reader takes the text of one header line and returns how it is written to another peer, or
None where it can't be read: then it says nothing that could be said again. No reader returns a
control character, half a quoted string, or what is longer than its bound; so a peer written in C
reads the same to its end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from sidecar.sip.errors import ParseError
from sidecar.sip.grammar import (
    QUOTED,
    TOKEN,
    find_parameter,
    format_parameters,
    parse_parameters,
    split_values,
)

Reader = Callable[[str], str | None]

LONGEST_TEXT = 512
"""Characters of a value that people read."""
LONGEST_VALUE = 4096
"""Characters of any other: credentials and signed tokens are long."""
MOST_VALUES = 32
"""Values of one line; more are left out."""
MOST_SECONDS = 2**32 - 1
"""What delta-seconds may say (RFC 3261 section 25.1); a higher number is cut to it."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UNDECODED = re.compile("[\ud800-\udfff]+")
_TOKEN = re.compile(TOKEN)
_SECONDS = re.compile(r"([0-9]{1,20}+)")
_WAIT = re.compile(r"([0-9]{1,20}+)[ \t]*+(?:\([^()\\]*+\))?[ \t]*+(;.*+)?")
_TAG = re.compile(r"(?:\*|[A-Za-z]{1,8}+(?:-[A-Za-z0-9]{1,8}+)*+)(?:;q=[01](?:\.[0-9]{0,3}+)?)?")
_CREDENTIALS = re.compile(rf"({TOKEN})[ \t]++(.++)")
_PAIR = re.compile(rf'({TOKEN})[ \t]*+=[ \t]*+({QUOTED}|[^\x00-\x20",\x7f]*+)')
_QUOTED_FIRST = re.compile(rf"({QUOTED})[ \t]*+(.*+)")
_TOKEN68 = re.compile(r"[A-Za-z0-9\-._~+/]++=*+")
_WARNING = re.compile(rf"([1-9][0-9]{{2}})[ \t]++([^\x00-\x20\x7f\"]++)[ \t]++({QUOTED})")
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_DATE = re.compile(
    rf"({'|'.join(_DAYS)}),[ \t]++([0-3]?[0-9])[ \t]++({'|'.join(_MONTHS)})[ \t]++([0-9]{{4}})"
    r"[ \t]++([0-2][0-9]:[0-5][0-9]:[0-6][0-9])[ \t]++GMT",
    re.IGNORECASE,
)


def printable(text: str, longest: int) -> str | None:
    """Return text that can be shown on one line; None for an empty, longer or other one.

    A tab becomes a space; bytes that are no UTF-8 become U+FFFD, since nobody said what they mean.
    """
    text = text.strip()
    if text.isascii() and text.isprintable():
        return text if 0 < len(text) <= longest else None
    text = _UNDECODED.sub("\ufffd", text.replace("\t", " "))
    if not 0 < len(text) <= longest or _CONTROL.search(text) is not None:
        return None
    return text


def words(text: str) -> str | None:
    """Read text for people (Subject, Organization)."""
    return printable(text, LONGEST_TEXT)


def opaque(text: str) -> str | None:
    """Read what only its own protocol understands, as printable text."""
    return printable(text, LONGEST_VALUE)


def token(text: str) -> str | None:
    """Read one token."""
    return text if len(text) <= LONGEST_TEXT and _TOKEN.fullmatch(text) else None


def tokens(text: str) -> str | None:
    """Read tokens between commas."""
    return _all(text, token)


def option_tags(text: str) -> str | None:
    """Read option tags (RFC 3261 section 20.32), which are compared in lower case."""
    return _all(text.lower(), token)


def privacy(text: str) -> str | None:
    """Read priv-values between semicolons, or commas as some peers write them (RFC 3323)."""
    return _all(text.lower().replace(";", ","), token, ";")


def seconds(text: str) -> str | None:
    """Read delta-seconds."""
    found = _SECONDS.fullmatch(text)
    return str(min(int(found[1]), MOST_SECONDS)) if found else None


def session_interval(text: str) -> str | None:
    """Read delta-seconds, and who is to refresh (RFC 4028)."""
    number, semicolon, rest = text.partition(";")
    interval = seconds(number.strip(" \t"))
    if interval is None:
        return None
    try:
        found = find_parameter(parse_parameters(semicolon + rest), "refresher")
    except ParseError:
        return None
    refresher = (found[1] or "").lower() if found is not None else ""
    return f"{interval};refresher={refresher}" if refresher in ("uac", "uas") else interval


def retry_after(text: str) -> str | None:
    """Read delta-seconds with parameters (RFC 3261 20.33); the comment is left out."""
    found = _WAIT.fullmatch(text)
    if found is None:
        return None
    return _with_parameters(seconds(found[1]), found[2] or "")


def token_with_parameters(text: str) -> str | None:
    """Read a token with parameters (Event, Subscription-State, User-to-User)."""
    name, semicolon, rest = text.partition(";")
    return _with_parameters(token(name.strip(" \t")), semicolon + rest)


def user_to_user(text: str) -> str | None:
    """Read a token or quoted string with parameters."""
    found = _QUOTED_FIRST.fullmatch(printable(text, LONGEST_VALUE) or "")
    if found is None:
        return token_with_parameters(text)
    return _with_parameters(found[1], found[2])


def tokens_with_parameters(text: str) -> str | None:
    """Read tokens with parameters, between commas (Reason)."""
    return _all(text, token_with_parameters)


def languages(text: str) -> str | None:
    """Read language tags (RFC 3261 section 20.3)."""
    return _all(text, lambda each: each if _TAG.fullmatch(each) else None)


def credentials(text: str) -> str | None:
    """Read a challenge or its answer: a scheme, then NAME=VALUE pairs or a token68 (RFC 7235).

    Quoted strings stay as they are, escapes and all: digests are made over them (RFC 7616).
    """
    found = _CREDENTIALS.fullmatch(printable(text, LONGEST_VALUE) or "")
    if found is None:
        return None
    scheme, rest = found.groups()
    if _TOKEN68.fullmatch(rest):
        return f"{scheme} {rest}"
    pairs = _pairs(rest)
    return f"{scheme} {pairs}" if pairs else None


def authentication_info(text: str) -> str | None:
    """Read NAME=VALUE pairs (RFC 3261 section 20.6)."""
    return _pairs(printable(text, LONGEST_VALUE) or "")


def date(text: str) -> str | None:
    """Read a SIP-date (RFC 3261 section 20.17)."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    day, number, month, year, time = found.groups()
    return f"{day.capitalize()}, {int(number):02} {month.capitalize()} {year} {time} GMT"


def warning(text: str) -> str | None:
    """Read warn-code, warn-agent and the text for people (RFC 3261 section 20.43)."""
    return _all(text, _one_warning)


def _all(text: str, read: Reader, join: str = ", ") -> str | None:
    values = split_values(text)
    written = [read(value) for value in values]
    if not values or len(values) > MOST_VALUES or None in written:
        return None
    return join.join(filter(None, written))


def _with_parameters(first: str | None, text: str) -> str | None:
    if first is None:
        return None
    if not text:
        return first
    shown = printable(text, LONGEST_VALUE)
    if shown is None:
        return None
    try:
        return first + format_parameters(parse_parameters(shown))
    except ParseError:
        return None


def _pairs(text: str) -> str | None:
    return _all(text, _pair)


def _pair(text: str) -> str | None:
    found = _PAIR.fullmatch(text)
    if found is None:
        return None
    name, value = found.groups()
    return f"{name}={value}" if value else f'{name}=""'


def _one_warning(text: str) -> str | None:
    found = _WARNING.fullmatch(printable(text, LONGEST_TEXT) or "")
    return " ".join(found.groups()) if found is not None else None
