"""Turns the torture messages, written in the RFCs' own notation, into the bytes they stand for.

RFC 4475 section 2: every line ends in CRLF; `<hex>...</hex>` holds octets in hexadecimal
(whitespace between them means nothing); `<repeat count=N>...</repeat>` stands for N times its
content. Lines that the RFC breaks for its page width by `<allOneLine>` are one line here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent

_REPEAT = re.compile(rb"<repeat count=([0-9]+)>(.*?)</repeat>")
_HEX = re.compile(rb"<hex>([0-9A-Fa-f\s]*)</hex>")


def octets(text: bytes) -> bytes:
    """Return the bytes that a text in the notation stands for."""
    text = text.replace(b"\n", b"\r\n")
    text = _REPEAT.sub(lambda found: found[2] * int(found[1]), text)
    return _HEX.sub(lambda found: bytes.fromhex(found[1].decode()), text)


@pytest.fixture(scope="session")
def torture() -> Callable[[str, str], bytes]:
    """A message of an RFC ("rfc4475", "rfc5118") by the name it has there."""
    return lambda rfc, name: octets((FOLDER / rfc / f"{name}.txt").read_bytes())


@pytest.fixture(scope="session")
def torture_names() -> Callable[[str], set[str]]:
    """The names of all messages that are kept of an RFC."""
    return lambda rfc: {path.stem for path in (FOLDER / rfc).glob("*.txt")}
