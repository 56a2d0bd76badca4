"""The small words of RFC 3261 section 25 that every header field is made of.

All patterns are possessive or have one way to match only, so that matching is linear in the
length of the text. Whitespace means space and tab: folding is gone before these are used.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address

from sidecar.sip.errors import ParseError

Parameters = tuple[tuple[str, str | None], ...]
"""Parameters in order: (name, value), both as they came; the value None where there was no "="."""

TOKEN = r"[A-Za-z0-9\-.!%*_+`'~]++"  # noqa: S105 (a grammar rule, no secret)
QUOTED = r'"(?:[^"\\]++|\\.)*+"'
VALUE = rf'(?:{QUOTED}|[^\x00-\x20;,"<>\x7f]++)'
"""A parameter's value. It may hold more than a token (tags with "=" or "/", IPv6 addresses in
`received`), but nothing that would end the parameter, the value or the line."""
HOST_NAME = r"[A-Za-z0-9_][A-Za-z0-9_\-]*+(?:\.[A-Za-z0-9_\-]++)*+\.?+"
HOST = rf"(?:\[[0-9A-Fa-f:.]++\]|{HOST_NAME})"

WHITESPACE = " \t"

_PARAMETER = re.compile(rf"[ \t]*+;[ \t]*+({TOKEN})(?:[ \t]*+=[ \t]*+({VALUE}))?", re.DOTALL)
_PLAIN_PARAMETERS = re.compile(rf'(?:;{TOKEN}(?:=[^\x00-\x20;,"<>\x7f]++)?)++')
_is_token = re.compile(TOKEN).fullmatch
# A quote or bracket that is never closed runs to the end, so that none is looked at twice.
_SPLIT = re.compile(r'"(?:[^"\\]++|\\.)*+"?|<[^>]*+>?|,|[^"<,]++|.', re.DOTALL)
_PAIR = re.compile(r"\\(.)", re.DOTALL)
_TO_ESCAPE = re.compile(r'["\\\x00]')
_BARE_NUL = re.compile(r"(?<!\\)\x00")


def is_token(text: str) -> bool:
    """Say whether the text is a token of RFC 3261 section 25.1."""
    return _is_token(text) is not None


def breaks_line(text: str) -> bool:
    """Say whether the text would end its line when written into a message.

    CR and LF do; NUL does for peers written in C and stands only as a quoted pair.
    """
    return "\r" in text or "\n" in text or ("\0" in text and _BARE_NUL.search(text) is not None)


def split_values(text: str) -> list[str]:
    """Split at the commas that are not inside quotes or <> (RFC 3261 section 7.3.1).

    Empty pieces are left out: whether the header may be empty is for its own parser to say.
    """
    if "," not in text:
        text = text.strip(WHITESPACE)
        return [text] if text else []
    if '"' not in text and "<" not in text:
        pieces = text.split(",")
    else:
        pieces, start = [], 0
        for match in _SPLIT.finditer(text):
            if text[match.start()] == ",":
                pieces.append(text[start : match.start()])
                start = match.end()
        pieces.append(text[start:])
    return [stripped for piece in pieces if (stripped := piece.strip(WHITESPACE))]


def parse_parameters(text: str) -> Parameters:
    """Read `;name=value;name` as it stands behind a header's value.

    Raises ParseError where anything is left over.
    """
    if not text:
        return ()
    if _PLAIN_PARAMETERS.fullmatch(text) is not None:  # nearly all are: no quotes, no spaces
        return tuple(
            [
                (name, value if equals else None)
                for name, equals, value in [part.partition("=") for part in text[1:].split(";")]
            ]
        )
    parameters: list[tuple[str, str | None]] = []
    position, end = 0, len(text)
    match = _PARAMETER.match
    while position < end:
        found = match(text, position)
        if found is None:
            if text[position:].strip(WHITESPACE):
                raise ParseError("Malformed Parameters")
            break
        parameters.append((found[1], found[2]))
        position = found.end()
    return tuple(parameters)


def format_parameters(parameters: Parameters) -> str:
    """Write parameters as `;name=value;name`."""
    if not parameters:
        return ""
    return "".join(
        [f";{name}" if value is None else f";{name}={value}" for name, value in parameters]
    )


def find_parameter(parameters: Parameters, name: str) -> tuple[str, str | None] | None:
    """Return the first parameter of that name, whatever its case, or None."""
    for parameter in parameters:
        if parameter[0] == name:
            return parameter
    name = name.lower()
    for parameter in parameters:
        if parameter[0].lower() == name:
            return parameter
    return None


def replace_parameter(parameters: Parameters, name: str, value: str | None) -> Parameters:
    """Return the parameters with that one set: in its old place, or at the end."""
    lowered = name.lower()
    kept: list[tuple[str, str | None]] = []
    done = False
    for parameter in parameters:
        if parameter[0].lower() != lowered:
            kept.append(parameter)
        elif not done:
            kept.append((parameter[0], value))
            done = True
    if not done:
        kept.append((name, value))
    return tuple(kept)


def quote(text: str) -> str:
    """Write a quoted-string."""
    return '"' + _TO_ESCAPE.sub(lambda match: "\\" + match.group(), text) + '"'


def unquote(quoted: str) -> str:
    """Return what a quoted-string says."""
    text = quoted[1:-1]
    return _PAIR.sub(r"\1", text) if "\\" in text else text


_LONGEST_IPV6 = 64
"""Characters: more than an address has, and what is longer is not remembered."""


def ipv6_address(host: str) -> IPv6Address:
    """Return the address that an IPv6 host means; raises ParseError where it is none.

    Three colons before an embedded IPv4 address, which the grammar of RFC 3261 allows by
    mistake, mean two (RFC 5118 section 4.10).
    """
    if len(host) > _LONGEST_IPV6:
        raise ParseError("Malformed IPv6 Address")
    return _ipv6_address(host)


@lru_cache(maxsize=512)
def _ipv6_address(host: str) -> IPv6Address:
    if ":::" in host and "." in host:
        host = host.replace(":::", "::", 1)
    try:
        return IPv6Address(host)
    except AddressValueError:
        raise ParseError("Malformed IPv6 Address") from None


def bare_host(reference: str) -> str:
    """Return an IPv6 reference that matched `HOST` without its brackets; raises ParseError."""
    host = reference[1:-1]
    ipv6_address(host)
    return host


def written_host(host: str) -> str:
    """Return a host as it is written into a URI or Via: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host


def parse_port(text: str) -> int:
    """Return the port of one to five digits; raises ParseError outside 1 to 65535."""
    port = int(text)
    if not 0 < port < 65536:
        raise ParseError("Port Out Of Range")
    return port
