"""Whatever comes, in whatever order, lost or late: the promises hold and nothing is left.

Two neighbours that do anything a user agent may do (and some that it may not) at any time; the
world checks the gates against the notices after each message. At the end the sidecar shuts down,
time passes, and there must be no call, leg, transaction, timer, port, and one record a call.
"""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sidecar.consent.decision import Divert, Notice, Policy, Room, VoicemailPolicy
from sidecar.consent.order import Order
from sidecar.consent.party import Party
from sidecar.media.engine import Lost, Side, Silent
from sidecar.recorders.recorder import (
    Answerer,
    BackAgain,
    Doubted,
    InRoom,
    MailboxReached,
    NobodyThere,
    OnHold,
    SomeoneNew,
    StrangerInRoom,
    Violated,
)
from tests.calls.agents import Incoming, Outgoing, Served, sdp
from tests.calls.mailboxes import MAILBOX
from tests.calls.world import (
    ACCEPT,
    BEFORE,
    CODES,
    DECLINE,
    NOTICE,
    OFF,
    PAUSE,
    RESUME,
    STOP,
    World,
    asking,
)

MOSTLY = st.sampled_from([True, True, True, True, False])
NEWEST = st.sampled_from([0, 0, 0, 1, 2])
METHODS = st.sampled_from("BYE BYE INVITE UPDATE PRACK INFO OPTIONS REFER NOTIFY".split())
TAGS = st.sampled_from(["", "", "one", "two"])
TIMERS = st.sampled_from(
    [
        [],
        [],
        [("Supported", "timer"), ("Session-Expires", "90")],
        [("Supported", "timer"), ("Session-Expires", "90;refresher=uac"), ("Allow", "UPDATE")],
        [("Supported", "timer"), ("Session-Expires", "300;refresher=uas"), ("Require", "timer")],
        [("Session-Expires", "1"), ("Min-SE", "400")],
    ]
)
DESCRIBED = st.sampled_from(["", "", "usual", "usual", "hold", "moved", "codec", "fax", "more"])
CODES_PRESSED = st.sampled_from([ACCEPT, DECLINE, STOP, PAUSE, RESUME])
MOST_CALLS = 3
TO_MAILBOX = Divert(MAILBOX, after=5.0)
DECISIONS = [
    OFF,
    NOTICE,
    BEFORE,
    asking(Party.CALLER, Party.CALLEE),
    asking(Party.CALLER, policy=Policy.REQUIRED, at="before-connect"),
    *(replace(OFF, voicemail=policy) for policy in VoicemailPolicy),
    *(replace(OFF, voicemail=policy, divert=TO_MAILBOX) for policy in VoicemailPolicy),
    replace(BEFORE, voicemail=VoicemailPolicy.CONSENT, divert=TO_MAILBOX),
    replace(NOTICE, room=Room("board"), codes=CODES),
    replace(asking(Party.CALLER), room=Room("board")),
    replace(NOTICE, notice=Notice(at="person"), renotice="all", hold="pause", codes=CODES),
]
SEEN = [
    MailboxReached(),
    SomeoneNew(),
    NobodyThere(),
    BackAgain(),
    OnHold(True),
    OnHold(False),
    InRoom("sales"),
    InRoom("market"),
    InRoom(""),
    StrangerInRoom(),
    Doubted("unreachable"),
    Violated(),
]


def described(how: str, media: str) -> bytes:
    """An offer of one kind or another; none for ""."""
    usual = sdp(media, version=2)
    return {
        "": b"",
        "usual": usual,
        "hold": sdp(media, direction="sendonly", version=3),
        "moved": sdp(media, 7000, version=4),
        "codec": sdp(media, codecs="8", version=5),
        "fax": usual.replace(b"m=audio 4000 RTP/AVP 0 8", b"m=image 4000 udptl t38"),
        "more": sdp(media, more="m=video 4002 RTP/AVP 34\r\n", version=6),
    }[how]


