"""From bytes to a message, or to the reason why they are none (RFC 3261 section 7).

The header block is decoded once, split once and walked once; nothing here looks at a byte a
second time for every header. What the transaction and dialog layers rely on is checked at
once: the start line, the mandatory headers, Contact, Route, Record-Route and the lengths.
"""

from __future__ import annotations

import re

from sidecar.sip.address import Address, is_plain
from sidecar.sip.claims import NAMING
from sidecar.sip.cseq import CSeq
from sidecar.sip.errors import ParseError
from sidecar.sip.grammar import TOKEN, breaks_line
from sidecar.sip.headers import Headers
from sidecar.sip.message import Request, Response
from sidecar.sip.uri import PLAIN_SIP, check_characters

MAX_MESSAGE = 65535
"""Bytes of a whole message: what fits into a datagram."""
MAX_HEAD = 32768
"""Bytes of the start line and headers."""
MAX_HEADERS = 128
"""Header lines, after unfolding."""
MAX_LINES = 512
"""Lines of the header block, before unfolding."""
MAX_LINE = 8192
"""Characters of the start line and of one header, after unfolding."""

UNREADABLE_URI = "sip:unreadable.invalid"
"""The Request-URI of a `MessageError.request` whose own can't be read."""

_LEADING_LINES = re.compile(rb"(?:\r\n)++")
_REQUEST_LINE = re.compile(rf"({TOKEN}) ([^\x00-\x20\x7f]++) [sS][iI][pP]/([0-9]++\.[0-9]++)")
_STATUS_LINE = re.compile(r"[sS][iI][pP]/2\.0 ([1-6][0-9][0-9]) (.*+)", re.DOTALL)
_PLAIN_URI = re.compile(PLAIN_SIP)
_REQUEST_URI = re.compile(r"[^\x00-\x20\x7f]++")
_NUMBER = re.compile(r"[0-9]{1,10}+")

_MANDATORY = frozenset(("Via", "From", "To", "Call-ID", "CSeq"))
_ONCE = frozenset(("From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length"))
_ADDRESSES = frozenset(("From", "To", "Contact", "Route", "Record-Route"))
_ADDRESS_LISTS = frozenset(("Contact", "Route", "Record-Route"))
_HINTS = frozenset((*NAMING, "Refer-To"))
"""Headers that a call can do without: what can't be read of them is left out later, but a control
character in a URI of theirs is nobody's mistake."""
_WITH_URIS = _ADDRESSES | _HINTS
_BRACKETED = re.compile(r"<([^<>]*+)>")


