"""Which header fields cross the sidecar, who may send them, and how they are written.

A back-to-back user agent ends each message and begins another, so a header field crosses only
where `CROSSING` says so, and then as its reader has understood it, never as it came
(docs/boundary.md). Beside these stand

- those that are *ours*, made anew on each leg by transactions, dialogs and the call (Via, Route,
  Record-Route, From, To, Call-ID, CSeq, Contact, Max-Forwards, RSeq, RAck, User-Agent, Server),
  those that are mapped (Refer-To, Replaces, Join, Target-Dialog) and those of the body
  (`sidecar.calls.crossing.bodies`);
- what a site lets through by `pass_headers` (`SiteHeaders`).

Everything else stops here, and with it whatever a side might say about consent or recording:
the decision headers (`X-Consent`, `X-Record` or as configured) and `Record` are written by the
sidecar alone, towards the PBX alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from sidecar.calls.crossing.table import KNOWN_TYPES, METHODS, methods_for
from sidecar.sip import header_values as read
from sidecar.sip.claims import rewritten
from sidecar.sip.errors import ParseError
from sidecar.sip.grammar import split_values
from sidecar.sip.header_names import canonical_name
from sidecar.sip.header_values import Reader, printable
from sidecar.sip.headers import Headers
from sidecar.sip.media_type import MediaType
from sidecar.sip.message import Response
from sidecar.sip.reasons import REASONS
from sidecar.tables.header_names import STANDARD

ALLOW = methods_for(sender_trusted=True, trunk_trusted=True)

EXTENSIONS = frozenset(
    {"100rel", "answermode", "histinfo", "norefersub", "precondition", "replaces", "timer"}
)
"""Option tags that work through the sidecar (Supported, Require)."""
TRUSTED_EXTENSIONS = frozenset({"answermode"})
"""Those of them that nobody but a trusted side may ask for: a telephone would answer by itself."""

LONGEST_PHRASE = 128
"""Characters of a reason phrase."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """One header field that crosses."""

    name: str
    read: Reader
    """Gives the value as it is written; None where it can't be read, and so does not cross."""
    reference: str
    """Where its meaning is defined."""
    trusted: bool = False
    """Whether it is taken from a trusted side only."""
    vital: bool = False
    """Whether a request in which it can't be read is refused (400): without it, it would mean
    something else, or the far end would drop it without a word."""
    single: bool = False
    """Whether it may stand once only; a request in which it is repeated is refused (400)."""


def _methods(text: str) -> str | None:
    """Read methods, less those that could not come through."""
    offered = {each.strip(" \t") for each in text.split(",")}
    return ", ".join(method.name for method in METHODS if method.name in offered) or None


def _types(text: str) -> str | None:
    """Read types of bodies, less those that could not come through."""
    found = []
    for value in split_values(text)[: read.MOST_VALUES]:
        try:
            name = MediaType.parse(value).name
        except ParseError:
            continue
        if name in KNOWN_TYPES and name not in found:
            found.append(name)
    return ", ".join(found) or None


def _required(text: str) -> str | None:
    """Read option tags, less those that do not work through the sidecar."""
    found = read.option_tags(text)
    kept = [tag for tag in found.split(", ") if tag in EXTENSIONS] if found is not None else []
    return ", ".join(kept) or None


def _naming(name: str) -> Reader:
    """Return the reader of a header that names somebody."""

    def read_names(text: str) -> str | None:
        """Read name-addrs between commas, less those that can't be read (boundary-uris.md)."""
        return rewritten(canonical_name(name), text) or None

    return read_names


def _yes_or_no(text: str) -> str | None:
    """Read "true" or "false"."""
    word = text.partition(";")[0].strip(" \t").lower()
    return word if word in ("true", "false") else None


