"""A telephone of the real Asterisk's that hides from the manager is found all the same.

What it calls itself ends each event of its channel before the uniqueid. Judged by the notice that
a conference hears, and by the tones in recorded files.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from .asterisk import DIALLED, LEAST, MEETING, OUT_RECORDED, PLAIN, Asterisk
from .desk_phone import DeskPhone
from .ears import CALLER_HZ
from .house import SLACK, House, seconds
from .processes import free_port, wait_until
from .sidecar import chirp, rule

PEERS = ("asterisk", "baresip")
TALK_SECONDS = 1.5
SOUNDS = {"recording-notice": chirp(0.7), "new-party-informed": chirp(0.5, 2600, 1600)}
ENDS = {"nothing": (), "another": ("Uniqueid: 9.9", "Linkedid: 9.9")}
"""What it says before the end."""


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    with Asterisk("hidden", free_port()) as running:
        yield running


@pytest.fixture
def desk(asterisk: Asterisk) -> Iterator[DeskPhone]:
    asterisk.forget_recordings()
    with DeskPhone(asterisk.port) as phone:
        yield phone
    asterisk.hang_up()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_one_who_hides_in_a_conference_hears_of_the_recording(
    asterisk: Asterisk, desk: DeskPhone, tmp_path: Path, end: tuple[str, ...]
) -> None:
    rules = rule("notice", more='confirm_within = "2s"\nroom = { name = "board" }\n')
    with House(tmp_path, asterisk, rules, prompts=SOUNDS, phones={}) as house:
        house.dial(MEETING)
        house.wait_recording("recording")

        desk.talk(MEETING, *end)

        house.wait_recording("held")
        house.wait_recording("recording")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_one_who_hides_can_not_have_a_call_recorded_that_must_not_be(
    asterisk: Asterisk, desk: DeskPhone, tmp_path: Path, end: tuple[str, ...]
) -> None:
    with House(tmp_path, asterisk, rule("off"), prompts=SOUNDS, phones={}) as house:
        desk.talk(OUT_RECORDED, *end)
        house.caller.expect("established", 20)
        desk.say_nothing(TALK_SECONDS)
        record = house.hang_up()
        wait_until("no channel is left", lambda: asterisk.channels() == 0)

        assert record["ended_by"] == "callee"
        assert seconds(house.spans(CALLER_HZ, "", OUT_RECORDED)) < SLACK


@pytest.mark.timeout(60)
def test_what_a_telephone_dials_costs_nobody_else_the_recorder(
    asterisk: Asterisk, desk: DeskPhone, tmp_path: Path
) -> None:
    """Line breaks in the name of a Local channel, which then is asked for that name."""
    with House(tmp_path, asterisk, rule("notice"), prompts=SOUNDS) as house:
        house.call(PLAIN)
        house.wait_recording("recording")

        for _ in range(3):
            listed = asterisk.cli("core show channels concise")
            last = max(map(int, re.findall(r"!\d+\.(\d+)$", listed, re.MULTILINE)))
            for number in range(last + 1, last + 4):
                guessed = f"{int(time.time())}.{number}"
                lines = f"\r\nUniqueid: {guessed}\r\nLinkedid: {guessed}\r\nRest: "
                desk.have_told(DIALLED + quote(lines))
            time.sleep(0.5)
        told = house.sidecar.process.log_tail()

        assert "ami_lost" not in told
        assert house.hang_up()["ended_by"] == "caller"


@pytest.mark.timeout(60)
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_one_who_hides_in_a_conference_while_the_manager_is_away_hears_of_it_too(
    asterisk: Asterisk, desk: DeskPhone, tmp_path: Path, end: tuple[str, ...]
) -> None:
    rules = rule("notice", more='confirm_within = "9s"\nroom = { name = "board" }\n')
    with House(tmp_path, asterisk, rules, prompts=SOUNDS, phones={}) as house:
        house.dial(MEETING)
        house.wait_recording("recording")
        before = house.sidecar.process.log_tail().count("order=hold")

        asterisk.close_manager_interface(LEAST)
        desk.talk(MEETING, *end)
        asterisk.open_manager_interface()

        wait_until(
            "the recording is held again",
            lambda: house.sidecar.process.log_tail().count("order=hold") > before,
        )
        house.wait_recording("recording")
