"""Which header fields cross the sidecar, which are its own, which an untrusted side can't send.

A back-to-back user agent ends each message and begins another, so a header field crosses only
where a list here says so. Three kinds:

- *ours*: made anew on each leg by transactions, dialogs and the call (Via, Route, Record-Route,
  From, To, Call-ID, CSeq, Contact, Max-Forwards, RSeq, RAck, Content-Length, User-Agent, Server);
- *passed*: `PASSED`, copied as they came, every line and in order;
- *trusted only*: `IDENTITY`, passed from a PBX or from a trunk whose settings say `trusted`.

Everything else stops here, and with it whatever a side might say about consent or recording:
the decision headers (`X-Consent`, `X-Record` or as configured) and `Record` are written by the
sidecar alone, towards the PBX alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from sidecar.sip.claims import NAMING, rewritten
from sidecar.sip.headers import Headers

PASSED = frozenset(
    name.lower()
    for name in (
        "Accept",
        "Accept-Contact",
        "Accept-Encoding",
        "Accept-Language",
        "Alert-Info",
        "Allow",
        "Allow-Events",
        "Answer-Mode",
        "Authentication-Info",
        "Authorization",
        "Call-Info",
        "Content-Disposition",
        "Content-Encoding",
        "Content-Language",
        "Content-Type",
        "Date",
        "Error-Info",
        "Event",
        "Expires",
        "Info-Package",
        "MIME-Version",
        "Min-Expires",
        "Min-SE",
        "Organization",
        "P-Early-Media",
        "Priority",
        "Privacy",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "Reason",
        "Recv-Info",
        "Refer-Sub",
        "Reject-Contact",
        "Request-Disposition",
        "Require",
        "Retry-After",
        "SIP-ETag",
        "SIP-If-Match",
        "Session-Expires",
        "Subject",
        "Subscription-State",
        "Unsupported",
        "User-to-User",
        "WWW-Authenticate",
        "Warning",
    )
)
"""Passed both ways, in requests and responses."""

IDENTITY = frozenset(
    name.lower()
    for name in (
        "Diversion",
        "History-Info",
        "Identity",
        "P-Asserted-Identity",
        "P-Called-Party-ID",
        "P-Preferred-Identity",
        "Referred-By",
        "Remote-Party-ID",
    )
)
"""Who somebody claims to be or to have been: believed from a trusted side only (RFC 3325)."""

EXTENSIONS = frozenset(
    {"100rel", "answermode", "histinfo", "norefersub", "precondition", "replaces", "timer"}
)
"""Option tags that work through the sidecar (Supported, Require)."""

ALLOW = (
    "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, SUBSCRIBE, "
    "REGISTER, PUBLISH"
)


def passed(headers: Headers, *, trusted: bool) -> list[tuple[str, str]]:
    """Return the header fields of a message that cross to the other leg.

    `trusted` says whether the side that sent it is believed about identities. `Supported` is cut
    down to `EXTENSIONS`: what the sidecar can't carry must not be promised.
    """
    crossing = []
    for name, value in headers.items():
        key = name.lower()
        if trusted and name in NAMING:
            value = rewritten(name, value)
            if not value:
                continue
        if key in PASSED or (trusted and key in IDENTITY):
            crossing.append((name, value))
    supported = tags(headers, "Supported") & EXTENSIONS
    if supported:
        crossing.append(("Supported", ", ".join(sorted(supported))))
    return crossing


def tags(headers: Headers, name: str) -> set[str]:
    """Return the option tags of `Supported`, `Require` or `Proxy-Require`, in lower case."""
    return {tag.strip().lower() for tag in headers.values(name) if tag.strip()}


def unsupported(headers: Headers) -> list[str]:
    """Return the required option tags that can't work through the sidecar (RFC 3261 8.2.2.3)."""
    return sorted(tags(headers, "Require") - EXTENSIONS)


def without(headers: Iterable[tuple[str, str]], *names: str) -> list[tuple[str, str]]:
    """Return header fields less those named (in lower case)."""
    return [(name, value) for name, value in headers if name.lower() not in names]
