"""Small bodies: the first line is "METHOD Content-Type", the rest the body."""

from __future__ import annotations

from sidecar.calls.bodies import crossing
from sidecar.calls.crossing import Way, refusal, writes
from sidecar.calls.crossing_table import BODIES, Senders
from sidecar.sip.headers import Headers
from sidecar.sip.media_type import MediaType
from sidecar.sip.message import Request
from tests.fuzz import oracle

FROM_ANYONE = {each.name for each in BODIES if each.senders is Senders.ANYONE}
STRANGER = Way(sender_trusted=False, trunk_trusted=False)


def attempt(data: bytes) -> None:
    """Let a request of an untrusted trunk cross, if it may."""
    line, _, body = data.partition(b"\n")
    method, _, kind = line.decode("utf-8", "surrogateescape").partition(" ")
    try:
        headers = Headers([("Content-Type", kind), ("Event", "refer")])
        request = Request(method, "sip:a@b", headers, body)
    except ValueError:
        return
    if refusal(request, STRANGER) is not None or writes(request) or method in ("INVITE", "BYE"):
        return
    content = crossing(request)
    if not content.body:
        return
    ((name, written),) = content.headers
    oracle.demand(name == "Content-Type" and oracle.media_type(written), "no type", written)
    oracle.all_of([MediaType.parse(written).name], FROM_ANYONE)
    oracle.demand(len(content.body) <= 3 * len(body) + 256, "a body grows", content.body)
    again = crossing(Request(method, "sip:a@b", Headers(content.headers), content.body))
    oracle.demand(again == content, "another spelling the second time", content, again)
    if not written.startswith("audio/"):
        for each in content.body.decode("ascii").split("\r\n"):
            oracle.one_line(each)
