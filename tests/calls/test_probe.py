"""Whether the neighbours are there: asked by OPTIONS, told in the log, used for the next call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sidecar.calls.probe import Probe
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
    w.b2bua.run(probe.ask, w.now)
    w.pass_time(1)

    assert probe.reachable is True
    assert w.b2bua.unreachable == set()


def test_a_neighbour_that_stays_silent_for_four_seconds_is_not(asked) -> None:
    w, probe = asked
    w.pbx.silent = True
    w.b2bua.run(probe.ask, w.now)
    w.pass_time(3.9)
    assert probe.reachable is None
    w.pass_time(0.2)

    assert probe.reachable is False
    assert w.b2bua.unreachable == {probe.peer.uris[0]}


def test_a_neighbour_that_comes_back_is_found_within_half_a_minute(asked) -> None:
    w, probe = asked
    w.pbx.silent = True
    w.b2bua.run(probe.ask, w.now)
    w.pass_time(10)
    w.pbx.silent = False
    w.pass_time(25)

    assert probe.reachable is True
    assert w.b2bua.unreachable == set()
