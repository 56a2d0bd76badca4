"""From bytes to messages: what is accepted, what is refused, and at what cost."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from re import _parser  # type: ignore[attr-defined]
from types import FrameType, ModuleType
from typing import Any

import pytest

from sidecar.calls.crossing import contact_seal, replaces
from sidecar.calls.legs import relay
from sidecar.sip import (
    address,
    canonical,
    claims,
    cseq,
    framing,
    grammar,
    message,
    parser,
    uri,
    via,
)
from sidecar.sip.message import Request, Response
from sidecar.sip.parser import MessageError, parse_message

MODULES = (
    grammar, uri, address, via, cseq, parser, framing, message, canonical, claims, contact_seal,
    replaces, relay,
)  # fmt: skip
HEADERS = (
    b"Via: SIP/2.0/UDP h;branch=z9hG4bKa\r\n"
    b"From: <sip:a@h>;tag=1\r\n"
    b"To: <sip:b@h>\r\n"
    b"Call-ID: c\r\n"
    b"CSeq: 1 OPTIONS\r\n"
)
OPTIONS = b"OPTIONS sip:b@h SIP/2.0\r\n" + HEADERS


def with_header(name: bytes, line: bytes) -> bytes:
    """An OPTIONS in which one header's line is another."""
    lines = [line if kept.startswith(name) else kept for kept in OPTIONS.split(b"\r\n")]
    return b"\r\n".join(lines) + b"\r\n"


def refusal(data: bytes) -> MessageError:
    with pytest.raises(MessageError) as refused:
        parse_message(data)
    return refused.value


def test_a_request_is_read() -> None:
    request = parse_message(OPTIONS + b"Content-Length: 4\r\n\r\nbody")

    assert isinstance(request, Request)
    assert (request.method, request.uri, request.body) == ("OPTIONS", "sip:b@h", b"body")


def test_a_response_is_read() -> None:
    response = parse_message(b"SIP/2.0 183 Session Progress\r\n" + HEADERS + b"\r\n")

    assert isinstance(response, Response)
    assert (response.status, response.reason, response.body) == (183, "Session Progress", b"")


def test_a_memoryview_will_do() -> None:
    assert parse_message(memoryview(OPTIONS + b"\r\nbody")).body == b"body"


def test_line_ends_before_the_start_line_are_passed_over() -> None:
    assert parse_message(b"\r\n\r\n\r\n" + OPTIONS + b"\r\n").call_id == "c"


def test_the_version_is_read_without_regard_to_case() -> None:
    request = parse_message(OPTIONS.replace(b" SIP/2.0\r\n", b" sip/2.0\r\n", 1) + b"\r\n")

    assert request.encode().startswith(b"OPTIONS sip:b@h SIP/2.0\r\n")


def test_headers_hold_any_bytes() -> None:
    line = b'Subject: \xff\xfe\x80 \xc3\xa9\x01"\\\x00"'

    request = parse_message(OPTIONS + line + b"\r\n\r\n")

    assert line in request.encode()


@pytest.mark.parametrize(
    "start_line",
    [
        b"",
        b"OPTIONS",
        b"OPTIONS sip:b@h",
        b"OPTIONS sip:b@h SIP/2.0 ",
        b" OPTIONS sip:b@h SIP/2.0",
        b"OPTIONS  sip:b@h SIP/2.0",
        b"OPTIONS sip:b@h  SIP/2.0",
        b"OPTIONS\tsip:b@h SIP/2.0",
        b"OPTIONS sip:b@h SIP/2.0x",
        b"OPTIONS sip:b@h SIP/2",
        b"OPTIONS sip:b@h HTTP/1.1",
        b"OPTIONS sip:b @h SIP/2.0",
        b"OPTI\xc3\x96NS sip:b@h SIP/2.0",
        b"OPTIONS sip:b\x7f@h SIP/2.0",
        b"SIP/2.0",
        b"SIP/2.0 200",
        b"SIP/2.0  200 OK",
        b"SIP/2.0 20 OK",
        b"SIP/2.0 2000 OK",
        b"SIP/2.0 099 OK",
        b"SIP/2.0 700 OK",
        b"SIP/2.0 -20 OK",
        b"SIP/2.0 \xd9\xa3\xd9\xa3\xd9\xa3 OK",
        b"SIP/3.0 200 OK",
        b"OPTIONS sip:b@h SIP/2.0\r\n folded",
    ],
)
def test_a_start_line_is_taken_strictly(start_line: bytes) -> None:
    assert refusal(start_line + b"\r\n" + HEADERS + b"\r\n").status == 400


