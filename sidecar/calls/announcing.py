"""The notice before connecting: the sidecar answers by itself, and joins the callee later.

The steps of a call whose notice is `before-connect`, in their order. What they decide about
(who is played what, when the B leg is placed) is the consent machine's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from sidecar.calls.bodies import description
from sidecar.calls.header_policy import tags
from sidecar.consent.events import CallerUp
from sidecar.media.engine import Side
from sidecar.sip.offer_answer import Carrier, OfferAnswerError
from sidecar.sip.sdp import SdpError

if TYPE_CHECKING:
    from sidecar.calls.call import Call
    from sidecar.calls.leg import Leg
    from sidecar.sip.message import Request, Response

log = structlog.get_logger(__name__)

SESSION_PROGRESS = 183


def answer_alone(call: Call) -> None:
    """Answer the caller; what is said next waits for the ACK."""
    leg = call.new_a_leg()
    try:
        offer = description(call.request)
        body = (
            call.sessions.offer_alone(leg.end)
            if offer is None
            else call.sessions.answer_alone(leg.end, offer)
        )
    except SdpError as error:
        call.content_unusable(error)
        return
    call.announce(leg, body)


def can_be_heard(call: Call) -> bool:
    """See to it that the caller hears what is played, also before it is answered; tell if it can.

    What is said before the answer goes as early media (RFC 3960), unless the caller takes only
    reliable provisional responses, or has made no offer.
    """
    if call.a is not None or call.hears_early_media:
        return True
    offer = description(call.request)
    if offer is None or "100rel" in tags(call.request.headers, "Require"):
        return False
    if call.invite.finished or not call.sessions.ports[Side.A]:
        return False
    leg = call.new_a_leg()
    try:
        body = call.sessions.answer_alone(leg.end, offer, Carrier.PROVISIONAL)
    except (SdpError, OfferAnswerError) as error:
        log.info("early_media_unusable", call=call.id, problem=error.reason)
        return False
    sdp = [("Content-Type", "application/sdp")]
    response = leg.dialog.response(call.request, SESSION_PROGRESS, None, sdp, body)
    call.agent.respond(call.invite, response, call.route.source)
    return True


def caller_up(call: Call, leg: Leg, ack: Request) -> None:
    """Take the caller's ACK, and the answer in it where the offer was ours."""
    try:
        answer = description(ack)
        if leg.end.session.offered is not None:
            if answer is None:
                raise SdpError("No answer in ACK")
            call.sessions.take_answer(leg.end, Carrier.ACK, answer)
    except (SdpError, OfferAnswerError) as error:
        log.warning("answer_unusable", call=call.id, problem=error.reason)
        call.give_up("answer_unusable")
        return
    call.consent.handle(CallerUp())


def callee_progressed(call: Call, a: Leg, leg: Leg, response: Response) -> None:
    """Let the caller hear the ringing: the PBX's own early media, or a tone of ours."""
    try:
        answer = description(response)
        if answer is None:
            call.media.ring(Side.A, True)
            return
        call.sessions.take_answer(leg.end, Carrier.PROVISIONAL, answer, other=a.end)
    except (SdpError, OfferAnswerError) as error:
        log.warning("progress_unusable", call=call.id, problem=error.reason)
        return
    call.media.ring(Side.A, False)
    call.consent.early_media()


def join(call: Call, a: Leg, leg: Leg, response: Response) -> None:
    """Join the callee, who has answered, to the caller. Raises SdpError or OfferAnswerError."""
    answer = description(response)
    if answer is None:
        raise SdpError("No answer in 200")
    call.sessions.take_answer(leg.end, Carrier.FINAL, answer, other=a.end)
    call.media.ring(Side.A, False)
    a.other, leg.other = leg, a
    call.agent.send_ack(leg)
    call.joined()
