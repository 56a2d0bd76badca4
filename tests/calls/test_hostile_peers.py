"""Two neighbours that attack: whatever they send, and when, the promises hold and nothing is left.

Beside what `test_any_order.py` does these know the phases of a call. They send with forged tags and
numbers, in mid-notice, between offer and answer, before an ACK and after a BYE, as whoever they are
not, with bodies and header fields that were written to be read in two ways. The world checks the
promises after each message; here every message that leaves is held against a grammar of its own.

`HOSTILE_EXAMPLES=N` searches further, from another start each time; `make fuzz` does.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sidecar.calls.header_policy import CROSSING
from sidecar.consent.decision import VoicemailPolicy
from sidecar.consent.party import Party
from sidecar.media.engine import Digit, Lost, Side, Silent
from sidecar.sip.dialog import Dialog
from sidecar.sip.headers import Headers
from sidecar.sip.message import Request, Response, respond
from tests.calls.agents import Agent, Incoming, Outgoing, sdp
from tests.calls.test_any_body import ELSEWHERE, HIDDEN, OTHERS
from tests.calls.test_hostile_headers import METHODS, STATUSES, VALUES, spoilt
from tests.calls.test_hostile_headers import READ as READ_HEADERS
from tests.calls.world import (
    ACCEPT,
    BEFORE,
    CODES,
    DECLINE,
    NOTICE,
    OFF,
    PBX_MEDIA,
    RESUME,
    SIDECAR,
    STOP,
    TRUNK_MEDIA,
    World,
    asking,
)
from tests.fuzz import oracle
from tests.sip.descriptions import hostile

pytestmark = pytest.mark.timeout(0)  # it ends by what it has tried, not by a clock

EXAMPLES = int(os.environ.get("HOSTILE_EXAMPLES", "150"))
STEPS = 30
MOST_CALLS = 4
DECISIONS = [
    OFF,
    NOTICE,
    BEFORE,
    replace(NOTICE, codes=CODES),
    asking(Party.CALLER),
    asking(Party.CALLER, Party.CALLEE, at="before-connect"),
    *(replace(OFF, voicemail=policy) for policy in VoicemailPolicy),
]
STRANGE_SDP = [
    HIDDEN,
    sdp(ELSEWHERE),
    sdp(ELSEWHERE, codecs="0 8 101", more="a=candidate:1 1 UDP 1 203.0.113.99 9 typ host\r\n"),
    sdp(
        ELSEWHERE,
        direction="inactive",
        more="m=message 9 TCP/MSRP *\r\na=path:msrp://x:9/y;tcp\r\n",
    ),
    sdp("0.0.0.0"),
]
BODIES = st.one_of(st.sampled_from([b"", *STRANGE_SDP, *OTHERS]), hostile)
KINDS = st.sampled_from(
    [
        *["application/sdp"] * 4,
        "application/\tsdp",
        "multipart/mixed;boundary=b",
        "application/dtmf-relay",
        "message/sipfrag",
        "text/plain",
        "",
    ]
)
LINES = st.just([]) | st.lists(st.tuples(st.sampled_from(READ_HEADERS), VALUES), max_size=2)
FORGED_TAGS = st.sampled_from([None, None, None, "", "x", "trunk-tag-1", "pbx-tag-2", "\xff"])
CSEQS = st.sampled_from([None, None, None, 0, 1, 2, 2**31 - 1, 2**31])
SDP_KINDS = st.sampled_from(["application/sdp"] * 6 + ["application/\tsdp", ""])
USUAL = [sdp(TRUNK_MEDIA, version=n) for n in (1, 2)] + [sdp(PBX_MEDIA, 7000, version=3)]
OFFERS = st.one_of(st.sampled_from([b"", *USUAL, *STRANGE_SDP]), hostile)
REFERRED = ["<sip:2@x>", f"<sip:2@{ELSEWHERE}>", "<sip:2@x?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2>"]
Material = tuple[str, str, bytes, list[tuple[str, str]]]
"""A method, a Content-Type, a body, and more header lines."""


def material(method: str) -> st.SearchStrategy[Material]:
    """What is sent with a method: mostly what is understood, and seldom what is meant."""
    bodies, kinds, more = BODIES, KINDS, st.just([])
    if method in ("INVITE", "UPDATE", "PRACK", "ACK"):
        bodies, kinds = OFFERS, SDP_KINDS
    elif method == "REFER":
        bodies, more = st.just(b""), st.sampled_from(REFERRED).map(lambda to: [("Refer-To", to)])
    elif method == "INFO":
        kinds = st.sampled_from(["application/dtmf-relay", "application/dtmf", "text/plain"])
        bodies = st.sampled_from([b"Signal=*\r\n", b"9", b"1", b"d=2", b"Signal=1\r\nx"])
        more = st.sampled_from([[], [], [("Record", "off")], [("Record", "on")]])
    if method == "PRACK":
        more = st.sampled_from(["1 1 INVITE", "2 1 INVITE", "1 2 INVITE", "0 0 X"]).map(
            lambda rack: [("RAck", rack)]
        )
    return st.tuples(st.just(method), kinds, bodies, more)


NAMED = {
    "caller": st.sampled_from(
        [
            "1%20b",
            "1%0aEvent%3a%20X",
            "+4930123;phone-context=+49",
            "%2b49",
            "a:b",
            "1%00",
            "\u202e1",
        ]
    ),
    "display": st.sampled_from(['"x\\" <sip:y@z>" ', '"\t"', "a b ", '"\x9b2J" ', '"\u2028" ']),
    "uri": st.sampled_from(
        [
            f"sip:100@{SIDECAR[0]};user=phone;transport=tcp;maddr={ELSEWHERE}",
            f"sip:100;ext=5;x=y@{SIDECAR[0]}",
            f"sip:%31%30%30%20@{SIDECAR[0]}",
            f"sip:100@{SIDECAR[0]};csc=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "tel:100;phone-context=+4420;cic=1",
        ]
    ),
    "contact": st.sampled_from([f"<sip:x@{ELSEWHERE}:9>", "<sip:x%20y@h;lr>;+sip.src", "<tel:1>"]),
}

IN_CALLS = st.sampled_from(
    """INVITE INVITE INVITE UPDATE UPDATE PRACK ACK INFO INFO REFER BYE NOTIFY MESSAGE OPTIONS
    SUBSCRIBE CANCEL ODD""".split()
).flatmap(material)
OUTSIDE = st.sampled_from(METHODS).flatmap(material)

OURS = frozenset(
    """Accept Accept-Encoding Allow Allow-Events CSeq Call-ID Contact Content-Length Content-Type
    From Max-Forwards MIME-Version Min-SE P-Asserted-Identity RAck RSeq Reason Recv-Info Refer-To
    Replaces Require Retry-After Route Server Session-Expires Supported Target-Dialog Timestamp To
    Unsupported User-Agent Via Warning X-Consent X-Record Join Record-Route Diversion
    History-Info Record""".split()
)
CROSS = frozenset(each.name for each in CROSSING)
OF_THEIR_DIALOG = frozenset(("Via", "From", "To", "Call-ID", "Timestamp", "Route", "Record-Route"))
"""What a peer gets back as it has written it."""
NAMES_SOMEBODY = ("From", "To", "Contact", "P-Asserted-Identity", "Diversion", "History-Info")


def canonical(message: Request | Response) -> None:
    """Nothing leaves but what we have written."""
    refused = isinstance(message, Response) and message.status >= 400
    for name, value in message.headers.items():
        oracle.all_of([name], OURS | CROSS)
        if name not in OF_THEIR_DIALOG:
            oracle.one_line(value)
    if isinstance(message, Request) and message.to_tag is None and message.method != "CANCEL":
        _names_nobody_oddly(message)
    if message.body and not refused:
        _body(message)


def _names_nobody_oddly(request: Request) -> None:
    oracle.demand(oracle.uri(request.uri), "an odd Request-URI", request.uri)
    for name in NAMES_SOMEBODY:
        for value in request.headers.get_all(name):
            oracle.addresses(value)


def _body(message: Request | Response) -> None:
    for there in (ELSEWHERE, TRUNK_MEDIA, PBX_MEDIA):
        oracle.demand(there.encode() not in message.body, "another's address", message.body)
    if message.headers.get("Content-Type") == "application/sdp":
        ours = re.sub(rb"a=record(?:pref)?:[a-z]+\r\n", b"", message.body)
        oracle.description(ours, SIDECAR[0])


class HostilePeers(RuleBasedStateMachine):
    """A world whose neighbours attack."""

    @initialize(
        decision=st.sampled_from(DECISIONS),
        trusted=st.booleans(),
        recorder=st.booleans(),
        outbound=st.booleans(),
        pushed=st.integers(0, 4),
    )
    def begin(self, decision, trusted, recorder, outbound, pushed):
        self.world = World(decision, trusted=trusted, recorder=recorder)
        self.world.lose = self.look_at
        self.thrown = 0
        self.calls: list[Outgoing] = []
        self.places(outbound, pushed=pushed)

    def places(self, outbound: bool, *, pushed: int, **how) -> None:
        """An ordinary call, pushed on by so many steps."""
        agent = self.world.pbx if outbound else self.world.trunk
        call = agent.call(headers=[("Supported", "100rel, timer")], **how)
        self.calls.append(call)
        for _ in range(pushed):
            self.world.settle()
            self.goes_on()

    def look_at(self, message: Request | Response, _to: str) -> bool:
        canonical(message)
        return False

    @invariant()
    def arrive(self):
        if hasattr(self, "world"):
            self.world.settle()
            assert self.world.counted("sip_rejected_total", reason="internal_error") == 0

    # The phases of an ordinary call, so that there is something to attack.

    @precondition(lambda self: len(self.calls) < MOST_CALLS)
    @rule(
        outbound=st.booleans(),
        body=st.one_of(st.none(), st.none(), OFFERS),
        kind=SDP_KINDS,
        reliable=st.booleans(),
        acks=st.booleans(),
        named=st.fixed_dictionaries({}, optional=NAMED),
    )
    def call(self, outbound, body, kind, reliable, acks, named):
        agent = self.world.pbx if outbound else self.world.trunk
        headers = [("Supported", "100rel, timer")] * reliable
        headers += [("Content-Type", kind)] * bool(body and kind)
        call = agent.call(body=body, headers=headers, **named)
        call.acks = acks
        if body == b"":
            call.answer_in_ack = sdp(agent.media)
        self.calls.append(call)

    @rule()
    def goes_on(self):
        """What comes next in an ordinary call."""
        w = self.world
        waiting = [c for c in self.incoming() if c.transaction.state == "proceeding"]
        if waiting:
            waiting[-1].answer()
        elif any(session.playing for session in w.engine.live):
            self.a_notice_is_heard(True)
        elif (call := self.newest()) is not None and call.dialog is not None and not call.acks:
            call.acks = True
            call.ack()

    @rule(reliable=st.booleans(), early=st.booleans(), tag=st.sampled_from(["", "fork"]))
    def rings(self, reliable, early, tag):
        for call in self.incoming()[-1:]:
            if not call.transaction.finished and call.transaction.state == "proceeding":
                body = sdp(call.agent.media) if early else b""
                call.ring(183 if early else 180, body, reliable=reliable, tag=tag)

    @rule(well=st.sampled_from([True, True, False]))
    def a_notice_is_heard(self, well):
        for session in tuple(self.world.engine.live):
            for side in tuple(session.playing):
                if well:
                    session.finish_notice(side)
                else:
                    session.fail_notice(side, "unsettled")

    @rule(side=st.sampled_from(Side), keys=st.sampled_from([ACCEPT, DECLINE, STOP, RESUME, "#"]))
    def keys_are_pressed(self, side, keys):
        for session in tuple(self.world.engine.live)[-1:]:
            for digit in keys:
                if session.collecting[side] and not session.closed:
                    session.agreed |= {side} if keys == ACCEPT else set()
                    session.tell(Digit(side, digit, 100, "rtp"))
                self.world.settle()

    @rule(event=st.sampled_from([Silent(Side.A, 60.0), Silent(Side.B, 301.0), Lost("killed")]))
    def media_ends(self, event):
        for session in tuple(self.world.engine.live)[-1:]:
            session.tell(event)

    @rule(seconds=st.sampled_from([0.1, 0.6, 0.6, 4.0, 4.0, 33.0, 200.0]))
    def time_passes(self, seconds):
        self.world.pass_time(seconds)

    @rule(of_caller=st.booleans())
    def hangs_up(self, of_caller):
        if (found := self.dialog(of_caller)) is not None:
            agent, dialog = found
            agent.ask(dialog, "BYE")

    # The attacks.

    @rule(
        of_caller=st.booleans(),
        sent=IN_CALLS,
        lines=LINES,
        forged=st.none() | st.tuples(FORGED_TAGS, FORGED_TAGS, CSEQS),
        twice=st.booleans(),
    )
    def a_request_within_the_call(self, of_caller, sent, lines, forged, twice):
        """Of either side, perhaps under the other's name, with an ACK never sent."""
        found = self.dialog(of_caller)
        if found is None:
            return
        agent, dialog = found
        method, kind, body, more = sent
        made = dialog.request(method, [*more, *[("Content-Type", kind)] * bool(body and kind)])
        made.body = body
        self.thrown += 1
        made.headers.prepend("Via", f"SIP/2.0/UDP {agent.host};branch=z9hG4bKh{self.thrown}")
        if forged is not None:
            _forge(made, *forged)
        data = spoilt(made.encode(), lines, added=False)
        for _ in range(1 + twice):
            agent.throw(data)

    @rule(
        of_caller=st.booleans(),
        status=st.sampled_from(STATUSES),
        lines=LINES,
        body=OFFERS,
        tag=st.sampled_from(["there", "there", "fork", ""]),
        kind=SDP_KINDS,
    )
    def a_response(self, of_caller, status, lines, body, tag, kind):
        """To the newest request that came, whether it was answered before or not."""
        agent = self.world.trunk if of_caller else self.world.pbx
        asked = [each for each in agent.received if isinstance(each, Request)]
        if not asked or asked[-1].method == "ACK":
            return
        made = respond(asked[-1], status, None, tag or None)
        for name, value in (("Contact", agent.contact), ("Content-Type", kind)):
            if value:
                made.headers.add(name, value)
        made.body = body
        agent.throw(spoilt(made.encode(), lines, added=False))

    @rule(of_trunk=st.booleans(), sent=OUTSIDE, lines=LINES)
    def a_request_outside_of_calls(self, of_trunk, sent, lines):
        agent = self.world.trunk if of_trunk else self.world.pbx
        method, kind, body, more = sent
        self.thrown += 1
        items = [
            ("Via", f"SIP/2.0/UDP {agent.host};branch=z9hG4bKo{self.thrown}"),
            ("From", f"<sip:1@{agent.host}>;tag=h"),
            ("To", f"<sip:100@{SIDECAR[0]}>"),
            ("Call-ID", f"outside-{self.thrown}"),
            ("CSeq", f"1 {method}"),
            ("Contact", agent.contact),
            ("Max-Forwards", "70"),
            *[("Content-Type", kind)] * bool(body and kind),
            *more,
        ]
        made = Request(method, f"sip:100@{SIDECAR[0]}", Headers(items), body)
        agent.throw(spoilt(made.encode(), lines, added=False))

    @rule(with_reason=st.booleans())
    def gives_up(self, with_reason):
        call = self.newest()
        if call is not None:
            call.cancel([("Reason", 'SIP;cause=200;text="x"')] * with_reason)

    def newest(self) -> Outgoing | None:
        return self.calls[-1] if self.calls else None

    def incoming(self) -> list[Incoming]:
        return [each for agent in self.world.agents.values() for each in agent.calls]

    def dialog(self, of_caller: bool) -> tuple[Agent, Dialog] | None:
        """A dialog of the newest call's caller or callee, early, up or over."""
        call, called = self.newest(), self.incoming()[-1:]
        if of_caller and call is not None:
            known = call.dialog or next(iter(call.early.values()), None)
            return (call.agent, known) if known is not None else None
        return (called[0].agent, called[0].dialog) if called and not of_caller else None

    def teardown(self):
        if hasattr(self, "world"):
            self.world.settle()
            self.world.b2bua.run(self.world.b2bua.close)
            self.world.check_nothing_is_left()
            assert self.world.counted("sip_rejected_total", reason="internal_error") == 0


def _forge(request: Request, from_tag: str | None, to_tag: str | None, cseq: int | None) -> None:
    """Put other tags and another number in."""
    for name, tag in (("From", from_tag), ("To", to_tag)):
        if tag is not None:
            value = re.sub(r";tag=[^;]*", f";tag={tag}" if tag else "", request.headers.get(name))
            request.headers.set(name, value)
    if cseq is not None:
        request.headers.set("CSeq", f"{cseq} {request.method}")


TestHostilePeers = HostilePeers.TestCase
TestHostilePeers.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    phases=[Phase.explicit, Phase.generate],  # to shrink takes minutes
    derandomize="HOSTILE_EXAMPLES" not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