CROSSING: tuple[Crossing, ...] = (
    Crossing("Accept", _types, "RFC 3261 20.1"),
    Crossing("Accept-Contact", read.opaque, "RFC 3841 9.2"),
    Crossing("Accept-Language", read.languages, "RFC 3261 20.3"),
    Crossing("Alert-Info", read.opaque, "RFC 3261 20.4", trusted=True),
    Crossing("Allow", _methods, "RFC 3261 20.5"),
    Crossing("Allow-Events", read.tokens, "RFC 6665 8.2.2"),
    Crossing("Answer-Mode", read.token_with_parameters, "RFC 5373", trusted=True),
    Crossing("Authentication-Info", read.authentication_info, "RFC 3261 20.6"),
    Crossing("Authorization", read.credentials, "RFC 3261 20.7", vital=True),
    Crossing("Call-Info", read.opaque, "RFC 3261 20.9", trusted=True),
    Crossing("Date", read.date, "RFC 3261 20.17", single=True),
    Crossing("Error-Info", read.opaque, "RFC 3261 20.18", trusted=True),
    Crossing("Event", read.token_with_parameters, "RFC 6665 8.2.1", vital=True, single=True),
    Crossing("Expires", read.seconds, "RFC 3261 20.19", vital=True, single=True),
    Crossing("Min-Expires", read.seconds, "RFC 3261 20.23", single=True),
    Crossing("Min-SE", read.session_interval, "RFC 4028 5", vital=True, single=True),
    Crossing("Organization", read.words, "RFC 3261 20.25"),
    Crossing("P-Auto-Answer", read.opaque, "in use, not registered", trusted=True),
    Crossing("P-Early-Media", read.tokens, "RFC 5009 8"),
    Crossing("Priority", read.token, "RFC 3261 20.26", single=True),
    Crossing("Priv-Answer-Mode", read.token_with_parameters, "RFC 5373", trusted=True),
    Crossing("Privacy", read.privacy, "RFC 3323 4.2", vital=True),
    Crossing("Proxy-Authenticate", read.credentials, "RFC 3261 20.27"),
    Crossing("Proxy-Authorization", read.credentials, "RFC 3261 20.28", vital=True),
    Crossing("Reason", read.tokens_with_parameters, "RFC 3326 2"),
    Crossing("Refer-Sub", _yes_or_no, "RFC 4488 4", vital=True, single=True),
    Crossing("Reject-Contact", read.opaque, "RFC 3841 9.2"),
    Crossing("Request-Disposition", read.tokens, "RFC 3841 9.1"),
    Crossing("Require", _required, "RFC 3261 20.32"),
    Crossing("Retry-After", read.retry_after, "RFC 3261 20.33", single=True),
    Crossing("SIP-ETag", read.token, "RFC 3903 11.3.1", single=True),
    Crossing("SIP-If-Match", read.token, "RFC 3903 11.3.2", vital=True, single=True),
    Crossing("Session-Expires", read.session_interval, "RFC 4028 4", vital=True, single=True),
    Crossing("Subject", read.words, "RFC 3261 20.36"),
    Crossing(
        "Subscription-State",
        read.token_with_parameters,
        "RFC 6665 8.2.3",
        vital=True,
        single=True,
    ),
    Crossing("Unsupported", read.option_tags, "RFC 3261 20.40"),
    Crossing("User-to-User", read.user_to_user, "RFC 7433 4"),
    Crossing("WWW-Authenticate", read.credentials, "RFC 3261 20.44"),
    Crossing("Warning", read.warning, "RFC 3261 20.43"),
    # Who somebody claims to be or to have been: believed from a trusted side only (RFC 3325).
    Crossing("Diversion", _naming("Diversion"), "RFC 5806", trusted=True),
    Crossing("History-Info", _naming("History-Info"), "RFC 7044 5", trusted=True),
    Crossing("Identity", read.opaque, "RFC 8224 4", trusted=True),
    Crossing("P-Asserted-Identity", _naming("P-Asserted-Identity"), "RFC 3325 9.1", trusted=True),
    Crossing("P-Called-Party-ID", _naming("P-Called-Party-ID"), "RFC 7315 4.2", trusted=True),
    Crossing("P-Preferred-Identity", _naming("P-Preferred-Identity"), "RFC 3325 9.2", trusted=True),
    Crossing("Referred-By", _naming("Referred-By"), "RFC 3892 2", trusted=True),
    Crossing("Remote-Party-ID", _naming("Remote-Party-ID"), "draft-ietf-sip-privacy", trusted=True),
)

_CROSSING = {canonical_name(each.name): each for each in CROSSING}
_VITAL = {name: each for name, each in _CROSSING.items() if each.vital}
BODY = frozenset(("Content-Type", "Content-Disposition", "Content-Encoding", "Content-Language"))
"""Headers about the body: each may stand once, and is written by `calls.bodies` alone."""
SINGLE = BODY | {name for name, each in _CROSSING.items() if each.single}

HeaderLines = list[tuple[str, str]]
"""Header fields in their order: name and value."""

CACHED = 1024
"""Values whose spelling is remembered, and names of a site's."""
LONGEST_CACHED = 256
"""Characters of such a value."""
REMEMBERED = frozenset(
    (
        "Accept",
        "Accept-Language",
        "Allow",
        "Allow-Events",
        "Event",
        "Expires",
        "Min-SE",
        "P-Early-Media",
        "Privacy",
        "Reason",
        "Require",
        "Session-Expires",
        "Subscription-State",
        "Unsupported",
    )
)
"""Headers whose values are the same in most messages of a peer, and name nobody."""


