"""A call that has ended is freed by its last reference: the collector finds nothing to do.

A cycle is memory that waits for the collector, and its late sweep stops every other call.
"""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from sidecar.calls.b2bua import B2bua
from sidecar.calls.call import Call
from sidecar.calls.forwarding import Forwarding
from sidecar.consent.decision import Divert, Room, VoicemailPolicy
from sidecar.consent.order import Order
from sidecar.consent.party import Party
from sidecar.media.engine import Digit, Side
from sidecar.recorders.recorder import InRoom, MailboxReached, NobodyThere, OnHold, SomeoneNew
from sidecar.sip.reliable import ReliableProvisionals, Retransmitter
from sidecar.sip.transactions.machine import Transaction
from tests.calls.agents import Incoming, Outgoing, sdp
from tests.calls.world import (
    ACCEPT,
    BEFORE,
    CODES,
    DECLINE,
    NOTICE,
    OFF,
    PBX,
    PBX_MEDIA,
    STOP,
    TRUNK_MEDIA,
    World,
    asking,
)

DONE = 700.0
"""Seconds after which no transaction, no timer and no dialog of a call is left."""


def broken(*_arguments, **_more):
    raise RuntimeError


@contextmanager
def collector_off() -> Iterator[None]:
    gc.freeze()  # what was there before is not searched: it takes most of a second
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
        gc.unfreeze()


def ours(thing: object, w: World) -> bool:
    """Whether it is of the sidecar, and not of the telephones it talks to in this world."""
    if type(thing) in weakref.ProxyTypes:
        return False
    if isinstance(thing, Transaction):
        return thing._host is w.b2bua.layer
    if isinstance(thing, Retransmitter | ReliableProvisionals):
        return thing._timers is w.b2bua.timers
    return type(thing).__module__.startswith(("sidecar.calls", "sidecar.consent"))


def left_behind(w: World) -> Counter[str]:
    """What only the collector would find of the calls that have ended."""
    w.pass_time(DONE)
    for _ in range(3):
        w.b2bua.wake()
    w.engine.opened.clear()
    w.recorder.sessions.clear()
    w.records.waiting.clear()
    gc.collect()
    found = Counter(type(thing).__qualname__ for thing in gc.garbage if ours(thing, w))
    gc.garbage.clear()
    return found


# The kinds of calls: each takes a world and has one call of its kind begin and end.


def called(w: World) -> tuple[Outgoing, Incoming]:
    """A call of the trunk that has come to the PBX; what is to be heard before, was."""
    there = w.trunk.call()
    w.settle()
    w.hear_notices()
    return there, w.pbx.calls[-1]


def hung_up(w: World) -> None:
    there, _ = w.talk()
    there.hang_up()


def hung_up_by_the_callee(w: World) -> None:
    _, here = w.talk()
    here.hang_up()


def of_the_pbx(w: World) -> None:
    there = w.pbx.call()
    w.settle()
    w.trunk.calls[-1].answer()
    w.settle()
    w.hear_notices()
    there.hang_up()


def never_acknowledged(w: World) -> None:
    there = w.trunk.call()
    there.acks = False
    w.settle()
    w.pbx.calls[-1].answer()
    w.settle()
    w.pass_time(40.0)


def refused(w: World) -> None:
    _, here = called(w)
    here.ring()
    w.settle()
    here.respond(486)


def challenged(w: World) -> None:
    _, here = called(w)
    here.respond(401)


def cancelled(w: World) -> None:
    there, here = called(w)
    here.ring()
    w.settle()
    if there.dialog is None:
        there.cancel()
    else:
        there.hang_up()


def unanswered(w: World) -> None:
    w.pbx.silent = True
    w.trunk.call()
    w.pass_time(40.0)


def forked(w: World) -> None:
    there, here = called(w)
    for tag in ("one", "two"):
        here.ring(tag=tag)
        w.settle()
    here.answer(tag="two")
    w.settle()
    w.hear_notices()
    here.answer(tag="one")
    w.settle()
    there.hang_up()


def reinvited(w: World) -> None:
    there, here = w.talk()
    there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
    w.settle()
    here.send("UPDATE", body=sdp(PBX_MEDIA, version=2))
    w.settle()
    there.send("INFO", [("Content-Type", "text/x")], b"x")
    w.settle()
    there.hang_up()


def hung_up_while_ports_are_awaited(w: World) -> None:
    there, here = w.talk()
    w.media.add_stream = lambda: None  # type: ignore[method-assign]
    video = "m=video 4002 RTP/AVP 96\r\n"
    asked = there.send("UPDATE", body=sdp(TRUNK_MEDIA, more=video, version=2))
    w.settle()
    here.hang_up()
    w.settle()
    assert asked.status == 481


