"""People who come later, on the real Asterisk: none is recorded before it has heard the notice.

Judged by the tones in the recorded files: each phone sends a tone of its own all the time. Whoever
comes later is recorded on its own channel. (A MixMonitor on the first one loses a direction when
the bridge behind it changes: its two halves are "out of sync", and Asterisk throws one away.)
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from .asterisk import (
    IVR_RECORDED,
    PARKED,
    PICK_UP,
    PICKED_UP,
    RECORDED,
    RECORDS,
    TRANSFERS_RECORDED,
    Asterisk,
)
from .audio import tone_spans
from .ears import CALLEE_HZ, CALLER_HZ, share_heard
from .house import JITTER, SLACK, House, seconds
from .processes import free_port, wait_until
from .sidecar import Record, chirp, rule

PEERS = ("asterisk", "baresip")
SECOND_HZ = 650.0
TALK_SECONDS = 1.5
NOTICE = chirp(0.8)
SOUNDS = {"recording-notice": NOTICE}
TWO_PHONES = {"phone1": CALLEE_HZ, "phone2": SECOND_HZ}
CODES = 'stop = ""\nconfirm_within = "2s"\n'


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    with Asterisk("people", free_port()) as running:
        yield running


def talk(house: House, number: str) -> None:
    """A call to the first phone that is recorded, and has been for a while."""
    house.call(number)
    house.wait_recording("recording")
    time.sleep(1.0)


def told_anew(house: House, before: float | None) -> Record:
    """The record, once the callee's side has heard a notice again and the recording goes on."""

    def is_told() -> bool:
        at = house.sidecar.records()[-1]["notice_callee_at"]
        return at is not None and at != before

    wait_until("someone new has heard the notice", is_told, 15)
    house.wait_recording("recording")
    return house.sidecar.records()[-1]


def new_one_is_recorded_only_after_the_notice(house: House) -> None:
    """Let them talk, hang up, and look at what the new one's tone has left in the files."""
    told = house.sidecar.records()[-1]["notice_callee_at"]
    time.sleep(TALK_SECONDS)
    record = house.hang_up()
    house.phones["phone2"].expect("closed", 20)
    spans = house.spans(SECOND_HZ, "r", RECORDS)
    assert TALK_SECONDS - SLACK < seconds(spans) < record["ended_at"] - told + JITTER, spans
    assert share_heard(NOTICE, house.phones["phone2"].heard()) > 0.7


@pytest.mark.timeout(60)
def test_whom_a_call_is_transferred_to_blindly(asterisk: Asterisk, tmp_path: Path):
    house = House(tmp_path, asterisk, rule("notice", more=CODES), prompts=SOUNDS, phones=TWO_PHONES)
    with house:
        talk(house, RECORDED)
        before = house.sidecar.records()[-1]["notice_callee_at"]
        asterisk.cli(f"channel redirect {asterisk.channel_of_sidecar()} from-phone,{RECORDS},1")
        house.phones["phone2"].expect("established", 20)
        told_anew(house, before)
        new_one_is_recorded_only_after_the_notice(house)


@pytest.mark.timeout(60)
def test_whom_a_call_is_transferred_to_after_a_talk_aside(asterisk: Asterisk, tmp_path: Path):
    house = House(tmp_path, asterisk, rule("notice", more=CODES), prompts=SOUNDS, phones=TWO_PHONES)
    with house:
        talk(house, TRANSFERS_RECORDED)
        before = house.sidecar.records()[-1]["notice_callee_at"]
        house.phone.do("dtmf", digits="*2")
        time.sleep(0.7)
        house.phone.do("dtmf", digits=RECORDS)
        house.phones["phone2"].expect("established", 20)
        time.sleep(1.0)
        assert house.sidecar.records()[-1]["notice_callee_at"] == before, "still aside"
        house.phone.do("hangup")
        told_anew(house, before)
        new_one_is_recorded_only_after_the_notice(house)


@pytest.mark.timeout(60)
def test_who_takes_up_a_parked_call(asterisk: Asterisk, tmp_path: Path):
    house = House(tmp_path, asterisk, rule("notice", more=CODES), prompts=SOUNDS, phones=TWO_PHONES)
    with house:
        talk(house, TRANSFERS_RECORDED)
        before = house.sidecar.records()[-1]["notice_callee_at"]
        house.phone.do("dtmf", digits="*7")
        wait_until("it is parked", lambda: PARKED in asterisk.cli("parking show default"))
        house.wait_recording("held")
        house.phones["phone2"].call(f"sip:*{PARKED}@{asterisk.address}")
        told_anew(house, before)
        new_one_is_recorded_only_after_the_notice(house)


@pytest.mark.timeout(60)
def test_who_picks_a_ringing_call_up_hears_the_notice_once(asterisk: Asterisk, tmp_path: Path):
    phones = {"phone2": SECOND_HZ, "phone3": -CALLEE_HZ}
    house = House(tmp_path, asterisk, rule("notice", more=CODES), prompts=SOUNDS, phones=phones)
    with house:
        house.dial(PICKED_UP)
        house.phones["phone3"].expect("incoming", 20)
        house.phones["phone2"].call(f"sip:{PICK_UP}@{asterisk.address}")
        house.caller.expect("established", 20)
        house.wait_recording("recording")
        house.hang_up()
        heard = {name: each.heard() for name, each in house.phones.items()}
        played = house.sidecar.metric("notices_total", result="played")

    assert share_heard(NOTICE, heard["phone2"]) > 0.7
    assert len(heard["phone3"]) == 0
    assert played == 2


@pytest.mark.timeout(60)
def test_the_first_person_after_a_menu_where_the_rule_waits_for_one(
    asterisk: Asterisk, tmp_path: Path
):
    rules = rule("notice", at="person", more=CODES)
    house = House(tmp_path, asterisk, rules, prompts=SOUNDS, phones={"phone2": SECOND_HZ})
    with house:
        house.call(IVR_RECORDED)
        house.wait_recording("recording")
        time.sleep(TALK_SECONDS)
        record = house.hang_up()
        menu = tone_spans(house.caller.heard(), CALLEE_HZ)
        caller = house.spans(CALLER_HZ, "r", IVR_RECORDED)
        person = house.spans(SECOND_HZ, "r", RECORDS)

    assert seconds(menu) > 0.5, "the caller heard the menu before the notice"
    both = max(record["notice_caller_at"], record["notice_callee_at"])
    for spans in (caller, person):
        assert TALK_SECONDS - SLACK < seconds(spans) < record["ended_at"] - both + JITTER, spans


@pytest.mark.timeout(60)
@pytest.mark.parametrize("who", ["phone1", "caller"])
def test_a_hold_leaves_a_hole_where_the_rule_says_so(asterisk: Asterisk, tmp_path: Path, who: str):
    house = House(
        tmp_path,
        asterisk,
        rule("notice", more=CODES + 'hold = "pause"\n'),
        prompts=SOUNDS,
        phones={"phone1": CALLEE_HZ},
    )
    with house:
        talk(house, RECORDED)
        holder = house.phone if who == "phone1" else house.caller
        holder.do("hold")
        house.wait_recording("paused")
        began = time.monotonic()
        time.sleep(TALK_SECONDS)
        holder.do("resume")
        house.wait_recording("recording")
        length = time.monotonic() - began
        time.sleep(1.0)
        house.hang_up()
        other = (CALLER_HZ, "r") if who == "phone1" else (CALLEE_HZ, "t")
        spans = house.spans(*other, RECORDED)

    holes = [after.start - before.end for before, after in pairwise(spans)]
    assert max(holes) > length - SLACK
