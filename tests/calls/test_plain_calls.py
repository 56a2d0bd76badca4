"""Calls as they usually go: off, notice, before-connect; who hangs up when."""

from __future__ import annotations

import pytest

from sidecar.consent.party import Party
from sidecar.media.engine import Side
from tests.calls.agents import sdp
from tests.calls.world import BEFORE, EPOCH, NOTICE, OFF, PBX, PBX_MEDIA, TRUNK_MEDIA, notice


def test_a_call_under_policy_off_opens_the_gates_at_once(world):
    w = world(OFF)

    there, here = w.talk()

    assert there.statuses == [200]
    assert w.media.gates == {Side.A: True, Side.B: True}
    assert here.request.headers.get("X-Consent") == "off"
    assert here.request.headers.get("X-Record") == "off"
    there.hang_up()
    w.settle()
    assert w.ended == ("answered", "caller")
    assert w.record.notice_caller_at is None
    assert w.counted("calls_total", direction="inbound", disposition="answered") == 1


def test_under_notice_the_gates_open_when_both_have_heard_it(world):
    w = world(NOTICE)
    there = w.trunk.call()
    w.settle()
    here = w.pbx.calls[0]
    assert here.request.headers.get("X-Record") == "on"
    here.answer()
    w.settle()
    assert w.media.playing == {Side.A: "recording-notice", Side.B: "recording-notice"}
    assert w.media.gates == {Side.A: False, Side.B: False}

    w.pass_time(3)
    w.media.finish_notice(Side.B)
    w.settle()
    assert w.media.gates == {Side.A: False, Side.B: False}
    w.pass_time(1)
    w.media.finish_notice(Side.A)
    w.settle()

    assert w.media.gates == {Side.A: True, Side.B: True}
    here.hang_up()
    w.settle()
    assert there.final.status == 200
    assert w.ended == ("answered", "callee")
    assert w.record.notice_callee_at == EPOCH + 1003
    assert w.record.notice_caller_at == EPOCH + 1004
    assert w.counted("notices_total", party="caller", result="played") == 1


def test_media_is_anchored_on_both_sides(world):
    w = world(OFF)

    there, here = w.talk()

    assert (
        f"c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio {w.media.ports_b[0]}" in here.request.body.decode()
    )
    assert f"m=audio {w.media.ports_a[0]} " in there.final.body.decode()
    assert w.media.remotes[Side.A, 0].address == TRUNK_MEDIA
    assert w.media.remotes[Side.B, 0].address == PBX_MEDIA
    there.hang_up()


@pytest.mark.parametrize("to", [(Party.CALLER,), (Party.CALLEE,)])
def test_only_the_named_party_hears_the_notice(world, to):
    w = world(notice(*to))
    there = w.trunk.call()
    w.settle()
    w.pbx.calls[0].answer()
    w.settle()

    assert set(w.media.playing) == {Side.A if Party.CALLER in to else Side.B}
    w.hear_notices()
    assert w.media.gates == {Side.A: True, Side.B: True}
    there.hang_up()


def test_before_connect_the_pbx_is_called_when_the_caller_has_heard_the_notice(world):
    w = world(BEFORE)
    there = w.trunk.call()
    w.settle()
    assert there.statuses == [200]
    assert w.media.playing == {Side.A: "recording-notice"}
    assert w.pbx.calls == []

    w.hear_notices()
    here = w.pbx.calls[0]
    here.ring()
    w.settle()
    assert w.media.ringing
    here.answer()
    w.settle()
    assert not w.media.ringing
    assert w.media.playing == {Side.B: "recording-notice"}
    assert w.media.gates == {Side.A: False, Side.B: False}
    w.hear_notices()

    assert w.media.gates == {Side.A: True, Side.B: True}
    there.hang_up()
    w.settle()
    assert w.ended == ("answered", "caller")


def test_before_connect_offers_the_pbx_as_many_streams_as_the_caller_offered(world):
    w = world(BEFORE)
    video = "m=video 4002 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"
    there = w.trunk.call(body=sdp(TRUNK_MEDIA, more=video))
    w.settle()
    w.hear_notices()

    offer = w.pbx.calls[0].request.body.decode()
    assert offer.count("m=") == 2
    assert "m=video 0" in offer
    there.hang_up()


def test_before_connect_audio_that_is_not_the_first_stream_gets_its_own_port(world):
    w = world(BEFORE)
    body = sdp(TRUNK_MEDIA).replace(b"m=audio", b"m=video 4002 RTP/AVP 96\r\nm=audio")
    there = w.trunk.call(body=body)
    w.settle()

    assert f"m=audio {w.media.ports_a[1]} " in there.final.body.decode()
    assert w.media.remotes[Side.A, 1].port == 4000
    w.hear_notices()
    there.hang_up()


