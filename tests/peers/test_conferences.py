"""Conferences on the real Asterisk: who is in the recording of a room, judged by everybody's tone.

The ConfBridge MEETING is recorded from its beginning. Everyone in it sends a tone of their own all
the time. While the recording is only held its file goes on growing with the wall clock.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .asterisk import LEAST, MEETING, RESTARTS, TO_MEETING, Asterisk
from .audio import RATE, Samples, Span, tone_spans
from .ears import CALLER_HZ, share_heard
from .house import JITTER, SLACK, House, seconds
from .phones import BaresipPhone
from .processes import free_port, wait_until
from .sidecar import chirp, rule

PEERS = ("asterisk", "baresip")
BEN_HZ, CARA_HZ, PHONE_HZ = 600.0, 800.0, 400.0
PURITY = 0.1
"""How much of the energy is one tone's, where several people and a prompt sound together."""
TALK_SECONDS = 1.0
NOTICE = chirp(0.7)
INFORMED = chirp(0.7, 2600, 1600)
STOPPED = chirp(0.7, 2700, 3400)
RESUMED = chirp(0.7, 3400, 2700)
SOUNDS = {
    "recording-notice": NOTICE,
    "new-party-informed": INFORMED,
    "recording-stopped": STOPPED,
    "recording-resumed": RESUMED,
}
CODES = 'stop = "*9"\nresume = "*8"\nconfirm_within = "2s"\n'
BOARD = 'room = { name = "board" }\n'


@pytest.fixture(scope="module")
def running() -> Iterator[Asterisk]:
    with Asterisk("conferences", free_port()) as running:
        yield running


@pytest.fixture
def asterisk(running: Asterisk) -> Iterator[Asterisk]:
    """The same Asterisk, with nobody in it and nothing recorded afterwards."""
    yield running
    running.hang_up()
    wait_until("no conference is left", lambda: "meeting" not in running.cli("confbridge list"))
    (running.recordings / "meeting.wav").unlink(missing_ok=True)


def meeting(folder: Path, asterisk: Asterisk, more: str = BOARD, **options: Any) -> House:
    """A house whose callers, Ann and whoever is among its guests, are to meet."""
    folder.mkdir(exist_ok=True)
    options = {"phones": {}, "guests": {"ben": BEN_HZ}} | options
    return House(folder, asterisk, rule("notice", more=CODES + more), prompts=SOUNDS, **options)


def come_in(house: House, *callers: BaresipPhone) -> None:
    """Let each call the meeting, one after the other, and hear the notice."""
    for caller in callers:
        caller.call(house.sidecar.uri(MEETING))
        caller.expect("established", 20)
        wait_recording(house, "recording", caller)


def phone_comes_in(house: House) -> None:
    """Let the phone call the meeting past the sidecar, and Ann's call tell it of the recording."""
    house.phone.call(f"sip:{TO_MEETING}@{house.asterisk.address}")
    house.phone.expect("established", 20)
    wait_recording(house, "held", house.caller)
    wait_recording(house, "recording", house.caller)


def wait_recording(house: House, state: str, *callers: BaresipPhone) -> None:
    """Until the recording of all these calls is so."""
    for caller in callers:
        wait_until(
            f"the recording of {caller.name} is {state}: {house.calls()}",
            lambda caller=caller: house.call_of(caller).get("recording") == state,
        )


def tones(asterisk: Asterisk, hertz: float) -> list[Span]:
    """Where a tone is in the recording of the meeting."""
    return tone_spans(asterisk.recording("meeting"), hertz, purity=PURITY)


def said_to(phone: BaresipPhone, sound: Samples) -> bool:
    """Whether a phone has heard a prompt, alone or beside others' tones."""
    return share_heard(sound, phone.heard()) > 0.7


