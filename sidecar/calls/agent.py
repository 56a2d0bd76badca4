"""The sidecar as a user agent: what calls and relays need to speak SIP and to keep their books."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from sidecar import __version__
from sidecar.calls.call_events import CallEnded
from sidecar.calls.challenges import Challenges
from sidecar.calls.complaints import Complaints
from sidecar.calls.contact_seal import Sealed
from sidecar.calls.event_hub import EventHub
from sidecar.calls.gate import Gate
from sidecar.calls.identifiers import new_call_id
from sidecar.calls.identities import Identities
from sidecar.calls.leg import Leg
from sidecar.calls.limits import Pool
from sidecar.calls.replaces import Across, mapped_refer_to, mapped_references
from sidecar.calls.rooms import Rooms
from sidecar.calls.routing import Peer, Route, Router
from sidecar.calls.turns import Turns
from sidecar.consent.decision import CallFacts, Decision
from sidecar.media.engine import Closed, MediaEngine
from sidecar.metrics import Metrics
from sidecar.recorders.recorder import Recorder
from sidecar.records.record import CallRecord, Disposition
from sidecar.records.store import RecordStore, RoomBoard
from sidecar.sip.address import Address
from sidecar.sip.dialog import DialogId
from sidecar.sip.flow import Flow
from sidecar.sip.message import Request, Response
from sidecar.sip.reliable import Retransmitter2xx
from sidecar.sip.transactions import (
    ClientTransaction,
    ServerTransaction,
    TransactionLayer,
    TransactionTimers,
)
from sidecar.sip.uri import Uri

if TYPE_CHECKING:
    from sidecar.calls.call import Call

log = structlog.get_logger(__name__)

SERVER = f"Consent-Sidecar/{__version__}"


class Clock(Protocol):
    """Where the time comes from."""

    def monotonic(self) -> float:
        """Seconds that never jump."""

    def wall(self) -> float:
        """Unix seconds."""


class MailboxSigns(Protocol):
    """Whoever knows by what a PBX's mailboxes are told from telephones."""

    def seen(self, message: Request | Response) -> str:
        """Return which sign of a mailbox a message holds, "" for none."""


class Rules(Protocol):
    """Whoever decides about a call."""

    def decide(self, facts: CallFacts) -> Decision:
        """Return what holds for a call."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What the agent is plugged into.

    `source_of` names the neighbour behind an address, None for a stranger. `flow_to` gives the
    flow to a URI's host, None where it can't be reached. `transmit` sends, `wake_at` asks for
    `B2bua.wake` at a monotonic time (None: never).
    """

    source_of: Callable[[tuple[str, int]], Peer | None]
    flow_to: Callable[[Uri], Flow | None]
    transmit: Callable[[list[tuple[bytes, Flow]]], None]
    wake_at: Callable[[float | None], None]
    clock: Clock


@dataclass(frozen=True, slots=True)
class DecisionHeaders:
    """The names of the headers in which the PBX is told the decision."""

    consent: str = "X-Consent"
    record: str = "X-Record"


