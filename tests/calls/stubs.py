"""Stand-ins for the edges: media that plays when it is told to, records kept in memory."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable

from sidecar.media.engine import (
    Closed,
    EventCallback,
    MediaEvent,
    Opened,
    Played,
    PlayFailed,
    Pressed,
    Refused,
    RemoteMedia,
    Side,
    SideStats,
)
from sidecar.recorders.recorder import (
    Answerer,
    AnswererCallback,
    Confirmed,
    Failed,
    Finished,
    Order,
    PbxLeg,
    Proof,
    RecorderEvent,
    Status,
)
from sidecar.recorders.recorder import EventCallback as RecorderCallback
from sidecar.records.record import CallRecord
from sidecar.sip.message import Request, Response

Later = Callable[[Callable[[], None]], None]


NOTICES = ("recording-notice", "recording-consent", "consent-required")
MAILBOX_NOTICES = ("voicemail-notice", "voicemail-consent")


class StubSession:
    """A media session without media: remembers what it was told."""

    def __init__(self, engine: StubEngine, number: int, on_event: EventCallback) -> None:
        self.id = number
        self.engine = engine
        self._on_event = on_event
        self.gates = {Side.A: False, Side.B: False}
        self.remotes: dict[tuple[Side, int], RemoteMedia | None] = {}
        self.nat: dict[Side, tuple[str, ...]] = {}
        self.is_answered = False
        self.playing: dict[Side, str] = {}
        self.played: list[Side] = []
        self.said: list[tuple[Side, str, str]] = []
        self.agreed: set[Side] = set()
        self.warned_of_mailbox = False
        """Whether the caller has heard the notice of a mailbox in full."""
        self.passed_by: list[tuple[Side, str]] = []
        """Keys that went from party to party as media."""
        self.collecting = {Side.A: False, Side.B: False}
        self.pressed: list[tuple[Side, str]] = []
        self.ringing = False
        self.closed = False
        self.ports_a: tuple[int, ...] = ()
        self.ports_b: tuple[int, ...] = ()

    def tell(self, event: MediaEvent) -> None:
        self.engine.later(lambda: self._deliver(event))

    def behind_nat(self, side: Side, networks: tuple[str, ...]) -> None:
        self.nat[side] = networks

    def answered(self) -> None:
        self.is_answered = True

    def configure(self, side: Side, stream: int, remote: RemoteMedia | None) -> None:
        self.remotes[side, stream] = remote

    def gate(self, side_from: Side, open: bool) -> None:
        self.gates[side_from] = open

    def play(self, side: Side, name: str, language: str) -> None:
        if side in self.playing:
            self.fail_notice(side, "replaced")
        self.said.append((side, name, language))
        self.playing[side] = name

    def ring(self, side: Side, on: bool) -> None:
        self.ringing = on

    def stop(self, side: Side) -> None:
        if side in self.playing:
            self.fail_notice(side, "stopped")

    def collect(self, side: Side, on: bool) -> None:
        self.collecting[side] = on

    def press(self, side: Side, digits: str) -> None:
        self.pressed.append((side, digits))
        self.tell(Pressed(side, digits))

    def add_stream(self) -> None:
        if self.engine.refuses:
            self.tell(Refused(self.engine.refuses))
            return
        self._take_ports(1)
        self.tell(Opened(self.ports_a, self.ports_b))

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.engine.live.remove(self)
            self.tell(Closed(SideStats(relayed=3, gated=2), SideStats(relayed=5)))

    def _deliver(self, event: MediaEvent) -> None:
        self._on_event(event)
        if isinstance(event, Closed):
            self._on_event = lambda _event: None

    # What the test decides.

    def open(self, streams: int) -> None:
        self._take_ports(streams)
        self.tell(Opened(self.ports_a, self.ports_b))

    def finish_notice(self, side: Side) -> None:
        name = self.playing.pop(side)
        if name in NOTICES:
            self.played.append(side)
        if name in MAILBOX_NOTICES and side is Side.A:
            self.warned_of_mailbox = True
        now = self.engine.wall()
        self.tell(Played(side, name, now - 2.0, now))

    def fail_notice(self, side: Side, reason: str) -> None:
        self.tell(PlayFailed(side, self.playing.pop(side), reason))

    def _take_ports(self, streams: int) -> None:
        for _ in range(streams):
            self.ports_a += (next(self.engine.ports),)
            self.ports_b += (next(self.engine.ports),)


class StubPrompts:
    """Every prompt there is, but for those in `missing`."""

    def __init__(self) -> None:
        self.missing: set[str] = set()

    def has(self, name: str, language: str) -> bool:
        return name not in self.missing


class StubEngine:
    """Opens stub sessions; `refuses` says why it doesn't."""

    address = "192.0.2.1"

    def __init__(self, later: Later, wall: Callable[[], float]) -> None:
        self.later = later
        self.wall = wall
        self.prompts = StubPrompts()
        self.refuses = ""
        self.opens_at_once = True
        self.ports = itertools.count(30000, 2)
        self.live: list[StubSession] = []
        self.opened: list[StubSession] = []

    async def start(self) -> None:
        """Nothing to start."""

    async def close(self) -> None:
        """Nothing to close."""

    def open(self, streams: int, on_event: EventCallback) -> StubSession:
        session = StubSession(self, len(self.opened) + 1, on_event)
        self.opened.append(session)
        self.live.append(session)
        if self.refuses:
            session.tell(Refused(self.refuses))
        elif self.opens_at_once:
            session.open(streams)
        return session


