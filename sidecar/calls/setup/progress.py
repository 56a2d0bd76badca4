"""Provisional responses of the callee on their way to the caller, reliable ones too (RFC 3262)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.calls.crossing.bodies import cross, described, description
from sidecar.calls.crossing.header_policy import passed, phrase, without
from sidecar.sip.message import Response
from sidecar.sip.offer_answer import Carrier
from sidecar.sip.reliable import ReliableProvisionals, rack_for, rseq_of

BODY_HEADERS = ("content-type", "content-disposition", "content-encoding", "content-language")

if TYPE_CHECKING:
    from sidecar.calls.call import Call
    from sidecar.calls.legs.leg import Leg


def pass_on(call: Call, callee: Leg, caller: Leg, response: Response) -> None:
    """Send a provisional response of the callee's early dialog in the caller's.

    A reliable one stays reliable: the caller's PRACK is what acknowledges it to the callee.
    Raises SdpError or OfferAnswerError.
    """
    rseq = rseq_of(response)
    if rseq is not None and callee.order.check(rseq) != "next":
        return
    callee.dialog.refresh_target(response)
    carrier = Carrier.PROVISIONAL if rseq is None else Carrier.RELIABLE
    body = cross(call.sessions, callee.end, caller.end, carrier, response)
    if description(response) is not None:
        call.consent.early_media()
    agent = call.agent
    peer = callee.peer
    headers = passed(response.headers, trusted=peer.trusted, site=peer.site) + described(body)
    headers += agent.decision_headers(call, call.route.source)
    if rseq is not None:
        headers = without(headers, "require")
    out = caller.dialog.response(call.request, response.status, phrase(response), headers, body)
    if rseq is None:
        agent.respond(call.invite, out, caller.peer)
        return
    provisionals = caller.provisionals or _provisionals(call, caller)
    number = provisionals.number(out)
    data = agent.respond(call.invite, out, caller.peer)
    provisionals.sent(number, data, call.invite.flow, agent.now)
    caller.racks[number] = rack_for(response)


def with_early_answer(leg: Leg, response: Response) -> None:
    """Give a 2xx without an answer the one that an unreliable 18x of its dialog has brought.

    RFC 3261 section 13.2.1 wants it in the 2xx as well; some gateways believe that once is enough.
    What is sent on says it in the 2xx. Raises SdpError.
    """
    early = leg.end.session.preview
    if early is None or description(response) is not None:
        return
    for name in BODY_HEADERS:
        response.headers.remove(name)
    response.headers.add("Content-Type", "application/sdp")
    response.body = early.encode()


def _provisionals(call: Call, caller: Leg) -> ReliableProvisionals:
    agent = call.agent
    caller.provisionals = ReliableProvisionals(
        agent.timers,
        agent.layer.durations,
        call.request,
        transmit=agent.layer.retransmit,
        failed=lambda _now: agent.turns.do(call.never_pracked, of=call),
    )
    return caller.provisionals
