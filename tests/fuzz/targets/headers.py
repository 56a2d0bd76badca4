"""Header fields that cross: one or more lines, as one message has them."""

from __future__ import annotations

from sidecar.calls.header_policy import CROSSING, flaw, passed, reasons, unsupported
from sidecar.sip.claims import NAMING
from sidecar.sip.errors import ParseError
from sidecar.sip.headers import Headers
from tests.fuzz import oracle

ALLOWED = {each.name for each in CROSSING} | {"Supported"}
FOR_ANYBODY = {each.name for each in CROSSING if not each.trusted} | {"Supported"}
LONGEST = 8192


def attempt(data: bytes) -> None:
    """Pass header lines on, from a trusted side and from any other."""
    lines = data.decode("utf-8", "surrogateescape").split("\r\n")
    try:
        headers = Headers.parse(lines)
        headers = Headers(headers.items())
    except (ParseError, ValueError):
        return
    flaw(headers)
    unsupported(headers)
    reasons(headers)
    for trusted, allowed in ((True, ALLOWED), (False, FOR_ANYBODY)):
        crossing = passed(headers, trusted=trusted)
        oracle.all_of((name for name, _ in crossing), allowed)
        for name, value in crossing:
            _check(name, value, data)
        again = passed(Headers(crossing), trusted=trusted)
        oracle.demand(again == crossing, "another spelling the second time", crossing, again)


def _check(name: str, value: str, data: bytes) -> None:
    oracle.one_line(value)
    oracle.demand(value and value == value.strip(), "blanks around a value", name, value)
    oracle.bounded(value, data, LONGEST)
    if name in NAMING:
        oracle.addresses(value)
