"""Contacts of one neighbour as the other sees them: sealed, so that only ours come back.

What is sealed stands in a parameter of a URI of ours. Nobody else can make one, read one, or change
one (AES-SIV, RFC 5297). One Contact always gives one token: a registrar that sees another URI at
each refresh would keep them all, and ring each of them (RFC 3261 section 10.3). So there is no time
in it either; a token ends with its key, or when its neighbour or its address leaves the settings.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from sidecar.sip.errors import ParseError
from sidecar.sip.uri import Uri

PARAMETER = "csc"
KEY_LENGTH = 64
"""Bytes of a key: two keys of 256 bits."""
LONGEST_URI = 1024
"""Bytes of a URI that is sealed."""
_TOKEN = re.compile(r"(?:[A-Za-z0-9_-]{4}){6,512}+(?:[A-Za-z0-9_-]{2,3}+)?")
"""Base64url without padding (RFC 4648 section 5)."""
_PURPOSE = b"consent-sidecar contact 1"


class Sealed(NamedTuple):
    """What a token holds."""

    kind: str
    name: str
    """Of the neighbour whose Contact it was, as `Peer` has them."""
    reachable: bool
    """Whether the Contact's port was one that its neighbour speaks SIP at."""
    uri: Uri


class ContactSeal:
    """Seals and opens with one key."""

    def __init__(self, key: bytes) -> None:
        """Take a key of `KEY_LENGTH` bytes; raises ValueError for any other length."""
        if len(key) != KEY_LENGTH:
            raise ValueError(f"a key has {KEY_LENGTH} bytes")
        self._cipher = AESSIV(key)

    def seal(self, contact: Sealed) -> str:
        """Return the token of a Contact; raises ParseError for a URI that is too long."""
        uri = str(contact.uri).encode()
        if len(uri) > LONGEST_URI:
            raise ParseError("Contact Too Long")
        head = f"{contact.kind}\0{contact.name}\0{'+' if contact.reachable else '-'}\0"
        sealed = self._cipher.encrypt(head.encode() + uri, [_PURPOSE])
        return urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, uri: Uri) -> Sealed | None:
        """Return what a URI of ours holds; None where it holds no token of ours."""
        token = uri.param(PARAMETER)
        if token is None or _TOKEN.fullmatch(token) is None:
            return None
        data = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        try:
            text = self._cipher.decrypt(data, [_PURPOSE]).decode()
        except InvalidTag:
            return None
        kind, name, reachable, sealed = text.split("\0", 3)
        return Sealed(kind, name, reachable == "+", Uri.parse(sealed))
