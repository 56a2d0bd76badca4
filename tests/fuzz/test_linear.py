"""Twice as much input is twice as much work: counted in lines of the sidecar, not in seconds.

Each family grows one thing that a peer can make many of. What is done within one line by C (regular
expressions above all) is not counted here: `test_patterns.py` measures that.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import sidecar
from sidecar.calls.crossing.bodies import description
from sidecar.calls.crossing.header_policy import flaw, passed
from sidecar.calls.crossing.methods import Way, refusal
from sidecar.numbers import read_number
from sidecar.recorders.asterisk.wire.protocol import Framer
from sidecar.rtp.rtcp import translate
from sidecar.sip.address import Address
from sidecar.sip.canonical import IN_REQUEST_URI, written_uri
from sidecar.sip.errors import ParseError
from sidecar.sip.framing import StreamFramer
from sidecar.sip.headers import Headers
from sidecar.sip.history import history
from sidecar.sip.message import Request
from sidecar.sip.parser import MessageError, parse_message
from sidecar.sip.sdp import Origin, SdpError, SessionDescription, anchor, fitted, narrow
from sidecar.sip.uri import Uri

PACKAGE = str(Path(sidecar.__file__).parent)
OURS = Origin("-", 7, 1, "IN", "IP4", "203.0.113.7")
SDP = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
HEAD = (
    "INVITE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:a@h>;tag=1\r\n"
    "To: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
)


def work(do: Callable[[], object]) -> int:
    """How many lines of the sidecar are run."""
    count = 0

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        do()
    finally:
        sys.settrace(before)
    return count


def message(text: str) -> None:
    """Read a message and write what crosses of it."""
    try:
        read = parse_message(text.encode("utf-8", "surrogateescape"))
    except MessageError as error:
        if error.request is not None:
            error.request.encode()
        return
    assert isinstance(read, Request)
    flaw(read.headers)
    refusal(read, Way(sender_trusted=False, trunk_trusted=False))
    passed(read.headers, trusted=True)
    history(read)
    read.encode()


def sdp(text: str) -> None:
    """Read a description, write it with our address, and as its own answer."""
    try:
        read = SessionDescription.parse(text.encode())
    except SdpError:
        return
    anchor(fitted(read, read), address=OURS.address, ports=range(2, 99, 2), origin=OURS).encode()
    narrow(read, frozenset({"PCMA"}))


def body(text: str) -> None:
    """Look for a description in a body of several parts."""
    kind = [("Content-Type", "multipart/mixed;boundary=b")]
    try:
        description(Request("INVITE", "sip:a@b", Headers(kind), text.encode()))
    except SdpError:
        return


def uri(text: str) -> None:
    """Read a URI and write it."""
    try:
        written_uri(Uri.parse(text), IN_REQUEST_URI)
    except ParseError:
        return


def address(text: str) -> None:
    """Read addresses."""
    try:
        for each in Address.parse_list(text):
            str(each)
    except ParseError:
        return


def stream(text: str) -> None:
    """Take a stream in small pieces."""
    framer = StreamFramer()
    data = text.encode()
    for start in range(0, len(data), 16):
        framer.feed(data[start : start + 16])


def manager(text: str) -> None:
    """Take a manager's messages in small pieces."""
    framer = Framer()
    data = ("Asterisk Call Manager/9\r\n" + text).encode()
    for start in range(0, len(data), 16):
        framer.feed(data[start : start + 16])


def rtcp(text: str) -> None:
    """Translate a compound packet."""
    translate(text.encode("latin-1"), None, None)


def number(text: str) -> None:
    """Read a number."""
    read_number(text, "DE")


def head(more: str) -> str:
    """A message with more header lines."""
    return f"{HEAD}{more}\r\n"


