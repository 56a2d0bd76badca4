"""Framing and writing of AMI messages, with friendly and hostile bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.recorders.asterisk.wire.protocol import (
    LONGEST_LINE,
    LONGEST_VALUE,
    MOST_LINES,
    Framer,
    FramingError,
    Message,
    UnsafeValueError,
    encode,
)

BANNER = b"Asterisk Call Manager/11.0.0\r\n"


def test_a_response_and_an_event_arrive_in_one_piece() -> None:
    messages = Framer().feed(
        BANNER + b"Response: Success\r\nActionID: 1\r\n\r\nEvent: Hangup\r\nUniqueid: 1.2\r\n\r\n"
    )

    assert [(each.get("Response"), each.get("event")) for each in messages] == [
        ("Success", ""),
        ("", "Hangup"),
    ]
    assert messages[1].get("UNIQUEID") == "1.2"


@given(st.integers(1, 7))
def test_messages_are_the_same_however_the_bytes_are_cut(size: int) -> None:
    stream = (
        BANNER + b"Response: Success\r\nOutput: a: b\r\nOutput: \tc\r\n\r\n\r\nEvent: X\r\n\r\n"
    )
    framer = Framer()

    messages = []
    for begin in range(0, len(stream), size):
        messages += framer.feed(stream[begin : begin + size])

    assert messages == [
        Message({"response": "Success"}, ("a: b", "\tc")),
        Message({"event": "X"}),
    ]


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        (b"Channel: Local/1:2@x;1", "channel", "Local/1:2@x;1"),
        (b"Value:", "value", ""),
        (b"Value:  two spaces ", "value", " two spaces "),
        (b"CallerIDName: \xff\xfe", "calleridname", "\udcff\udcfe"),
        (b"no colon at all", "no colon at all", ""),
    ],
)
def test_a_line_is_a_name_and_a_value(line: bytes, name: str, value: str) -> None:
    (message,) = Framer().feed(BANNER + b"Event: X\r\n" + line + b"\r\n\r\n")

    assert message.get(name) == value


def test_of_a_repeated_name_the_first_counts() -> None:
    (message,) = Framer().feed(BANNER + b"Channel: one\r\nChannel: two\r\n\r\n")

    assert message.get("Channel") == "one"


@pytest.mark.parametrize(
    "stream",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"\r\n",
        BANNER + b"x" * (LONGEST_LINE + 1),
        BANNER + b"x" * (LONGEST_LINE + 1) + b"\r\n",
        BANNER + b"a: b\r\n" * (MOST_LINES + 1),
        BANNER + (b"a: " + b"x" * 16000 + b"\r\n") * 300,
    ],
    ids=["another protocol", "no banner", "endless", "long line", "many lines", "long message"],
)
def test_what_no_asterisk_sends_is_refused(stream: bytes) -> None:
    with pytest.raises(FramingError):
        Framer().feed(stream)


@given(st.lists(st.binary(max_size=200)))
def test_nothing_that_arrives_raises_anything_else(pieces: list[bytes]) -> None:
    framer = Framer()
    try:
        framer.feed(BANNER)
        for piece in pieces:
            framer.feed(piece)
    except FramingError:
        pass


@given(st.text(max_size=LONGEST_VALUE))
def test_a_value_never_becomes_a_line_of_its_own(value: str) -> None:
    fields = [("Channel", value), ("ActionID", "1")]
    try:
        data = encode("Getvar", fields)
    except UnsafeValueError:
        return

    (message,) = Framer().feed(BANNER + data)

    assert message.get("action") == "Getvar"
    assert message.get("channel") == value
    assert message.get("actionid") == "1"


@pytest.mark.parametrize("value", ["a\r\nAction: Logoff", "a\nb", "a\rb", "a\0b", "x" * 2049])
def test_a_value_that_would_end_its_line_or_is_too_long_is_refused(value: str) -> None:
    with pytest.raises(UnsafeValueError):
        encode("Getvar", [("Channel", value)])


def test_a_message_that_begins_with_output_is_doubtful() -> None:
    (message,) = Framer().feed(BANNER + b"Output: x\r\nEvent: Hangup\r\n\r\n")

    assert message.doubtful
