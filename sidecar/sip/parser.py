"""From bytes to a message, or to the reason why they are none (RFC 3261 section 7).

The header block is decoded once, split once and walked once; nothing here looks at a byte a
second time for every header. What the transaction and dialog layers rely on is checked at
once: the start line, the mandatory headers, Contact, Route, Record-Route and the lengths.
"""

from __future__ import annotations

import re

from sidecar.sip.address import Address
from sidecar.sip.errors import ParseError
from sidecar.sip.grammar import TOKEN, WHITESPACE, breaks_line
from sidecar.sip.headers import Headers
from sidecar.sip.message import Request, Response

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

_LEADING_LINES = re.compile(rb"(?:\r\n)++")
_REQUEST_LINE = re.compile(rf"({TOKEN}) ([^\x00-\x20\x7f]++) [sS][iI][pP]/([0-9]++\.[0-9]++)")
_STATUS_LINE = re.compile(r"[sS][iI][pP]/2\.0 ([1-6][0-9][0-9]) (.*+)", re.DOTALL)
_BARE_NUL = re.compile(r"(?<!\\)\x00")
_NUMBER = re.compile(r"[0-9]{1,10}+")

_URI = re.compile(r"[^\x00-\x20\x7f]++")

UNREADABLE_URI = "sip:unreadable.invalid"
"""The Request-URI of a `MessageError.request` whose own can't be read."""

_MANDATORY = ("Via", "From", "To", "Call-ID", "CSeq")
_ONCE = frozenset(("From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length"))


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
    start_line, *lines = _lines(head)
    found = _REQUEST_LINE.fullmatch(start_line)
    if found is not None:
        method, uri, version = found.groups()
        if version != "2.0":
            raise MessageError(505, "Version Not Supported")
        headers = Headers.parse(lines)
        body = _body(headers, data, body_start)
        return _checked_request(Request(method, uri, headers, body))
    found = _STATUS_LINE.fullmatch(start_line)
    if found is None:
        raise ParseError("Malformed Start Line")
    headers = Headers.parse(lines)
    response = Response(int(found[1]), found[2], headers, _body(headers, data, body_start))
    _check(response)
    return response


def _lines(head: str) -> list[str]:
    """Split the head into unfolded lines and hold it against the limits."""
    lines = head.split("\r\n", MAX_LINES)
    if len(head) > MAX_HEAD or len(lines) > MAX_LINES:
        raise MessageError(513, "Message Too Large")
    if not head.count("\r") == head.count("\n") == len(lines) - 1:
        raise ParseError("CR Or LF Alone")
    if "\0" in head and _BARE_NUL.search(head):
        raise ParseError("NUL In Header")
    if "\r\n " in head or "\r\n\t" in head:
        lines = _unfold(lines)
    if len(lines) > MAX_HEADERS + 1 or (
        len(head) > MAX_LINE and max(len(line) for line in lines) > MAX_LINE
    ):
        raise MessageError(513, "Message Too Large")
    return lines


def _unfold(lines: list[str]) -> list[str]:
    """Join continuation lines with one space (RFC 3261 section 7.3.1)."""
    unfolded: list[list[str]] = []
    for number, line in enumerate(lines):
        if line[:1] not in (" ", "\t"):
            unfolded.append([line])
        elif number < 2:
            raise ParseError("Folded Start Line")
        elif stripped := line.strip(WHITESPACE):
            unfolded[-1].append(stripped)
    return [" ".join(parts) for parts in unfolded]


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


def _check(message: Request | Response) -> None:
    headers = message.headers
    for name in _MANDATORY:
        if not headers.get(name):
            raise ParseError(f"Missing {name}")
    repeated = headers.repeated(_ONCE)
    if repeated is not None:
        raise ParseError(f"Repeated {repeated}")
    # Reading the views is what checks them; they are remembered for those who ask later.
    _ = message.via, message.from_, message.to, message.cseq
    for text in headers.get_all("Contact"):
        Address.parse_list(text)
    for name in ("Route", "Record-Route"):
        for text in headers.get_all(name):
            Address.parse_list(text)


def _checked_request(request: Request) -> Request:
    _check(request)
    if request.cseq.method != request.method:
        raise ParseError("CSeq Method Differs")
    _ = request.target
    hops = request.headers.get("Max-Forwards")
    if hops is not None and (_NUMBER.fullmatch(hops) is None or int(hops) > 255):
        raise ParseError("Malformed Max-Forwards")
    return request


def _answerable(head: str) -> Request | None:
    """Return what can be answered of a refused head; reads a bounded part of it."""
    try:
        start_line, *lines = _unfold(head[:MAX_HEAD].split("\r\n", MAX_LINES)[:MAX_LINES])
        method, _, rest = start_line.partition(" ")
        if method[:4].upper() == "SIP/" or method == "ACK":
            return None
        uri = rest.rpartition(" ")[0]
        headers = _readable(lines[:MAX_HEADERS])
        request = Request(method, uri if _URI.fullmatch(uri) else UNREADABLE_URI, headers)
        _ = request.via
    except ValueError:
        return None
    return request if all(headers.get(name) for name in _MANDATORY) else None


def _readable(lines: list[str]) -> Headers:
    """Return the header lines that can be read; the first one of those that stand once."""
    items: list[tuple[str, str]] = []
    seen: set[str] = set()
    for line in lines:
        if breaks_line(line):
            continue
        try:
            ((name, value),) = Headers.parse((line,)).items()
        except ParseError:
            continue
        if name not in seen or name not in _ONCE:
            items.append((name, value))
            seen.add(name)
    return Headers.trusted(items)
