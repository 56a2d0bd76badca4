"""What must hold before a call begins: its recorder obeys, its offer and its notice can be used."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from sidecar.calls.call import Call
from sidecar.calls.call_base import RETRY_AFTER, Phase
from sidecar.calls.crossing.bodies import UNSUPPORTED_TYPE, description
from sidecar.calls.crossing.header_policy import HeaderLines
from sidecar.calls.identifiers import new_tag
from sidecar.calls.legs.message_streams import check_without_audio, warnings
from sidecar.calls.legs.session import count_streams, has_audio
from sidecar.consent.decision import Decision, Policy
from sidecar.records.record import Disposition, EndedBy
from sidecar.sip.message import respond
from sidecar.sip.sdp import SdpError, SessionDescription, check_usable

if TYPE_CHECKING:
    from sidecar.calls.agent import Agent
    from sidecar.calls.routing import Route
    from sidecar.sip.flow import Flow
    from sidecar.sip.message import Request
    from sidecar.sip.transactions import ServerTransaction


log = structlog.get_logger(__name__)


def admit(
    agent: Agent,
    transaction: ServerTransaction,
    request: Request,
    flow: Flow,
    route: Route,
    references: HeaderLines,
) -> None:
    """Begin a call, or turn it away; either leaves its record. `references`: see `CallBase`."""
    decision, problem = _protected(agent, agent.rules.decide(route.facts), route)
    call = Call(agent, transaction, request, flow, route, decision, references)
    if problem:
        agent.metrics.fail_closed("recorder_unreachable")
        _turn_away(call, 503, "recorder_unreachable", problem)
        return
    try:
        streams = _streams(call)
    except SdpError as error:
        _turn_away(call, error.status, "offer_unusable", error.reason, warnings(error))
        return
    if missing := _missing_prompt(agent, decision):
        agent.metrics.fail_closed("prompt_missing")
        _turn_away(call, 503, "prompt_missing", f"there is no prompt {missing}")
        return
    if not call.share.begin(streams, agent.now):
        _no_ports(call)
        return
    try:
        call.begin(streams)
    finally:
        if call.invite.owner is not call:  # it was never begun
            call.give_back()


def _no_ports(call: Call) -> None:
    """Refuse a call whose neighbour holds all the ports that it may have."""
    agent, peer = call.agent, call.route.source
    agent.gate.hit(peer, "ports")
    if agent.gate.keeps_record(peer):
        _turn_away(call, 503, "ports_limit", "its neighbour has all the ports it may", RETRY_AFTER)
        return
    response = respond(call.request, 503, None, new_tag())
    for name, value in RETRY_AFTER:
        response.headers.add(name, value)
    agent.respond(call.invite, response, peer)
    call.phase = Phase.ENDED


def _turn_away(
    call: Call, status: int, reason: str, problem: str, headers: HeaderLines | None = None
) -> None:
    """Refuse a call that can't even be begun; it leaves its record all the same."""
    agent = call.agent
    ledger = agent.challenges.resume(call.request)
    if ledger is None:
        ledger = agent.books.open(call.route.facts, call.decision)
        ledger.counted()
    ledger.ended(Disposition.REFUSED, EndedBy.SIDECAR)
    agent.metrics.sip_rejected(reason)
    peer, call_id = call.route.source, ledger.record.call_id
    agent.complaints.tell(peer, "call_refused", call=call_id, reason=reason, problem=problem)
    response = respond(call.request, status, None, new_tag())
    if status == UNSUPPORTED_TYPE:
        response.headers.add("Accept", "application/sdp")
    for name, value in headers or []:
        response.headers.add(name, value)
    agent.respond(call.invite, response, peer)
    ledger.close()
    call.phase = Phase.ENDED


def _protected(agent: Agent, decision: Decision, route: Route) -> tuple[Decision, str]:
    """Return what is decided while the recorder is as it is now, and why the call can't be.

    With a recorder out of reach a call goes on only where the rule lets it go on unrecorded;
    that it is will have to be verified once both are up.
    """
    problem = agent.recorder_of(route).problem
    if not problem or decision.on_unreachable == "refuse":
        return decision, problem
    return replace(decision, recording=Policy.OFF, notice=None, question=None), ""


def _streams(call: Call) -> int:
    """Return how many streams the caller offers. Raises SdpError where that can't be carried."""
    request = call.request
    body = description(request)
    if body is None:
        if request.body:
            raise SdpError("Unsupported Media Type", status=UNSUPPORTED_TYPE)
        return 1
    offer = SessionDescription.parse(body)
    check_usable(offer, call.agent.media_address)
    if not has_audio(offer):
        check_without_audio(offer, call.decision, call.agent.metrics)
    return count_streams(offer)


def _missing_prompt(agent: Agent, decision: Decision) -> str:
    """Return a prompt that the call can't do without and that can't be played."""
    notice = decision.notice
    if notice is None:
        return ""
    for party in notice.to:
        name, language = notice.prompt.of(party), notice.language.of(party)
        if not agent.media.prompts.has(name, language):
            return f"{language}/{name}"
    return ""
