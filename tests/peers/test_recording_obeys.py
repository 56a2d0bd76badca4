"""The real Asterisk's recorder obeys the sidecar: judged by the tones in the recorded files."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .asterisk import LEAST, ONE_FILE, ONE_TOUCH, PASSWORD, RECORDED, Asterisk
from .audio import Samples, Span, tone_spans
from .ears import CALLEE_HZ, CALLER_HZ
from .phones import BaresipPhone
from .processes import LOOPBACK, free_port, wait_until
from .sidecar import Record, Sidecar, chirp, rule
from .sipp import StartSipp

PEERS = ("asterisk", "baresip", "sipp")
MANY = 50
TALK_SECONDS = 1.5
SLACK = 0.3
"""Seconds: the longest that anything may be recorded after a stop was asked for."""
JITTER = 0.15
"""Seconds by which the packets of a phone and the frames of Asterisk may lie beside each other."""
SOUNDS = {
    name: chirp(0.5)
    for name in (
        *("recording-notice", "recording-consent", "recording-stopped", "recording-paused"),
        *("recording-resumed", "consent-thanks", "consent-declined", "call-ends"),
    )
}
CODES = 'stop = "*9"\npause = "*7"\nresume = "*8"\nconfirm_within = "2s"\n'


class House:
    """A caller, the sidecar, Asterisk, and its phone."""

    def __init__(self, folder: Path, asterisk: Asterisk, sidecar: Sidecar) -> None:
        self.asterisk = asterisk
        self.sidecar = sidecar
        self.caller = BaresipPhone(folder, "caller", tone=CALLER_HZ)
        self.phone = BaresipPhone(
            folder, "phone1", tone=CALLEE_HZ, account=asterisk.account("phone1")
        )

    def call(self, number: str) -> None:
        self.caller.call(self.sidecar.uri(number))
        self.caller.expect("established", 20)
        self.phone.expect("established", 20)

    def calls(self) -> list[dict[str, object]]:
        """The live calls, as the API shows them."""
        status, answer = self.sidecar.api("calls")
        assert status == 200
        listed: list[dict[str, object]] = answer["calls"]
        return listed

    def live(self) -> dict[str, object]:
        """The one call, as the API shows it."""
        calls = self.calls()
        return calls[0] if calls else {}

    def wait_recording(self, state: str) -> None:
        wait_until(f"the recording is {state}", lambda: self.live().get("recording") == state)

    def hang_up(self) -> Record:
        self.caller.do("hangup")
        self.phone.expect("closed", 20)
        self.sidecar.wait_idle()
        (record,) = self.sidecar.wait_records(1)
        return record

    def spans(self, hertz: float, part: str = "", number: str = RECORDED) -> list[Span]:
        purity = 0.7 if part else 0.3
        return tone_spans(self.asterisk.recording(number, part), hertz, purity=purity)

    def tones(self, number: str = RECORDED) -> dict[str, list[Span]]:
        """Where either party is to be heard, in each file of a recording."""
        return {
            f"{part or 'mixed'} {hertz:g} Hz": self.spans(hertz, part, number)
            for part, hertz in (
                ("", CALLER_HZ),
                ("", CALLEE_HZ),
                ("r", CALLER_HZ),
                ("t", CALLEE_HZ),
            )
        }


@pytest.fixture
def asterisk() -> Iterator[Asterisk]:
    with Asterisk("obeys", free_port()) as running:
        yield running


@pytest.fixture
def sidecar_with(asterisk: Asterisk, tmp_path: Path) -> Iterator[object]:
    """Start a sidecar with these rules before Asterisk, and its two phones."""
    opened: list[object] = []

    def start(rules: str, *, phones: bool = True) -> House:
        (tmp_path / "sidecar").mkdir()
        (tmp_path / "sidecar" / "ami").write_text(PASSWORD)
        sidecar = Sidecar(
            tmp_path / "sidecar",
            pbx=asterisk.address,
            rules=rules,
            prompts=SOUNDS,
            port=asterisk.sidecar_port,
            recorder={
                "kind": "asterisk-ami",
                "address": f"{LOOPBACK}:{asterisk.ami_port}",
                "username": LEAST,
                "secret": PASSWORD,
            },
        )
        house = House(tmp_path, asterisk, sidecar)
        for each in (sidecar, house.caller, house.phone) if phones else (sidecar,):
            each.__enter__()
            opened.append(each)
        if phones:
            asterisk.wait_registered("phone1")
        return house

    yield start
    for each in reversed(opened):
        each.__exit__(None, None, None)  # type: ignore[attr-defined]


def seconds(spans: list[Span]) -> float:
    return sum(span.seconds for span in spans)


@pytest.mark.timeout(90)
def test_under_a_notice_no_file_holds_anyone_before_its_end_and_after_it_both(sidecar_with):
    house = sidecar_with(rule("notice", more=CODES))
    house.call(RECORDED)
    house.wait_recording("recording")
    time.sleep(TALK_SECONDS)
    record = house.hang_up()

    told = max(record["notice_caller_at"], record["notice_callee_at"])
    talked = record["ended_at"] - told
    for name, spans in house.tones().items():
        assert TALK_SECONDS - SLACK < seconds(spans) < talked + JITTER, (name, spans)
    assert record["recorder"] == "asterisk-ami"
    assert record["recording_proof"] in ("stayed", "accepted")


@pytest.mark.timeout(90)
def test_where_the_caller_declines_no_file_holds_anyone_and_the_call_goes_on(sidecar_with):
    house = sidecar_with(rule("consent", more=CODES))
    house.call(RECORDED)
    time.sleep(0.3)
    house.caller.do("dtmf", digits="2")
    house.wait_recording("stopped")
    time.sleep(TALK_SECONDS)
    record = house.hang_up()

    assert record["consent"] == "refused"
    assert record["recording_proof"] in ("read_back", "stayed")
    assert {name: spans for name, spans in house.tones().items() if spans} == {}
    assert tone_spans(house.caller.heard(), CALLEE_HZ)
    assert tone_spans(house.phone.heard(), CALLER_HZ)


@pytest.mark.timeout(90)
def test_after_a_stop_nothing_more_is_recorded_and_the_code_reaches_nobody(sidecar_with):
    house = sidecar_with(rule("notice", more=CODES))
    house.call(RECORDED)
    house.wait_recording("recording")
    time.sleep(TALK_SECONDS)
    house.caller.do("dtmf", digits="*9")
    house.wait_recording("stopped")
    sizes = {file: file.stat().st_size for file in house.asterisk.recordings.iterdir()}
    time.sleep(TALK_SECONDS)
    record = house.hang_up()

    told = max(record["notice_caller_at"], record["notice_callee_at"])
    until = record["stop_requested_at"] - told + SLACK
    for name, spans in house.tones().items():
        assert 0.5 < seconds(spans) < until, (name, spans)
    assert record["stop_confirmed_at"] - record["stop_requested_at"] < SLACK
    assert {file: file.stat().st_size for file in house.asterisk.recordings.iterdir()} == sizes
    assert tone_spans(house.phone.heard(), CALLER_HZ), "the call goes on"
    assert [event for event in house.phone.seen if event["event"] == "digit"] == []


@pytest.mark.timeout(90)
def test_a_pause_leaves_a_hole_of_its_length(sidecar_with):
    house = sidecar_with(rule("notice", more=CODES))
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
    house.hang_up()

    first, *_between, last = house.spans(CALLEE_HZ, "t")
    hole = max(
        after.start - before.end
        for before, after in zip((first, *_between), (*_between, last), strict=True)
    )
    assert length - SLACK < hole < length + 1.0
    mixed = house.spans(CALLER_HZ)
    assert len(mixed) >= 2


@pytest.mark.timeout(90)
def test_one_touch_recording_under_policy_off_is_ended_at_once(sidecar_with):
    house = sidecar_with(rule("off", more='confirm_within = "2s"\n'))
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
    house.hang_up()

    for file in house.asterisk.folder.rglob("auto-*.wav"):
        sound: Samples = house.asterisk.recording(str(file.with_suffix("")))
        for hertz in (CALLER_HZ, CALLEE_HZ):
            assert seconds(tone_spans(sound, hertz, purity=0.3)) < SLACK


@pytest.mark.timeout(90)
def test_a_call_ends_where_the_manager_interface_is_lost(sidecar_with):
    house = sidecar_with(rule("notice", more='confirm_within = "500ms"\n'))
    house.call(RECORDED)
    house.wait_recording("recording")

    house.asterisk.close_manager_interface(LEAST)
    house.caller.expect("closed", 10)
    (record,) = house.sidecar.wait_records(1)

    assert record["fail_closed"] == "recorder_lost"
    assert record["disposition"] == "refused"


@pytest.mark.alone
@pytest.mark.timeout(120)
def test_fifty_calls_are_stopped_within_the_same_second_each_confirmed(
    sidecar_with, sipp: StartSipp, capsys: pytest.CaptureFixture[str]
):
    house = sidecar_with(rule("notice", more=CODES), phones=False)
    callers = sipp(
        "uac_basic",
        remote=house.sidecar.address,
        number=ONE_FILE,
        calls=MANY,
        rate=25,
        limit=MANY,
        hold_ms=15_000,
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
