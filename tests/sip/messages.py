"""Messages with a few headers of interest, for tests of what headers say."""

from __future__ import annotations

import string

from hypothesis import strategies as st

from sidecar.sip.headers import Headers
from sidecar.sip.message import Request, Response

Lines = dict[str, str]


def response(status: int, headers: Lines | None = None, method: str = "INVITE") -> Response:
    lines = {"To": "<sip:+442079460101@h>;tag=b", "CSeq": f"1 {method}", **(headers or {})}
    return Response(status, "", Headers(lines.items()))


def request(method: str, headers: Lines | None = None, *, tag: str = ";tag=a") -> Request:
    lines = {"To": f"<sip:us@h>{tag}", "CSeq": f"1 {method}", **(headers or {})}
    return Request(method, "sip:us@h", Headers(lines.items()))


_PIECES = st.sampled_from(
    '< > " ; , sip: tel: vm1 +44 @h ?Reason= index=1.1 mp=1 target= cause=408 actor= '
    "msg-taker automata % * = \\ party= index=1 & <sip:vm1@h> <tel:+44-1> "
    "<sip:102@h?Reason=SIP%3Bcause%3D408>;index=1,".split()
)
_TEXT = st.text(alphabet=string.printable + "é\udcff\u2028", max_size=12)
hostile_values = st.lists(_PIECES | _TEXT, max_size=14).map(
    lambda parts: "".join(parts).translate({10: 32, 13: 32, 0: 32})
)
"""Header values as somebody writes them who means harm, or copies badly."""
