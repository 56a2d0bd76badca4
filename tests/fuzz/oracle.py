"""What may leave, checked by nobody's parser but this: the grammars stand here once more.

Strict on purpose, and by other means than the sidecar's: one regular expression for a whole value,
as RFC 3261 section 25 and RFC 8866 section 9 write it. What is read leniently has to fit these
before it leaves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_TOKEN = r"[A-Za-z0-9.!%*_+`'~-]+"
_ESCAPED = r"%[0-9A-Fa-f]{2}"
_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*"'
_HOST = r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])"
_USER = rf"(?:[A-Za-z0-9_.!~*'()&=+$,;?/-]|{_ESCAPED})+"
_PARAMETER = rf"(?:[A-Za-z0-9_.!~*'()\[\]/:&+$-]|{_ESCAPED})+"
_SIP_URI = (
    rf"sips?:(?:{_USER}@)?{_HOST}(?::[0-9]{{1,5}})?(?:;{_PARAMETER}(?:={_PARAMETER})?)*"
    rf"(?:\?{_PARAMETER}={_PARAMETER}(?:&{_PARAMETER}={_PARAMETER})*)?"
)
_TEL_URI = rf"tel:[0-9A-Fa-f+*#().-]+(?:;{_PARAMETER}(?:={_PARAMETER})?)*"
_URI = rf"(?:{_SIP_URI}|{_TEL_URI})"

uri = re.compile(_URI).fullmatch
"""A URI that we wrote: SIP, SIPS or tel, nothing unescaped that RFC 3261 would have escaped."""

address = re.compile(
    rf"(?:{_QUOTED} )?<{_URI}>(?:;{_TOKEN}(?:=(?:{_TOKEN}|{_QUOTED}))?)*"
).fullmatch
"""A name-addr that we wrote."""

_WORD = r"[a-z0-9.!%*_+`'~-]+"
media_type = re.compile(rf"{_WORD}/{_WORD}(?:;charset=[a-z0-9_.:-]+)?").fullmatch
"""A Content-Type that we wrote."""

_HEADER = re.compile(rf"{_TOKEN}: ?[^\r\n]*")
_SDP_ADDRESS = re.compile(r"IN IP([46]) (\S+)")
_SDP_ATTRIBUTE = re.compile(r"[A-Za-z0-9-]+(?::[!-~]+(?: [!-~]+)*)?")
_SDP_MEDIA = re.compile(r"[0-9A-Za-z]+ [0-9]{1,5} [0-9A-Za-z/]+(?: [!-~]+)+")
_NEVER = re.compile(
    r"candidate|ice|crypto|key-mgmt|rtcp(?!-fb)|group|mid|ssrc|alt|[atp]cap|[apl]cfg|record",
    re.IGNORECASE,
)
_ORDER = "vosct"


class Finding(AssertionError):  # noqa: N818 (it is what was found)
    """Something left, or was believed, that should not have been."""


def demand(holds: object, what: str, *shown: object) -> None:
    """Raise Finding, with what is to be seen, where something does not hold."""
    if not holds:
        raise Finding(f"{what}: {' | '.join(ascii(each) for each in shown)}")


def one_line(text: str) -> None:
    """Demand text of one line, with nothing in it that a terminal or a PBX would obey."""
    demand(CONTROL.search(text) is None, "a control character leaves", text)


def bounded(written: bytes | str, read: bytes | str, more: int = 256) -> None:
    """Demand that what leaves is no longer than three escapes a byte of what came."""
    demand(len(written) <= 3 * len(read) + more, "what leaves grows", len(written), len(read))


def message(data: bytes) -> list[tuple[str, str]]:
    """Demand the frame of a SIP message; return its header lines."""
    head, gap, body = data.partition(b"\r\n\r\n")
    demand(gap, "a message without an end of its headers", data)
    start, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    for line in (start, *lines):
        demand("\r" not in line and "\n" not in line, "a line within a line", line)
    demand(" SIP/2.0" in start or start.startswith("SIP/2.0 "), "no start line", start)
    for line in lines:
        demand(_HEADER.fullmatch(line), "no header line", line)
    items = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    lengths = [value for name, value in items if name.lower() in ("content-length", "l")]
    demand(lengths == [str(len(body))], "a wrong Content-Length", lengths, len(body))
    return items


def description(data: bytes, ours: str) -> None:
    """Demand a session description that names our address alone and nothing beside the media."""
    demand(data.isascii() and data.endswith(b"\r\n"), "a description in other characters", data)
    lines = data.decode("ascii").removesuffix("\r\n").split("\r\n")
    head = [line[:1] for line in lines[: len(_ORDER)]]
    demand("".join(head) == _ORDER, "the session's lines in another order", lines)
    for line in lines:
        one_line(line)
        demand(line[1:2] == "=" and line == line.rstrip(), "no line of a description", line)
    for letter, value in ((line[0], line[2:]) for line in lines[len(_ORDER) :]):
        _media_level(letter, value)
    leading = [line for line in lines if line[0] in "oc"]
    named = {found[2] for line in leading for found in _SDP_ADDRESS.finditer(line)}
    demand(named == {ours}, "another address", named)


def _media_level(letter: str, value: str) -> None:
    if letter == "m":
        demand(_SDP_MEDIA.fullmatch(value), "no media line", value)
    elif letter == "a":
        demand(_SDP_ATTRIBUTE.fullmatch(value), "no attribute", value)
        demand(_NEVER.match(value) is None, "an attribute that must not cross", value)
    elif letter == "b":
        demand(re.fullmatch(r"(?:AS|TIAS):[0-9]+", value), "no bandwidth", value)
    else:
        raise Finding(f"a line that must not cross: {letter}={value!r}")


def addresses(value: str) -> None:
    """Demand addresses between commas."""
    rest = value
    while rest:
        found = re.match(r'(?:[^",<]|"(?:[^"\\]|\\.)*"|<[^>]*>)+', rest)
        demand(found, "no address", value)
        assert found is not None
        demand(address(found[0].strip()), "no address as RFC 3261 writes it", found[0], value)
        rest = rest[found.end() :].removeprefix(",").lstrip(" ")


def all_of(values: Iterable[str], allowed: Iterable[str]) -> None:
    """Demand that nothing stands there but what is on a list."""
    beyond = set(values) - set(allowed)
    demand(not beyond, "what is on no list", sorted(beyond))
