"""A call drawn as a ladder while it happens: three columns, a line a message."""

from __future__ import annotations

import time
from collections.abc import Callable

from sidecar.demo.sip_port import Direction, Trace
from sidecar.sip.message import Message, Request, Response

WIDTH = 26
Write = Callable[[str], None]


class Ladder:
    """Draws what two telephones send and receive on either side of the sidecar."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._began = time.monotonic()

    def head(self) -> None:
        """Draw the names of the columns; the clock of the first one starts here."""
        self._began = time.monotonic()
        self._write(f"{'seconds':>8}  {'caller':<{WIDTH}}{'sidecar':<{WIDTH}}PBX")
        self.note("")

    def left(self) -> Trace:
        """Return the trace of the telephone on the left, the caller's."""
        return lambda direction, message: self._message(message, direction, left=True)

    def right(self) -> Trace:
        """Return the trace of the telephone on the right, the PBX's."""
        return lambda direction, message: self._message(message, direction, left=False)

    def note(self, text: str) -> None:
        """Draw what happens beside the messages."""
        blank = f"|{' ' * (WIDTH - 1)}|{' ' * (WIDTH - 1)}|"
        self._write(f"{self._now()}  {blank}  {text}".rstrip())

    def _message(self, message: Message, direction: Direction, *, left: bool) -> None:
        name, remark = _told(message)
        if name == "OPTIONS":
            return
        rightwards = (direction == "sent") is left
        arrow = _arrow(name, rightwards=rightwards)
        gap = " " * (WIDTH - 1)
        columns = f"|{arrow}|{gap}|" if left else f"|{gap}|{arrow}|"
        self._write(f"{self._now()}  {columns}  {remark}".rstrip())

    def _now(self) -> str:
        return f"{time.monotonic() - self._began:8.3f}"


def _told(message: Message) -> tuple[str, str]:
    """Return what to write on the arrow, and beside it."""
    if isinstance(message, Request):
        decision = [
            f"{name}: {message.headers.get(name)}"
            for name in ("X-Consent", "X-Record")
            if name in message.headers
        ]
        return message.method, ", ".join(decision)
    if isinstance(message, Response):
        if message.cseq.method == "OPTIONS":
            return "OPTIONS", ""
        return f"{message.status} {message.reason}", ""
    return "", ""


def _arrow(name: str, *, rightwards: bool) -> str:
    room = WIDTH - 1
    text = f" {name[: room - 6]} "
    line = text.center(room - 1, "-")
    return f"{line}>" if rightwards else f"<{line}"