class Agent(ABC):
    """One side of every conversation the sidecar has; `B2bua` adds what comes in.

    Everything runs within a turn (`Turns.run`); see `Host` for what a subclass adds to it.
    """

    def __init__(
        self,
        *,
        ports: Ports,
        router: Router,
        rules: Rules,
        media: MediaEngine,
        records: RecordStore,
        board: RoomBoard,
        metrics: Metrics,
        media_address: str,
        recorders: Mapping[str, Recorder],
        signs: Mapping[str, MailboxSigns],
        events: EventHub,
        headers: DecisionHeaders,
        keep_numbers: bool,
        pool: Pool | None = None,
        durations: TransactionTimers | None = None,
    ) -> None:
        """`recorders` and `signs` hold one for each PBX, by its name in the settings.

        `pool` says how many streams of media there can be, `durations` how long transactions wait.
        """
        self.ports = ports
        self._recorders = recorders
        self._signs = signs
        self.publish = events.publish
        """Tell whoever watches what happens to calls."""
        self._headers = headers
        self._keep_numbers = keep_numbers
        self.rooms = Rooms(self, board)
        self.legs: dict[DialogId, Leg] = {}
        self.rules = rules
        self.router = router
        self.identities = Identities(router)
        self.media = media
        self.media_address = media_address
        self.records = records
        self.metrics = metrics
        self.turns = Turns(ports.clock.monotonic, self)
        self.run = self.turns.run
        self.timers = self.turns.timers
        self.complaints = Complaints(self)
        self.gate = Gate(self, pool or Pool())
        self.layer = TransactionLayer(
            self.timers, durations or TransactionTimers(), gate=self.gate.admit
        )
        self.challenges = Challenges(self.timers, self.finish)
        self.unreachable: set[Uri] = set()
        """Neighbours' URIs that do not answer, as the probes found: the last to be tried."""
        self.calls: dict[str, Call] = {}

    @property
    def now(self) -> float:
        """The time of the present turn, in monotonic seconds."""
        return self.turns.now

    @abstractmethod
    def follow(self) -> bool:
        """See `Host.follow`."""

    @abstractmethod
    def rest(self) -> None:
        """See `Host.rest`."""

    @abstractmethod
    def failed(self, error: Exception, of: Call | None, arguments: tuple[Any, ...]) -> None:
        """See `Host.failed`."""

    def respond(self, transaction: ServerTransaction, response: Response, peer: Peer) -> bytes:
        """Send a response; returns its bytes."""
        response.headers.add("Server", SERVER)
        self.metrics.sip_response(response.status, peer.kind)
        return self.layer.respond(transaction, response, self.now)

    def answer_invite(self, leg: Leg, transaction: ServerTransaction, response: Response) -> None:
        """Send a 2xx to an INVITE, again and again until its ACK (RFC 3261 13.3.1.4)."""
        if leg.provisionals is not None:
            leg.provisionals.stop()
        leg.dialog.confirm()
        data = self.respond(transaction, response, leg.peer)
        leg.answered_cseq = response.cseq.number
        leg.awaits_ack = Retransmitter2xx(
            self.timers,
            self.layer.durations,
            (data, transaction.flow),
            self.now,
            transmit=self.layer.retransmit,
            failed=partial(self.turns.do, self._never_acknowledged, leg, of=leg.call),
        )

    def _never_acknowledged(self, leg: Leg, _now: float) -> None:
        leg.awaits_ack = None
        leg.bye_waits = False
        if leg.over:
            self.hang_up(leg)
        else:
            leg.call.never_acknowledged()

    def send_request(
        self, request: Request, flow: Flow, peer: Peer, owner: object
    ) -> ClientTransaction:
        """Send a request outside of a dialog."""
        request.headers.add("User-Agent", SERVER)
        return self.layer.send_request(request, flow, self.now, owner)

    def send_in_dialog(self, leg: Leg, request: Request, owner: object) -> ClientTransaction:
        """Send a request within a leg's dialog."""
        request.headers.add("User-Agent", SERVER)
        return self.layer.send_request(request, self.flow_of(leg), self.now, owner)

    def send_ack(
        self, leg: Leg, headers: list[tuple[str, str]] | None = None, body: bytes = b""
    ) -> None:
        """Acknowledge the 2xx to the INVITE that the leg owes an ACK for."""
        invite, leg.ack_owed = leg.ack_owed, None
        if invite is not None:
            ack = leg.dialog.ack(invite, headers or [], body)
            leg.ack = self.layer.send_ack(ack, self.flow_of(leg), self.now)

    def repeat_ack(self, leg: Leg) -> None:
        """Send the last ACK again: its 2xx has come again."""
        self.layer.retransmit(leg.ack, self.flow_of(leg))

    def flow_of(self, leg: Leg) -> Flow:
        """Return where a leg's requests go: its target, if it is the neighbour's, else its source.

        A Contact that names an address outside of the neighbour's own (NAT, or malice) is not
        followed.
        """
        dialog = leg.dialog
        hop = dialog.remote_target
        if dialog.route_set:
            hop = Address.parse(dialog.route_set[0]).uri
        if self.belongs(hop, leg.peer):
            return self.ports.flow_to(hop) or dialog.flow
        return dialog.flow

    def belongs(self, uri: Uri, peer: Peer) -> bool:
        """Tell whether a URI's host is an address of that neighbour."""
        return self.ports.source_of((uri.host, uri.port or 5060)) is peer

    def reaches(self, contact: Sealed, peer: Peer) -> bool:
        """Tell whether a Contact of a neighbour's is where its requests may go."""
        return contact.reachable and self.belongs(contact.uri, peer)

    def flow_to(self, uri: Uri) -> Flow | None:
        """Return the flow to a configured URI."""
        return self.ports.flow_to(uri)

    def add_leg(self, leg: Leg) -> None:
        """Take a new dialog into the books."""
        self.legs[leg.dialog.id] = leg
        leg.call.legs.append(leg)

    def forget(self, leg: Leg) -> None:
        """Strike a dialog off the books."""
        leg.over = True
        if leg.provisionals is not None:
            leg.provisionals.stop()
        if self.legs.pop(leg.dialog.id, None) is not None:
            leg.call.legs.remove(leg)
        if leg.other is not None and leg.other.dialog.id not in self.legs:
            leg.other.other = None  # of two that are forgotten only one may know the other

    def part(self, leg: Leg, headers: list[tuple[str, str]]) -> None:
        """End a leg in the way its state asks for."""
        if leg.inviting is not None:
            leg.inviting.abandon()
        if leg.over:
            return
        if leg.dialog.state != "confirmed":
            self.forget(leg)
        elif leg.awaits_ack is not None:
            leg.over = True
            leg.bye_waits = True
            leg.bye_headers = tuple(headers)
        else:
            self.hang_up(leg, headers)

    def hang_up(self, leg: Leg, headers: list[tuple[str, str]] | None = None) -> None:
        """Send BYE; the dialog is forgotten when it is answered, or never will be."""
        if leg.ack_owed is not None:
            self.send_ack(leg)
        leg.over = True
        leg.bye_waits = False
        bye = leg.dialog.request("BYE", headers if headers is not None else leg.bye_headers)
        self.send_in_dialog(leg, bye, _Farewell(self, leg))

    def contact(self, flow: Flow) -> str:
        """Return our Contact on a flow."""
        transport = "" if flow.transport == "UDP" else f";transport={flow.transport.lower()}"
        return f"<sip:{flow.sent_by}{transport}>"

    def hops_left(self, request: Request) -> int:
        """Return the Max-Forwards of a request that goes on (RFC 3261 section 16.6)."""
        return min(int(request.headers.get("Max-Forwards") or 70), 255) - 1

    def decision_headers(self, call: Call, peer: Peer) -> list[tuple[str, str]]:
        """Return the headers that tell a PBX what was decided; none for a trunk."""
        if peer.kind != "pbx":
            return []
        recording = call.decision.recording.value
        record = "on" if call.consent.tells_on else "off"
        return [(self._headers.consent, recording), (self._headers.record, record)]

    def recorder_of(self, route: Route) -> Recorder:
        """Return what controls the recorder of the PBX on a call's way."""
        return self._recorders[route.facts.pbx]

    def mailbox_signs(self, route: Route) -> MailboxSigns:
        """Return what tells, in messages of the PBX on a call's way, of a mailbox."""
        return self._signs[route.facts.pbx]

    def mapped(
        self, request: Request, source: Peer, destination: Peer, flow: Flow
    ) -> list[tuple[str, str]]:
        """Return the headers of a request that refer to dialogs or hosts, told for the other side.

        `flow` is the one on which the request goes on. Raises PeerError for what leads nowhere.
        """
        across = Across(self.legs.get, source, destination)
        # Within a dialog there is none to take the place of (RFC 3891 section 3).
        headers = mapped_references(request, across) if request.to_tag is None else []
        if request.method == "REFER":
            there = mapped_refer_to(
                request, across, lambda uri: self.identities.via_sidecar(uri, source, flow)
            )
            headers.append(("Refer-To", there))
        return headers

    def speaks_sip_at(self, uri: Uri, peer: Peer, flow: Flow) -> bool:
        """Tell whether a URI's address is one at which that neighbour speaks SIP.

        That is a port of its own URIs, or one that its `hosts` name, or the one that its message
        has come from by `flow`: at another port of its host may be anything.
        """
        port = uri.port or 5060
        if not self.belongs(uri, peer):
            return False
        if port == flow.remote[1] or any(port == (own.port or 5060) for own in peer.uris):
            return True
        return self.ports.source_of((uri.host, 0)) is not peer  # `hosts` name it with its port

    def new_record(self, route: Route, decision: Decision) -> CallRecord:
        """Return the record of a call that begins now."""
        facts = route.facts
        return CallRecord(
            call_id=new_call_id(),
            started_at=self.wall(),
            direction=facts.direction,
            trunk=facts.trunk,
            pbx=facts.pbx,
            caller=facts.from_ if self._keep_numbers else "",
            callee=facts.to if self._keep_numbers else "",
            rule=decision.rule,
            recording_policy=decision.recording.value,
            rules_version=decision.version,
        )

    def finish(self, record: CallRecord) -> None:
        """A call is over: its record, its metric, its line in the log."""
        record.ended_at = self.wall()
        self.records.finish(record)
        disposition = record.disposition or Disposition.FAILED
        self.metrics.call_ended(record.direction, disposition.value)
        self.publish(CallEnded(record.call_id, disposition, record.ended_by))
        log.info(
            "call_ended",
            call=record.call_id,
            disposition=disposition.value,
            ended_by=record.ended_by.value,
            seconds=round(record.ended_at - record.started_at, 3),
        )

    def count_media(self, route: Route, closed: Closed) -> None:
        """Count the packets of a call that has ended."""
        from_a, from_b = ("to_pbx", "to_trunk") if route.inbound else ("to_trunk", "to_pbx")
        for direction, side in ((from_a, closed.a), (from_b, closed.b)):
            self.metrics.rtp_packets(direction, side.relayed)
            self.metrics.rtp_dropped("gated", side.gated - side.late)
            self.metrics.rtp_dropped("late", side.late)
            self.metrics.rtp_dropped("stranger", side.strangers)
            self.metrics.rtp_dropped("invalid", side.invalid)

    def wall(self) -> float:
        """Return the Unix time."""
        return self.ports.clock.wall()


class _Farewell:
    """The owner of a BYE: when it is done, its dialog is forgotten."""

    __slots__ = ("_agent", "_leg")

    def __init__(self, agent: Agent, leg: Leg) -> None:
        self._agent = agent
        self._leg = leg

    @property
    def call(self) -> Call:
        return self._leg.call

    def on_response(self, _transaction: ClientTransaction, response: Response) -> None:
        if response.status >= 200:
            self._agent.forget(self._leg)

    def on_failure(self, _transaction: ClientTransaction) -> None:
        self._agent.forget(self._leg)
