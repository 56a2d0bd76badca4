"""The real Asterisk behind the sidecar, recording with MixMonitor, phones registered at it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import sidecar as package

from .asterisk import BY_HEADER, RECORDED, SECOND_PHONE, Asterisk
from .audio import Samples, find, read_wav, tone_spans
from .capture import Capture
from .ears import BLOCK, CALLEE_HZ, CALLER_HZ, Ear, listen, sent_from, share_heard
from .phones import BaresipPhone, Phone, PyVoipPhone
from .processes import free_port
from .sidecar import Record, Sidecar, rule

PEERS = ("asterisk", "baresip", "pyvoip", "wire")
TALK_SECONDS = 2.0
TWENTY_MS = 0.020
JITTER = 0.060  # Asterisk's frames are not aligned with the wire's packets
PACKAGED = Path(package.__file__).parent / "prompts" / "en" / "recording-notice.wav"


@dataclass(frozen=True)
class House:
    """Trunk side, sidecar, Asterisk."""

    caller: BaresipPhone
    sidecar: Sidecar
    asterisk: Asterisk


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[BaresipPhone]:
    with BaresipPhone(tmp_path, "caller", tone=CALLER_HZ) as phone:
        yield phone


@pytest.fixture
def asterisk() -> Iterator[Asterisk]:
    with Asterisk("peers", free_port()) as running:
        yield running


def sidecar_for(asterisk: Asterisk, folder: Path, rules: str, prompt: Samples | None) -> Sidecar:
    return Sidecar(
        folder / "sidecar",
        pbx=asterisk.address,
        rules=rules,
        prompt=prompt,
        port=asterisk.sidecar_port,
    )


def place_call(house: House, phone: Phone, number: str, seconds: float) -> tuple[Capture, Record]:
    """The caller calls, the phone answers, both talk, the caller hangs up."""
    with Capture(*house.sidecar.media_ports) as capture:
        house.caller.call(house.sidecar.uri(number))
        house.caller.expect("established", 20)
        phone.expect("established", 20)
        time.sleep(seconds)
        house.caller.do("hangup")
        phone.expect("closed", 20)
    house.sidecar.wait_idle()
    (record,) = house.sidecar.wait_records(1)
    return capture, record


def ears(house: House, capture: Capture, prompt: Samples) -> tuple[Ear, Ear]:
    """The caller's, and the PBX's: what reaches the phone comes through it."""
    ours = house.sidecar.media_ports
    low, high = house.asterisk.rtp_ports
    return (
        listen(sent_from(capture, ours, house.caller.media_ports), prompt, CALLEE_HZ),
        listen(sent_from(capture, ours, range(low, high + 1)), prompt, CALLER_HZ),
    )


@pytest.mark.timeout(90)
def test_no_voice_is_heard_or_recorded_before_the_packaged_notice_has_ended(
    caller: BaresipPhone, asterisk: Asterisk, tmp_path: Path
) -> None:
    prompt = read_wav(PACKAGED)
    with (
        BaresipPhone(
            tmp_path, "phone1", tone=CALLEE_HZ, account=asterisk.account("phone1")
        ) as phone,
        sidecar_for(asterisk, tmp_path, rule("notice"), None) as sidecar,
    ):
        house = House(caller, sidecar, asterisk)
        capture, record = place_call(house, phone, RECORDED, len(prompt) / 8000 + TALK_SECONDS)
        at_caller, at_pbx = ears(house, capture, prompt)
        from_trunk = asterisk.recording(RECORDED, "r")
        mixed = asterisk.recording(RECORDED)

    assert at_caller.heard_notice()
    assert at_pbx.heard_notice()
    assert share_heard(prompt, phone.heard()) > 0.9
    told = max(at_caller.notice.end, at_pbx.notice.end)
    assert at_caller.voice_began() >= told - BLOCK
    assert at_pbx.voice_began() >= told - BLOCK

    recorded = find(prompt, from_trunk)
    assert recorded.likeness > 0.9
    assert tone_spans(from_trunk, CALLER_HZ)[0].start >= recorded.span.end - BLOCK - JITTER
    assert tone_spans(mixed, CALLER_HZ, purity=0.3)[0].start >= recorded.span.end - BLOCK - JITTER

    assert record["notice_caller_at"] == pytest.approx(at_caller.notice.end, abs=TWENTY_MS)
    assert record["notice_callee_at"] == pytest.approx(at_pbx.notice.end, abs=TWENTY_MS)


def test_under_rule_off_the_pbx_is_told_not_to_record_and_does_not(
    caller: BaresipPhone, asterisk: Asterisk, tmp_path: Path, notice: Samples
) -> None:
    with (
        BaresipPhone(
            tmp_path, "phone1", tone=CALLEE_HZ, account=asterisk.account("phone1")
        ) as phone,
        sidecar_for(asterisk, tmp_path, rule("off"), notice) as sidecar,
    ):
        _, record = place_call(House(caller, sidecar, asterisk), phone, BY_HEADER, 1.0)

        assert asterisk.header(BY_HEADER, "X-Record") == "off"
        assert not asterisk.was_recorded(BY_HEADER)

    assert record["recording_policy"] == "off"
    assert tone_spans(caller.heard(), CALLEE_HZ)
    assert tone_spans(phone.heard(), CALLER_HZ)


def test_a_pbx_that_goes_by_the_header_records_under_a_notice(
    caller: BaresipPhone, asterisk: Asterisk, tmp_path: Path, notice: Samples
) -> None:
    with (
        BaresipPhone(
            tmp_path, "phone1", tone=CALLEE_HZ, account=asterisk.account("phone1")
        ) as phone,
        sidecar_for(asterisk, tmp_path, rule("notice"), notice) as sidecar,
    ):
        place_call(House(caller, sidecar, asterisk), phone, BY_HEADER, TALK_SECONDS)

        assert asterisk.was_recorded(BY_HEADER)
        assert find(notice, asterisk.recording(BY_HEADER, "r")).likeness > 0.9


def test_pyvoip_registered_at_the_pbx_hears_the_notice_before_the_caller(
    caller: BaresipPhone, asterisk: Asterisk, tmp_path: Path, notice: Samples
) -> None:
    with (
        PyVoipPhone(
            tmp_path, "phone2", tone=CALLEE_HZ, account=asterisk.account("phone2")
        ) as phone,
        sidecar_for(asterisk, tmp_path, rule("notice"), notice) as sidecar,
    ):
        house = House(caller, sidecar, asterisk)
        capture, record = place_call(house, phone, SECOND_PHONE, TALK_SECONDS)
        at_caller, at_pbx = ears(house, capture, notice)

    told = max(at_caller.notice.end, at_pbx.notice.end)
    assert min(at_caller.voice_began(), at_pbx.voice_began()) >= told - BLOCK
    # A phone drops and doubles frames: one such may spoil one of the three pieces.
    assert share_heard(notice, phone.heard(), piece_seconds=0.1) > 0.6
    assert tone_spans(phone.heard(), CALLER_HZ)
    assert record["disposition"] == "answered"


def test_a_phone_calls_out_through_the_pbx_and_the_sidecar(
    asterisk: Asterisk, tmp_path: Path, notice: Samples
) -> None:
    with (
        BaresipPhone(tmp_path, "outside", tone=CALLER_HZ) as outside,
        BaresipPhone(
            tmp_path, "phone1", tone=CALLEE_HZ, account=asterisk.account("phone1")
        ) as phone,
        Sidecar(
            tmp_path / "sidecar",
            pbx=asterisk.address,
            trunk=outside.uri.partition("@")[2],
            rules=rule("notice"),
            prompt=notice,
            port=asterisk.sidecar_port,
        ) as sidecar,
    ):
        phone.call(f"sip:+493012345678@{asterisk.address}")
        outside.expect("established", 20)
        time.sleep(TALK_SECONDS)
        phone.do("hangup")
        outside.expect("closed", 20)
        (record,) = sidecar.wait_records(1)

    assert record["direction"] == "outbound"
    assert record["notice_caller_at"] is not None
    assert share_heard(notice, outside.heard(), piece_seconds=0.1) > 0.6
    assert tone_spans(outside.heard(), CALLEE_HZ)