def test_an_outbound_call_goes_to_the_trunk_without_decision_headers(world):
    w = world(NOTICE)
    there = w.pbx.call("+49301", caller="100")
    w.settle()
    here = w.trunk.calls[0]
    here.answer()
    w.settle()
    w.hear_notices()

    assert here.request.uri == "sip:+49301@203.0.113.10"
    assert "X-Consent" not in here.request.headers
    assert there.final.headers.get("X-Consent") == "notice"
    assert PBX not in here.request.encode().decode()
    assert w.rules.asked[0].direction == "outbound"
    here.hang_up()
    w.settle()
    assert w.ended == ("answered", "callee")


@pytest.mark.parametrize("decision", [OFF, NOTICE, BEFORE])
def test_the_caller_hangs_up_while_the_notice_plays_or_right_after_the_answer(world, decision):
    w = world(decision)
    there = w.trunk.call()
    w.settle()
    if decision is not BEFORE:
        w.pbx.calls[0].answer()
        w.settle()

    there.hang_up()
    w.settle()

    answered = "cancelled" if decision is BEFORE else "answered"
    assert w.ended == (answered, "caller")
    if decision is not BEFORE:
        assert len(w.pbx.heard("BYE")) == 1


def test_the_caller_hangs_up_while_the_pbx_rings_after_the_notice(world):
    w = world(BEFORE)
    there = w.trunk.call()
    w.settle()
    w.hear_notices()
    w.pbx.calls[0].ring()
    w.settle()

    there.hang_up()
    w.settle()

    assert w.pbx.calls[0].cancelled
    assert w.ended == ("cancelled", "caller")


def test_a_reason_crosses_with_the_bye(world):
    w = world(OFF)
    there, _here = w.talk()

    there.hang_up([("Reason", 'Q.850;cause=16;text="Normal"')])
    w.settle()

    assert w.pbx.asked_for("BYE").headers.get("Reason") == 'Q.850;cause=16;text="Normal"'


def test_byes_that_cross_end_the_call_once(world):
    w = world(OFF)
    there, here = w.talk()

    one, other = there.hang_up(), here.hang_up()
    w.settle()

    assert (one.status, other.status) == (200, 200)
    assert len(w.records.finished) == 1


def test_a_failed_notice_ends_the_call(world):
    w = world(NOTICE)
    w.trunk.call()
    w.settle()
    w.pbx.calls[0].answer()
    w.settle()

    w.media.fail_notice(Side.A, "unreachable")
    w.settle()

    assert w.ended == ("refused", "sidecar")
    assert len(w.trunk.heard("BYE")) == len(w.pbx.heard("BYE")) == 1
    assert w.counted("fail_closed_total", reason="notice_failed") == 1
    assert w.counted("notices_total", party="caller", result="failed") == 1
    assert w.counted("notices_total", party="callee", result="abandoned") == 1


def test_a_lost_media_worker_ends_the_call(world):
    from sidecar.media.engine import Lost

    w = world(OFF)
    w.talk()

    w.media.tell(Lost("killed"))
    w.settle()

    assert w.ended == ("refused", "sidecar")
    assert w.counted("fail_closed_total", reason="media_lost") == 1


def test_a_dead_call_is_ended(world):
    from sidecar.media.engine import Silent

    w = world(OFF)
    w.talk()

    w.media.tell(Silent(Side.A, 60.0))
    w.settle()

    assert w.ended == ("answered", "sidecar")


def test_shutting_down_says_goodbye_and_takes_no_more(world):
    w = world(OFF)
    w.talk()

    w.run(w.b2bua.close)
    w.settle()
    late = w.trunk.call("200")
    w.settle()

    assert len(w.trunk.heard("BYE")) == len(w.pbx.heard("BYE")) == 1
    assert w.ended == ("answered", "sidecar")
    assert late.status == 503
    assert late.final.headers.get("Retry-After")


def test_shutting_down_answers_the_caller_who_still_waits(world):
    w = world(OFF)
    there = w.trunk.call()
    w.settle()
    w.pbx.calls[0].ring()
    w.settle()

    w.run(w.b2bua.close)
    w.settle()

    assert there.status == 503
    assert w.pbx.calls[0].cancelled


def test_media_is_told_of_the_answer_and_from_where_a_party_behind_nat_may_speak(world):
    w = world(OFF)
    w.trunk_peer = w.trunk_peer._replace(media_from=("198.51.100.0/24",))

    w.trunk.call()
    w.settle()
    assert not w.media.is_answered
    w.pbx.calls[0].answer()
    w.settle()
    assert w.media.is_answered
    assert w.media.nat == {Side.A: ("198.51.100.0/24",), Side.B: ()}
    w.pbx.calls[0].hang_up()
    w.settle()
