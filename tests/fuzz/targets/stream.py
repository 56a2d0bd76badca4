"""A TCP stream: whatever it is cut into, the same messages come out, and nothing piles up."""

from __future__ import annotations

from sidecar.sip.framing import FramingError, StreamFramer
from sidecar.sip.parser import MAX_MESSAGE
from tests.fuzz import oracle


def attempt(data: bytes) -> None:
    """The first byte says how the rest is cut."""
    step, stream = 1 + data[0] % 97 if data else 1, data[1:]
    whole = _messages(stream, len(stream) or 1)
    cut = _messages(stream, step)
    if not whole[1]:  # what came in one read with a fault is lost with the connection
        oracle.demand(whole == cut, "cut otherwise, read otherwise", whole, cut)
    oracle.demand(whole[1] == cut[1], "cut otherwise, refused otherwise", whole, cut)
    for message in cut[0]:
        oracle.demand(message in stream, "what nobody sent", message)
        oracle.demand(len(message) <= MAX_MESSAGE, "too long a message", len(message))


def _messages(stream: bytes, step: int) -> tuple[list[bytes], bool]:
    """The messages up to the first fault, and whether there was one."""
    framer, found = StreamFramer(), []
    try:
        for start in range(0, len(stream), step):
            found += framer.feed(stream[start : start + step]).messages
    except FramingError:
        return found, True
    return found, False