class SiteHeaders:
    """The header names that a site passes on from one neighbour (`pass_headers`).

    A pattern is a name, or its beginning and `*`. `never` are the names of our own decision
    headers, which no pattern covers, as none covers a name that SIP has given a meaning.
    """

    __slots__ = ("_allow", "_beginnings", "_names", "_never")

    def __init__(self, patterns: Iterable[str] = (), never: Iterable[str] = ()) -> None:
        lowered = [pattern.lower() for pattern in patterns]
        self._beginnings = tuple(each[:-1] for each in lowered if each.endswith("*"))
        self._names = frozenset(each for each in lowered if not each.endswith("*"))
        self._never = STANDARD | {name.lower() for name in never}
        self._allow = lru_cache(CACHED)(self._allows) if lowered else _nothing

    def allow(self, name: str) -> bool:
        """Tell whether a name is passed on."""
        if len(name) > LONGEST_CACHED:
            return self._allows(name)
        return self._allow(name)

    def _allows(self, name: str) -> bool:
        name = name.lower()
        if name in self._never or canonical_name(name) in _CROSSING:
            return False
        return name in self._names or name.startswith(self._beginnings)


def _nothing(_name: str) -> bool:
    return False


NO_SITE_HEADERS = SiteHeaders()


def passed(
    headers: Headers, *, trusted: bool, site: SiteHeaders = NO_SITE_HEADERS
) -> list[tuple[str, str]]:
    """Return the header fields of a message that cross to the other leg, as they are written.

    `trusted` says whether the side that sent it is believed about identities, `site` what else is
    passed on from it. What can't be read is left out, and so is what stands twice and may stand
    only once. `Supported` is cut down to `EXTENSIONS`: what the sidecar can't carry must not be
    promised.
    """
    crossing = []
    twice = headers.repeated(SINGLE)
    for name, value in headers.items():
        entry = _CROSSING.get(name)
        if entry is None:
            if site.allow(name) and (text := read.opaque(value)) is not None:
                crossing.append((name, text))
        elif trusted or not entry.trusted:
            written = _written(name, value)
            if written is not None and (twice is None or not _repeated(headers, entry)):
                crossing.append((name, written))
    supported = tags(headers, "Supported") & EXTENSIONS
    if not trusted:
        supported -= TRUSTED_EXTENSIONS
    if supported:
        crossing.append(("Supported", ", ".join(sorted(supported))))
    return crossing


def _written(name: str, value: str) -> str | None:
    if name in REMEMBERED and len(value) <= LONGEST_CACHED:
        return _written_before(name, value)
    return _CROSSING[name].read(value)


@lru_cache(CACHED)
def _written_before(name: str, value: str) -> str | None:
    return _CROSSING[name].read(value)


def _repeated(headers: Headers, entry: Crossing) -> bool:
    return entry.single and len(headers.get_all(entry.name)) > 1


def flaw(headers: Headers) -> str | None:
    """Return what is wrong with a request's header fields that it can't do without; None if fine.

    A repeated field that may stand once, or one that is vital and can't be read: 400.
    """
    repeated = headers.repeated(SINGLE)
    if repeated is not None:
        return f"Repeated {repeated}"
    for name, value in headers.items():
        if name in _VITAL and _written(name, value) is None:
            return f"Malformed {name}"
    return None


def reasons(headers: Headers) -> list[tuple[str, str]]:
    """Return the Reason fields of a BYE or CANCEL, of which nothing else crosses."""
    if headers.get("Reason") is None:
        return []
    values = [_written("Reason", value) for value in headers.get_all("Reason")]
    return [("Reason", value) for value in values if value is not None]


def phrase(response: Response) -> str:
    """Return the reason phrase of a response as it crosses; the registered one for an odd one."""
    return printable(response.reason, LONGEST_PHRASE) or REASONS.get(response.status, "")


def tags(headers: Headers, name: str) -> set[str]:
    """Return the option tags of `Supported`, `Require` or `Proxy-Require`, in lower case."""
    return {tag.strip().lower() for tag in headers.values(name) if tag.strip()}


def unsupported(headers: Headers, *, trusted: bool = True) -> list[str]:
    """Return the required option tags that can't work through the sidecar (RFC 3261 8.2.2.3)."""
    if headers.get("Require") is None:
        return []
    works = EXTENSIONS if trusted else EXTENSIONS - TRUSTED_EXTENSIONS
    return sorted(tags(headers, "Require") - works)


def without(headers: Iterable[tuple[str, str]], *names: str) -> list[tuple[str, str]]:
    """Return header fields less those named (in lower case)."""
    return [(name, value) for name, value in headers if name.lower() not in names]
