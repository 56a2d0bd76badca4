"""Two baresip phones: nobody is heard before the notice has ended, and the record says when.

Both phones make their tone from the first moment on; what the sidecar let through is seen on
the wire, where no jitter buffer shifts it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .audio import Samples, tone_spans
from .capture import Capture
from .ears import BLOCK, CALLEE_HZ, CALLER_HZ, Ear, heard_by_phone, listen, sent_from, share_heard
from .phones import BaresipPhone
from .sidecar import Record, Sidecar, rule

PEERS = ("baresip", "wire")
TALK_SECONDS = 0.8
TWENTY_MS = 0.020
AT_ONCE = 0.25  # the gate opens within one turn of the worker, a phone's first packet follows
NUMBER = "+442079460101"


@dataclass(frozen=True)
class Talk:
    """One call from its beginning to its record."""

    caller: Ear
    callee: Ear
    rang_at: float
    record: Record


@pytest.fixture
def callee(tmp_path: Path) -> Iterator[BaresipPhone]:
    with BaresipPhone(tmp_path, "callee", tone=CALLEE_HZ, headers=("X-Record",)) as phone:
        yield phone


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[BaresipPhone]:
    with BaresipPhone(tmp_path, "caller", tone=CALLER_HZ) as phone:
        yield phone


def talk(sidecar: Sidecar, caller: BaresipPhone, callee: BaresipPhone, prompt: Samples) -> Talk:
    with Capture(*sidecar.media_ports) as capture:
        caller.call(sidecar.uri(NUMBER))
        rang = callee.expect("incoming", 20)
        caller.expect("established")
        callee.expect("established")
        time.sleep(2 * len(prompt) / 8000 + TALK_SECONDS)
        caller.do("hangup")
        callee.expect("closed")
    sidecar.wait_idle()
    (record,) = sidecar.wait_records(1)
    return Talk(
        listen(sent_from(capture, sidecar.media_ports, caller.media_ports), prompt, CALLEE_HZ),
        listen(sent_from(capture, sidecar.media_ports, callee.media_ports), prompt, CALLER_HZ),
        rang["at"],
        record,
    )


@pytest.mark.parametrize("at", ["answer", "before-connect"])
def test_neither_party_is_heard_before_both_have_heard_the_notice(
    at: str, caller: BaresipPhone, callee: BaresipPhone, tmp_path: Path, notice: Samples
) -> None:
    address = callee.uri.partition("@")[2]
    rules = rule("notice", at=at)
    with Sidecar(tmp_path / "sidecar", pbx=address, rules=rules, prompt=notice) as sidecar:
        spoken = talk(sidecar, caller, callee, notice)

    assert spoken.caller.heard_notice()
    assert spoken.callee.heard_notice()
    told = max(spoken.caller.notice.end, spoken.callee.notice.end)
    for ear in (spoken.caller, spoken.callee):
        assert told - BLOCK <= ear.voice_began() <= told + AT_ONCE
    if at == "before-connect":
        assert spoken.rang_at >= spoken.caller.notice.end - BLOCK

    record = spoken.record
    assert record["notice_caller_at"] == pytest.approx(spoken.caller.notice.end, abs=TWENTY_MS)
    assert record["notice_callee_at"] == pytest.approx(spoken.callee.notice.end, abs=TWENTY_MS)
    assert record["disposition"] == "answered"
    assert record["recording_policy"] == "notice"
    assert record["ended_by"] == "caller"


@pytest.mark.parametrize("party", ["caller", "callee"])
def test_a_notice_to_one_party_is_heard_by_that_party_alone(
    party: str, caller: BaresipPhone, callee: BaresipPhone, tmp_path: Path, notice: Samples
) -> None:
    address = callee.uri.partition("@")[2]
    rules = rule("notice", hear=[party])
    with Sidecar(tmp_path / "sidecar", pbx=address, rules=rules, prompt=notice) as sidecar:
        spoken = talk(sidecar, caller, callee, notice)

    ears = {"caller": spoken.caller, "callee": spoken.callee}
    told = ears.pop(party)
    (untold,) = ears.values()
    assert told.heard_notice()
    assert not untold.heard_notice()
    assert min(told.voice_began(), untold.voice_began()) >= told.notice.end - BLOCK
    assert spoken.record[f"notice_{party}_at"] == pytest.approx(told.notice.end, abs=TWENTY_MS)


def test_the_phones_themselves_hear_the_notice_and_then_each_other(
    caller: BaresipPhone, callee: BaresipPhone, tmp_path: Path, notice: Samples
) -> None:
    address = callee.uri.partition("@")[2]
    with Sidecar(tmp_path / "sidecar", pbx=address, rules=rule("notice"), prompt=notice) as sidecar:
        talk(sidecar, caller, callee, notice)

    for phone, other_hz in ((caller, CALLEE_HZ), (callee, CALLER_HZ)):
        found = heard_by_phone(notice, phone.heard())
        assert share_heard(notice, phone.heard(), piece_seconds=0.1) > 0.6
        assert tone_spans(phone.heard(), other_hz)[0].start >= found.span.end - 2 * BLOCK


def test_under_rule_off_both_talk_at_once_and_the_pbx_is_told(
    caller: BaresipPhone, callee: BaresipPhone, tmp_path: Path, notice: Samples
) -> None:
    address = callee.uri.partition("@")[2]
    with Sidecar(tmp_path / "sidecar", pbx=address, rules=rule("off"), prompt=notice) as sidecar:
        spoken = talk(sidecar, caller, callee, notice)

    assert not spoken.caller.heard_notice()
    assert not spoken.callee.heard_notice()
    assert spoken.caller.voice
    assert spoken.callee.voice
    incoming = [event for event in callee.seen if event.get("headers")]
    assert incoming[0]["headers"]["X-Record"] == "off"
    assert spoken.record["recording_policy"] == "off"
    assert spoken.record["notice_caller_at"] is None


def test_digits_and_hold_cross_the_sidecar(
    caller: BaresipPhone, callee: BaresipPhone, tmp_path: Path, notice: Samples
) -> None:
    address = callee.uri.partition("@")[2]
    with Sidecar(tmp_path / "sidecar", pbx=address, rules=rule("off"), prompt=notice) as sidecar:
        caller.call(sidecar.uri(NUMBER))
        caller.expect("established")
        callee.expect("established")

        caller.do("dtmf", digits="4")
        assert callee.expect("digit")["text"] == "4"
        callee.do("hold")
        caller.expect("held")
        callee.do("resume")
        caller.expect("resumed")

        callee.do("hangup")
        caller.expect("closed")
        (record,) = sidecar.wait_records(1)
        assert record["ended_by"] == "callee"
