"""Whether the neighbours are there: asked by OPTIONS, told in the log, used for the next call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sidecar.calls.legs.probe import Probe
from tests.calls.world import OFF, World


@pytest.fixture
def asked(world) -> Iterator[tuple[World, Probe]]:
    """A probe of the PBX that has asked once; it stops asking before the world is looked at."""
    w = world(OFF)
    probe = Probe(w.b2bua, w.pbx_peer, w.pbx_peer.uris[0])
    yield w, probe
    probe.close()


def test_a_neighbour_that_answers_is_there(asked) -> None:
    w, probe = asked
    w.run(probe.ask, w.now)
    w.pass_time(1)

    assert probe.reachable is True
    assert w.b2bua.unreachable == set()


def test_a_neighbour_that_never_answers_options_may_be_there(asked) -> None:
    w, probe = asked
    w.pbx.silent = True
    w.run(probe.ask, w.now)
    w.pass_time(70)

    assert probe.reachable is None
    assert w.b2bua.unreachable == set()


def test_a_neighbour_that_ceases_to_answer_for_four_seconds_is_not_there(asked) -> None:
    w, probe = asked
    w.run(probe.ask, w.now)
    w.pass_time(1)
    w.pbx.silent = True
    w.pass_time(32.9)
    assert probe.reachable is True
    w.pass_time(0.2)

    assert probe.reachable is False
    assert w.b2bua.unreachable == {probe.peer.uris[0]}


def test_a_call_that_gets_no_answer_tells_that_nobody_is_there_until_one_does(asked) -> None:
    w, probe = asked
    w.pbx.silent = True
    w.run(probe.ask, w.now)
    w.trunk.call()
    w.pass_time(33)
    without = probe.reachable
    w.pbx.silent = False
    there = w.trunk.call()
    w.settle()
    w.pbx.calls[-1].answer()
    w.settle()

    assert without is False
    assert w.b2bua.unreachable == set()
    there.hang_up()


def test_one_that_calls_did_not_reach_is_tried_again_in_its_turn_after_some_minutes(asked) -> None:
    w, probe = asked
    w.pbx.silent = True
    w.run(probe.ask, w.now)
    w.trunk.call()
    w.pass_time(33)
    assert probe.reachable is False
    w.pass_time(360)

    assert probe.reachable is None


def test_a_neighbour_that_comes_back_is_found_within_half_a_minute(asked) -> None:
    w, probe = asked
    w.pbx.silent = True
    w.run(probe.ask, w.now)
    w.pass_time(10)
    w.pbx.silent = False
    w.pass_time(25)

    assert probe.reachable is True
    assert w.b2bua.unreachable == set()
