"""Bodies of a few lines that cross a call: read for what they say, and written anew.

Each function takes a body and returns the one that says the same in our spelling, or None where
it says nothing that is understood.
"""

from __future__ import annotations

import re

from sidecar.sip.errors import ParseError
from sidecar.sip.reasons import REASONS
from sidecar.sip.uri import Uri

LONGEST = 8192
"""Bytes of such a body."""

_STATUS_LINE = re.compile(rb"SIP/2\.0 ([1-6][0-9]{2})(?![0-9])")
_SUMMARY_LINE = re.compile(r"([A-Za-z-]{1,32}+)[ \t]*+:[ \t]*+(.*+)")
_COUNTS = re.compile(
    r"([0-9]{1,9}+)[ \t]*+/[ \t]*+([0-9]{1,9}+)"
    r"(?:[ \t]*+\([ \t]*+([0-9]{1,9}+)[ \t]*+/[ \t]*+([0-9]{1,9}+)[ \t]*+\))?"
)
_CONTEXTS = {
    f"{each}-message": f"{each.capitalize()}-Message"
    for each in ("voice", "fax", "pager", "multimedia", "text")
}
_FAST_UPDATE = re.compile(rb"<[ \t\r\n]*+picture_fast_update[ \t\r\n/>]")
FAST_UPDATE = (
    b'<?xml version="1.0" encoding="utf-8"?>\r\n<media_control><vc_primitive><to_encoder>'
    b"<picture_fast_update/></to_encoder></vc_primitive></media_control>\r\n"
)


def sipfrag(body: bytes) -> bytes | None:
    """How far a transfer has come (message/sipfrag, RFC 3515 section 2.4.5): the status alone.

    The phrase is the registered one: a peer's own would be a message to people.
    """
    found = _STATUS_LINE.match(body)
    if found is None:
        return None
    status = int(found[1])
    return f"SIP/2.0 {status} {REASONS.get(status, '')}\r\n".encode()


def message_summary(body: bytes) -> bytes | None:
    """Which messages wait in a mailbox (RFC 3842 section 5): the account and the numbers.

    The headers of single messages that may follow them are left out.
    """
    if len(body) > LONGEST or not body.isascii():
        return None
    said: dict[str, str] = {}
    for line in body.decode("ascii").replace("\r\n", "\n").split("\n"):
        if not line.strip():
            break
        found = _SUMMARY_LINE.fullmatch(line)
        if found is not None:
            said.setdefault(found[1].lower(), found[2].strip(" \t"))
    waiting = said.get("messages-waiting", "").lower()
    if waiting not in ("yes", "no"):
        return None
    lines = [f"Messages-Waiting: {waiting}"]
    lines += _account(said.get("message-account", ""))
    for context, name in _CONTEXTS.items():
        counts = _COUNTS.fullmatch(said.get(context, ""))
        if counts is not None:
            new, old, urgent_new, urgent_old = counts.groups()
            urgent = f" ({urgent_new}/{urgent_old})" if urgent_new is not None else ""
            lines.append(f"{name}: {new}/{old}{urgent}")
    return "".join(f"{line}\r\n" for line in lines).encode()


def media_control(body: bytes) -> bytes | None:
    """The wish for a whole picture (application/media_control+xml, RFC 5168); nothing else."""
    return FAST_UPDATE if len(body) <= LONGEST and _FAST_UPDATE.search(body) else None


def _account(text: str) -> list[str]:
    try:
        uri = Uri.parse(text)
    except ParseError:
        return []
    return [f"Message-Account: {uri}"]
