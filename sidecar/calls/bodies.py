"""Message bodies that cross a call: the session description rewritten, all else as it came."""

from __future__ import annotations

import re

from sidecar.calls.leg import End
from sidecar.calls.session import Sessions
from sidecar.sip.message import Request, Response
from sidecar.sip.offer_answer import Carrier
from sidecar.sip.sdp import SdpError, replace_sdp_part, sdp_part

_DESCRIPTION = re.compile(rb"^[ \t\v\f]*+v=", re.MULTILINE)
"""How a session description begins, wherever it stands."""


def description(message: Request | Response) -> bytes | None:
    """Return the session description in a message, None where there is none.

    Raises SdpError, also for one that goes by another type or none, or lies elsewhere in the body
    (a second one, one of an early session): it would cross as it came, and a peer that takes it
    for what it is would send its media past the sidecar.
    """
    if not message.body:
        return None
    found = sdp_part(message.headers.get("Content-Type"), message.body)
    rest = message.body if found is None else message.body.replace(found, b"", 1)
    if _DESCRIPTION.search(rest):
        raise SdpError("Session description of another type", status=415)
    return found


def cross(
    sessions: Sessions, source: End, target: End, carrier: Carrier, message: Request | Response
) -> bytes:
    """Return the body that carries on to `target` what `source` sent.

    Raises SdpError or OfferAnswerError.
    """
    sdp = description(message)
    if sdp is None:
        source.session.received(carrier, None)
        target.session.sent(carrier, None)
        return message.body
    new = sessions.across(source, target, carrier, sdp)
    return replace_sdp_part(message.headers.get("Content-Type"), message.body, new)