def recorded_from(house: House, last: BaresipPhone) -> float:
    """When the recording began, of a meeting that was not stopped and that `last` left as last."""
    length = len(house.asterisk.recording("meeting")) / RATE
    ended: float = house.record_of(last)["ended_at"]
    return ended - length


def leave(*phones: BaresipPhone) -> None:
    """Let them hang up, one after the other."""
    for each in phones:
        each.do("hangup")
        each.expect("closed", 20)


def is_recorded(asterisk: Asterisk) -> bool:
    """Whether anything records the meeting, on the hidden channel that is there for it."""
    channels = [line.split("!")[0] for line in asterisk.cli("core show channels concise").split()]
    hidden = [name for name in channels if name.startswith("CBRec/")]
    return any("/meeting" in asterisk.cli(f"mixmonitor list {name}") for name in hidden)


def stays_unrecorded(asterisk: Asterisk) -> bool:
    """Whether the recording has ended, and stays so while everybody talks."""
    before = len(asterisk.recording("meeting"))
    time.sleep(TALK_SECONDS)
    return not is_recorded(asterisk) and len(asterisk.recording("meeting")) == before


@pytest.mark.timeout(60)
def test_each_one_is_recorded_after_its_own_notice_and_the_others_hear_of_it(
    asterisk: Asterisk, tmp_path: Path
):
    with meeting(tmp_path, asterisk) as house:
        ann, ben = house.caller, house.guests["ben"]
        come_in(house, ann)
        time.sleep(TALK_SECONDS)
        come_in(house, ben)
        time.sleep(len(INFORMED) / RATE + TALK_SECONDS)
        leave(ben, ann)
        house.ended(2)
        began = recorded_from(house, ann)
        told = {each.name: house.record_of(each)["notice_caller_at"] for each in (ann, ben)}
        proofs = {house.record_of(each)["recording_proof"] for each in (ann, ben)}

    for name, hertz in (("caller", CALLER_HZ), ("ben", BEN_HZ)):
        spans = tones(asterisk, hertz)
        assert began + spans[0].start > told[name] - SLACK / 2, (name, spans)
        assert seconds(spans) > TALK_SECONDS - SLACK, (name, spans)
    assert said_to(ann, INFORMED)
    assert said_to(ann, NOTICE)
    assert said_to(ben, NOTICE)
    assert proofs == {"stayed"}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("more", [BOARD, ""], ids=["by-rule", "by-manager"])
def test_the_stop_of_one_is_everybody_s_until_that_one_has_left(
    asterisk: Asterisk, tmp_path: Path, more: str
):
    phones = {"phone1": PHONE_HZ}
    with meeting(tmp_path, asterisk, more, user=RESTARTS, phones=phones) as house:
        ann, ben = house.caller, house.guests["ben"]
        come_in(house, ann, ben)
        phone_comes_in(house)
        time.sleep(TALK_SECONDS)
        ben.do("dtmf", digits="*9")
        wait_recording(house, "stopped", ann, ben)
        talked = {hertz: seconds(tones(asterisk, hertz)) for hertz in (CALLER_HZ, BEN_HZ, PHONE_HZ)}
        ann.do("dtmf", digits="*8")
        still = stays_unrecorded(asterisk)
        calls = {each.name: house.call_of(each) for each in (ann, ben)}

        leave(ben)
        wait_recording(house, "recording", ann)
        time.sleep(len(RESUMED) / RATE + TALK_SECONDS)
        leave(ann, house.phone)
        house.ended(2)
        record = house.record_of(ben)
        of_ben = seconds(tones(asterisk, BEN_HZ))
        afterwards = seconds(tones(asterisk, CALLER_HZ)) - talked[CALLER_HZ]

    told = record["notice_caller_at"]
    assert min(talked.values()) > TALK_SECONDS - SLACK
    assert of_ben == pytest.approx(talked[BEN_HZ], abs=JITTER), "ben was recorded after his stop"
    assert of_ben < record["stop_requested_at"] - told + SLACK
    assert record["stop_confirmed_at"] - record["stop_requested_at"] < SLACK
    assert still, "the recording went on"
    assert {call["recording"] for call in calls.values()} == {"stopped"}
    assert {call["recording_proof"] for call in calls.values()} == {"read_back"}
    assert (calls["caller"]["held_by"], calls["ben"]["held_by"]) == (["room"], ["caller"])
    for each in (ann, house.phone):
        assert said_to(each, STOPPED)
        assert said_to(each, RESUMED)
    assert afterwards > TALK_SECONDS - SLACK