def hung_up_within_a_reinvite(w: World) -> None:
    there, here = w.talk()
    w.pbx.answers["INVITE"] = None
    there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
    w.settle()
    here.hang_up()
    w.settle()
    w.pbx.answers.pop("INVITE")


def transferred(w: World) -> None:
    there, here = w.talk()
    here.send("REFER", [("Refer-To", f"<sip:+4930777@{PBX}>")])
    w.settle()
    if w.recorder.holds:
        w.recording.tell(SomeoneNew())
        w.settle()
        w.pass_time(1.0)
        w.hear_notices()
        w.recording.tell(NobodyThere())
        w.settle()
    there.hang_up()


def recorded(w: World) -> None:
    there, _ = w.talk()
    w.press(Side.A, STOP)
    w.recording.tell(OnHold(True))
    w.settle()
    w.pass_time(12.0)
    w.media.tell(Digit(Side.A, "*", 100, "rtp"))
    w.settle()
    there.hang_up()


def lost_by_the_recorder(w: World) -> None:
    w.recorder.answers[Order.HOLD] = w.recorder.answers[Order.RELEASE] = "fail"
    w.talk()
    w.pass_time(20.0)
    w.recorder.answers.clear()
    for call in tuple(w.b2bua.calls.values()):
        w.b2bua.run(call.give_up, "over", of=call)


def consenting(w: World) -> None:
    there, _ = w.talk()
    w.press(Side.A, ACCEPT)
    w.press(Side.B, ACCEPT)
    w.hear_notices()
    there.hang_up()


def declining(w: World) -> None:
    there, _ = w.talk()
    w.press(Side.A, DECLINE)
    w.hear_notices()
    there.hang_up()


def answering_nothing(w: World) -> None:
    there, _ = w.talk()
    for _ in range(4):
        w.pass_time(10.0)
        w.hear_notices()
    there.hang_up()


def in_mid_notice(w: World) -> None:
    there = w.trunk.call()
    w.settle()
    w.pbx.calls[-1].answer()
    w.settle()
    there.hang_up()


def to_a_mailbox(w: World) -> None:
    there, _ = w.talk()
    w.recording.tell(MailboxReached())
    w.settle()
    w.hear_notices()
    there.hang_up()


def diverted(w: World) -> None:
    there = w.trunk.call()
    w.settle()
    w.pbx.calls[-1].ring()
    w.settle()
    w.pass_time(21.0)
    w.hear_notices()
    w.pbx.calls[-1].answer()
    w.settle()
    w.hear_notices()
    there.hang_up()


def into_a_conference(w: World) -> None:
    there, _ = w.talk()
    w.recording.tell(InRoom("8000"))
    w.settle()
    w.board.elsewhere("main/8000", "theirs", objects=True)
    w.settle()
    there.hang_up()


def replacing(w: World) -> None:
    first, here = w.talk()
    dialog = first.dialog
    value = f"{dialog.call_id};to-tag={dialog.remote.tag};from-tag={dialog.local.tag}"
    again = w.trunk.call(headers=[("Replaces", value), ("Require", "replaces")])
    w.settle()
    here.hang_up()
    w.pbx.calls[-1].answer(headers=[("Supported", "replaces")])
    w.settle()
    w.hear_notices()
    again.hang_up()


def with_a_fault(w: World) -> None:
    there, _ = w.talk()
    plain, Forwarding.on_response = Forwarding.on_response, broken
    there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
    w.settle()
    Forwarding.on_response = plain


def with_a_fault_at_its_end(w: World) -> None:
    there, _ = w.talk()
    plain, Call._end = Call._end, broken
    there.hang_up()
    w.settle()
    Call._end = plain


def with_a_fault_in_its_farewell(w: World) -> None:
    there, _ = w.talk()
    plain, B2bua.send_in_dialog = B2bua.send_in_dialog, broken
    there.hang_up()
    w.settle()
    B2bua.send_in_dialog = plain


def without_ports(w: World) -> None:
    w.engine.refuses = "none left"
    w.trunk.call()
    w.settle()
    w.engine.refuses = ""


def with_an_unusable_offer(w: World) -> None:
    w.trunk.call(body=b"v=0\r\nnonsense")
    w.settle()


def unrecordable(w: World) -> None:
    w.records.fails = True
    w.trunk.call()
    w.settle()
    w.records.fails = False


def at_the_shutdown(w: World) -> None:
    w.talk()
    w.b2bua.run(w.b2bua.close)
    w.settle()
    w.b2bua.accepting = True


