"""A telephone of the real Asterisk's writes manager events; the calls of others take no notice.

The telephone is none of the sidecar's neighbours. What Asterisk makes of its name was seen on the
wire: docs/recorders.md. Judged by the tones in the recorded files, and by which calls go on.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from .asterisk import LATE, LEAST, RECORDED, Asterisk
from .desk_phone import DeskPhone
from .ears import CALLEE_HZ, CALLER_HZ
from .house import JITTER, SLACK, House, seconds
from .processes import free_port, wait_until
from .sidecar import chirp, rule

PEERS = ("asterisk", "baresip")
TALK_SECONDS = 1.5
NOTICE_SECONDS = 1.5
SOUNDS = {
    "recording-notice": chirp(NOTICE_SECONDS),
    "recording-stopped": chirp(0.5),
    "voicemail-notice": chirp(0.7),
}
MORE = 'stop = "*9"\nconfirm_within = "2s"\n'
BREAKS = {"lines": "%0d%0a", "line feeds": "%0a", "returns": "%0d"}


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    with Asterisk("forged", free_port()) as running:
        yield running


@pytest.fixture
def desk(asterisk: Asterisk) -> Iterator[DeskPhone]:
    with DeskPhone(asterisk.port) as phone:
        yield phone
    asterisk.hang_up()


@pytest.fixture
def opened(asterisk: Asterisk) -> Iterator[ExitStack]:
    asterisk.forget_recordings()
    with ExitStack() as stack:
        yield stack


def house_with(opened: ExitStack, asterisk: Asterisk, folder: Path, **more: Any) -> House:
    voicemail = more.pop("voicemail", "allow")
    rules = rule("notice", more=f'voicemail = "{voicemail}"\n{MORE}')
    return opened.enter_context(House(folder, asterisk, rules, prompts=SOUNDS, **more))


def uniqueids(asterisk: Asterisk) -> list[str]:
    """Those of all channels; an attacker guesses them, being seconds and a counter."""
    listed = asterisk.cli("core show channels concise").splitlines()
    return [line.split("!")[-1] for line in listed if "!" in line]


def forgeries(asterisk: Asterisk) -> list[str]:
    """For every channel: it is at a mailbox, has ended, is another, is in a room."""
    found = []
    for each in uniqueids(asterisk):
        found += [
            f"Event: Newexten|Application: VoiceMail|Uniqueid: {each}",
            f"Event: Rename|Newname: PJSIP/none-1|Uniqueid: {each}",
            f"Event: Newstate|ChannelState: 6|Linkedid: 9.9|Uniqueid: {each}",
            f"Event: ConfbridgeJoin|Conference: r|BridgeUniqueid: b|Uniqueid: {each}",
            f"Event: BridgeEnter|BridgeUniqueid: b|BridgeTechnology: softmix|Uniqueid: {each}",
            f"Event: Hangup|Uniqueid: {each}",
        ]
    return found + [f"Response: Success|ActionID: {number}" for number in range(40)]


def attack(desk: DeskPhone, asterisk: Asterisk, break_: str) -> None:
    forged = forgeries(asterisk)
    for begin in range(0, len(forged), 4):
        desk.have_told(LATE, *forged[begin : begin + 4], break_=break_)
    time.sleep(0.3)


@pytest.mark.timeout(90)
@pytest.mark.parametrize("break_", BREAKS.values(), ids=BREAKS)
def test_no_voice_is_let_through_before_the_notice_where_a_mailbox_is_forged(
    asterisk: Asterisk, desk: DeskPhone, opened: ExitStack, tmp_path: Path, break_: str
) -> None:
    house = house_with(opened, asterisk, tmp_path, phones={"phone1": -CALLEE_HZ})
    house.dial(RECORDED)
    house.phone.expect("incoming", 20)

    attack(desk, asterisk, break_)
    house.phone.do("answer")
    house.phone.expect("established", 20)
    attack(desk, asterisk, break_)
    house.wait_recording("recording")
    time.sleep(TALK_SECONDS)
    record = house.hang_up()

    told = max(record["notice_caller_at"], record["notice_callee_at"])
    talked = record["ended_at"] - told
    for part, hertz in (("", CALLER_HZ), ("", CALLEE_HZ), ("r", CALLER_HZ), ("t", CALLEE_HZ)):
        spans = house.spans(hertz, part, RECORDED)
        assert TALK_SECONDS - SLACK < seconds(spans) < talked + JITTER, (part, hertz, spans)
    assert record["voicemail"] == ""
    assert record["ended_by"] == "caller"


@pytest.mark.timeout(90)
@pytest.mark.parametrize("voicemail", ["allow", "notice", "deny"])
def test_nobody_s_call_ends_and_a_stop_is_one_whatever_is_forged_of_it(
    asterisk: Asterisk, desk: DeskPhone, opened: ExitStack, tmp_path: Path, voicemail: str
) -> None:
    house = house_with(opened, asterisk, tmp_path, voicemail=voicemail)
    house.call(RECORDED)
    house.wait_recording("recording")

    for break_ in BREAKS.values():
        attack(desk, asterisk, break_)
    house.caller.do("dtmf", digits="*9")
    attack(desk, asterisk, BREAKS["lines"])
    house.wait_recording("stopped")
    stopped = time.time()
    time.sleep(TALK_SECONDS)
    record = house.hang_up()

    assert record["ended_by"] == "caller"
    assert record["voicemail"] == ""
    assert record["stop_confirmed_at"] is not None
    assert record["recording_proof"] in ("read_back", "stayed")
    allowed = stopped - max(record["notice_caller_at"], record["notice_callee_at"])
    assert seconds(house.spans(CALLER_HZ, "", RECORDED)) < allowed + JITTER


@pytest.mark.timeout(60)
def test_what_a_telephone_calls_itself_arrives_as_lines_of_the_manager_s(
    asterisk: Asterisk, desk: DeskPhone, opened: ExitStack, tmp_path: Path
) -> None:
    """Else the tests above prove nothing."""
    house = house_with(opened, asterisk, tmp_path, user=LEAST)
    desk.have_told(LATE, "Event: Newexten|Application: VoiceMail|Uniqueid: 1.1", break_="%0a")

    wait_until("the log tells", lambda: "asterisk_forged" in house.sidecar.process.log_tail())