class StubStore:
    """Keeps records in memory; `fails` makes it refuse, `waits` leaves it to the test."""

    def __init__(self, later: Later) -> None:
        self._later = later
        self.fails = False
        self.waits = False
        self.waiting: list[Callable[[bool], None]] = []
        self.begun: list[CallRecord] = []
        self.updated: list[CallRecord] = []
        self.finished: list[CallRecord] = []

    def begin(self, record: CallRecord, dialog: str, on_done: Callable[[bool], None]) -> None:
        self.begun.append(copy.copy(record))
        if self.waits:
            self.waiting.append(on_done)
        else:
            kept = not self.fails
            self._later(lambda: on_done(kept))

    def update(self, record: CallRecord) -> None:
        self.updated.append(copy.copy(record))

    def finish(self, record: CallRecord) -> None:
        self.finished.append(copy.copy(record))

    def amend(self, record: CallRecord) -> None:
        (place,) = [i for i, r in enumerate(self.finished) if r.call_id == record.call_id]
        self.finished[place] = copy.copy(record)


class StubSigns:
    """Takes those for mailboxes whose Contact names this user."""

    def __init__(self) -> None:
        self.user = ""

    def seen(self, message: Request | Response) -> str:
        contact = message.contact
        return "user" if self.user and contact and contact.uri.user == self.user else ""


