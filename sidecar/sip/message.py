"""SIP requests and responses (RFC 3261 section 7)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from sidecar.sip.address import Address
from sidecar.sip.cseq import CSeq
from sidecar.sip.errors import ParseError
from sidecar.sip.grammar import TOKEN, breaks_line, is_token, split_values
from sidecar.sip.headers import Headers
from sidecar.sip.reasons import REASONS
from sidecar.sip.uri import Uri
from sidecar.sip.via import Via

_Value = TypeVar("_Value")
_COPIED = frozenset(("Via", "From", "To", "Call-ID", "CSeq"))
_METHOD_AND_URI = re.compile(rf"{TOKEN} [^\x00-\x20\x7f]++")


class Message:
    """What requests and responses have in common.

    The typed views (`via`, `from_`, ...) read their header when first asked and remember the
    answer for as long as that header's value stays. They raise ParseError where the header is
    missing or malformed, which can't be for a message that `parse_message` returned.
    """

    __slots__ = ("_views", "body", "headers")

    headers: Headers
    body: bytes

    def __init__(self, headers: Headers, body: bytes = b"") -> None:
        self.headers = headers
        self.body = body
        self._views: dict[str, tuple[str, object]] = {}

    def _view(self, name: str, parse: Callable[[str], _Value]) -> _Value:
        text = self.headers.get(name)
        if text is None:
            raise ParseError(f"no {name} header")
        seen = self._views.get(name)
        if seen is not None and seen[0] is text:
            return seen[1]  # type: ignore[return-value]
        value = parse(text)
        self._views[name] = (text, value)
        return value

    @property
    def via(self) -> Via:
        """The top Via: who sent this message, or is to get this response."""
        return self._view("Via", _first_via)

    @property
    def call_id(self) -> str:
        """The Call-ID as it came; compared byte for byte (RFC 3261 section 20.8)."""
        return self._view("Call-ID", str)

    @property
    def cseq(self) -> CSeq:
        """The sequence number and the method."""
        return self._view("CSeq", CSeq.parse)

    @property
    def from_(self) -> Address:
        """The logical sender of the request."""
        return self._view("From", Address.parse)

    @property
    def contact(self) -> Address | None:
        """The first Contact, or None; `*` comes as an address whose `wildcard` is true."""
        if self.headers.get("Contact") is None:
            return None
        return self._view("Contact", _first_address)

    @property
    def from_tag(self) -> str | None:
        """The tag of From; RFC 2543 peers may send none."""
        return self.from_.tag

    @property
    def to(self) -> Address:
        """The logical recipient of the request."""
        return self._view("To", Address.parse)

    @property
    def to_tag(self) -> str | None:
        """The tag of To; none where no dialog exists yet."""
        return self.to.tag

    def _encode(self, start_line: str) -> bytes:
        lines = [
            f"{name}: {value}" for name, value in self.headers.items() if name != "Content-Length"
        ]
        text = "\r\n".join((start_line, *lines, f"Content-Length: {len(self.body)}", "", ""))
        # The start line and every value were checked where they were set; this counts once
        # more what goes out, so that no way around those checks can add a line.
        if not text.count("\r") == text.count("\n") == len(lines) + 3:
            raise ValueError("a line break inside a header or the start line")
        return text.encode("utf-8", "surrogateescape") + self.body


class Request(Message):
    """A request. `uri` is the Request-URI as it came; `target` is the same, read."""

    __slots__ = ("_target", "method", "uri")

    def __init__(self, method: str, uri: str, headers: Headers, body: bytes = b"") -> None:
        """Make a request; raises ValueError for what can't stand in a request line."""
        if _METHOD_AND_URI.fullmatch(f"{method} {uri}") is None:
            raise ValueError("a method is a token, a URI has no spaces or control characters")
        super().__init__(headers, body)
        self.method = method
        self.uri = uri
        self._target: Uri | None = None

    @property
    def target(self) -> Uri:
        """The Request-URI, read; raises ParseError (never for a received message)."""
        if self._target is None:
            self._target = Uri.parse(self.uri)
        return self._target

    def encode(self) -> bytes:
        """Write the message with the Content-Length of its body; raises ValueError."""
        return self._encode(f"{self.method} {self.uri} SIP/2.0")

    def __repr__(self) -> str:
        return f"<Request {self.method}>"


def respond(
    request: Request, status: int, reason: str | None = None, to_tag: str | None = None
) -> Response:
    """Make the response to a request (RFC 3261 section 8.2.6).

    Every Via line, From, To, Call-ID and CSeq are copied as they came, and Timestamp into a
    100. `to_tag` is added to a To that has none. `reason` defaults to the registered phrase.
    Raises ValueError for a tag that is no token or a reason of more than one line.
    """
    if to_tag is not None and not is_token(to_tag):
        raise ValueError("a tag is a token")
    items: list[tuple[str, str]] = []
    for name, value in request.headers.items():
        if name in _COPIED or (status == 100 and name == "Timestamp"):
            if name == "To" and to_tag is not None and _wants_tag(request):
                value = f"{value};tag={to_tag}"
            items.append((name, value))
    return Response(
        status, REASONS.get(status, "") if reason is None else reason, Headers.trusted(items)
    )


def _wants_tag(request: Request) -> bool:
    """False also for a refused request whose To can't be read: it goes back as it came."""
    try:
        return request.to_tag is None
    except ParseError:
        return False


class Response(Message):
    """A response. `reason` may be empty and may hold any bytes."""

    __slots__ = ("reason", "status")

    def __init__(self, status: int, reason: str, headers: Headers, body: bytes = b"") -> None:
        """Make a response; raises ValueError for what can't stand in a status line."""
        if not 100 <= status <= 699:
            raise ValueError("a status is 100 to 699")
        if breaks_line(reason):
            raise ValueError("a reason phrase is one line")
        super().__init__(headers, body)
        self.status = status
        self.reason = reason

    def encode(self) -> bytes:
        """Write the message with the Content-Length of its body; raises ValueError."""
        return self._encode(f"SIP/2.0 {self.status} {self.reason}")

    def __repr__(self) -> str:
        return f"<Response {self.status}>"


def _first_via(text: str) -> Via:
    return Via.parse(next(iter(split_values(text)), "") if "," in text else text)


def _first_address(text: str) -> Address:
    return Address.parse_list(text)[0]