def test_another_version_is_answered_with_505() -> None:
    error = refusal(b"OPTIONS sip:b@h SIP/2.1\r\n" + HEADERS + b"\r\n")

    assert (error.status, error.reason) == (505, "Version Not Supported")
    assert error.request is not None


@pytest.mark.parametrize("uri", [b"<sip:b@h>", b"b@h", b"sip:b@h;", b"sip:h:70000", b"tel:x"])
def test_a_malformed_request_uri_is_refused(uri: bytes) -> None:
    error = refusal(OPTIONS.replace(b"sip:b@h SIP", uri + b" SIP", 1) + b"\r\n")

    assert error.status == 400
    assert error.request is not None


@pytest.mark.parametrize("uri", ["tel:+44;ext=1", "sips:h", "urn:service:sos", "sip:[::1]:5070"])
def test_any_absolute_request_uri_is_handed_up(uri: str) -> None:
    request = parse_message(OPTIONS.replace(b"sip:b@h SIP", uri.encode() + b" SIP", 1) + b"\r\n")

    assert isinstance(request, Request)
    assert str(request.target) == uri


@pytest.mark.parametrize("name", [b"Via", b"From", b"To", b"Call-ID", b"CSeq"])
def test_each_mandatory_header_is_missed(name: bytes) -> None:
    for line in (b"Subject: x", name + b":", name + b": \t"):
        error = refusal(with_header(name, line))
        assert error.status == 400
    assert refusal(with_header(name, b"Subject: x")).reason == f"Missing {name.decode()}"
    assert refusal(with_header(name, b"Subject: x")).request is None


@pytest.mark.parametrize(
    "line",
    [
        b"From: <sip:x@h>",
        b"f: <sip:x@h>",
        b"t: <sip:x@h>",
        b"I: d",
        b"CSeq: 1 OPTIONS",
        b"Max-Forwards: 1\r\nMax-Forwards: 1",
        b"Content-Length: 0\r\nl: 0",
    ],
)
def test_what_may_stand_once_is_refused_twice(line: bytes) -> None:
    error = refusal(OPTIONS + line + b"\r\n\r\n")

    assert error.status == 400
    assert error.reason.startswith("Repeated ")
    assert error.request is not None
    assert error.request.headers.get("From") == "<sip:a@h>;tag=1"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (b"Via", b"Via: SIP/2.0/UDP"),
        (b"From", b"From: a@h"),
        (b"From", b"From: *"),
        (b"From", b"From: <sip:a@h>, <sip:b@h>"),
        (b"To", b'To: "open <sip:b@h>'),
        (b"CSeq", b"CSeq: x OPTIONS"),
        (b"CSeq", b"CSeq: 1 INVITE"),
        (b"CSeq", b"CSeq: 1 options"),
        (b"CSeq", b"CSeq: 1 OPTIONS\r\nContact: b@h"),
        (b"CSeq", b"CSeq: 1 OPTIONS\r\nContact:"),
        (b"CSeq", b"CSeq: 1 OPTIONS\r\nContact: <sip:b@h>, oops"),
        (b"CSeq", b"CSeq: 1 OPTIONS\r\nContact: <sip:b@h>\r\nContact: oops"),
        (b"CSeq", b"CSeq: 1 OPTIONS\r\nRoute: oops"),
        (b"CSeq", b"CSeq: 1 OPTIONS\r\nRecord-Route: <sip:r>;;lr"),
        (b"CSeq", b"CSeq: 1 OPTIONS\r\nMax-Forwards: 256"),
        (b"CSeq", b"CSeq: 1 OPTIONS\r\nMax-Forwards: -1"),
        (b"CSeq", b"CSeq: 1 OPTIONS\r\nMax-Forwards: "),
        (b"CSeq", b"CSeq: 1 OPTIONS\r\nno colon"),
        (b"CSeq", b"CSeq: 1 OPTIONS\r\nBad Name: x"),
    ],
)
def test_a_malformed_header_that_matters_is_refused(name: bytes, line: bytes) -> None:
    assert refusal(with_header(name, line)).status == 400


@pytest.mark.parametrize(
    "line",
    [b"Contact: *", b'm: "a, b" <sip:x@h>, "c" <sip:y@h>;q=1', b"Route: <sip:r;lr>, <sip:s;lr>"],
)
def test_address_lists_are_accepted(line: bytes) -> None:
    assert parse_message(OPTIONS + line + b"\r\n\r\n").call_id == "c"


@pytest.mark.parametrize(
    ("length", "body"),
    [(b"0", b""), (b"2", b"bo"), (b"4", b"body"), (b"0004", b"body"), (b"4 ", b"body")],
)
def test_a_body_is_as_long_as_its_header_says(length: bytes, body: bytes) -> None:
    data = OPTIONS + b"Content-Length: " + length + b"\r\n\r\nbody"

    assert parse_message(data).body == body


