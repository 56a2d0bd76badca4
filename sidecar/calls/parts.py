"""What a call is made of: it carries the consent process, the recorder and the media out.

A call owns its parts, and they know it by a weak reference: so it is freed with its last leg, its
last transaction and what others still have to tell it, and the collector has nothing to find. Who
keeps the call for longer than one of its steps takes `call.itself`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import proxy

from sidecar.calls.crossing.header_policy import tags
from sidecar.calls.hands.consent_process import ConsentProcess
from sidecar.calls.hands.keys import Keys
from sidecar.calls.hands.parties import Parties
from sidecar.calls.hands.recorder_process import RecorderProcess
from sidecar.calls.hands.recording_requests import RECORD_AWARE, RecordingRequests
from sidecar.calls.hands.rooms import Member
from sidecar.calls.hands.speaking import Pressing
from sidecar.calls.hands.voicemail import Voicemail
from sidecar.calls.identifiers import new_call_id
from sidecar.calls.legs.message_streams import MessageStreams
from sidecar.calls.legs.refreshing import Refreshing
from sidecar.calls.legs.session import Sessions, Speech
from sidecar.consent.decision import VoicemailPolicy
from sidecar.consent.terms import in_a_room, terms_of
from sidecar.media.engine import Side

if TYPE_CHECKING:
    from sidecar.calls.call import Call


def join_parts(whole: Call) -> None:
    """Build the parts of a call that has its media session, and knows who was told before."""
    call: Call = proxy(whole)
    agent, media = call.agent, call.media
    recorder = agent.recorder_of(call.route)
    call.pbx_call_id = new_call_id() if call.route.inbound else call.request.call_id
    call.requests = RecordingRequests(call)
    messages = MessageStreams(agent.metrics, allowed=call.decision.messages == "allow")
    call.sessions = Sessions(media, agent.media_address, call.requests, messages, _speech(call))
    call.member = Member(call, agent.rooms)
    terms = terms_of(call.decision, holds=recorder.holds)
    if call.member.by_rule:
        terms = in_a_room(terms)
    call.consent = ConsentProcess(call, media, terms, call.told)
    call.voicemail = Voicemail(call)
    call.parties = Parties(call)
    call.recorder = RecorderProcess(call, recorder, call.pbx_call_id)
    call.pressing = Pressing(media)
    call.refreshing = Refreshing(call)
    call.keys = Keys(call)
    if RECORD_AWARE in tags(call.request.headers, "Supported"):
        call.requests.aware(Side.A)


def _speech(call: Call) -> Speech:
    """Return whether anything will be played that both sides must have a codec for."""
    if call.decision.notice is not None:
        return Speech.SURELY
    spoken = call.decision.voicemail in (VoicemailPolicy.NOTICE, VoicemailPolicy.CONSENT)
    return Speech.PERHAPS if spoken and call.route.inbound else Speech.NEVER
