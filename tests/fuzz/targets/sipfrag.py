"""How a transfer goes, and which messages wait: bodies of NOTIFY."""

from __future__ import annotations

import re

from sidecar.sip.small_bodies import media_control, message_summary, sipfrag
from tests.fuzz import oracle

FRAGMENT = re.compile(rb"SIP/2\.0 [1-6][0-9]{2} [A-Za-z ()'-]*\r\n")
SUMMARY = re.compile(
    rb"Messages-Waiting: (?:yes|no)\r\n(?:Message-Account: [!-~]+\r\n)?"
    rb"(?:[A-Z][a-z]+-Message: [0-9]+/[0-9]+(?: \([0-9]+/[0-9]+\))?\r\n)*"
)


def attempt(data: bytes) -> None:
    """Read one body in each way; nothing of a peer's own words may be left."""
    for write, grammar in ((sipfrag, FRAGMENT), (message_summary, SUMMARY), (media_control, None)):
        written = write(data)
        if written is None:
            continue
        oracle.demand(grammar is None or grammar.fullmatch(written), "no such body", written)
        oracle.demand(write(written) == written, "another spelling the second time", written)
        oracle.demand(len(written) <= len(data) + 256, "a body grows", written)
