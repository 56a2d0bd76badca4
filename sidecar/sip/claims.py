"""Addresses in headers that say something about a call but that it can do without.

Contact, P-Asserted-Identity, History-Info and their like are looked at for hints. What can't be
read is left out, never refused, and no more than a bounded number is looked at.
"""

from __future__ import annotations

from sidecar.sip.address import Address
from sidecar.sip.errors import ParseError
from sidecar.sip.message import Message
from sidecar.sip.uri import Uri

MOST_ADDRESSES = 32
"""Of one header name in one message; a History-Info of so many entries is a loop."""
LONGEST_USER = 256
"""Characters of a user part; a longer one names nobody."""


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
