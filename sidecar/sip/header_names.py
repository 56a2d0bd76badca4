"""How the names of header fields are spelled (RFC 3261 section 7.3.1 and 7.3.3)."""

from __future__ import annotations

from sidecar.sip.grammar import is_token

COMPACT_FORMS = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "d": "Request-Disposition",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "n": "Identity-Info",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}
"""The one-letter names of the IANA registry of SIP header fields."""

# Names that are not simply written with a capital after each hyphen.
_IRREGULAR = (
    "Call-ID",
    "CSeq",
    "DTMF-Relay",
    "MIME-Version",
    "Min-SE",
    "P-DCS-Billing-Info",
    "P-Called-Party-ID",
    "P-OSPS",
    "RAck",
    "RSeq",
    "Remote-Party-ID",
    "SIP-ETag",
    "SIP-If-Match",
    "User-to-User",
    "WWW-Authenticate",
)
_REGULAR = (
    "Accept",
    "Alert-Info",
    "Allow",
    "Authorization",
    "Contact",
    "Content-Length",
    "Content-Type",
    "Date",
    "Diversion",
    "Expires",
    "From",
    "Max-Forwards",
    "P-Asserted-Identity",
    "Privacy",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Record-Route",
    "Refer-To",
    "Require",
    "Route",
    "Server",
    "Session-Expires",
    "Supported",
    "To",
    "User-Agent",
    "Via",
    "Warning",
)

_KNOWN = {name.lower(): name for name in (*_IRREGULAR, *_REGULAR, *COMPACT_FORMS.values())}
_SPELLINGS = {
    **{name: name for name in _KNOWN.values()},
    **{name.upper(): name for name in _KNOWN.values()},
    **_KNOWN,
    **{letter.upper(): name for letter, name in COMPACT_FORMS.items()},
    **COMPACT_FORMS,
}
spellings = dict(_SPELLINGS)
"""From each spelling met so far to the canonical name, so that it is taken apart only once."""
_MOST_NAMES = 2048  # then what was met is forgotten: peers can invent names without end
_LONGEST_NAME = 64  # a longer one is spelled anew each time: it could be as long as a message


def canonical_name(name: str) -> str:
    """Return the one spelling that a header name has in this program.

    Compact forms are expanded; unknown names get a capital after each hyphen. Raises
    ValueError where the name is no token.
    """
    known = spellings.get(name)
    if known is not None:
        return known
    if not is_token(name):
        raise ValueError("malformed header name")
    lowered = name.lower()
    known = spellings.get(lowered)
    if known is None:
        known = "-".join([part.capitalize() for part in lowered.split("-")])
    if len(name) > _LONGEST_NAME:
        return known
    if len(spellings) >= _MOST_NAMES:
        spellings.clear()
        spellings.update(_SPELLINGS)
    spellings[name] = known
    return known
