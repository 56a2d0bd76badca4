"""What holds for any bytes at all.

The examples are the same in every run; `python -m pytest --hypothesis-seed=N` with
`HYPOTHESIS_EXAMPLES=100000` in the environment searches further.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.sip.address import Address, is_plain
from sidecar.sip.errors import ParseError
from sidecar.sip.framing import FramingError, StreamFramer
from sidecar.sip.grammar import split_values
from sidecar.sip.message import Request, Response, respond
from sidecar.sip.parser import MessageError, parse_message
from sidecar.sip.uri import PLAIN_SIP, Uri
from sidecar.sip.via import Via

MANY = int(os.environ.get("HYPOTHESIS_EXAMPLES", "300"))
fuzz = settings(
    max_examples=MANY,
    deadline=None,
    derandomize="HYPOTHESIS_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

PIECES = st.sampled_from(
    [
        *'<>@:;,=?&%"\\/[]()*#+-._ \t0aZ\x00\x01\x7f\xe9\udcff',
        *("sip:", "sips:", "tel:", "SIP/2.0/UDP ", "host", "pbx1", "10.0.0.1", "[::1]", ":5060"),
        *(";tag=1", ";lr", '"A, B" ', "user", "%41", ":65536", "..", "\\\x00", "1 ", "INVITE"),
    ]
)
TEXT = st.lists(PIECES, max_size=12).map("".join)
EDITS = st.lists(
    st.tuples(
        st.integers(0, 1500),
        st.integers(0, 12),
        st.one_of(st.binary(max_size=6), TEXT.map(lambda t: t.encode("utf-8", "surrogateescape"))),
    ),
    max_size=4,
)
INVITE = (
    b"INVITE sip:b@h;lr SIP/2.0\r\nVia: SIP/2.0/UDP h:5060;branch=z9hG4bKa;rport\r\n"
    b'From: "A" <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c@h\r\nCSeq: 1 INVITE\r\n'
    b"Contact: <sip:a@h:5060>\r\nRecord-Route: <sip:r;lr>\r\nMax-Forwards: 70\r\n"
    b"Subject:\r\n folded\r\nContent-Length: 4\r\n\r\nbody"
)


def assert_all_can_be_read(message: Request | Response) -> None:
    _ = message.via, message.from_, message.to, message.cseq, message.call_id, message.contact
    _ = message.from_tag, message.to_tag
    for name in ("Contact", "Route", "Record-Route"):
        for line in message.headers.get_all(name):
            Address.parse_list(line)
    if isinstance(message, Request):
        _ = message.target


def assert_answerable(refusal: MessageError) -> None:
    assert 400 <= refusal.status <= 599
    if refusal.request is not None:
        answer = respond(refusal.request, refusal.status, refusal.reason, "t").encode()
        assert answer.count(b"\n") == answer.count(b"\r") == answer.count(b"\r\n")


def assert_safe(data: bytes) -> None:
    """Whatever came: a message that can be used and written, or a refusal that can be."""
    try:
        message = parse_message(data)
    except MessageError as error:
        assert_answerable(error)
        return
    assert_all_can_be_read(message)
    again = parse_message(message.encode())
    kept = [item for item in message.headers.items() if item[0] != "Content-Length"]
    assert [item for item in again.headers.items() if item[0] != "Content-Length"] == kept
    assert again.body == message.body
    if isinstance(message, Request):
        assert_all_can_be_read(parse_message(respond(message, 200, to_tag="t").encode()))


@fuzz
@given(st.binary(max_size=400))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    assert_safe(data)
    assert_safe(b"OPTIONS sip:h SIP/2.0\r\n" + data + b"\r\n\r\n")
    assert_safe(INVITE.replace(b"folded", data))


@fuzz
@given(EDITS)
def test_a_damaged_message_is_a_message_or_refused(edits: list[tuple[int, int, bytes]]) -> None:
    data = INVITE
    for position, length, piece in edits:
        position %= len(data) + 1
        data = data[:position] + piece + data[position + length :]

    assert_safe(data)


@pytest.mark.parametrize("rfc", ["rfc4475", "rfc5118"])
def test_a_torture_message_cut_anywhere_is_a_message_or_refused(
    rfc: str,
    torture: Callable[[str, str], bytes],
    torture_names: Callable[[str], set[str]],
) -> None:
    for name in torture_names(rfc):
        data = torture(rfc, name)
        for end in range(0, len(data), 7):
            assert_safe(data[:end])
            assert_safe(data[:end] + b"\r\n\r\n")


@fuzz
@given(st.binary(max_size=60))
def test_header_values_keep_every_byte(value: bytes) -> None:
    value = re.sub(rb"[\r\n\x00]", b"", value).strip(b" \t")
    line = b"Subject: " + value + b"\r\n"

    message = parse_message(INVITE.replace(b"Subject:\r\n folded\r\n", line))

    assert line in message.encode()


@fuzz
@given(TEXT)
def test_a_uri_that_is_read_is_written_to_read_the_same(text: str) -> None:
    plain = re.fullmatch(PLAIN_SIP, text)
    try:
        uri = Uri.parse(text)
    except ParseError:
        assert not plain
        return

    assert Uri.parse(str(uri)) == uri
    assert uri.equivalent(uri)
    _ = uri.user_unescaped


@fuzz
@given(TEXT, TEXT, TEXT)
def test_an_address_that_is_read_is_written_to_read_the_same(
    before: str, uri: str, after: str
) -> None:
    for text in (before, f"{before}<sip:{uri}>{after}", f"<sip:a@h>{after}", f"sip:h{after}"):
        try:
            address = Address.parse(text)
        except ParseError:
            assert not is_plain(text)
            continue
        assert Address.parse(str(address)) == address


@fuzz
@given(TEXT, TEXT)
def test_a_via_that_is_read_is_written_to_read_the_same(host: str, after: str) -> None:
    for text in (host, f"SIP/2.0/UDP {host}{after}", f"SIP/2.0/UDP h{after}"):
        with suppress(ParseError):
            via = Via.parse(text)
            assert Via.parse(str(via)) == via
            _ = via.rport, via.received, via.branch


@fuzz
@given(TEXT)
def test_splitting_values_loses_nothing_but_spaces_and_commas(text: str) -> None:
    values = split_values(text)

    assert re.sub("[ \t,]", "", "".join(values)) == re.sub("[ \t,]", "", text)
    assert all(values)


@fuzz
@given(st.lists(st.integers(0, 40), max_size=6), st.lists(st.integers(1, 200), max_size=30))
def test_a_stream_comes_out_the_same_however_it_is_cut(bodies: list[int], cuts: list[int]) -> None:
    messages = [
        INVITE.replace(b"Length: 4\r\n\r\nbody", b"Length: %d\r\n\r\n" % size + b"\r" * size)
        for size in bodies
    ]
    stream = b"\r\n\r\n".join([b"", *messages])
    framer = StreamFramer()
    out = []
    for size in [*cuts, len(stream)]:
        out += framer.feed(stream[:size]).messages
        stream = stream[size:]

    assert out == messages


@fuzz
@given(
    st.lists(
        st.sampled_from(
            [
                *("Content-Length: 4", "l: 4", "L :5", "content-length:\r\n 4", "l:\r\n\t"),
                *("Content-Length", "Content-Length: 0x4", "Subject: l: 4", "ll: 4", "l: -1"),
                *("Subject:\r\n l: 7", "l: 4 5", "l: 4\r\n 5", "\tl: 4", "l : 4 ", " l: 9"),
            ]
        ),
        max_size=4,
    )
)
def test_the_framer_cuts_where_the_parser_ends_the_message(lines: list[str]) -> None:
    head = INVITE.partition(b"Content-Length")[0] + "\r\n".join([*lines, "", ""]).encode()
    following = b"bodybodybody" + INVITE
    try:
        messages = StreamFramer().feed(head + following).messages
    except FramingError:
        return
    try:
        parsed = parse_message(head + following)
    except MessageError:
        return

    assert messages[0] == head + parsed.body
