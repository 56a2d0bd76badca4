"""Messages of Asterisk's manager interface (AMI): bytes to messages, actions to bytes.

A connection begins with one line, `Asterisk Call Manager/VERSION`. From then on both sides send
messages: lines `Name: value`, ended by an empty line. Asterisk writes into them what telephones
call themselves and dial, line breaks included: whole messages can be a telephone's. So nothing in
one is trusted (see evidence.py), those that show it are marked, and every size is bounded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

BANNER = b"Asterisk Call Manager"
LONGEST_LINE = 16 * 1024
LONGEST_MESSAGE = 4 * 1024 * 1024
MOST_LINES = 50_000
LONGEST_VALUE = 2048
_UNSAFE = frozenset("\r\n\0")
_MAY_REPEAT = ("output", "chanvariable", "destchanvariable")
"""How the names of lines begin of which a message may have several."""


class FramingError(ValueError):
    """What arrived is not what a manager interface sends; the connection is of no use."""


class UnsafeValueError(ValueError):
    """A value can't be sent: it would end its line, or is too long."""


@dataclass(frozen=True, slots=True)
class Message:
    """A response or an event. Names are looked up in any case; of repeated ones the first counts.

    `output` holds what the lines `Output:` of a command's response say. `doubtful`: it has what
    no manager interface writes by itself (a line break within a line, a line without a name, the
    same name twice, a beginning that is neither Event nor Response). One that is not doubtful may
    be forged all the same.
    """

    fields: dict[str, str] = field(default_factory=dict)
    output: tuple[str, ...] = ()
    doubtful: bool = False

    def get(self, name: str) -> str:
        """Return a field's value, or an empty text where there is none."""
        return self.fields.get(name.lower(), "")


def encode(action: str, fields: Iterable[tuple[str, str]]) -> bytes:
    """Write an action. Raises UnsafeValueError rather than let a value become a line of its own."""
    lines = [f"Action: {action}"]
    for name, value in fields:
        if _UNSAFE.intersection(value) or len(value) > LONGEST_VALUE:
            raise UnsafeValueError(f"the value of {name} holds a line break, or is too long")
        lines.append(f"{name}: {value}")
    try:
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise UnsafeValueError("a value is no text") from None


class Framer:
    """Cuts what arrives into messages, at CR LF alone. Of no use once it raised FramingError."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._greeted = False
        self._fields: dict[str, str] = {}
        self._output: list[str] = []
        self._lines = 0
        self._size = 0
        self._doubtful = False

    def feed(self, data: bytes) -> list[Message]:
        """Take what arrived; return the messages that it completed. Raises FramingError."""
        self._rest += data
        messages = []
        begin = 0
        while (end := self._rest.find(b"\r\n", begin)) >= 0:
            line = bytes(self._rest[begin:end])
            begin = end + 2
            message = self._take(line)
            if message is not None:
                messages.append(message)
        del self._rest[:begin]
        if len(self._rest) > LONGEST_LINE:
            raise FramingError("a line without end")
        return messages

    def _take(self, line: bytes) -> Message | None:
        if len(line) > LONGEST_LINE:
            raise FramingError("a line is too long")
        if not self._greeted:
            if not line.startswith(BANNER):
                raise FramingError("no manager interface of an Asterisk")
            self._greeted = True
            return None
        if not line:
            return self._complete()
        self._lines += 1
        self._size += len(line)
        if self._lines > MOST_LINES or self._size > LONGEST_MESSAGE:
            raise FramingError("a message is too long")
        name, separator, value = line.decode("utf-8", "surrogateescape").partition(":")
        name = name.strip().lower()
        if not separator or b"\n" in line or (b"\r" in line and name != "output"):
            self._doubtful = True
        if separator:
            self._note(name, value.removeprefix(" "))
        return None

    def _note(self, name: str, value: str) -> None:
        if self._lines == 1 and name not in ("event", "response"):
            self._doubtful = True
        if name == "output":
            self._output.append(value)
            return
        if name in self._fields and not name.startswith(_MAY_REPEAT):
            self._doubtful = True
        self._fields.setdefault(name, value)

    def _complete(self) -> Message | None:
        if not self._lines:
            return None
        message = Message(self._fields, tuple(self._output), self._doubtful)
        self._fields, self._output, self._doubtful = {}, [], False
        self._lines = self._size = 0
        return message