def over_tcp(w: World) -> None:
    w.transport = "TCP"
    hung_up(w)
    w.settle()
    refused(w)


def requests_outside_of_calls(w: World) -> None:
    for method in ("REGISTER", "OPTIONS", "MESSAGE", "SUBSCRIBE"):
        w.pbx.request(method, "sip:carrier.example")
        w.settle()
    w.trunk.throw(b"INVITE sip:100@192.0.2.1 SIP/2.0\r\nnonsense\r\n\r\n")
    w.settle()
    w.trunk.silent = True
    w.pbx.request("PUBLISH", "sip:carrier.example")
    w.pass_time(40.0)
    w.trunk.silent = False


OURS_TO_REFRESH = [("Supported", "timer"), ("Session-Expires", "90;refresher=uac")]


def refreshed(w: World) -> None:
    """It ends in the midst of a refresh of ours, of which another has been answered."""
    there, here = called(w)
    here.answer(headers=OURS_TO_REFRESH)
    w.settle()
    w.hear_notices()
    w.pass_time(46.0)
    w.pbx.answers["INVITE"] = None
    here.send("UPDATE", OURS_TO_REFRESH)
    w.pass_time(46.0)
    there.hang_up()
    w.settle()
    w.pbx.answers.clear()


def ended_after_a_glare(w: World) -> None:
    """It ends while an offer of ours waits to be made again."""
    there, here = called(w)
    w.pbx.answers["INVITE"] = 491
    here.answer(headers=OURS_TO_REFRESH)
    w.settle()
    w.hear_notices()
    w.pass_time(46.0)
    there.hang_up()
    w.settle()
    w.pbx.answers.clear()


def expired(w: World) -> None:
    there = w.trunk.call(headers=OURS_TO_REFRESH)
    w.settle()
    w.hear_notices()
    w.pass_time(61.0)
    assert there.dialog is not None


def changed_alone(w: World) -> None:
    """The caller changes its codec while the callee rings, who is offered it anew."""
    there, here = called(w)
    here.ring(183, sdp(PBX_MEDIA), reliable=True)
    w.settle()
    there.send("INVITE", body=sdp(TRUNK_MEDIA, codecs="8", version=2))
    w.settle()
    here.answer(b"")
    w.settle()
    w.hear_notices()
    there.hang_up()


Kind = Callable[[World], None]
PLAIN: tuple[Kind, ...] = (
    hung_up,
    hung_up_by_the_callee,
    of_the_pbx,
    never_acknowledged,
    refused,
    challenged,
    cancelled,
    unanswered,
    forked,
    reinvited,
    hung_up_while_ports_are_awaited,
    hung_up_within_a_reinvite,
    transferred,
    replacing,
    with_a_fault,
    with_a_fault_at_its_end,
    with_a_fault_in_its_farewell,
    without_ports,
    with_an_unusable_offer,
    unrecordable,
    at_the_shutdown,
    over_tcp,
    requests_outside_of_calls,
)
RECORDED = (*PLAIN, recorded, lost_by_the_recorder, in_mid_notice, to_a_mailbox, into_a_conference)
ASKED = (consenting, declining, answering_nothing, hung_up, in_mid_notice)
ALONE = (refreshed, ended_after_a_glare, expired, changed_alone)
SPOKEN = VoicemailPolicy.NOTICE
DIVERTING = Divert(to=f"sip:mailbox@{PBX}", on=frozenset({"no-answer"}), after=20.0)

CASES = [
    *(("off", OFF, False, kind) for kind in PLAIN),
    *(("notice", replace(NOTICE, codes=CODES, hold="pause"), True, kind) for kind in RECORDED),
    *(("before-connect", BEFORE, True, kind) for kind in (hung_up, refused, cancelled, forked)),
    *(("before-connect", BEFORE, True, kind) for kind in ALONE),
    *(("question", asking(*Party), True, kind) for kind in ASKED),
    ("room", replace(NOTICE, room=Room("board")), True, hung_up),
    (
        "mailbox",
        replace(NOTICE, divert=DIVERTING, voicemail=VoicemailPolicy.NOTICE),
        True,
        diverted,
    ),
]


@pytest.mark.parametrize(
    ("decision", "recorder", "kind"),
    [case[1:] for case in CASES],
    ids=[f"{case[0]}: {case[3].__name__}" for case in CASES],
)
def test_a_call_that_has_ended_leaves_nothing_to_the_collector(world, decision, recorder, kind):
    w = world(decision, recorder=recorder)
    with collector_off():
        for _ in range(2):
            kind(w)
            w.settle()
            w.pass_time(1.0)
        found = left_behind(w)

    assert not found
    assert w.records.finished or kind is requests_outside_of_calls