FAMILIES: dict[str, tuple[Callable[[str], None], Callable[[int], str], int]] = {
    "nested quotes": (address, lambda n: '"' + '\\"' * n + '" <sip:a@b>', 1000),
    "quotes that never close": (address, lambda n: '"a" ' * n + "<sip:a@b>", 1000),
    "brackets": (address, lambda n: "<" * n + "sip:a@b" + ">" * n, 1000),
    "commas": (address, lambda n: "<sip:a@b>," * n, 200),
    "parameters of an address": (address, lambda n: "<sip:a@b>" + ";a=b" * n, 500),
    "parameters of a URI": (uri, lambda n: "sip:a@b" + ";a=b" * n, 500),
    "the same parameter": (uri, lambda n: "sip:a@b" + ";cause=302" * n, 300),
    "headers of a URI": (uri, lambda n: "sip:a@b?" + "&".join(["a=b"] * n), 500),
    "escapes": (uri, lambda n: "sip:" + "%41" * n + "@b", 500),
    "targets in targets": (uri, lambda n: "sip:a@b" + ";target=sip:a@b%3Btarget" * n, 100),
    "parameters within a user part": (uri, lambda n: "sip:1" + ";ext=5" * n + "@b", 300),
    "header lines": (message, lambda n: head("Subject: x\r\n" * n), 55),
    "one header in many lines": (message, lambda n: head("Require: 100rel\r\n" * n), 55),
    "lists in one line": (message, lambda n: head("Allow: " + "INVITE, " * n + "\r\n"), 400),
    "Via in one line": (
        message,
        lambda n: head("Via: " + "SIP/2.0/UDP h;branch=z, " * n + "\r\n"),
        150,
    ),
    "Record-Route": (message, lambda n: head("Record-Route: " + "<sip:h;lr>, " * n + "\r\n"), 300),
    "History-Info": (
        message,
        lambda n: head("History-Info: " + "<sip:h>;index=1, " * n + "\r\n"),
        200,
    ),
    "folded lines": (message, lambda n: head("Subject: x\r\n" + " y\r\n" * n), 200),
    "comments": (message, lambda n: head("Retry-After: 5 " + "(" * n + ")" * n + "\r\n"), 1000),
    "warnings": (message, lambda n: head("Warning: " + '304 a "b", ' * n + "\r\n"), 300),
    "credentials": (
        message,
        lambda n: head("Authorization: Digest " + 'a="b", ' * n + "\r\n"),
        400,
    ),
    "media lines": (sdp, lambda n: SDP + "m=audio 4000 RTP/AVP 0 8\r\n" * n, 15),
    "attributes": (
        sdp,
        lambda n: SDP + "m=audio 4000 RTP/AVP 0\r\n" + "a=gpmd:0 vbd=yes\r\n" * n,
        100,
    ),
    "different attributes": (
        sdp,
        lambda n: (
            SDP
            + "m=video 4000 RTP/AVP 34\r\n"
            + "".join(f"a=rtcp-fb:34 x{i}\r\n" for i in range(n))
        ),
        100,
    ),
    "formats": (
        sdp,
        lambda n: SDP + "m=audio 4000 RTP/AVP" + "".join(f" {i}" for i in range(n)) + "\r\n",
        60,
    ),
    "rtpmaps of one format": (
        sdp,
        lambda n: SDP + "m=audio 4000 RTP/AVP 96\r\n" + "a=rtpmap:96 opus/48000/2\r\n" * n,
        100,
    ),
    "lines of the session": (sdp, lambda n: SDP + "a=sendrecv\r\n" * n, 100),
    "parts": (body, lambda n: "--b\r\n\r\nx\r\n" * n + "--b--\r\n", 7),
    "headers of a part": (
        body,
        lambda n: "--b\r\n" + "".join(f"x{i}: y\r\n" for i in range(n)) + "\r\nx\r\n--b--",
        500,
    ),
    "pings": (stream, lambda n: "\r\n\r\n" * n, 1000),
    "a head in pieces": (stream, lambda n: head("l: 0\r\n" + "X: y\r\n" * n), 500),
    "messages of the manager": (manager, lambda n: "Event: X\r\n\r\n" * n, 300),
    "a line of the manager": (manager, lambda n: "Event: " + "x" * n, 5000),
    "lines of the manager": (manager, lambda n: "Event: X\r\n" + "Output: y\r\n" * n, 300),
    "reports": (rtcp, lambda n: "\x80\xc9\x00\x01\x00\x00\x00\x01" * n, 100),
    "digits": (number, lambda n: "1" * n, 1000),
    "separators": (number, lambda n: "1-(" * n, 1000),
}  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_twice_as_much_is_twice_the_work(family: str) -> None:
    read, make, size = FAMILIES[family]
    read(make(1))  # what is done once is done

    once, twice = (work(lambda size=size: read(make(size))) for size in (size, 2 * size))

    assert twice <= 2.2 * once + 50
    assert once > 0


def test_work_that_grows_faster_is_seen() -> None:
    """The test itself: reading each beginning of a list anew is no work that grows evenly."""

    def anew(size: int) -> None:
        for end in range(size):
            Address.parse_list("<sip:a@b>," * (end + 1))

    once, twice = (work(lambda size=size: anew(size)) for size in (20, 40))

    assert twice > 2.2 * once + 50
