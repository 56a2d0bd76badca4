"""A real Asterisk that insists on session timers and on PRACK, behind a caller answered before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .asterisk import ANNOUNCED, PLAIN, Asterisk
from .house import House
from .processes import free_port
from .sidecar import chirp, rule

PEERS = ("asterisk", "baresip")
INTERVAL = 90
LONGER_THAN_A_SESSION = 75.0
"""Seconds. Whoever waits for a refresh in vain hangs up after 60."""


@pytest.fixture
def asterisk() -> Iterator[Asterisk]:
    timers = f"timers=always\ntimers_min_se={INTERVAL}\ntimers_sess_expires={INTERVAL}"
    with Asterisk("timers", free_port(), trunk=timers) as running:
        yield running


@pytest.mark.timeout(180)
@pytest.mark.parametrize("at", ["answer", "before-connect"])
def test_a_call_outlives_the_session_interval_of_asterisk(
    asterisk: Asterisk, tmp_path: Path, at: str
) -> None:
    prompts = {"recording-notice": chirp(0.3)}
    rules = rule("notice", at=at)
    with House(tmp_path, asterisk, rules, prompts=prompts, recorder=False) as house:
        house.call(PLAIN)
        time.sleep(LONGER_THAN_A_SESSION)
        assert house.calls(), "the call is up"
        record = house.hang_up()

    assert record["ended_by"] == "caller"


@pytest.mark.timeout(90)
def test_an_asterisk_that_insists_on_prack_gets_it_from_us(tmp_path: Path) -> None:
    prompts = {"recording-notice": chirp(0.3)}
    rules = rule("notice", at="before-connect")
    trunk = "100rel=required\ntimers=required\ntimers_sess_expires=90"
    with (
        Asterisk("prack", free_port(), trunk=trunk) as asterisk,
        House(tmp_path, asterisk, rules, prompts=prompts, recorder=False) as house,
    ):
        house.call(ANNOUNCED)
        time.sleep(1.0)
        record = house.hang_up()

    assert record["disposition"] == "answered"
    assert record["notice_callee_at"]
