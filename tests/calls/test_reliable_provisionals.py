"""Reliable provisionals and their PRACK through the sidecar (RFC 3262), with offers in them."""

from __future__ import annotations

import pytest

from sidecar.media.engine import Side
from tests.calls.agents import sdp
from tests.calls.world import BEFORE, NOTICE, OFF, PBX_MEDIA, TRUNK_MEDIA

RELIABLE = [("Supported", "100rel")]


@pytest.mark.parametrize("decision", [OFF, NOTICE])
def test_a_reliable_183_with_the_answer_is_acknowledged_end_to_end(world, decision):
    w = world(decision)
    there = w.trunk.call(headers=RELIABLE)
    w.settle()
    here = w.pbx.calls[0]
    here.ring(183, sdp(PBX_MEDIA), reliable=True)
    w.settle()

    assert there.responses[-1].headers.get("Require") == "100rel"
    assert w.pbx.heard("PRACK")
    assert not here.reliable[here.tag].pending
    assert w.media.remotes[Side.B, 0].address == PBX_MEDIA
    here.answer(b"")
    w.settle()
    assert there.status == 200
    there.hang_up()
    w.settle()
    assert w.ended == ("answered", "caller")


def test_several_in_a_row_keep_their_order(world):
    w = world(OFF)
    there = w.trunk.call(headers=RELIABLE)
    w.settle()
    here = w.pbx.calls[0]
    here.ring(183, sdp(PBX_MEDIA), reliable=True)
    w.settle()
    here.ring(180, reliable=True)
    w.settle()

    numbers = [int(r.headers.get("RSeq")) for r in there.responses if "RSeq" in r.headers]
    assert numbers[1] == numbers[0] + 1
    assert len(w.pbx.heard("PRACK")) == 2
    there.cancel()


def test_an_offer_in_the_183_is_answered_in_the_prack(world):
    w = world(OFF)
    there = w.trunk.call(body=b"", headers=RELIABLE)
    there.answer_in_prack = sdp(TRUNK_MEDIA)
    w.settle()
    here = w.pbx.calls[0]
    here.ring(183, sdp(PBX_MEDIA), reliable=True)
    w.settle()

    assert b"m=audio" in w.pbx.asked_for("PRACK").body
    assert w.media.remotes[Side.A, 0].address == TRUNK_MEDIA
    assert w.media.remotes[Side.B, 0].address == PBX_MEDIA
    here.answer(b"")
    w.settle()
    assert there.status == 200
    there.hang_up()


def test_a_new_offer_in_the_prack_is_answered_in_its_200(world):
    w = world(OFF)
    w.pbx.answers["PRACK"] = None
    there = w.trunk.call(headers=RELIABLE)
    there.answer_in_prack = sdp(TRUNK_MEDIA, 7000, version=2)
    w.settle()
    here = w.pbx.calls[0]
    here.ring(183, sdp(PBX_MEDIA), reliable=True)
    w.settle()
    w.pbx.served[-1].respond(200, body=sdp(PBX_MEDIA, 8000, version=2))
    w.settle()

    assert w.media.remotes[Side.A, 0].port == 7000
    assert w.media.remotes[Side.B, 0].port == 8000
    there.cancel()


def test_an_update_in_the_early_dialog_moves_the_media(world):
    w = world(OFF)
    there = w.trunk.call(headers=RELIABLE)
    w.settle()
    here = w.pbx.calls[0]
    here.ring(183, sdp(PBX_MEDIA), reliable=True)
    w.settle()

    asked = there.send("UPDATE", body=sdp(TRUNK_MEDIA, 7000, version=2))
    w.settle()

    assert asked.status == 200
    assert w.media.remotes[Side.A, 0].port == 7000
    there.cancel()


def test_a_caller_who_never_acknowledges_is_refused(world):
    w = world(OFF)
    there = w.trunk.call(headers=RELIABLE)
    there.pracks = False
    w.settle()
    w.pbx.calls[0].ring(183, sdp(PBX_MEDIA), reliable=True)
    w.pass_time(40)

    assert there.status == 504
    assert w.pbx.calls[0].cancelled
    assert w.ended == ("failed", "sidecar")


def test_a_prack_that_crosses_the_answer_still_reaches_the_pbx(world):
    w = world(OFF)
    there = w.trunk.call(headers=RELIABLE)
    there.pracks = False
    w.settle()
    here = w.pbx.calls[0]
    here.ring(183, sdp(PBX_MEDIA), reliable=True)
    w.settle()
    here.answer(b"")
    w.settle()

    reliable = next(r for r in there.responses if "RSeq" in r.headers)
    late = there.prack(reliable)
    w.settle()

    assert w.pbx.heard("PRACK")
    assert late.final is not None
    there.hang_up()


def test_a_prack_that_matches_nothing_is_481(world):
    w = world(OFF)
    there = w.trunk.call(headers=RELIABLE)
    w.settle()
    w.pbx.calls[0].ring(183, reliable=True)
    w.settle()

    wrong = [
        there.send("PRACK", [("RAck", "1 1 INVITE")]),
        there.send("PRACK", [("RAck", "nonsense")]),
        there.send("PRACK"),
    ]
    w.settle()

    assert [asked.status for asked in wrong] == [481, 400, 400]
    there.cancel()


def test_a_repeated_183_is_passed_once(world):
    w = world(OFF)
    w.pbx.answers["PRACK"] = None
    there = w.trunk.call(headers=RELIABLE)
    there.pracks = False
    w.settle()
    w.pbx.calls[0].ring(183, sdp(PBX_MEDIA), reliable=True)
    w.pass_time(3)

    numbers = {r.headers.get("RSeq") for r in there.responses if "RSeq" in r.headers}
    assert len(numbers) == 1
    there.cancel()


def test_the_pbx_is_offered_ours_once_the_caller_is_answered(world):
    w = world(BEFORE)
    there = w.trunk.call(headers=[("Supported", "100rel, timer"), ("Require", "100rel")])
    w.settle()
    w.hear_notices()

    request = w.pbx.calls[0].request
    assert request.headers.get("Supported") == "100rel, timer"
    assert "Require" not in request.headers
    there.hang_up()