class MessageError(ParseError):
    """Bytes that are no message that can be served.

    `status` and `reason` are what the peer is to be answered with. `request` is a request
    complete enough to answer, or None: for what was a response or an ACK, and for what has no
    usable Via, From, To, Call-ID or CSeq.
    """

    def __init__(self, status: int, reason: str, request: Request | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.request = request


def parse_message(data: bytes | memoryview) -> Request | Response:
    """Read one message, a whole datagram or one frame of a stream.

    CRLFs before the start line are passed over. A body longer than Content-Length says is cut
    to it, a shorter one is an error (RFC 3261 section 18.3). Raises MessageError.
    """
    if len(data) > MAX_MESSAGE:
        raise MessageError(513, "Message Too Large")
    data = bytes(data)
    leading = _LEADING_LINES.match(data) if data[:1] == b"\r" else None
    start = leading.end() if leading else 0
    end = data.find(b"\r\n\r\n", start)
    if end < 0:
        raise MessageError(400, "No End Of Headers")
    head = data[start:end].decode("utf-8", "surrogateescape")
    try:
        return _parse(head, data, end + 4)
    except ParseError as error:
        status = error.status if isinstance(error, MessageError) else 400
        raise MessageError(status, str(error), _answerable(head)) from error


def _parse(head: str, data: bytes, body_start: int) -> Request | Response:
    lines = head.split("\r\n", MAX_LINES)
    if len(head) > MAX_HEAD or len(lines) > MAX_LINES:
        raise MessageError(513, "Message Too Large")
    if breaks_line("".join(lines)):
        raise ParseError("Control Character Alone")
    start_line = lines.pop(0)
    if len(start_line) > MAX_LINE:
        raise MessageError(414, "Request-URI Too Long")
    found = _REQUEST_LINE.fullmatch(start_line)
    if found is not None:
        method, uri, version = found.groups()
        if version != "2.0":
            raise MessageError(505, "Version Not Supported")
        headers = _headers(lines, head)
        request = Request(method, uri, headers, _body(headers, data, body_start))
        _check_request(request)
        return request
    found = _STATUS_LINE.fullmatch(start_line)
    if found is None:
        raise ParseError("Malformed Start Line")
    headers = _headers(lines, head)
    response = Response(int(found[1]), found[2], headers, _body(headers, data, body_start))
    _check(response)
    return response


def _headers(lines: list[str], head: str) -> Headers:
    headers = Headers.parse(lines)
    if len(headers) > MAX_HEADERS:
        raise MessageError(513, "Too Many Headers")
    if len(head) > MAX_LINE and any(len(n) + len(v) > MAX_LINE for n, v in headers.items()):
        raise MessageError(513, "Header Too Long")
    return headers


def _body(headers: Headers, data: bytes, start: int) -> bytes:
    text = headers.get("Content-Length")
    if text is None:
        return data[start:]
    if _NUMBER.fullmatch(text) is None:
        raise ParseError("Malformed Content-Length")
    end = start + int(text)
    if end > len(data):
        raise ParseError("Body Shorter Than Content-Length")
    return data[start:end]


def _check(message: Request | Response) -> CSeq:
    headers = message.headers
    missing = headers.missing(_MANDATORY)
    if missing or not headers.get("Call-ID"):
        raise ParseError(f"Missing {min(missing, default='Call-ID')}")
    repeated = headers.repeated(_ONCE)
    if repeated is not None:
        raise ParseError(f"Repeated {repeated}")
    _check_addresses(message)
    # These two are always asked for, so they are read at once: reading is what checks them.
    _ = message.via
    return message.cseq


def _check_addresses(message: Request | Response) -> None:
    """Refuse a request whose addresses can't be read; of a response leave those out.

    A response is not refused: its transaction would wait for another one until it fails.
    """
    unreadable: list[str] = []
    for name, text in message.headers.items():
        if name not in _WITH_URIS:
            continue
        plain = text.isascii() and "%" not in text if name in _HINTS else is_plain(text)
        if not plain:
            try:
                _check_address(name, text)
            except ParseError:
                if isinstance(message, Request) or name in _MANDATORY:
                    raise
                unreadable.append(name)
    for name in unreadable:
        message.headers.remove(name)


def _check_address(name: str, text: str) -> None:
    if name in _HINTS:
        for uri in _BRACKETED.findall(text) or [text]:
            check_characters(uri)
    elif name in _ADDRESS_LISTS:
        Address.parse_list(text)
    else:
        Address.parse(text)


def _check_request(request: Request) -> None:
    if _check(request).method != request.method:
        raise ParseError("CSeq Method Differs")
    # Headers may not stand in a Request-URI (section 19.1.1); a proxy would add them to what
    # it sends.
    if _PLAIN_URI.fullmatch(request.uri) is None and request.target.headers:
        raise ParseError("Headers In Request-URI")
    hops = request.headers.get("Max-Forwards")
    if hops is not None and (_NUMBER.fullmatch(hops) is None or int(hops) > 255):
        raise ParseError("Malformed Max-Forwards")


def _answerable(head: str) -> Request | None:
    """Return what can be answered of a refused head; reads a bounded part of it."""
    start_line, *lines = head[:MAX_HEAD].split("\r\n", MAX_LINES)[:MAX_LINES]
    method, _, rest = start_line.partition(" ")
    if method[:4].upper() == "SIP/" or method == "ACK":
        return None
    uri = rest.rpartition(" ")[0]
    try:
        headers = Headers.parse_readable(lines[:MAX_HEADERS], _ONCE)
        request = Request(method, uri if _REQUEST_URI.fullmatch(uri) else UNREADABLE_URI, headers)
        _ = request.via
    except ValueError:
        return None
    return None if headers.missing(_MANDATORY) else request
