"""Messages cut out of a byte stream."""

from __future__ import annotations

import pytest

from sidecar.sip import framing, parser
from sidecar.sip.framing import Arrived, FramingError, StreamFramer
from sidecar.sip.parser import parse_message


def a_message(length_line: str, body: bytes = b"", call: str = "c") -> bytes:
    return (
        b"OPTIONS sip:b@h SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKa\r\n"
        b"From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCSeq: 1 OPTIONS\r\n"
        + f"Call-ID: {call}\r\n{length_line}\r\n\r\n".encode()
        + body
    )


FIRST = a_message("Content-Length: 4", b"body", "one")
SECOND = a_message("l: 0", b"", "two")
THIRD = a_message("Content-Length: 6", b"\r\n\r\n\r\n", "three")


def test_a_read_may_hold_several_messages() -> None:
    framer = StreamFramer()

    assert framer.feed(FIRST + SECOND + THIRD) == Arrived([FIRST, SECOND, THIRD], 0)
    assert not framer.pending


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64, 300])
def test_a_message_may_come_in_any_pieces(size: int) -> None:
    framer = StreamFramer()
    stream = FIRST + b"\r\n\r\n" + SECOND + THIRD

    pieces = [framer.feed(stream[i : i + size]) for i in range(0, len(stream), size)]

    assert [m for piece in pieces for m in piece.messages] == [FIRST, SECOND, THIRD]
    assert sum(piece.pongs for piece in pieces) == 1
    assert not framer.pending


def test_a_short_head_after_a_long_one_is_found() -> None:
    framer = StreamFramer()
    long = a_message("Content-Length: 0\r\nSubject: " + "x" * 200)

    assert framer.feed(long[:-1]) == Arrived([], 0)
    assert framer.feed(long[-1:] + SECOND) == Arrived([long, SECOND], 0)


def test_an_unfinished_message_is_awaited() -> None:
    framer = StreamFramer()

    assert framer.feed(FIRST[:-1]) == Arrived([], 0)
    assert framer.pending
    assert framer.feed(FIRST[-1:]) == Arrived([FIRST], 0)
    assert not framer.pending


@pytest.mark.parametrize(
    ("reads", "pongs"),
    [
        ([b"\r\n\r\n"], [1]),
        ([b"\r\n"], [0]),
        ([b"\r\n", b"\r\n"], [0, 1]),
        ([b"\r", b"\n\r", b"\n"], [0, 0, 1]),
        ([b"\r\n\r\n\r\n\r\n"], [2]),
        ([b"\r\n" + SECOND, b"\r\n"], [0, 0]),
        ([b"\r\n\r\n" + SECOND + b"\r\n\r\n"], [2]),
    ],
)
def test_two_line_ends_are_a_ping_and_one_is_nothing(reads: list[bytes], pongs: list[int]) -> None:
    framer = StreamFramer()

    assert [framer.feed(read).pongs for read in reads] == pongs


def test_line_ends_inside_a_body_are_no_ping() -> None:
    assert StreamFramer().feed(THIRD) == Arrived([THIRD], 0)


@pytest.mark.parametrize(
    "line",
    [
        "content-LENGTH : 4",
        "L:4",
        "l\t:\t4 ",
        "Content-Length: 0004",
        "Content-Length:\r\n 4",
        "Content-Length: \r\n\t 4\r\n ",
        "Subject: x\r\n Content-Length: 7\r\nl: 4",
        "X-Content-Length: 9\r\nl: 4",
    ],
)
def test_both_readers_agree_on_where_a_message_ends(line: str) -> None:
    data = a_message(line, b"body")

    (message,) = StreamFramer().feed(data + SECOND).messages[:1]

    assert message == data
    assert parse_message(message).body == b"body"


@pytest.mark.parametrize(
    "line",
    [
        "Subject: no length",
        "X-Content-Length: 4",
        "Content-Length: 4\r\nContent-Length: 4",
        "Content-Length: 4\r\nl: 5",
        "Content-Length: -4",
        "Content-Length: +4",
        "Content-Length: 4x",
        "Content-Length: 4, 4",
        "Content-Length:",
        "Content-Length: 4\r\n 4",
        "Content-Length: 99999999999",
        "Content-Length: 65535",
    ],
)
def test_a_stream_whose_next_message_cannot_be_found_is_given_up(line: str) -> None:
    with pytest.raises(FramingError):
        StreamFramer().feed(a_message(line, b"body"))


def test_a_head_is_bounded_before_its_end_is_seen() -> None:
    framer = StreamFramer()
    framer.feed(b"x" * parser.MAX_HEAD)

    with pytest.raises(FramingError, match="Head Too Long"):
        framer.feed(b"x")


def test_the_largest_message_is_what_the_parser_takes() -> None:
    room = parser.MAX_MESSAGE - len(a_message("Content-Length: 65000"))
    largest = a_message(f"Content-Length: {room}", b"x" * room)
    assert len(largest) == parser.MAX_MESSAGE

    assert StreamFramer().feed(largest).messages == [largest]
    with pytest.raises(FramingError, match="Too Large"):
        StreamFramer().feed(a_message(f"Content-Length: {room + 1}"))


def test_what_was_searched_is_not_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Counting(bytearray):
        searched = 0

        def find(self, sub: object, start: int = 0, end: object = None) -> int:  # type: ignore[override]
            Counting.searched += len(self) - start
            return super().find(b"\r\n\r\n", start)

    monkeypatch.setattr(framing, "bytearray", Counting, raising=False)
    framer = StreamFramer()
    for _ in range(20000):
        framer.feed(b"x")

    assert Counting.searched <= 20000 * 4
