"""A mistake of ours ends the call that it concerns, answers its caller, and stops nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from sidecar.consent.decision import Room
from sidecar.consent.party import Objector
from tests.calls.agents import sdp
from tests.calls.world import NOTICE, OFF, TRUNK_MEDIA


class MistakeError(Exception):
    """What no code of ours should raise."""


def broken(*_arguments, **_more):
    raise MistakeError


def test_in_routing_answers_500(world, monkeypatch):
    w = world(OFF)
    monkeypatch.setattr(w.b2bua.router, "route", broken)

    there = w.trunk.call()
    w.settle()

    assert there.status == 500
    assert w.counted("sip_rejected_total", reason="internal_error") == 1


def test_is_logged_with_its_place_and_without_what_the_peer_sent(world, monkeypatch):
    w = world(OFF)
    monkeypatch.setattr(w.b2bua.router, "route", lambda *_: {}["+4930123"])

    with capture_logs() as lines:
        w.trunk.call()
        w.settle()

    (line,) = [line for line in lines if line["event"] == "internal_error"]
    assert line["error"] == "KeyError"
    assert line["at"].startswith("test_faults.py:")
    assert "+4930123" not in str([line for line in lines if line["log_level"] != "debug"])


@pytest.mark.parametrize(
    "name", ["callee_progressed", "callee_answered", "place", "acknowledged", "hung_up"]
)
def test_in_a_call_fails_it_closed_and_leaves_the_others_alone(world, monkeypatch, name):
    from sidecar.calls.call import Call

    w = world(OFF)
    other, _ = w.talk()
    with monkeypatch.context() as patched:
        patched.setattr(Call, name, broken)
        there = w.trunk.call()
        w.settle()
        if len(w.pbx.calls) > 1:
            w.pbx.calls[-1].ring()
            w.settle()
            w.pbx.calls[-1].answer()
            w.settle()
        if there.dialog is not None and w.b2bua.calls:
            there.hang_up()
        w.settle()

    assert len(w.b2bua.calls) == 1
    assert w.counted("fail_closed_total", reason="internal_error") == 1
    other.hang_up()


def test_in_ending_a_call_gives_its_ports_and_its_record_back(world, monkeypatch):
    from sidecar.calls.call import Call

    w = world(OFF)
    there, _here = w.talk()
    with monkeypatch.context() as patched:
        patched.setattr(Call, "_end", broken)
        there.hang_up()
        w.settle()

    assert w.engine.live == []
    assert w.ended == ("failed", "sidecar")
    assert len(w.pbx.heard("BYE")) == 1


@pytest.mark.parametrize("where", ["_end", "releases"])
def test_in_ending_a_call_leaves_its_room(world, monkeypatch, where):
    from sidecar.calls.call import Call

    w = world(replace(NOTICE, room=Room("board")), recorder=True)
    there, _here = w.talk()
    assert any(w.board.standing.values())
    plain = Call.releases
    with monkeypatch.context() as patched:
        steps = (lambda call: (*plain(call), broken)) if where == "releases" else broken
        patched.setattr(Call, where, steps)
        there.hang_up()
        w.settle()

    assert not any(w.board.standing.values())
    assert w.recording.closed


def test_in_one_call_of_a_room_keeps_no_stop_from_the_others(world, monkeypatch):
    from sidecar.calls.hands.rooms import Member

    w = world(replace(NOTICE, room=Room("board")), recorder=True)
    calls = [w.talk() for _ in range(2)]
    first, second = w.b2bua.calls.values()
    plain = Member.overruled

    def overruled(member, overruled):
        if member.call.itself is first:
            raise MistakeError
        plain(member, overruled)

    monkeypatch.setattr(Member, "overruled", overruled)
    w.board.elsewhere("board", "theirs", objects=True)
    w.settle()

    assert list(w.b2bua.calls.values()) == [second]
    assert second.consent.state.stops == {Objector.ROOM}
    calls[1][0].hang_up()


def test_what_is_told_of_within_a_step_is_done_after_it(world):
    w = world(OFF)
    done = []

    def outer():
        w.run(done.append, "inner")
        done.append("outer")

    w.run(outer)

    assert done == ["outer", "inner"]


def test_in_saying_goodbye_to_one_call_ends_the_others_all_the_same(world, monkeypatch):
    from sidecar.calls.call import Call

    w = world(OFF)
    for _ in range(2):
        w.talk()
    broken_one = next(iter(w.b2bua.calls.values()))
    plain = Call.give_up

    def give_up(call, *arguments, **more):
        if call is broken_one:
            raise MistakeError
        plain(call, *arguments, **more)

    monkeypatch.setattr(Call, "give_up", give_up)
    w.run(w.b2bua.close)
    w.settle()

    assert w.b2bua.calls == {}
    assert len(w.records.finished) == 2


def test_in_forwarding_a_request_ends_its_call(world, monkeypatch):
    from sidecar.calls.legs.forwarding import Forwarding

    w = world(OFF)
    there, _here = w.talk()
    monkeypatch.setattr(Forwarding, "on_response", broken)
    there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
    w.settle()

    assert w.b2bua.calls == {}


def test_in_a_timer_ends_its_call(world, monkeypatch):
    from sidecar.calls.call import Call

    w = world(OFF)
    there = w.trunk.call()
    there.acks = False
    w.settle()
    w.pbx.calls[0].answer()
    w.settle()
    monkeypatch.setattr(Call, "never_acknowledged", broken)
    w.pass_time(40)

    assert w.b2bua.calls == {}
    assert len(w.records.finished) == 1


def test_in_a_media_event_ends_its_call(world, monkeypatch):
    from sidecar.calls.call import Call

    w = world(OFF)
    w.engine.opens_at_once = False
    there = w.trunk.call()
    w.settle()
    monkeypatch.setattr(Call, "_go_on", broken)
    w.media.open(1)
    w.settle()

    assert there.status == 503
    assert w.ended == ("refused", "sidecar")