def test_without_content_length_the_body_is_the_rest_of_the_datagram() -> None:
    assert parse_message(OPTIONS + b"\r\nbody\r\n\r\n").body == b"body\r\n\r\n"


@pytest.mark.parametrize(
    "length", [b"5", b"-1", b"+4", b"4.0", b"0x4", b"4_0", b"", b"4, 4", b"\xd9\xa4", b"9" * 5000]
)
def test_a_content_length_that_is_not_true_is_refused(length: bytes) -> None:
    error = refusal(OPTIONS + b"Content-Length: " + length + b"\r\n\r\nbody")

    assert error.status == 400
    assert error.request is not None


@pytest.mark.parametrize(
    "hidden",
    [b"Subject: a\nX-Record: on", b"Subject: a\rX-Record: on", b"Subject: a\x00b", b"\rTo: x"],
)
def test_a_line_break_that_others_might_see_is_refused(hidden: bytes) -> None:
    error = refusal(OPTIONS + hidden + b"\r\n\r\n")

    assert error.status == 400
    assert error.request is not None
    assert "X-Record" not in error.request.headers
    assert "Subject" not in error.request.headers


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r\n\r\n", b"\0\0", OPTIONS, b"\r\n\r\n\r\n\r\n"])
def test_what_has_no_head_is_refused_and_not_answered(data: bytes) -> None:
    error = refusal(data)

    assert error.status == 400
    assert error.request is None


def test_neither_a_response_nor_an_ack_is_answered() -> None:
    ack = OPTIONS.replace(b"OPTIONS", b"ACK") + b"Content-Length: x\r\n\r\n"
    response = b"SIP/2.0 200 OK\r\n" + HEADERS + b"Content-Length: x\r\n\r\n"

    assert refusal(ack).request is None
    assert refusal(response).request is None


def test_a_request_without_a_readable_uri_is_answered_all_the_same() -> None:
    error = refusal(b"OPTIONS\r\n" + HEADERS + b"\r\n")

    assert error.request is not None
    assert error.request.uri == parser.UNREADABLE_URI


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (OPTIONS + b"\r\n" + b"x" * parser.MAX_MESSAGE, "Message Too Large"),
        (OPTIONS + b"a: b\r\n" * 124 + b"\r\n", "Too Many Headers"),
        (OPTIONS + b"a: b\r\n" + b" c\r\n" * 600 + b"\r\n", "Message Too Large"),
        (OPTIONS + b"a: " + b"b" * parser.MAX_LINE + b"\r\n\r\n", "Header Too Long"),
        (OPTIONS + (b"a: " + b"b" * 7000 + b"\r\n") * 5 + b"\r\n", "Message Too Large"),
        (OPTIONS + b"a: b\r\n" + (b" " + b"c" * 100 + b"\r\n") * 90 + b"\r\n", "Header Too Long"),
    ],
)
def test_counts_and_sizes_are_bounded(data: bytes, reason: str) -> None:
    error = refusal(data)

    assert (error.status, error.reason) == (513, reason)


def test_a_request_line_that_is_too_long_is_answered_with_414() -> None:
    error = refusal(OPTIONS.replace(b"sip:b@h", b"sip:" + b"b" * 9000 + b"@h", 1) + b"\r\n")

    assert (error.status, error.reason) == (414, "Request-URI Too Long")
    assert error.request is not None


def test_the_bounds_leave_room_for_a_large_but_honest_message() -> None:
    data = OPTIONS + b"a: b\r\n" * 122 + b"Identity: " + b"x" * 8000 + b"\r\n\r\n"

    assert len(parse_message(data).headers) == parser.MAX_HEADERS


@pytest.mark.parametrize(
    "name",
    [b"Refer-To", b"Referred-By", b"P-Asserted-Identity", b"Diversion", b"Remote-Party-ID", b"r"],
)
@pytest.mark.parametrize("value", [b"<sip:1%00@x>", b"sip:1%0a@x", b'"<" <sip:a@b>, <sip:%ff@x>'])
def test_a_uri_that_means_a_control_character_is_refused_wherever_it_stands(
    name: bytes, value: bytes
) -> None:
    refused = refusal(OPTIONS + name + b": " + value + b"\r\n\r\n")

    assert refused.status == 400
    assert refused.request is not None


def test_what_only_can_t_be_read_there_is_no_reason_to_refuse() -> None:
    request = parse_message(OPTIONS + b'P-Asserted-Identity: "%" <<<\r\n\r\n')

    assert request.headers.get("P-Asserted-Identity") == '"%" <<<'


