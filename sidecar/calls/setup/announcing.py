"""The notice before connecting: the sidecar answers by itself, and joins the callee later.

The steps of a call whose notice is `before-connect`, in their order. What they decide about
(who is played what, when the B leg is placed) is the consent machine's.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import structlog

from sidecar.calls.crossing.bodies import description
from sidecar.calls.crossing.header_policy import tags
from sidecar.calls.legs.own_invite import Outcome, OwnInvite
from sidecar.calls.legs.pbx_leg import OwnInfo
from sidecar.calls.legs.refreshing import TOO_SMALL_HEADERS, merged
from sidecar.media.engine import Side
from sidecar.sip.offer_answer import Carrier, OfferAnswerError, State
from sidecar.sip.reliable import rack_for, rseq_of
from sidecar.sip.sdp import SdpError

if TYPE_CHECKING:
    from sidecar.calls.call import Call
    from sidecar.calls.legs.leg import Leg
    from sidecar.sip.message import Request, Response

log = structlog.get_logger(__name__)

Terms = tuple[tuple[str, bool, tuple[str, ...], str], ...]
"""Of each m-line: its kind, whether it is accepted, its formats, its direction."""

SESSION_PROGRESS = 183
INTERVAL_TOO_SMALL = 422
BAD_EXTENSION = 420

_FOR_THE_CALLEE = ("100rel", "timer")
"""The extensions that the sidecar knows by itself, towards a callee."""

OF_THE_CALLER_ALONE = ("require", "supported", "session-expires", "min-se")
"""Header fields of an INVITE that were agreed to on its own leg, and are no wish to the callee."""

_REQUIRABLE = frozenset({"100rel", "histinfo", "norefersub", "replaces", "timer"})
"""What a caller may require of us alone; our 200 needs none of it but `timer`."""

_ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, REFER, NOTIFY"


def answer_alone(call: Call) -> None:
    """Answer the caller; what is said next waits for the ACK."""
    call.refreshing.part()
    lacking = sorted(tags(call.request.headers, "Require") - _REQUIRABLE)
    if lacking:
        call.refused_alone(BAD_EXTENSION, [("Unsupported", ", ".join(lacking))])
        return
    if call.refreshing.too_short(call.request):
        call.refused_alone(INTERVAL_TOO_SMALL, TOO_SMALL_HEADERS)
        return
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
    headers = [("Allow", _ALLOW), ("Supported", "replaces")]
    call.announce(leg, merged(headers, call.refreshing.answered_by_us(call.request)), body)


def supported(request: Request) -> str:
    """Return what a callee is told to be supported: by us, and by the caller where it is needed."""
    replaces = {"replaces"} & tags(request.headers, "Supported")
    return ", ".join(sorted({*_FOR_THE_CALLEE, *replaces}))


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


def took_answer(call: Call, leg: Leg, ack: Request) -> bool:
    """Take the answer in the caller's ACK, where the offer was ours; False: the call is over."""
    try:
        answer = description(ack)
        if leg.end.session.offered is not None:
            if answer is None:
                raise SdpError("No answer in ACK")
            call.sessions.take_answer(leg.end, Carrier.ACK, answer)
    except (SdpError, OfferAnswerError) as error:
        log.warning("answer_unusable", call=call.id, problem=error.reason)
        call.give_up("answer_unusable")
        return False
    return True


def callee_progressed(call: Call, a: Leg, leg: Leg, response: Response) -> None:
    """Let the caller hear the ringing: the PBX's own early media, or a tone of ours.

    A reliable response is acknowledged by us: the caller was answered before, and knows of none.
    """
    rseq = rseq_of(response)
    if rseq is not None:
        if leg.order.check(rseq) != "next":
            return
        leg.dialog.refresh_target(response)
        prack = leg.dialog.request("PRACK", [("RAck", rack_for(response))])
        call.agent.send_in_dialog(leg, prack, OwnInfo(call))
    carrier = Carrier.PROVISIONAL if rseq is None else Carrier.RELIABLE
    try:
        answer = description(response)
        if answer is None:
            call.media.ring(Side.A, True)
            return
        call.sessions.take_answer(leg.end, carrier, answer, other=a.end)
    except (SdpError, OfferAnswerError) as error:
        log.warning("progress_unusable", call=call.id, problem=error.reason)
        return
    call.media.ring(Side.A, False)
    call.consent.early_media()


def join(call: Call, a: Leg, leg: Leg, response: Response) -> None:
    """Join the callee, who has answered, to the caller. Raises SdpError or OfferAnswerError."""
    answer = description(response)
    if leg.end.session.state is State.STABLE:  # a reliable 18x has brought the answer
        call.sessions.settle(leg.end, a.end, crossed=False)
    elif answer is None:
        raise SdpError("No answer in 200")
    else:
        call.sessions.take_answer(leg.end, Carrier.FINAL, answer, other=a.end)
    call.media.ring(Side.A, False)
    a.other, leg.other = leg, a
    call.agent.send_ack(leg)
    if call.placing is None or call.placing.offered == terms(a):
        call.joined()
        return
    offer = partial(call.sessions.offer_as_agreed, a.end, leg.end)
    OwnInvite(call, leg, offer, partial(_offered_anew, call)).send()


def terms(leg: Leg) -> Terms:
    """Return what is agreed with a leg, as far as another leg has to agree to the same."""
    agreed = leg.end.session.local
    lines = agreed.media if agreed is not None else ()
    return tuple((each.kind, each.live, each.formats, each.direction) for each in lines)


def _offered_anew(call: Call, outcome: Outcome) -> None:
    """The callee has answered what the caller agreed to after the callee was called."""
    if call.over:
        return
    if outcome.answer is None:
        call.give_up("answer_unusable", status=outcome.status)
    else:
        call.joined()
