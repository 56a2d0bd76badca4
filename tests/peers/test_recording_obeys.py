"""The real Asterisk's recorder obeys the sidecar: judged by the tones in the recorded files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from .asterisk import LEAST, ONE_FILE, ONE_TOUCH, RECORDED, Asterisk
from .audio import Samples, Span, tone_spans
from .ears import CALLEE_HZ, CALLER_HZ
from .house import JITTER, SLACK, House, seconds
from .processes import free_port, wait_until
from .sidecar import Record, chirp, rule
from .sipp import StartSipp

PEERS = ("asterisk", "baresip", "sipp")
MANY = 50
TALK_SECONDS = 1.5
SOUNDS = {
    name: chirp(0.5)
    for name in (
        *("recording-notice", "recording-consent", "recording-stopped", "recording-paused"),
        *("recording-resumed", "consent-thanks", "consent-declined", "call-ends"),
    )
}
CODES = 'stop = "*9"\npause = "*7"\nresume = "*8"\nconfirm_within = "2s"\n'


OpenHouse = Callable[..., House]


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    with Asterisk("obeys", free_port()) as running:
        yield running


@pytest.fixture
def house_with(asterisk: Asterisk, tmp_path: Path) -> Iterator[OpenHouse]:
    """Open a house with these rules around an Asterisk that holds no recording."""
    asterisk.forget_recordings()
    with ExitStack() as opened:

        def open_house(rules: str, **options: Any) -> House:
            return opened.enter_context(House(tmp_path, asterisk, rules, prompts=SOUNDS, **options))

        yield open_house


def hang_up(house: House) -> Record:
    """End the call; by now the phone has heard all it will hear."""
    house.caller.do("hangup")
    house.phone.expect("closed", 20)
    return house.ended()


def tones(house: House) -> dict[str, list[Span]]:
    """Where either party is to be heard, in each file of the recording."""
    return {
        f"{part or 'mixed'} {hertz:g} Hz": house.spans(hertz, part, RECORDED)
        for part, hertz in (("", CALLER_HZ), ("", CALLEE_HZ), ("r", CALLER_HZ), ("t", CALLEE_HZ))
    }


@pytest.mark.timeout(90)
def test_under_a_notice_no_file_holds_anyone_before_its_end_and_after_it_both(house_with):
    house = house_with(rule("notice", more=CODES))
    house.call(RECORDED)
    house.wait_recording("recording")
    time.sleep(TALK_SECONDS)
    record = hang_up(house)

    told = max(record["notice_caller_at"], record["notice_callee_at"])
    talked = record["ended_at"] - told
    for name, spans in tones(house).items():
        assert TALK_SECONDS - SLACK < seconds(spans) < talked + JITTER, (name, spans)
    assert record["recorder"] == "asterisk-ami"
    assert record["recording_proof"] in ("stayed", "accepted")


@pytest.mark.timeout(90)
def test_where_the_caller_declines_no_file_holds_anyone_and_the_call_goes_on(house_with):
    house = house_with(rule("consent", more=CODES))
    house.call(RECORDED)
    time.sleep(0.3)
    house.caller.do("dtmf", digits="2")
    house.wait_recording("stopped")
    time.sleep(TALK_SECONDS)
    record = hang_up(house)

    assert record["consent"] == "refused"
    assert record["recording_proof"] in ("read_back", "stayed")
    assert {name: spans for name, spans in tones(house).items() if spans} == {}
    assert tone_spans(house.caller.heard(), CALLEE_HZ)
    assert tone_spans(house.phone.heard(), CALLER_HZ)


@pytest.mark.timeout(90)
def test_after_a_stop_nothing_more_is_recorded_and_the_code_reaches_nobody(house_with):
    house = house_with(rule("notice", more=CODES))
    house.call(RECORDED)
    house.wait_recording("recording")
    time.sleep(TALK_SECONDS)
    house.caller.do("dtmf", digits="*9")
    house.wait_recording("stopped")
    sizes = {file: file.stat().st_size for file in house.asterisk.recordings.iterdir()}
    time.sleep(TALK_SECONDS)
    record = hang_up(house)

    told = max(record["notice_caller_at"], record["notice_callee_at"])
    until = record["stop_requested_at"] - told + SLACK
    for name, spans in tones(house).items():
        assert 0.5 < seconds(spans) < until, (name, spans)
    assert record["stop_confirmed_at"] - record["stop_requested_at"] < SLACK
    assert {file: file.stat().st_size for file in house.asterisk.recordings.iterdir()} == sizes
    assert tone_spans(house.phone.heard(), CALLER_HZ), "the call goes on"
    assert [event for event in house.phone.seen if event["event"] == "digit"] == []


@pytest.mark.timeout(90)
def test_a_pause_leaves_a_hole_of_its_length(house_with):
    house = house_with(rule("notice", more=CODES))
    house.call(RECORDED)
    house.wait_recording("recording")
    time.sleep(1.0)
    house.caller.do("dtmf", digits="*7")
    house.wait_recording("paused")
    paused = time.monotonic()
    time.sleep(TALK_SECONDS)
    house.caller.do("dtmf", digits="*8")
    house.wait_recording("recording")
    length = time.monotonic() - paused
    time.sleep(1.5)
    hang_up(house)

    first, *_between, last = house.spans(CALLEE_HZ, "t", RECORDED)
    hole = max(
        after.start - before.end
        for before, after in zip((first, *_between), (*_between, last), strict=True)
    )
    assert length - SLACK < hole < length + 1.0
    mixed = house.spans(CALLER_HZ, "", RECORDED)
    assert len(mixed) >= 2


@pytest.mark.timeout(90)
def test_one_touch_recording_under_policy_off_is_ended_at_once(house_with):
    house = house_with(rule("off", more='confirm_within = "2s"\n'))
    house.call(ONE_TOUCH)
    house.wait_recording("off")
    house.phone.do("dtmf", digits="*3")
    violated = {"action": "restart", "result": "violated"}
    wait_until(
        "a recording was begun and noticed",
        lambda: house.sidecar.metric("recorder_actions_total", **violated) >= 1,
    )
    house.wait_recording("off")
    time.sleep(1.0)
    hang_up(house)

    for file in house.asterisk.folder.rglob("auto-*.wav"):
        sound: Samples = house.asterisk.recording(str(file.with_suffix("")))
        for hertz in (CALLER_HZ, CALLEE_HZ):
            assert seconds(tone_spans(sound, hertz, purity=0.3)) < SLACK


@pytest.mark.timeout(90)
def test_a_call_ends_where_the_manager_interface_is_lost(house_with):
    house = house_with(rule("notice", more='confirm_within = "500ms"\n'))
    house.call(RECORDED)
    house.wait_recording("recording")

    house.asterisk.close_manager_interface(LEAST)
    try:
        house.caller.expect("closed", 10)
        record = house.ended()
    finally:
        house.asterisk.open_manager_interface()

    assert record["fail_closed"] == "recorder_lost"
    assert record["disposition"] == "refused"


@pytest.mark.alone
@pytest.mark.timeout(120)
def test_fifty_calls_are_stopped_within_the_same_second_each_confirmed(
    house_with, sipp: StartSipp, capsys: pytest.CaptureFixture[str]
):
    house = house_with(rule("notice", more=CODES), phones={})
    callers = sipp(
        "uac_basic",
        remote=house.sidecar.address,
        number=ONE_FILE,
        calls=MANY,
        rate=25,
        limit=MANY,
        hold_ms=10_000,
        trace=False,
    )
    wait_until(
        "all calls are recorded",
        lambda: [each["recording"] for each in house.calls()].count("recording") == MANY,
        30,
    )

    def stop(call_id: str) -> tuple[int, float]:
        asked = time.monotonic()
        status, _answer = house.sidecar.api(f"calls/{call_id}/recording", {"action": "stop"})
        return status, time.monotonic() - asked

    with ThreadPoolExecutor(MANY) as pool:
        stopped = list(pool.map(stop, [str(each["call_id"]) for each in house.calls()]))
    sizes = {file: file.stat().st_size for file in house.asterisk.recordings.iterdir()}

    assert [status for status, _seconds in stopped] == [200] * MANY
    with capsys.disabled():
        print(f"\n{MANY} calls stopped at once: {max(s for _, s in stopped) * 1000:.0f} ms at most")
    callers.succeed()
    assert {file: file.stat().st_size for file in house.asterisk.recordings.iterdir()} == sizes
    assert len(sizes) == MANY
