"""One call: from an INVITE of one neighbour to the last BYE.

The caller's INVITE opens the A leg, the sidecar's own INVITE the B leg. With a notice
`before-connect` the sidecar answers the A leg by itself first; else the callee's answer crosses
to the caller. What is played, and when speech may pass, is decided by the consent machine
(`sidecar.consent.machine`); this class carries it out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from sidecar.calls.call_base import MEDIA_SILENT, RETRY_AFTER, CallBase, Phase
from sidecar.calls.crossing.bodies import cross, described
from sidecar.calls.crossing.header_policy import HeaderLines, passed, phrase, tags, without
from sidecar.calls.hands.parties import heritage_of
from sidecar.calls.hands.recording_requests import RECORD_AWARE
from sidecar.calls.hands.speaking import Script
from sidecar.calls.identifiers import new_tag
from sidecar.calls.ledger import disposition_of
from sidecar.calls.legs.leg import Leg
from sidecar.calls.legs.pbx_leg import OwnInfo
from sidecar.calls.legs.session import End
from sidecar.calls.parts import join_parts
from sidecar.calls.setup import announcing
from sidecar.calls.setup.challenges import TRIED_AGAIN
from sidecar.calls.setup.placing import Placing
from sidecar.calls.setup.progress import pass_on, with_early_answer
from sidecar.consent.events import BothUp, CallerUp, PartyLeft
from sidecar.consent.party import Party
from sidecar.media.engine import (
    Closed,
    Digit,
    Lost,
    MediaEvent,
    MediaSession,
    Opened,
    Played,
    PlayFailed,
    Pressed,
    Refused,
    Side,
    Silent,
)
from sidecar.recorders.recorder import Answerer
from sidecar.records.record import Disposition, EndedBy
from sidecar.sip.dialog import Dialog
from sidecar.sip.message import Request, Response
from sidecar.sip.offer_answer import Carrier, OfferAnswerError, State, Unasked
from sidecar.sip.sdp import SdpError

if TYPE_CHECKING:
    from sidecar.calls.ledger import Ledger
    from sidecar.calls.routing import Peer

log = structlog.get_logger(__name__)

UNREACHABLE = 503
NOWHERE = 480
"""The answer in place of a redirection that leads nowhere through the sidecar."""
RUNG_OUT = 408


class Call(CallBase):
    """A call on its way from the INVITE to speech. Every method runs within a turn of its own."""

    __slots__ = ()

    # Opening.

    def begin(self, streams: int) -> None:
        """Have the record written and ports opened; the call goes on when both are done."""
        agent = self.agent
        resumed = agent.challenges.resume(self.request)
        self.ledger = resumed or agent.books.open(self.route.facts, self.decision)
        self.id = self.record.call_id
        self.media: MediaSession = agent.media.open(streams, self.as_step(self._on_media))
        try:
            self.media.behind_nat(Side.A, self.route.source.media_from)
            self.media.behind_nat(Side.B, self.route.destination.media_from)
            self.heritage = heritage_of(self)
            self.told = self.heritage.told
            join_parts(self)
        except BaseException:
            self._never_begun(resumed)
            raise
        self.invite.owner = self
        agent.calls[self.id] = self
        if resumed is not None:
            self._recorded = True
            self.ledger.resumed()
        else:
            self.ledger.begin(self.pbx_call_id, self.as_step(self._on_recorded))
        self.ledger.started(self.route.facts, self.decision)
        self.parties.inherit()

    def _never_begun(self, resumed: Ledger | None) -> None:
        """Give back what a call holds that could not be put together: nobody else knows of it."""
        self.media.close()
        if resumed is not None:
            resumed.ended(Disposition.FAILED, EndedBy.SIDECAR)
            resumed.close()

    def send_info(self, side: Side, content_type: str, body: bytes) -> None:
        """Send an INFO of ours to a side."""
        leg = self.leg_at(side)
        if leg is not None:
            request = leg.dialog.request("INFO", [("Content-Type", content_type)], body)
            self.agent.send_in_dialog(leg, request, OwnInfo(self))

    def _on_recorded(self, kept: bool) -> None:
        if self.phase is not Phase.OPENING:
            return
        if not kept:
            self.fail_closed("record_not_written")
            return
        self._recorded = True
        self._go_on()

    def _on_media(self, event: MediaEvent) -> None:
        match event:
            case Opened():
                self.sessions.ports = {Side.A: event.ports_a, Side.B: event.ports_b}
                self._go_on_with_ports()
                if self.phase is Phase.OPENING:
                    self._go_on()
            case Refused():
                self._ports_refused(event.reason)
            case Played() | PlayFailed():
                self.consent.speaking.ended(event)
            case Digit(side, digit, _duration, means):
                self.keys.pressed(side, digit, means)
            case Pressed():
                self.pressing.ended(event)
            case Silent():
                self.give_up("media_silent", status=480, because=MEDIA_SILENT)
            case Lost():
                self.fail_closed("media_lost")
            case Closed():
                self.ledger.media_closed(event)

    def _ports_refused(self, reason: str) -> None:
        self._go_on_with_ports()  # an added stream that finds no port is declined
        if self.phase is Phase.OPENING:
            self.ledger.refused("no_ports", reason, ours=True)
            self._refuse(503, Disposition.REFUSED, EndedBy.SIDECAR, RETRY_AFTER)

    def when_ports(self, lacking: int, go_on: Callable[[], None], asked_by: Peer) -> None:
        """Call `go_on` once `lacking` more streams have ports, or can't have any."""
        account = self.agent.gate.account_of(asked_by)
        if not self.share.add_streams(account, lacking, self.now):
            self.agent.gate.hit(asked_by, "ports")
            go_on()  # the added streams are declined
            return
        for _ in range(lacking):
            self.media.add_stream()
        self._ports_awaited += lacking
        self._when_ports.append(go_on)

    def _go_on_with_ports(self) -> None:
        self._ports_awaited = max(0, self._ports_awaited - 1)
        if self._ports_awaited == 0:
            waiting, self._when_ports = self._when_ports, []
            for go_on in waiting:
                go_on()

    def _go_on(self) -> None:
        ready = self._recorded and self.sessions.ports[Side.A]
        if not ready or self.consent.parting:
            return
        self.keys.listen()
        if not self.route.inbound:
            self.recorder.open()
        notice = self.decision.notice
        if notice is not None and notice.at == "before-connect":
            announcing.answer_alone(self)
        else:
            self.place()

    # The A leg.

    def new_a_leg(self) -> Leg:
        """Return a new dialog with the caller, in the books already."""
        contact = self.agent.contact(self.flow)
        dialog = Dialog.as_uas(self.request, new_tag(), contact, self.flow)
        leg = Leg(self, self.route.source, dialog, self._a_end.fork())
        leg.identity.changed(self.request)
        leg.learn(self.request)
        self.agent.add_leg(leg)
        return leg

    def answer(self, leg: Leg, status: int, reason: str, headers: HeaderLines, body: bytes) -> None:
        """Answer the caller's INVITE with a 2xx."""
        headers += self.agent.decision_headers(self, self.route.source)
        response = leg.dialog.response(self.request, status, reason, headers, body)
        self.agent.answer_invite(leg, self.invite, response)
        self.refreshing.agreed(leg, response, asked_by_us=False)

    def announce(self, leg: Leg, headers: HeaderLines, body: bytes) -> None:
        """Answer the caller by ourselves: the notice comes before the B leg is placed."""
        self.a = leg
        self.phase = Phase.ANNOUNCING
        self.answer(leg, 200, "OK", [*headers, ("Content-Type", "application/sdp")], body)

    def joined(self) -> None:
        """The callee was joined to a caller who is up already."""
        self._up()

    def acknowledged(self, leg: Leg, ack: Request) -> None:
        """The ACK to a 2xx of ours has come, of this call's first INVITE or a later one."""
        alone = leg is self.a and (leg.other is None or leg.other.over)
        if alone and not announcing.took_answer(self, leg, ack):
            return
        if leg.side is Side.B or leg.answered_cseq != self.request.cseq.number:
            return
        if self.phase is Phase.ANNOUNCING:
            self.consent.handle(CallerUp())
        elif self.phase is Phase.ANSWERED:
            self._up()

    def _up(self) -> None:
        """Both legs are up; what is told first depends on who has answered."""
        self.phase = Phase.UP
        self.recorder.ask_who_answered(self._answered_by)

    def _answered_by(self, answerer: Answerer) -> None:
        if self.over or self.leg_at(Side.B) is None:
            return
        if self.heritage.told and not self.heritage.proven:
            self.told = frozenset()
            if not self.consent.at_mailbox:
                self.consent.change(self.consent.state.terms, Script.of_call(self.decision))
        self.parties.inherit()
        machine = answerer is Answerer.MACHINE and self.route.inbound
        if machine and self.consent.state.terms.awaits_person:
            self.consent.handle(PartyLeft(Party.CALLEE))
        self.consent.handle(BothUp())
        if not self.consent.at_mailbox:
            self.member.enter(self.member.by_rule)

    # The B leg.

    def place(self) -> None:
        """Place the B leg, with the callee or, once it is diverted, with the mailbox."""
        first = self.placing is None and not self.voicemail.diverted
        self.phase = Phase.PLACING
        self.recorder.open()
        self._a_end.session.reject()  # nobody has answered what another callee was offered
        self.placing = Placing(self, self.voicemail.diversion)
        if not self._next_target(self.placing):
            self.callee_silent()
            return
        if self.over:
            return
        self.ringing.progressed(self)
        if first:
            if self.a is None:
                self.ledger.placed(self.now - self._arrived)
            self.voicemail.watch()

    def _next_target(self, placing: Placing) -> bool:
        """Try the next target; an offer that can't cross ends the call, which counts as tried."""
        try:
            return placing.next_target()
        except (SdpError, OfferAnswerError) as error:
            self.content_unusable(error)
            return True

    def invite_content(self, end: End) -> tuple[HeaderLines, bytes]:
        """Return what the INVITE to the callee carries: headers that cross, ours, and the offer.

        Raises SdpError (488: no common codec) or OfferAnswerError.
        """
        source = self.route.source
        headers = passed(self.request.headers, trusted=source.trusted, site=source.site)
        headers += self.references
        headers += self.agent.decision_headers(self, self.route.destination)
        if self.a is None:
            body = cross(self.sessions, self._a_end, end, Carrier.INVITE, self.request)
            return headers + described(body), body
        headers = without(headers, *announcing.OF_THE_CALLER_ALONE)
        headers += [
            ("Supported", announcing.supported(self.request)),
            ("Content-Type", "application/sdp"),
        ]
        self.refreshing.part()
        return headers, self.sessions.offer_as_agreed(self.a.end, end)

    def try_next(self) -> bool:
        """Place the B leg with the next target, where the caller has heard of none yet."""
        placing = self.placing
        if placing is None or placing.progressed or self.phase is not Phase.PLACING:
            return False
        self._a_end.session.reject()
        return self._next_target(placing)

    def callee_progressed(self, leg: Leg, response: Response) -> None:
        """A provisional response came from one of the callee's forks."""
        self.parties.look_at(leg, response)
        if self.placing is None or self.placing.cancelled:
            return
        self.ringing.progressed(self)
        if self.a is not None:
            announcing.callee_progressed(self, self.a, leg, response)
            return
        try:
            pass_on(self, leg, self._mate(leg), response)
        except (SdpError, OfferAnswerError) as error:
            log.warning("progress_unusable", call=self.id, problem=error.reason)

    def _mate(self, leg: Leg) -> Leg:
        """Return the caller's early dialog that belongs to this fork of the callee's."""
        if leg.other is None:
            leg.other = self.new_a_leg()
            leg.other.other = leg
        return leg.other

    def callee_answered(self, leg: Leg, response: Response) -> None:
        """The first 2xx came; `leg` is the fork that answered."""
        self.b = leg
        self.ringing.stop()
        self.voicemail.settled()
        self.parties.answered(response)
        self.parties.look_at(leg, response)
        if leg.over:
            return
        if RECORD_AWARE in tags(response.headers, "Supported"):
            self.requests.aware(Side.B)
        self.ledger.answered()
        self.media.answered()
        self.consent.answered()
        self.refreshing.agreed(leg, response, asked_by_us=True)
        try:
            with_early_answer(leg, response)
            if self.a is not None:
                announcing.join(self, self.a, leg, response)
            else:
                self._pass_answer_on(leg, response)
        except (SdpError, OfferAnswerError) as error:
            log.warning("answer_unusable", call=self.id, problem=error.reason)
            self.agent.send_ack(leg)
            self.give_up("answer_unusable", Disposition.FAILED, status=502)

    def _pass_answer_on(self, leg: Leg, response: Response) -> None:
        a = self._mate(leg)
        body = cross(self.sessions, leg.end, a.end, Carrier.FINAL, response)
        self.a = a
        if leg.end.session.state is State.STABLE:
            self.agent.send_ack(leg)
        self.phase = Phase.ANSWERED
        headers = passed(response.headers, trusted=leg.peer.trusted, site=leg.peer.site)
        self.answer(a, response.status, phrase(response), headers + described(body), body)

    def drop_callee(self) -> None:
        """End the callee's leg, or give up to place it; the caller stays."""
        self.ringing.stop()
        self.voicemail.settled()
        self.media.ring(Side.A, False)
        if self.b is not None:
            self.agent.part(self.b, [])
        elif self.placing is not None:
            self.placing.abandon()
            self.placing = None

    def callee_refused(self, status: int, response: Response) -> None:
        """A final response other than 2xx came, and no further target is left."""
        if self.voicemail.takes_over(status):
            return
        callee = self.route.destination
        headers = passed(response.headers, trusted=callee.trusted, site=callee.site)
        contacts = self.agent.identities.redirected(response, callee, self.flow)
        reason: str | None = phrase(response)
        if 300 <= status < 400 and not contacts and callee.kind == "trunk":
            status, reason = NOWHERE, None
        headers += contacts
        if status in TRIED_AGAIN and self.a is None:
            self._parked = self.agent.challenges.park(self.request, self.ledger, self.now)
        self._refuse(status, disposition_of(status), EndedBy.CALLEE, headers, reason)

    def refused_alone(self, status: int, headers: HeaderLines) -> None:
        """Refuse a call that we were to answer alone, as it came; the caller may try again."""
        self._parked = self.agent.challenges.park(self.request, self.ledger, self.now)
        self.agent.metrics.sip_rejected("bad_extension")
        self._refuse(status, Disposition.REFUSED, EndedBy.SIDECAR, headers)

    def rung_out(self) -> None:
        """The callee has rung for too long (timer C)."""
        self.agent.gate.hit(self.route.source, "ringing")
        if self.voicemail.takes_over(RUNG_OUT):
            return
        if self.placing is not None:
            self.placing.cancel([("Reason", f"SIP ;cause={RUNG_OUT}")])
        self._refuse(RUNG_OUT, Disposition.NO_ANSWER, EndedBy.SIDECAR)

    def pass_ack_on(self, leg: Leg, other: Leg, ack: Request) -> None:
        """The neighbour's ACK brings the answer that the other leg's 2xx waits for."""
        try:
            body = cross(self.sessions, leg.end, other.end, Carrier.ACK, ack)
        except Unasked:
            self.fail_closed("answer_unasked")
            return
        except (SdpError, OfferAnswerError) as error:
            log.warning("answer_unusable", call=self.id, problem=error.reason)
            self.give_up("answer_unusable")
            return
        headers = passed(ack.headers, trusted=leg.peer.trusted, site=leg.peer.site)
        self.agent.send_ack(other, headers + described(body), body)

    def never_pracked(self) -> None:
        """The caller does not acknowledge a reliable provisional (RFC 3262 section 3)."""
        self.give_up("no_prack", status=504)

    def callee_silent(self) -> None:
        """No target answered within timer B, or none can be reached."""
        if self.voicemail.takes_over(UNREACHABLE):
            return
        self.ledger.destination_silent(self.route.destination.name)
        self._refuse(503, Disposition.FAILED, EndedBy.SIDECAR, RETRY_AFTER)

    def content_unusable(self, error: SdpError | OfferAnswerError) -> None:
        """The caller's offer can't cross: no common codec, or no session description at all."""
        self.ledger.refused("offer_unusable", error.reason)
        self._refuse(error.status, Disposition.REFUSED, EndedBy.SIDECAR)
