"""What a request says when the sidecar diverts it to a mailbox.

Three ways to tell a mailbox for whom and why a call comes, all three written because no peer knows
them all: the parameters `target` and `cause` of its URI (RFC 4458), History-Info (RFC 7044), and
Diversion (RFC 5806), which is historic and what most PBXs understand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import quote

from sidecar.sip.address import Address
from sidecar.sip.claims import rewritten
from sidecar.sip.errors import ParseError
from sidecar.sip.history import MOST_LEVELS, HistoryEntry, Index
from sidecar.sip.uri import Uri

# Causes of RFC 4458 section 2.2, and Diversion's words for them by RFC 7544 section 5.
_REASONS = {
    302: "unconditional",
    404: "unknown",
    408: "no-answer",
    480: "deflection",
    486: "user-busy",
    487: "deflection",
    503: "unavailable",
}
_CAUSES = {
    **{cause: cause for cause in _REASONS},
    **{504: 503, 500: 503, 502: 503},  # cannot be reached
    **{600: 486, 603: 480, 604: 404, 410: 404, 484: 404},  # their twins
}
UNKNOWN = 404
_UNESCAPED = "-_.!~*'()[]/:&+$"  # param-unreserved and mark (RFC 3261 section 25.1)


class Diverted(NamedTuple):
    """The Request-URI, the History-Info values in order, and the Diversion value to add on top."""

    uri: Uri
    history: tuple[str, ...]
    diversion: str


def cause_of(status: int) -> int:
    """Return the cause of RFC 4458 for a final status: 404 (unknown) for one it has no word for."""
    return _CAUSES.get(status, UNKNOWN)


def divert(
    original: Uri, mailbox: Uri, status: int, history: Sequence[HistoryEntry] = ()
) -> Diverted:
    """Say what the request to a mailbox carries, for a call that `original` did not take.

    `original` is the Request-URI that the call came with, `mailbox` the mailbox's own URI,
    `status` why: what the callee answered, or 408 where nobody did. `history` are the entries
    that came with the call from a trusted side; they are continued. Raises ValueError for a
    status below 300 or above 699, ParseError for a mailbox that is no SIP URI.
    """
    if mailbox.scheme not in ("sip", "sips"):
        raise ParseError("Unsupported URI Scheme")
    if not 300 <= status <= 699:
        raise ValueError("a status from 300 to 699 says why")
    cause = cause_of(status)
    came = original.with_(headers=()) if original.headers else original
    uri = _service_uri(mailbox, came, cause)
    entries = _until(came, history)
    left = entries[-1]
    reason = left.reason or f"SIP;cause={status}"
    entries[-1] = replace(left, reason=reason)
    entries.append(HistoryEntry(uri, _below(left.index, 1), mapped_from=left.index))
    diversion = str(Address(None, came, (("reason", _REASONS[cause]),)))
    written = (rewritten("History-Info", str(entry)) for entry in entries)
    return Diverted(uri, tuple(entry for entry in written if entry), diversion)


def _service_uri(mailbox: Uri, original: Uri, cause: int) -> Uri:
    """Return the mailbox's URI as RFC 4458 section 2 has it; what it said of these is replaced."""
    kept = tuple(each for each in mailbox.parameters if each[0].lower() not in ("target", "cause"))
    target = quote(str(original), safe=_UNESCAPED, errors="surrogateescape")
    return mailbox.with_(parameters=(*kept, ("target", target), ("cause", str(cause))), headers=())


def _until(original: Uri, history: Sequence[HistoryEntry]) -> list[HistoryEntry]:
    """Return the entries up to the target that we got the request for (RFC 7044 section 9).

    One is added where there was none (index 1), or where the last one is another target: some
    hop did not write its own, which a 0 in the index tells (section 10.3).
    """
    entries = sorted(history, key=lambda entry: entry.index)
    if not entries:
        return [HistoryEntry(original, (1,))]
    last = entries[-1]
    if not last.uri.equivalent(original):
        entries.append(HistoryEntry(original, _below(last.index, 0)))
    return entries


def _below(index: Index, step: int) -> Index:
    """Return the index of a target that follows; in a chain that is too long the last one again."""
    return (*index, step) if len(index) < MOST_LEVELS else index