@pytest.mark.timeout(60)
def test_a_stop_while_another_one_still_hears_the_notice_keeps_both_unrecorded(
    asterisk: Asterisk, tmp_path: Path
):
    with meeting(tmp_path, asterisk) as house:
        ann, ben = house.caller, house.guests["ben"]
        come_in(house, ann)
        ben.call(house.sidecar.uri(MEETING))
        wait_recording(house, "held", ben)
        ann.do("dtmf", digits="*9")
        wait_recording(house, "stopped", ann, ben)
        wait_until("ben is told and talks", lambda: len(tone_spans(ann.heard(), BEN_HZ)) > 0)
        assert stays_unrecorded(asterisk)
        leave(ann, ben)
        house.ended(2)

    assert said_to(ben, NOTICE)
    assert tones(asterisk, BEN_HZ) == []


@pytest.mark.timeout(60)
def test_a_manager_user_who_may_not_restart_leaves_it_stopped(asterisk: Asterisk, tmp_path: Path):
    guests = {"ben": BEN_HZ, "cara": CARA_HZ}
    with meeting(tmp_path, asterisk, user=LEAST, guests=guests) as house:
        ann, ben, cara = house.caller, *house.guests.values()
        come_in(house, ann, ben, cara)
        ben.do("dtmf", digits="*9")
        wait_recording(house, "stopped", ann, ben, cara)
        leave(ben)
        house.sidecar.wait_records(1)
        wait_until(
            "it was tried in vain",
            lambda: (
                house.sidecar.metric("recorder_actions_total", action="release", result="failed")
                > 0
            ),
        )
        wait_recording(house, "stopped", ann, cara)
        assert stays_unrecorded(asterisk)
        leave(ann, cara)
        house.ended(3)

    assert not said_to(ann, RESUMED)
    assert not said_to(cara, RESUMED)


def phone_is_recorded_only_after_its_notice(house: House, teller: BaresipPhone) -> None:
    """Judge a meeting that is over, and that Ann left as last; `teller`'s call told the phone."""
    told = house.record_of(teller)["notice_callee_at"]
    spans = tones(house.asterisk, PHONE_HZ)
    assert recorded_from(house, house.caller) + spans[0].start > told - SLACK / 2, spans
    assert seconds(spans) > TALK_SECONDS - SLACK
    assert said_to(house.phone, NOTICE)


@pytest.mark.timeout(60)
def test_who_comes_in_past_the_sidecar_hears_the_notice_before_it_is_recorded(
    asterisk: Asterisk, tmp_path: Path
):
    with meeting(tmp_path, asterisk, phones={"phone1": PHONE_HZ}) as house:
        ann, ben = house.caller, house.guests["ben"]
        come_in(house, ann, ben)
        phone_comes_in(house)
        time.sleep(TALK_SECONDS)
        leave(house.phone, ben, ann)
        house.ended(2)
        phone_is_recorded_only_after_its_notice(house, ann)


