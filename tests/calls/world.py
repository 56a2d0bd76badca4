"""The whole world of a call in memory: fake time, two neighbours, a network that can lose.

Nothing here waits: `settle` carries every message that is under way, `pass_time` lets the clock
run, firing each timer at its very moment. After each step the promises are checked.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import Literal
from weakref import WeakSet

from sidecar.calls.agent import DecisionHeaders, Ports
from sidecar.calls.b2bua import B2bua
from sidecar.calls.call import Call
from sidecar.calls.crossing.contact_seal import KEY_LENGTH, ContactSeal
from sidecar.calls.limits import Limits, Pool
from sidecar.calls.routing import Peer, Router
from sidecar.calls.turns import Moment
from sidecar.consent.decision import (
    CallFacts,
    Codes,
    Decision,
    Notice,
    Policy,
    Question,
    VoicemailPolicy,
)
from sidecar.consent.order import Order
from sidecar.consent.party import Party
from sidecar.live.hub import EventHub
from sidecar.media.engine import Digit, Side
from sidecar.metrics import Metrics
from sidecar.records.record import CallRecord
from sidecar.sip.flow import Flow
from sidecar.sip.message import Request, Response
from sidecar.sip.parser import MessageError, parse_message
from sidecar.sip.uri import Uri
from tests.calls.agents import Agent
from tests.calls.stubs import (
    StubBoard,
    StubEngine,
    StubRecorder,
    StubRecorderSession,
    StubSession,
    StubSigns,
    StubStore,
)

SIDECAR = ("192.0.2.1", 5060)
TRUNK, TRUNK_MEDIA = "203.0.113.10", "203.0.113.11"
PBX, PBX_MEDIA = "198.51.100.20", "198.51.100.22"
SPARE = "198.51.100.21"
EPOCH = 1_700_000_000.0
ACCEPT, DECLINE, STOP, PAUSE, RESUME = "1", "2", "*9", "*7", "*8"
Means = Literal["rtp", "inband"]

OFF = Decision()
NOTICE = Decision(rule="rule", recording=Policy.NOTICE, notice=Notice())
BEFORE = Decision(rule="rule", recording=Policy.NOTICE, notice=Notice(at="before-connect"))


CODES = Codes(stop=STOP, pause=PAUSE, resume=RESUME)


def asking(*of: Party, policy: Policy = Policy.CONSENT, **more: object) -> Decision:
    """A decision that asks these parties, with all codes; `more` are fields of Decision."""
    at = more.pop("at", "answer")
    question = Question(of=frozenset(of), accept=ACCEPT, decline=DECLINE, within=8.0, repeat=1)
    told = Notice(at=at)  # type: ignore[arg-type]
    given = {"rule": "rule", "recording": policy, "notice": told, "question": question}
    return Decision(**{**given, "codes": CODES, **more})  # type: ignore[arg-type]


def notice(*to: Party, at: str = "answer") -> Decision:
    """A decision with a notice to those parties."""
    told = Notice(to=frozenset(to), at=at)  # type: ignore[arg-type]
    return Decision(rule="rule", recording=Policy.NOTICE, notice=told)


class Rules:
    """One decision for every call; `asked` are the facts it was asked about."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        self.asked: list[CallFacts] = []

    def decide(self, facts: CallFacts) -> Decision:
        self.asked.append(facts)
        return self.decision


