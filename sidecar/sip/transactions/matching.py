"""Which transaction a message belongs to, and where its response goes.

RFC 3261 17.2.3 matches a request by branch, sent-by and method. A branch without the magic cookie
comes from a peer of RFC 2543, where Request-URI, tags, Call-ID, CSeq and the whole top Via take
its place. RFC 3581 and 18.2.1 say what is written into the top Via of an arriving request.
"""

from __future__ import annotations

from functools import lru_cache

from sidecar.sip.flow import Flow
from sidecar.sip.message import Request, Response
from sidecar.sip.via import BRANCH_COOKIE, Via

DEFAULT_PORT = 5060

ServerKey = tuple[str | int | None, ...]

_SOURCE_PARAMETERS = frozenset({"received", "rport"})


def server_key(request: Request, via: Via, method: str) -> ServerKey:
    """Give the key of the server transaction of `method` that this request belongs to.

    `via` is its top one as it came, before `note_source`, for a peer of RFC 2543 is known by it.
    The To tag of such a peer is left out: the ACK has the tag of our response there.
    """
    branch = via.branch
    if branch is not None and branch.startswith(BRANCH_COOKIE):
        return (branch, via.host.lower(), via.port, method)
    number = request.cseq.number
    return (str(via), request.uri, request.call_id, request.from_tag, number, method)


def is_legacy(key: ServerKey) -> bool:
    """Tell whether the key is that of a peer of RFC 2543."""
    return len(key) > 4


def merge_key(request: Request) -> ServerKey | None:
    """Give what all branches of a forked request have in common (RFC 3261 8.2.2.2).

    None for a request within a dialog: it cannot have been forked.
    """
    if request.to_tag is not None:
        return None
    number, method = request.cseq
    return (request.from_tag, request.call_id, number, method)


def note_source(request: Request, via: Via, flow: Flow) -> None:
    """Write `received` and `rport` into the top Via (RFC 3261 18.2.1, RFC 3581 section 4)."""
    address, port = flow.remote
    asked = via.has_rport
    if not asked and via.host.lower() == address:
        return
    kept = [item for item in via.parameters if item[0].lower() not in _SOURCE_PARAMETERS]
    kept.append(("received", address))
    if asked:
        kept.append(("rport", str(port)))
    noted = Via(via.transport, via.host, via.port, tuple(kept), via.protocol)
    request.headers.replace_first("Via", str(noted))


def reply_flow(via: Via, flow: Flow) -> Flow:
    """Say where responses go (RFC 3261 18.2.2): back, or to the sent-by port without rport.

    A reliable transport answers on the connection of the request. `maddr` is ignored: it would
    let anybody aim our responses at a third party.
    """
    if flow.reliable or via.has_rport:
        return flow
    port = via.port or DEFAULT_PORT
    address = flow.remote[0]
    return flow if flow.remote[1] == port else flow._replace(remote=(address, port))


def is_ours(response: Response, via: Via, flow: Flow) -> bool:
    """Tell whether the one Via is one that we wrote (RFC 3261 18.1.2, 8.1.3.3)."""
    return (via.host.lower(), via.port) == _sent_by(flow.sent_by) and len(
        response.headers.get_all("Via")
    ) == 1


@lru_cache(maxsize=256)
def _sent_by(text: str) -> tuple[str, int | None]:
    via = Via.parse(f"SIP/2.0/UDP {text}")
    return via.host.lower(), via.port
