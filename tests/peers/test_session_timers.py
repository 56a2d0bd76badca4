"""A real Asterisk that insists on session timers and on PRACK, behind a caller answered before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .asterisk import ANNOUNCED, PLAIN, SECOND_PHONE, Asterisk
from .ears import CALLEE_HZ, CALLER_HZ
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
def test_calls_outlive_the_session_interval_of_asterisk(asterisk: Asterisk, tmp_path: Path) -> None:
    """Both ways of agreeing on a timer at once, since each takes longer than an interval."""
    prompts = {"recording-notice": chirp(0.3)}
    rules = rule("notice", name="passed through", to=PLAIN)
    rules += rule("notice", name="answered alone", to=SECOND_PHONE, at="before-connect")
    house = House(
        tmp_path,
        asterisk,
        rules,
        prompts=prompts,
        recorder=False,
        phones={"phone1": CALLEE_HZ, "phone2": CALLEE_HZ},
        guests={"ben": CALLER_HZ},
    )
    with house:
        ben = house.guests["ben"]
        house.call(PLAIN)
        ben.call(house.sidecar.uri(SECOND_PHONE))
        ben.expect("established", 20)
        time.sleep(LONGER_THAN_A_SESSION)
        up = {call["rule"] for call in house.calls()}
        house.caller.do("hangup")
        ben.do("hangup")
        house.ended(2)
        records = house.sidecar.records()

    assert up == {"passed through", "answered alone"}
    assert [record["ended_by"] for record in records] == ["caller", "caller"]


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
