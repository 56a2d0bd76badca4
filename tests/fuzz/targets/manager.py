"""The manager interface: whatever arrives, cut anywhere, gives the same messages or an end."""

from __future__ import annotations

from sidecar.recorders.asterisk.eyes.evidence import parse_bridge
from sidecar.recorders.asterisk.wire.protocol import (
    Framer,
    FramingError,
    Message,
    UnsafeValueError,
    encode,
)
from tests.fuzz import oracle

GREETING = b"Asterisk Call Manager/9.0.0\r\n"


def attempt(data: bytes) -> None:
    """The first byte says how the rest is cut."""
    step, stream = 1 + data[0] % 61 if data else 1, GREETING + data[1:]
    whole, cut = _messages(stream, len(stream)), _messages(stream, step)
    if not whole[1]:
        oracle.demand(whole == cut, "cut otherwise, read otherwise", whole, cut)
    oracle.demand(whole[1] == cut[1], "cut otherwise, refused otherwise", whole, cut)
    for message in cut[0]:
        _check(message, stream)
        parse_bridge("1", message.output)
    text = data.decode("utf-8", "surrogateescape")
    _send(text)


def _messages(stream: bytes, step: int) -> tuple[list[Message], bool]:
    """The messages up to the first fault, and whether there was one."""
    framer, found = Framer(), []
    try:
        for start in range(0, len(stream), step):
            found += framer.feed(stream[start : start + step])
    except FramingError:
        return found, True
    return found, False


def _check(message: Message, stream: bytes) -> None:
    for name, value in message.fields.items():
        oracle.demand(name == name.lower() and ":" not in name, "no name", name)
        written = value.encode("utf-8", "surrogateescape")
        oracle.demand(written in stream, "what nobody sent", value)
        oracle.demand("\n" not in value or message.doubtful, "a line within a line", value)
    begins = next(iter(message.fields), "")
    oracle.demand(message.doubtful or begins in ("event", "response"), "no beginning", begins)


def _send(text: str) -> None:
    try:
        written = encode("Getvar", [("Channel", text), ("Variable", "X")])
    except UnsafeValueError:
        return
    lines = written.split(b"\r\n")
    oracle.demand(len(lines) == 5 and b"\n" not in b"".join(lines), "a line of its own", written)