@pytest.mark.parametrize(
    "line",
    [
        b"Contact: <sip:%00@x>",
        b"Contact: <<",
        b"Record-Route: <sip:%0a@x>",
        b"Diversion: <sip:%7f@x>",
    ],
)
def test_of_a_response_what_can_t_be_read_is_left_out(line: bytes) -> None:
    response = parse_message(b"SIP/2.0 200 OK\r\n" + HEADERS + line + b"\r\n\r\n")

    assert line.partition(b":")[0].decode() not in response.headers


@pytest.mark.parametrize("line", [b"From: <sip:%00@h>;tag=1", b"To: <sip:b%0a@h>"])
def test_a_response_to_nobody_that_can_be_read_is_refused(line: bytes) -> None:
    name = line.partition(b":")[0]
    head = b"SIP/2.0 200 OK\r\n" + b"".join(
        (line if kept.startswith(name) else kept) + b"\r\n" for kept in HEADERS.split(b"\r\n")[:-1]
    )

    assert refusal(head + b"\r\n").request is None


def work(data: bytes) -> int:
    """Count the calls, of Python and C, that reading these bytes takes."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        parse_message(data)
    except MessageError:
        pass
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize(
    "line",
    [
        b"Via: SIP/2.0/UDP h;branch=z9hG4bKa",
        b"X-Unknown-%d: value",
        b'Contact: "a, b" <sip:a@h>;q=1, <sip:b@h>',
        b"Route: <sip:r;lr>",
        b"no colon %d",
    ],
)
def test_the_work_grows_no_faster_than_the_number_of_lines(line: bytes) -> None:
    def lines(count: int) -> bytes:
        text = b"".join(line.replace(b"%d", b"%d" % i) + b"\r\n" for i in range(count))
        return OPTIONS + text + b"\r\n"

    work(lines(120))  # names that are new cost more when first seen
    base = work(lines(0))
    few, many = work(lines(12)) - base, work(lines(120)) - base

    assert many <= 12 * few


@pytest.mark.parametrize("module", MODULES)
def test_no_pattern_can_backtrack(module: ModuleType) -> None:
    """The count of calls can't see into a regular expression: every loop must be possessive."""
    patterns = [value for value in vars(module).values() if isinstance(value, re.Pattern)]

    for pattern in patterns:
        flags = pattern.flags & ~re.UNICODE
        assert "MAX_REPEAT" not in loops(_parser.parse(pattern.pattern, flags)), pattern.pattern


def loops(parsed: Iterable[Any]) -> set[str]:
    """The kinds of repetition with no small bound in a parsed regular expression."""
    found = set()
    for node in parsed:
        if isinstance(node, tuple) and str(node[0]).endswith("_REPEAT") and node[1][1] > 8:
            found.add(str(node[0]))
        if isinstance(node, tuple | list | _parser.SubPattern):
            found |= loops(node)
    return found


@pytest.mark.parametrize(
    "hostile",
    [
        b"OPTIONS sip:a@b SIP/2.0\r\n" + b"a:b\r\n" * 9000 + b"\r\n",
        OPTIONS + b"a:b\r\n" * 9000 + b"\r\n",
        OPTIONS + b"a:b\r\n" + b" \r\n" * 20000 + b"\r\n",
        b"\r\n" * 30000 + OPTIONS + b"\r\n",
        OPTIONS + b"Route: " + b"," * 8000 + b"\r\n\r\n",
        OPTIONS + b"Route: " + b'"' * 8000 + b"\r\n\r\n",
        OPTIONS + b"Route: " + b"<" * 8000 + b",\r\n\r\n",
        OPTIONS + b'Route: ,"' + b'\\"' * 4000 + b"\r\n\r\n",
        OPTIONS + b"Route: " + b"<sip:r>;" * 1000 + b"\r\n\r\n",
        OPTIONS + b'Contact: "' + b"\\" * 8001 + b"\r\n\r\n",
        OPTIONS + b"Contact: sip:" + b"@" * 8000 + b"\r\n\r\n",
        OPTIONS + b"Contact: <sip:a@" + b"a." * 4000 + b">\r\n\r\n",
        OPTIONS + b"Contact: <sip:a@" + b"a-" * 4000 + b"%>\r\n\r\n",
        OPTIONS + b"Contact: <sip:a@h" + b";a=b" * 1900 + b">\r\n\r\n",
        OPTIONS + b"Subject: " + b" " * 8000 + b"x\r\n\r\n",
    ],
)
def test_a_hostile_datagram_costs_a_bounded_amount_of_work(hostile: bytes) -> None:
    honest = work(OPTIONS + b"a: b\r\n" * 100 + b"\r\n")

    assert len(hostile) <= parser.MAX_MESSAGE
    assert work(hostile) < 60 * honest
