"""Contact tokens: only ours open, and none is more than what was sealed."""

from __future__ import annotations

from sidecar.calls.contact_seal import KEY_LENGTH, PARAMETER, ContactSeal, Sealed
from sidecar.sip.canonical import IN_NAMES, written_uri
from sidecar.sip.errors import ParseError
from sidecar.sip.uri import Uri
from tests.fuzz import oracle

SEAL = ContactSeal(bytes(range(KEY_LENGTH)))
OTHER = ContactSeal(bytes(KEY_LENGTH))


def attempt(data: bytes) -> None:
    """Take bytes for a token, for a URI with one, and for a Contact to be sealed."""
    text = data.decode("utf-8", "surrogateescape")
    for spelled in (text, f"sip:192.0.2.1;{PARAMETER}={text}"):
        try:
            uri = Uri.parse(spelled)
        except ParseError:
            continue
        oracle.demand(SEAL.open(uri) is None, "a token that is not ours", spelled)
        _seal(uri)


def _seal(uri: Uri) -> None:
    try:
        contact = Sealed("pbx", "main", True, written_uri(uri, IN_NAMES))
        token = SEAL.seal(contact)
    except ParseError:
        return
    ours = Uri.parse(f"sip:192.0.2.1;{PARAMETER}={token}")
    oracle.demand(SEAL.open(ours) == contact, "another Contact", token)
    oracle.demand(OTHER.open(ours) is None, "opened by another key", token)
    changed = ("B" if token[0] == "A" else "A") + token[1:]
    forged = Uri.parse(f"sip:192.0.2.1;{PARAMETER}={changed}")
    oracle.demand(SEAL.open(forged) is None, "a token that was changed", changed)
