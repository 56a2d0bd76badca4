"""What belongs to a call, whatever it has come to, and how it ends."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, cast

import structlog

from sidecar.calls.crossing.header_policy import HeaderLines, reasons
from sidecar.calls.identifiers import new_tag
from sidecar.calls.legs.leg import Leg
from sidecar.calls.legs.session import End
from sidecar.calls.limits import Share
from sidecar.calls.setup.ringing import Ringing
from sidecar.consent.events import HungUp
from sidecar.media.engine import MediaSession, Side
from sidecar.records.record import CallRecord, Disposition, EndedBy
from sidecar.sip.message import Request, respond
from sidecar.sip.offer_answer import Origins

if TYPE_CHECKING:
    from sidecar.calls.agent import Agent
    from sidecar.calls.call import Call
    from sidecar.calls.hands.consent_process import ConsentProcess
    from sidecar.calls.hands.keys import Keys
    from sidecar.calls.hands.parties import Heritage, Parties
    from sidecar.calls.hands.recorder_process import RecorderProcess
    from sidecar.calls.hands.recording_requests import RecordingRequests
    from sidecar.calls.hands.rooms import Member
    from sidecar.calls.hands.speaking import Pressing
    from sidecar.calls.hands.voicemail import Voicemail
    from sidecar.calls.ledger import Ledger
    from sidecar.calls.legs.refreshing import Refreshing
    from sidecar.calls.legs.session import Sessions
    from sidecar.calls.routing import Route
    from sidecar.calls.setup.placing import Placing
    from sidecar.consent.decision import Decision
    from sidecar.consent.party import Party
    from sidecar.sip.flow import Flow
    from sidecar.sip.transactions import ServerTransaction
    from sidecar.timers import Timer

log = structlog.get_logger(__name__)

RETRY_AFTER: HeaderLines = [("Retry-After", "5")]
MEDIA_SILENT = 'Q.850 ;cause=102 ;text="No media"'
"""Recovery on timer expiry: nobody has hung up, and nobody is heard any more."""
ENDED_BY = {Side.A: EndedBy.CALLER, Side.B: EndedBy.CALLEE}


class Phase(Enum):
    """How far a call has come."""

    OPENING = "the record is being written, ports are being opened"
    ANNOUNCING = "answered by the sidecar; the caller hears the notice, there is no B leg yet"
    PLACING = "the B leg is being set up"
    ANSWERED = "the callee has answered, the caller's ACK is awaited"
    UP = "both legs are up"
    ENDED = "nothing is left but farewells"


class CallBase:
    """What belongs to a call, and how it ends. Every method runs within a turn of its own."""

    __slots__ = (
        "__weakref__",
        "_a_end",
        "_arrived",
        "_parked",
        "_ports_awaited",
        "_recorded",
        "_session_number",
        "_when_ports",
        "a",
        "agent",
        "b",
        "consent",
        "decision",
        "failing",
        "flow",
        "heritage",
        "id",
        "invite",
        "keys",
        "ledger",
        "legs",
        "media",
        "member",
        "parties",
        "pbx_call_id",
        "phase",
        "placing",
        "pressing",
        "recorder",
        "references",
        "refreshing",
        "request",
        "requests",
        "ringing",
        "route",
        "sessions",
        "share",
        "told",
        "voicemail",
    )

    id: str
    ledger: Ledger
    media: MediaSession
    sessions: Sessions
    consent: ConsentProcess
    recorder: RecorderProcess
    requests: RecordingRequests
    refreshing: Refreshing
    keys: Keys
    pressing: Pressing
    voicemail: Voicemail
    parties: Parties
    heritage: Heritage
    member: Member
    pbx_call_id: str

    def __init__(
        self,
        agent: Agent,
        invite: ServerTransaction,
        request: Request,
        flow: Flow,
        route: Route,
        decision: Decision,
        references: HeaderLines,
    ) -> None:
        self.agent = agent
        self.invite = invite
        self.request = request
        self.flow = flow
        self.route = route
        self.decision = decision
        self.references = references
        """The dialogs that the INVITE refers to, as the callee's side knows them."""
        self.phase = Phase.OPENING
        self.a: Leg | None = None
        self.b: Leg | None = None
        self.placing: Placing | None = None
        self._session_number = secrets.randbits(48)
        self._a_end = self.new_end(Side.A)
        self._arrived = agent.now
        self.ringing = Ringing(route.source.limits.ringing)
        self.share = Share(agent.gate.account_of(route.source))
        self._ports_awaited = 0
        self._when_ports: list[Callable[[], None]] = []
        self._recorded = False
        self._parked = False
        self.legs: list[Leg] = []
        self.failing = False
        self.told: frozenset[Party] = frozenset()
        """Who has heard, and agreed to, what is said of the recording: in a call that this one
        replaces, or before it came to a mailbox."""

    # What it is made of.

    @property
    def itself(self) -> Call:
        """The call, for those of its parts that know it by a weak reference only."""
        return cast("Call", self)

    @property
    def record(self) -> CallRecord:
        """What is kept of it, to be read; whatever happens is written by the ledger."""
        return self.ledger.record

    @property
    def over(self) -> bool:
        """Whether nothing is left of it but farewells."""
        return self.phase is Phase.ENDED

    @property
    def pbx_side(self) -> Side:
        """The side that the PBX is on."""
        return Side.B if self.route.inbound else Side.A

    @property
    def hears_early_media(self) -> bool:
        """Whether media goes to the caller already, who was not answered."""
        early = (leg.end.session for leg in self.legs if leg.side is Side.A and not leg.over)
        return any(each.preview is not None or each.remote is not None for each in early)

    @property
    def now(self) -> float:
        """The time of the present turn, in monotonic seconds."""
        return self.agent.turns.now

    def later(self, at: float, step: Callable[[float], None]) -> Timer:
        """Do `step(now)` at a monotonic time; nothing where the call is over by then."""
        return self.agent.turns.later(self.itself, at, step)

    def as_step(self, step: Callable[..., None]) -> Callable[..., None]:
        """Return what media, recorder or record store may call: see `Turns.owned_by`."""
        return self.agent.turns.owned_by(self.itself, step)

    def leg_at(self, side: Side) -> Leg | None:
        """Return the leg on a side, once it is answered and while it is not over."""
        leg = self.a if side is Side.A else self.b
        return leg if leg is not None and not leg.over else None

    def trusts(self, side: Side) -> bool:
        """Tell whether what a side says about itself is believed."""
        return (self.route.source if side is Side.A else self.route.destination).trusted

    def new_end(self, side: Side) -> End:
        """Return a session end with an `o=` line of its own."""
        self._session_number += 1
        return End(side, Origins(self.agent.media_address, self._session_number))

    # The end.

    def cancelled(self, cancel: Request) -> None:
        """The caller gave up before a final response."""
        if self.phase is Phase.ENDED:
            return
        if self.placing is not None:
            self.placing.cancel(reasons(cancel.headers))
        self._refuse(487, Disposition.CANCELLED, EndedBy.CALLER)

    def hung_up(self, leg: Leg, headers: HeaderLines) -> None:
        """A BYE came (and was answered): say goodbye to the other leg."""
        if self.placing is not None and self.b is None:
            self.placing.cancel(headers)
        answered = self.record.answered_at is not None
        disposition = Disposition.ANSWERED if answered else Disposition.CANCELLED
        self._answer_invite(487, [], None)  # BYE in an early dialog (RFC 3261 15.1.2)
        self._end(disposition, ENDED_BY[leg.side], headers)

    def never_acknowledged(self) -> None:
        """The caller, or one who sent a re-INVITE, does not acknowledge our 2xx."""
        up = self.phase is Phase.UP
        self.give_up("no_ack", None if up else Disposition.FAILED)

    def fail_closed(self, reason: str) -> None:
        """A promise can't be kept: the call does not go on (promise 8)."""
        if self.phase is Phase.ENDED:
            return
        self.ledger.failed_closed(reason)
        self.give_up(reason, Disposition.REFUSED, status=503, headers=RETRY_AFTER)

    def end_refused(self) -> None:
        """Someone does not agree to what the call can't go on without."""
        if self.consent.at_mailbox:
            reason = f"voicemail_{self.record.voicemail}"
            self.give_up(reason, Disposition.REFUSED, status=self.voicemail.status)
        else:
            self.give_up("consent_refused", Disposition.REFUSED, status=403)

    def give_up(
        self,
        reason: str,
        disposition: Disposition | None = None,
        status: int = 500,
        headers: HeaderLines | None = None,
        because: str = "",
    ) -> None:
        """End the call from our side, whatever it has come to.

        `because` is the Reason of the BYEs, where the status is none that says why.
        """
        if self.phase is Phase.ENDED:
            return
        log.info("call_given_up", call=self.id, reason=reason)
        if self.placing is not None and self.b is None:
            self.placing.cancel([])
        answered = self.record.answered_at is not None
        fallback = Disposition.ANSWERED if answered else Disposition.FAILED
        self._answer_invite(status, headers or [], None)
        reasons = [("Reason", because or f"SIP ;cause={status}")]
        self._end(disposition or fallback, EndedBy.SIDECAR, reasons)

    def _refuse(
        self,
        status: int,
        disposition: Disposition,
        ended_by: EndedBy,
        headers: HeaderLines | None = None,
        reason: str | None = None,
    ) -> None:
        """End the call with a final response, or with BYE where the caller was answered already."""
        self._answer_invite(status, headers or [], reason)
        self._end(disposition, ended_by, [("Reason", f"SIP ;cause={status}")])

    def _answer_invite(self, status: int, headers: HeaderLines, reason: str | None) -> None:
        """Send the final response, where the caller has none yet."""
        if self.invite.finished:
            return
        response = respond(self.request, status, reason, new_tag())
        for name, value in headers:
            response.headers.add(name, value)
        self.agent.respond(self.invite, response, self.route.source)

    def releases(self) -> tuple[Callable[[], None], ...]:
        """Return the steps that give back all that the call holds, once its legs have parted."""
        return (
            self.ringing.stop,
            self.give_back,
            self.consent.abandon,
            self.pressing.close,
            self.keys.close,
            self.voicemail.settled,
            self.member.leave,
            self.parties.close,
            self.recorder.close,
            self.refreshing.close,
            self.media.close,
            self._let_go,
        )

    def give_back(self) -> None:
        """Let others have what the call has taken of the limits."""
        self.share.give_back(self.now)

    def _let_go(self) -> None:
        """Keep nothing that keeps the call: from now on it is its legs that do."""
        self.a = self.b = self.placing = None
        waiting, self._when_ports = self._when_ports, []
        for go_on in waiting:
            go_on()

    def _end(self, disposition: Disposition, ended_by: EndedBy, headers: HeaderLines) -> None:
        if self.phase is Phase.ENDED:
            return
        self.phase = Phase.ENDED
        self.consent.handle(HungUp())
        agent = self.agent
        for leg in tuple(self.legs):
            agent.part(leg, headers)
        for release in self.releases():
            release()
        self.ledger.ended(disposition, ended_by)
        agent.calls.pop(self.id, None)
        if not self._parked:
            self.ledger.close()
