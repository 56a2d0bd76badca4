"""Requests of a leg that the sidecar answers by itself, since nobody on another leg can.

That is so while the caller hears a notice `before-connect`, or while its callee is being replaced:
it may put the call on hold, move its media, refresh the session. What it agrees to counts for the
callee too once that one has answered (see `announcing.join`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from sidecar.calls.crossing.bodies import description
from sidecar.calls.legs.message_streams import warnings
from sidecar.calls.legs.refreshing import TOO_SMALL_HEADERS
from sidecar.sip.message import Request, Response
from sidecar.sip.offer_answer import Carrier, Glare, OfferAnswerError, Overlap
from sidecar.sip.sdp import SdpError

if TYPE_CHECKING:
    from sidecar.calls.legs.leg import Leg
    from sidecar.sip.transactions import ServerTransaction

log = structlog.get_logger(__name__)

INTERVAL_TOO_SMALL = 422
CARRIERS = {
    "INVITE": (Carrier.INVITE, Carrier.FINAL),
    "UPDATE": (Carrier.UPDATE, Carrier.UPDATE_OK),
}


def takes(request: Request, other: Leg) -> bool:
    """Tell whether a request that only refreshes its leg's session can't go to the other leg.

    That one's neighbour does not take the method, and has no part in this leg's timer.
    """
    refreshes = other.call.refreshing.refreshes(request)
    return refreshes and bool(other.allows) and "UPDATE" not in other.allows


def answer(leg: Leg, transaction: ServerTransaction, request: Request) -> None:
    """Answer an INVITE or UPDATE within a leg's dialog."""
    agent = leg.call.agent
    leg.learn(request)
    if leg.call.refreshing.too_short(request):
        refusal = leg.dialog.response(request, INTERVAL_TOO_SMALL, None, TOO_SMALL_HEADERS)
        agent.respond(transaction, refusal, leg.peer)
        return
    try:
        body = _description(leg, request)
    except (SdpError, OfferAnswerError) as error:
        _refuse(leg, transaction, request, error)
        return
    leg.dialog.refresh_target(request)
    response = _accepted(leg, request, body)
    if request.method == "INVITE":
        agent.answer_invite(leg, transaction, response)
    else:
        agent.respond(transaction, response, leg.peer)
    leg.call.refreshing.agreed(leg, response, asked_by_us=False)


def _description(leg: Leg, request: Request) -> bytes:
    """Return the answer to what is offered, or our offer to an INVITE without one."""
    offer = description(request)
    if request.method == "UPDATE" and offer is None:
        return b""
    if leg is not leg.call.a or leg.awaits_ack is not None or leg.invited:
        raise Glare("Nothing is agreed in this dialog yet")
    sessions = leg.call.sessions
    asked, answered = CARRIERS[request.method]
    if offer is None:
        leg.end.session.received(asked, None)
        return sessions.offer_again(leg.end, carrier=answered)
    return sessions.answer_again(leg.end, offer, asked, answered)


def _accepted(leg: Leg, request: Request, body: bytes) -> Response:
    headers = list(leg.call.refreshing.answered_by_us(request))
    if body:
        headers.append(("Content-Type", "application/sdp"))
    return leg.dialog.response(request, 200, None, headers, body)


def _refuse(
    leg: Leg, transaction: ServerTransaction, request: Request, error: SdpError | OfferAnswerError
) -> None:
    log.info("offer_refused", call=leg.call.id, problem=error.reason)
    overlap = isinstance(error, Overlap)
    headers = [("Retry-After", "3")] if overlap else warnings(error)
    refusal = leg.dialog.response(request, error.status, None, headers)
    leg.call.agent.respond(transaction, refusal, leg.peer)