class World:
    """A sidecar between a trunk and a PBX."""

    address = SIDECAR

    def __init__(
        self,
        decision: Decision = OFF,
        *,
        trusted: bool = False,
        spare: bool = False,
        recorder: bool = False,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        pool: Pool | None = None,
    ) -> None:
        """`recorder`: whether the PBX has one that obeys. `limits`: of the trunk."""
        self.now = 1000.0
        self.lose: Callable[[Request | Response, str], bool] = lambda _message, _to: False
        self.unreachable: set[str] = set()
        """URIs whose host can't be reached now."""
        self.doubles: random.Random | None = None
        """By whose word messages come twice, or before others that were sent earlier."""
        self.transport = "UDP"
        """By which the neighbours' messages come from now on."""
        self._begun: WeakSet[Call] = WeakSet()
        """The calls that something still keeps."""
        self._wire: deque[Callable[[], None]] = deque()
        self._wakes_at: float | None = None
        self.engine = StubEngine(self._wire.append, self.wall)
        self.records = StubStore(self._wire.append)
        self.recorder = StubRecorder(self._wire.append, holds=recorder)
        self.signs = StubSigns()
        self.board = StubBoard(self._wire.append)
        self.metrics = Metrics()
        self.events = EventHub(self.wall)
        self.rules = Rules(decision)
        self.trunk = Agent(self, "trunk", TRUNK, TRUNK_MEDIA)
        self.pbx = Agent(self, "pbx", PBX, PBX_MEDIA)
        self.spare = Agent(self, "spare", SPARE, PBX_MEDIA)
        self.agents = {agent.host: agent for agent in (self.trunk, self.pbx, self.spare)}
        uris = [f"sip:{PBX}", f"sip:{SPARE}"] if spare else [f"sip:{PBX}"]
        self.pbx_peer = Peer("pbx", "main", True, tuple(map(Uri.parse, uris)))
        uri = Uri.parse(f"sip:{TRUNK}")
        self.trunk_peer = Peer("trunk", "carrier", trusted, (uri,), limits=limits)
        self.b2bua = B2bua(
            ports=Ports(
                self._source_of, self._flow_to, self._transmit, self._wake_at, self._with_time
            ),
            router=Router(
                {"carrier": self.trunk_peer},
                {"main": self.pbx_peer},
                {SIDECAR[0]},
                ContactSeal(bytes(KEY_LENGTH)),
            ),
            rules=self.rules,
            media=self.engine,
            records=self.records,  # type: ignore[arg-type]
            board=self.board,
            metrics=self.metrics,
            media_address=SIDECAR[0],
            recorders={"main": self.recorder},
            signs={"main": self.signs},
            events=self.events,
            headers=DecisionHeaders(),
            keep_numbers=True,
            pool=pool,
        )

    # A clock.

    @property
    def moment(self) -> Moment:
        """What time it is."""
        return Moment(self.now, self.wall())

    def wall(self) -> float:
        return EPOCH + self.now

    def _with_time(self, step: Callable[[Moment], None]) -> None:
        step(self.moment)

    # What the test does.

    def run(self, step: Callable[..., None], *arguments: object, of: Call | None = None) -> None:
        """Have the sidecar do a step that somebody asks for: the operator, a recorder."""
        self.b2bua.run(step, *arguments, at=self.moment, of=of)

    def settle(self) -> None:
        """Carry everything that is under way, and what follows from it."""
        while self._wire:
            self._wire.popleft()()
            self._keep_promises()

    def carry_one(self) -> bool:
        """Carry the oldest thing under way; False where there is nothing."""
        if not self._wire:
            return False
        self._wire.popleft()()
        self._keep_promises()
        return True

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        self.settle()
        while (due := self._next_due()) is not None and due <= end:
            self.now = max(self.now, due)
            self._run_timers()
            self.settle()
        self.now = end

    def talk(self, body: bytes | None = None, **more: object) -> tuple:  # type: ignore[type-arg]
        """A call of the trunk that the PBX has answered; notices have been heard."""
        there = self.trunk.call(body=body, **more)  # type: ignore[arg-type]
        self.settle()
        self.hear_notices()
        here = self.pbx.calls[-1]
        here.answer()
        self.settle()
        self.hear_notices()
        return there, here

    def press(self, side: Side, digits: str, means: Means = "rtp") -> None:
        """A party presses keys; those that nobody collects go past the sidecar."""
        session = self.media
        if digits == ACCEPT:
            session.agreed.add(side)
        for digit in digits:
            if session.collecting[side]:
                session.tell(Digit(side, digit, 100, means))
            else:
                session.passed_by.append((side, digit))
            self.settle()

    def hear_notices(self) -> None:
        """Have every notice that is playing heard in full."""
        for session in tuple(self.engine.live):
            for side in tuple(session.playing):
                session.finish_notice(side)
        self.settle()

    @property
    def media(self) -> StubSession:
        """The newest media session."""
        return self.engine.opened[-1]

    @property
    def recording(self) -> StubRecorderSession:
        """The newest recorder session."""
        return self.recorder.sessions[-1]

    @property
    def call(self) -> Call:
        """The call that is up."""
        (call,) = self.b2bua.calls.values()
        return call

    @property
    def record(self) -> CallRecord:
        """The one record that was finished."""
        (record,) = self.records.finished
        return record

    @property
    def ended(self) -> tuple[str, str]:
        """How the one call has ended: (disposition, ended_by)."""
        assert self.record.disposition is not None
        return self.record.disposition.value, self.record.ended_by.value

    def counted(self, name: str, **labels: str) -> float:
        """The value of a metric."""
        full = f"consent_sidecar_{name}"
        return self.metrics.registry.get_sample_value(full, labels) or 0.0

    # The network.

    def carry(self, data: bytes, sender: str, to: str) -> None:
        """Put a message on the wire."""
        before = len(self._wire)
        for _ in range(2 if self.doubles is not None and self.doubles.random() < 0.3 else 1):
            self._put(data, sender, to)
        if self.doubles is not None and before and self.doubles.random() < 0.3:
            self._wire.insert(self.doubles.randrange(before), self._wire.pop())

    def _put(self, data: bytes, sender: str, to: str) -> None:
        if to == SIDECAR[0]:
            flow = Flow(self.transport, SIDECAR, (sender, 5060), f"{SIDECAR[0]}:{SIDECAR[1]}")
            self._wire.append(lambda: self.b2bua.receive(data, flow, self.moment))
        elif to in self.agents:
            self._wire.append(lambda: self.agents[to].receive(data))

    def _transmit(self, outbox: list[tuple[bytes, Flow]]) -> None:
        for data, flow in outbox:
            try:
                message = parse_message(data)
            except MessageError:
                assert data.startswith((b"SIP/2.0 4", b"SIP/2.0 5")), "we sent what nobody can read"
                continue  # a refusal repeats the header that could not be read
            self._look_at(message, flow.remote[0])
            if not self.lose(message, flow.remote[0]):
                self.carry(data, SIDECAR[0], flow.remote[0])

    def _source_of(self, address: tuple[str, int]) -> Peer | None:
        if address[0] == TRUNK:
            return self.trunk_peer
        return self.pbx_peer if address[0] in (PBX, SPARE) else None

    def _flow_to(self, uri: Uri) -> Flow | None:
        if uri.host not in self.agents or str(uri) in self.unreachable:
            return None
        remote = (uri.host, uri.port or 5060)
        return Flow("UDP", SIDECAR, remote, f"{SIDECAR[0]}:{SIDECAR[1]}")

    def _wake_at(self, deadline: float | None) -> None:
        self._wakes_at = deadline

    def _next_due(self) -> float | None:
        deadlines = [agent.timers.next_deadline() for agent in self.agents.values()]
        return min((d for d in (*deadlines, self._wakes_at) if d is not None), default=None)

    def _run_timers(self) -> None:
        if self._wakes_at is not None and self._wakes_at <= self.now:
            self._wakes_at = None
            self.b2bua.wake(self.moment)
        for agent in self.agents.values():
            agent.run_timers()

    # What must hold all the time.

    def _look_at(self, message: Request | Response, to: str) -> None:
        """No message of the sidecar tells one neighbour where the other one's media is."""
        if message.cseq.method not in ("INVITE", "ACK", "PRACK", "UPDATE"):
            return  # only these offer and answer (RFC 6337 table 1)
        there = PBX_MEDIA if to == TRUNK else TRUNK_MEDIA
        assert there.encode() not in message.body, f"{message} leads past the sidecar"

    def _keep_promises(self) -> None:
        for call in self.b2bua.calls.values():
            self._begun.add(call)
            session = call.media
            assert isinstance(session, StubSession)
            owed = self._owed(call, session)
            if session.gates[Side.A]:
                assert not owed, "the caller's speech passes before the notice was heard"
            answered = call.record.answered_at is not None
            if session.gates[Side.B] and answered and not call.consent.waits_for_person:
                assert not owed, "the callee's speech passes before the notice was heard"
            if all(session.gates.values()) and call.record.answered_at is not None:
                self._look_at_recorder(call)
            if any(each.orders[-1:] == [Order.RELEASE] for each in self._recordings(call)):
                assert not owed, "the call is recorded before the notice was heard"
                assert not call.consent.at_mailbox, "a message is recorded besides"

    def _owed(self, call: Call, session: StubSession) -> set[Party]:
        """Who has neither heard the notice nor answered the question; nobody after a no."""
        if call.consent.at_mailbox:
            return self._owed_before_mailbox(call, session)
        decision, parties = call.decision, {Side.A: Party.CALLER, Side.B: Party.CALLEE}
        if decision.notice is None:
            return set()
        asked = decision.question.of if decision.question is not None else frozenset()
        heard = {parties[side] for side in session.played} - asked
        agreed = {parties[side] for side in session.agreed}
        if asked and any(each.confirmed is Order.STOP for each in self._recordings(call)):
            return set()  # unrecorded
        inside = {Party.CALLEE} if call.member.room or decision.room else set()
        return set(decision.notice.to) - heard - (agreed & asked) - inside - call.told

    def _owed_before_mailbox(self, call: Call, session: StubSession) -> set[Party]:
        match call.decision.voicemail:
            case VoicemailPolicy.ALLOW:
                return set()
            case VoicemailPolicy.NOTICE if session.warned_of_mailbox:
                return set()
            case VoicemailPolicy.CONSENT if Side.A in session.agreed:
                return set()
        return {Party.CALLER}

    def _look_at_recorder(self, call: Call) -> None:
        """Speech passes only while the recorder has confirmed what it was told last."""
        (recording,) = self._recordings(call)
        if not call.consent.state.terms.orders:
            return
        assert recording.confirmed is recording.orders[-1], "speech passes, the recorder unsure"

    def _recordings(self, call: Call) -> list[StubRecorderSession]:
        """The recorder session of a call, once it is open: not every call comes so far."""
        return [each for each in self.recorder.sessions if each.leg is call.recorder.leg]

    def check_nothing_is_left(self) -> None:
        """Once time has passed: no call, leg, transaction, timer or port; one record a call."""
        self.pass_time(600.0)
        assert not self.b2bua.calls
        assert not self.b2bua.legs
        assert self.b2bua.unfinished == 0
        assert len(self.b2bua.timers) == 0
        assert not self.engine.live
        ids = [record.call_id for record in self.records.finished]
        assert len(ids) == len(set(ids)), "two records of one call"
        assert {record.call_id for record in self.records.begun} <= set(ids)
        for record in self.records.finished:
            assert record.disposition is not None
            assert record.ended_by.value
            assert record.ended_at is not None
        assert self.counted("calls_active") == 0
        self._check_calls_are_freed()

    def _check_calls_are_freed(self) -> None:
        """Nothing keeps a call that has ended, once this world forgets what it has seen."""
        self.b2bua.wake(self.moment)  # the last transactions are let go of
        self.b2bua.wake(self.moment)
        self.engine.opened.clear()
        self.recorder.sessions.clear()
        self.records.waiting.clear()
        assert not list(self._begun), "an ended call is kept"
