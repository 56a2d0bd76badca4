"""Keys by INFO: the first line is the Content-Type, the rest the body."""

from __future__ import annotations

from sidecar.sip import dtmf_info
from tests.fuzz import oracle


def attempt(data: bytes) -> None:
    """Read a body, write what it says in each type, and read that."""
    line, _, body = data.partition(b"\n")
    key = dtmf_info.parse(line.decode("utf-8", "surrogateescape"), body)
    if key is None:
        return
    oracle.demand(key.digit in dtmf_info.DIGITS and len(key.digit) == 1, "no key", key)
    oracle.demand(0 < key.duration_ms <= dtmf_info.MAX_DURATION_MS, "no duration", key)
    for kind in dtmf_info.TYPES:
        written = dtmf_info.write(kind, key.digit, key.duration_ms, ended=key.ended)
        again = dtmf_info.parse(kind, written)
        oracle.demand(again is not None and again.digit == key.digit, "another key", key, again)
        oracle.demand(len(written) < 40, "a long key", written)