class AnyOrder(RuleBasedStateMachine):
    """A world in which anything happens; messages arrive at once unless it is `slow`."""

    @initialize(
        decision=st.sampled_from(DECISIONS),
        spare=st.booleans(),
        recorder=MOSTLY,
        answerer=st.sampled_from([Answerer.PERSON, Answerer.MACHINE, None]),
    )
    def begin(self, decision, spare, recorder, answerer):
        self.world = World(decision, spare=spare, recorder=recorder)
        if recorder:
            self.world.recorder.answerer = answerer
        self.calls: list[Outgoing] = []
        self.slow = False

    @invariant()
    def arrive(self):
        if hasattr(self, "world") and not self.slow:
            self.world.settle()

    def outgoing(self, newest: int) -> Outgoing | None:
        return self.calls[-1 - newest] if newest < len(self.calls) else None

    def incoming(self, newest: int) -> Incoming | None:
        found = [c for a in self.world.agents.values() for c in a.calls]
        return found[-1 - newest] if newest < len(found) else None

    @precondition(lambda self: len(self.calls) < MOST_CALLS)
    @rule(
        outbound=st.booleans(),
        offer=st.sampled_from(["usual", "usual", "usual", "none", "nonsense", "G.729"]),
        reliable=st.booleans(),
        acks=MOSTLY,
        pracks=MOSTLY,
        replaces=st.booleans(),
        timers=TIMERS,
    )
    def call(self, outbound, offer, reliable, acks, pracks, replaces, timers):
        agent = self.world.pbx if outbound else self.world.trunk
        bodies = {
            "usual": None,
            "none": b"",
            "nonsense": b"x",
            "G.729": sdp(agent.media, codecs="18"),
        }
        headers = [("Supported", "100rel")] * reliable + self.reference() * replaces + timers
        call = agent.call(body=bodies[offer], headers=headers)
        call.acks, call.pracks = acks, pracks
        if offer == "none":
            call.answer_in_ack = call.answer_in_prack = sdp(agent.media)
        self.calls.append(call)

    def reference(self) -> list[tuple[str, str]]:
        """A call that is up, to be replaced."""
        up = (each.dialog for each in self.calls if each.dialog is not None)
        return [
            ("Replaces", f"{d.call_id};to-tag={d.remote.tag};from-tag={d.local.tag}") for d in up
        ][:1]

    @rule(
        newest=NEWEST,
        status=st.sampled_from([180, 183, 183, 199]),
        with_sdp=st.booleans(),
        reliable=st.booleans(),
        tag=TAGS,
    )
    def ring(self, newest, status, with_sdp, reliable, tag):
        call = self.incoming(newest)
        if call is not None and not call.transaction.finished:
            body = sdp(call.agent.media) if with_sdp else b""
            call.ring(status, body, reliable=reliable, tag=tag)

    @rule(
        newest=NEWEST, tag=TAGS, body=st.sampled_from([None, None, None, b"", b"x"]), timers=TIMERS
    )
    def answer(self, newest, tag, body, timers):
        call = self.incoming(newest)
        if call is not None and call.transaction.state not in ("completed", "confirmed"):
            call.answer(body, tag=tag, headers=timers)

    @rule(newest=NEWEST, status=st.sampled_from([302, 401, 404, 422, 486, 487, 503, 603]))
    def refuse(self, newest, status):
        call = self.incoming(newest)
        if call is not None:
            call.respond(status)

    @rule(newest=NEWEST)
    def cancel(self, newest):
        call = self.outgoing(newest)
        if call is not None:
            call.cancel()

    @rule(newest=NEWEST)
    def acknowledge(self, newest):
        call = self.outgoing(newest)
        if call is not None and call.dialog is not None:
            call.ack()

    @rule(newest=NEWEST, method=METHODS, how=DESCRIBED, timers=TIMERS)
    def caller_sends(self, newest, method, how, timers):
        call = self.outgoing(newest)
        if call is not None and call.early:
            headers = [("RAck", "1 1 INVITE")] if method == "PRACK" else timers
            call.send(method, headers, described(how, call.agent.media))

    @rule(newest=NEWEST, method=METHODS, how=DESCRIBED, timers=TIMERS)
    def callee_sends(self, newest, method, how, timers):
        call = self.incoming(newest)
        if call is not None:
            call.send(method, timers, described(how, call.agent.media))

    @rule(
        newest=NEWEST,
        status=st.sampled_from([183, 200, 200, 200, 405, 422, 481, 488, 491, 500]),
        timers=TIMERS,
    )
    def answer_what_waits(self, newest, status, timers):
        waiting = [s for a in self.world.agents.values() for s in a.served if _waits(s)]
        if newest < len(waiting):
            served = waiting[-1 - newest]
            wants = served.method in ("INVITE", "UPDATE") and status == 200
            body = sdp(served.agent.media, version=3) if wants else b""
            served.respond(status, timers, body)

    @rule(side=st.sampled_from(Side), well=MOSTLY)
    def notice_ends(self, side, well):
        for session in tuple(self.world.engine.live):
            if side in session.playing and well:
                session.finish_notice(side)
            elif side in session.playing:
                session.fail_notice(side, "unreachable")

    @rule(newest=NEWEST, event=st.sampled_from(SEEN))
    def recorder_sees(self, newest, event):
        sessions = [each for each in self.world.recorder.sessions if not each.closed]
        if newest < len(sessions):
            sessions[-1 - newest].tell(event)

    @rule(
        side=st.sampled_from(Side), digits=st.sampled_from([ACCEPT, DECLINE, STOP, PAUSE, RESUME])
    )
    def press(self, side, digits):
        if self.world.engine.live and self.world.media in self.world.engine.live:
            self.world.press(side, digits)

    @rule(objects=st.booleans())
    def another_sidecar(self, objects):
        self.world.board.elsewhere("board", "another", objects=objects)

    @rule(
        kind=st.sampled_from(
            "loss odd silence unanswered media ports records recorder board sign slow".split()
        ),
        number=st.integers(min_value=0, max_value=7),
    )
    def trouble(self, kind, number):
        w = self.world
        if kind == "loss":
            share, dice = number % 4 / 5, random.Random(number)
            w.lose = lambda _message, _to: dice.random() < share
        elif kind == "silence":
            w.pbx.silent = not w.pbx.silent
        elif kind == "unanswered":
            method = ["INVITE", "UPDATE", "PRACK", "BYE"][number % 4]
            for agent in w.agents.values():
                agent.answers[method] = None if method not in agent.answers else 200
        elif kind == "media" and w.engine.live:
            w.engine.live[0].tell(Lost("killed") if number % 2 else Silent(Side.A, 60.0))
        elif kind == "ports":
            w.engine.refuses = "" if w.engine.refuses else "ports used up"
        elif kind == "records":
            w.records.fails = not w.records.fails
        elif kind == "slow":
            self.slow = not self.slow
        elif kind == "odd":
            w.doubles = random.Random(number) if w.doubles is None else None
        elif kind == "recorder":
            w.recorder.answers[list(Order)[number % 3]] = ["confirm", "fail", "nothing"][number % 3]
        elif kind == "sign":
            w.signs.user = "" if w.signs.user else "pbx"
        elif kind == "board":
            w.board.become(blind=bool(number % 2))

    @precondition(lambda self: self.slow)
    @rule()
    def carry_one(self):
        self.world.carry_one()

    @rule(seconds=st.sampled_from([0.1, 0.6, 5.0, 33.0, 300.0]))
    def pass_time(self, seconds):
        self.world.pass_time(seconds)

    def teardown(self):
        if hasattr(self, "world"):
            self.world.settle()
            self.world.run(self.world.b2bua.close)
            self.world.doubles = None
            self.world.check_nothing_is_left()
            assert not any(self.world.board.standing.values())
            assert self.world.counted("sip_rejected_total", reason="internal_error") == 0


def _waits(served: Served) -> bool:
    return not served.transaction.finished and served.transaction.state != "accepted"


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink takes minutes
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