@pytest.mark.timeout(60)
def test_where_the_call_that_tells_it_ends_before_another_one_goes_on(
    asterisk: Asterisk, tmp_path: Path
):
    phones, guests = {"phone1": PHONE_HZ}, {"ben": BEN_HZ}
    with meeting(tmp_path, asterisk, phones=phones, guests=guests) as house:
        ann, ben = house.caller, house.guests["ben"]
        come_in(house, ben, ann)
        house.phone.call(f"sip:{TO_MEETING}@{asterisk.address}")
        wait_recording(house, "held", ben)
        leave(ben)
        wait_recording(house, "held", ann)
        wait_recording(house, "recording", ann)
        time.sleep(TALK_SECONDS)
        leave(house.phone, ann)
        house.ended(2)
        assert house.record_of(ben)["notice_callee_at"] is None
        phone_is_recorded_only_after_its_notice(house, ann)


@pytest.mark.timeout(60)
def test_a_phone_that_was_there_before_the_first_caller_is_told_as_well(
    asterisk: Asterisk, tmp_path: Path
):
    with meeting(tmp_path, asterisk, phones={"phone1": PHONE_HZ}, guests={}) as house:
        house.phone.call(f"sip:{TO_MEETING}@{asterisk.address}")
        house.phone.expect("established", 20)
        come_in(house, house.caller)
        time.sleep(len(INFORMED) / RATE + TALK_SECONDS)
        leave(house.phone, house.caller)
        record = house.ended()
        began = recorded_from(house, house.caller)
        spans = tones(asterisk, PHONE_HZ)

    told, called = record["notice_callee_at"], record["answered_at"]
    with_ann = [span for span in spans if began + span.end > called + SLACK]
    assert all(began + span.start > told - SLACK / 2 for span in with_ann), (spans, began, record)
    assert seconds(with_ann) > TALK_SECONDS - SLACK
    assert said_to(house.phone, NOTICE)


def two_meetings(folder: Path, asterisk: Asterisk) -> tuple[House, House]:
    """Two sidecars on one record file, whose callers are to meet in one conference."""
    one = meeting(folder / "one", asterisk, guests={}, user=RESTARTS)
    other = {"port": free_port(), "database": one.sidecar.database, "user": RESTARTS}
    return one, meeting(folder / "two", asterisk, guests={}, **other)


@pytest.mark.timeout(60)
def test_a_caller_of_another_sidecar_is_told_by_that_one_alone(asterisk: Asterisk, tmp_path: Path):
    one, two = two_meetings(tmp_path, asterisk)
    with one, two:
        come_in(one, one.caller)
        come_in(two, two.caller)
        time.sleep(len(INFORMED) / RATE + TALK_SECONDS)
        leave(two.caller, one.caller)
        records = one.ended(2), two.ended(2)
        played = [house.sidecar.metric("notices_total", result="played") for house in (one, two)]

    assert {record["notice_callee_at"] for record in records} == {None}
    assert played == [1, 1]
    assert said_to(one.caller, INFORMED)


@pytest.mark.timeout(60)
def test_a_stop_holds_at_another_sidecar_until_the_first_is_dead(
    asterisk: Asterisk, tmp_path: Path
):
    one, two = two_meetings(tmp_path, asterisk)
    with one, two:
        come_in(one, one.caller)
        come_in(two, two.caller)
        one.caller.do("dtmf", digits="*9")
        began = time.monotonic()
        wait_recording(two, "stopped", two.caller)
        known = time.monotonic() - began
        held_by = two.live()["held_by"]
        still = stays_unrecorded(asterisk)

        one.caller.do("dtmf", digits="*8")
        wait_recording(two, "recording", two.caller)
        wait_until("the recording goes on", lambda: is_recorded(asterisk))

        one.caller.do("dtmf", digits="*9")
        wait_recording(two, "stopped", two.caller)
        began = time.monotonic()
        one.sidecar.kill()
        wait_until("nobody objects", lambda: two.live()["held_by"] == [], 15)
        vanished = time.monotonic() - began
        leave(two.caller)
        one.caller.do("hangup")

    print(f"a stop was known after {known:.2f} s, and had vanished after {vanished:.2f} s")
    assert held_by == ["room"]
    assert still
    assert known < 1.0
    assert vanished < 8.0
