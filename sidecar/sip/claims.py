"""Addresses in headers that say something about a call but that it can do without.

Contact, P-Asserted-Identity, History-Info and their like are looked at for hints. What can't be
read is left out, never refused, and no more than a bounded number is looked at.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from sidecar.sip.address import Address
from sidecar.sip.canonical import (
    IN_DIVERTED,
    IN_NAMES,
    written_display,
    written_header_parameters,
    written_uri,
)
from sidecar.sip.errors import ParseError
from sidecar.sip.grammar import Parameters, split_values
from sidecar.sip.header_names import canonical_name
from sidecar.sip.message import Message
from sidecar.sip.uri import Uri

MOST_ADDRESSES = 32
"""Of one header name in one message; a History-Info of so many entries is a loop."""
LONGEST_USER = 256
"""Characters of a user part; a longer one names nobody."""

_PARAMETERS = {
    "P-Asserted-Identity": "",
    "P-Called-Party-ID": "",
    "P-Preferred-Identity": "",
    "Referred-By": "",
    "Remote-Party-ID": "party screen privacy id-type",
    "Diversion": "reason counter limit privacy screen",
    "History-Info": "index mp rc np",
}
NAMING = {canonical_name(name): frozenset(known.split()) for name, known in _PARAMETERS.items()}
"""The headers that name somebody, and which of their parameters cross (RFC 3325, 5806, 7044)."""
_WHY = frozenset(("reason", "privacy"))
"""What a History-Info tells in headers of its URI (RFC 7044 section 10)."""


def rewritten(name: str, line: str) -> str:
    """Return a line of one of `NAMING` as it crosses: each address that can be read, anew.

    "" where there is none.
    """
    written = []
    for text in split_values(line)[:MOST_ADDRESSES]:
        try:
            written.append(_rewritten(name, Address.parse(text)))
        except ParseError:
            continue
    return ", ".join(written)


def _rewritten(name: str, address: Address) -> str:
    diverted = name in ("Diversion", "History-Info")
    uri = written_uri(address.uri, IN_DIVERTED if diverted else IN_NAMES)
    if name == "History-Info" and uri.scheme != "tel":
        uri = uri.with_(headers=_why(address.uri.headers))
    parameters = written_header_parameters(address.parameters, NAMING[name])
    return str(Address(written_display(address.display), uri, parameters))


def _why(headers: Parameters) -> Parameters:
    """Return why a target was left, written anew."""
    said = {name.lower(): written_display(unquote(value or "")) for name, value in headers}
    return tuple(
        (name.capitalize(), quote(text, safe=""))
        for name, text in said.items()
        if name in _WHY and text
    )


def addresses(message: Message, name: str) -> list[Address]:
    """Return the readable addresses of a header, in order, at most `MOST_ADDRESSES`."""
    found: list[Address] = []
    if message.headers.get(name) is None:
        return found
    for text in message.headers.values(name)[:MOST_ADDRESSES]:
        try:
            found.append(Address.parse(text))
        except ParseError:
            continue
    return found


def user_of(uri: Uri) -> str:
    """Return whom a URI names, "" where nobody.

    The user part of a SIP URI or the number of a tel URI, without escapes, parameters within the
    user part (RFC 3261 section 19.1.6) and the case of letters.
    """
    user = (uri.user_unescaped or "").partition(";")[0].strip().casefold()
    return user if len(user) <= LONGEST_USER else ""