class StubRecorderSession:
    """A recorder that confirms at once, or as the test says."""

    def __init__(
        self, recorder: StubRecorder, leg: PbxLeg, told: Order, on_event: RecorderCallback
    ) -> None:
        self.recorder = recorder
        self.leg = leg
        self.told = told
        self._on_event = on_event
        self.orders: list[Order] = []
        self.confirmed: Order | None = None
        self.looked_at = 0
        self.says: list[bool] = []
        self.waits_for_answerer: AnswererCallback | None = None
        self.closed = False
        self.recorded: float | None = None

    def tell(self, event: RecorderEvent) -> None:
        self.recorder.later(lambda: self._deliver(event))

    def hold(self) -> None:
        self._order(Order.HOLD)

    def release(self) -> None:
        self._order(Order.RELEASE)

    def stop(self) -> None:
        self._order(Order.STOP)

    def status(self) -> None:
        self.looked_at += 1
        self.tell(Status(0, Proof.READ_BACK))

    def sdp_says(self, recording: bool) -> None:
        self.says.append(recording)

    def answered(self, on_answerer: AnswererCallback) -> None:
        answerer = self.recorder.answerer
        if answerer is None:
            self.waits_for_answerer = on_answerer
        elif not self.recorder.sees:
            on_answerer(answerer)
        else:
            self.recorder.later(lambda: self.closed or on_answerer(answerer))

    def close(self) -> None:
        assert not self.closed, "a recorder is closed twice"
        self.closed = True
        self.tell(Finished(Proof.STAYED, self.recorded))

    # What the test decides.

    def confirm(self, proof: Proof = Proof.READ_BACK) -> None:
        self.tell(Confirmed(self.orders[-1], proof))

    def fail(self, reason: str = "refused") -> None:
        self.tell(Failed(self.orders[-1], reason))

    def _order(self, order: Order) -> None:
        assert not self.closed, "an order after the end"
        self.orders.append(order)
        answer = self.recorder.answers.get(order, "confirm")
        if answer == "confirm":
            self.confirm()
        elif answer == "fail":
            self.fail()

    def _deliver(self, event: RecorderEvent) -> None:
        if isinstance(event, Confirmed):
            self.confirmed = event.order
        self._on_event(event)
        if isinstance(event, Finished):
            self._on_event = lambda _event: None
            self.waits_for_answerer = None


class StubRecorder:
    """A recorder that obeys; `answers` says which orders it fails, or leaves to the test."""

    def __init__(self, later: Later, *, holds: bool = True) -> None:
        self.later = later
        self.kind = "asterisk-ami" if holds else "none"
        self.controls = holds
        self.holds = holds
        self.obeys = holds
        self.sees = holds
        self.answerer: Answerer | None = Answerer.PERSON if holds else Answerer.UNKNOWN
        """Who answers calls; None leaves it to the test."""
        self.problem = ""
        self.answers: dict[Order, str] = {}
        self.sessions: list[StubRecorderSession] = []

    async def start(self) -> None:
        """Nothing to start."""

    async def close(self) -> None:
        """Nothing to close."""

    def open(self, leg: PbxLeg, told: Order, on_event: RecorderCallback) -> StubRecorderSession:
        session = StubRecorderSession(self, leg, told, on_event)
        self.sessions.append(session)
        return session


class StubBoard:
    """A board in memory; what other sidecars write on it is the test's to say."""

    def __init__(self, later: Later) -> None:
        self._later = later
        self._objecting: dict[str, frozenset[str]] = {}
        self._on_change: Callable[[str, frozenset[str]], None] = lambda _room, _calls: None
        self._on_blind: Callable[[bool], None] = lambda _blind: None
        self.standing: dict[str, set[str]] = {}
        self.blind = False

    def stand(self, room: str, call_id: str, objects: bool) -> None:
        self.standing.setdefault(room, set()).add(call_id)
        before = self._objecting.get(room, frozenset())
        self._set(room, before | {call_id} if objects else before - {call_id})

    def leave(self, room: str, call_id: str) -> None:
        self.standing[room].discard(call_id)
        self._set(room, self._objecting.get(room, frozenset()) - {call_id})

    def watch(
        self,
        on_change: Callable[[str, frozenset[str]], None],
        on_blind: Callable[[bool], None],
    ) -> None:
        self._on_change, self._on_blind = on_change, on_blind

    # What the test decides.

    def become(self, *, blind: bool) -> None:
        self.blind = blind
        self._later(lambda: self._on_blind(blind))

    def elsewhere(self, room: str, call_id: str, *, objects: bool) -> None:
        before = self._objecting.get(room, frozenset())
        self._set(room, before | {call_id} if objects else before - {call_id})

    def _set(self, room: str, objecting: frozenset[str]) -> None:
        if objecting != self._objecting.get(room, frozenset()):
            self._objecting[room] = objecting
            self._later(lambda: self._on_change(room, objecting))
