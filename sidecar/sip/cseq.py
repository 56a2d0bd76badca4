"""The CSeq header field (RFC 3261 section 20.16)."""

from __future__ import annotations

import re
from typing import NamedTuple

from sidecar.sip.errors import ParseError
from sidecar.sip.grammar import TOKEN

MAX_NUMBER = 2**31 - 1
"""The highest sequence number (RFC 3261 section 8.1.1.5)."""

_CSEQ = re.compile(rf"0*+([0-9]{{0,10}}+)[ \t]++({TOKEN})")


class CSeq(NamedTuple):
    """The order of a request in its dialog, and its method."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> CSeq:
        """Read a CSeq value; raises ParseError."""
        found = _CSEQ.fullmatch(text)
        if found is None or not text[0].isdigit():
            raise ParseError("Malformed CSeq")
        number = int(found[1] or "0")
        if number > MAX_NUMBER:
            raise ParseError("CSeq Number Out Of Range")
        return cls(number, found[2])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"
