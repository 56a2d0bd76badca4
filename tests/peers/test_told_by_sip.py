"""A real Asterisk without its manager interface: what its SIP messages tell is all there is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .asterisk import NAMED_MAILBOX, PLAIN, Asterisk
from .audio import tone_spans
from .ears import CALLEE_HZ, CALLER_HZ, share_heard
from .house import JITTER, House, seconds
from .processes import free_port, wait_until
from .sidecar import chirp, rule

PEERS = ("asterisk", "baresip")
SECOND_HZ = 650.0
NOTICE = chirp(0.8)
SOUNDS = {"recording-notice": NOTICE, "voicemail-notice": NOTICE}


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    with Asterisk("told", free_port(), tells=True) as running:
        yield running


@pytest.mark.timeout(60)
def test_a_mailbox_that_its_name_gives_away_hears_nobody_before_the_notice_s_end(
    asterisk: Asterisk, tmp_path: Path
):
    house = House(
        tmp_path,
        asterisk,
        rule("off"),
        prompts=SOUNDS,
        phones={},
        recorder=False,
        mailboxes="vm*",
    )
    with house:
        house.dial(NAMED_MAILBOX)
        told = house.wait_notice()["notice_caller_at"]
        time.sleep(1.5)
        record = house.hang_up()
        wait_until("a message is stored", lambda: len(asterisk.messages()) == 1)
        (file,) = asterisk.messages()
        spans = tone_spans(asterisk.sound(file), CALLER_HZ)

    assert record["voicemail"] == "informed"
    assert 1.0 < seconds(spans) < record["ended_at"] - told + JITTER


@pytest.mark.timeout(60)
def test_whom_the_pbx_names_after_a_transfer_hears_the_notice(asterisk: Asterisk, tmp_path: Path):
    house = House(
        tmp_path,
        asterisk,
        rule("notice"),
        prompts=SOUNDS,
        phones={"phone1": CALLEE_HZ, "phone2": SECOND_HZ},
        recorder=False,
    )
    with house:
        house.call(PLAIN)
        first = house.wait_notice("callee")["notice_callee_at"]
        asterisk.cli(f"channel redirect {asterisk.channel_of_sidecar()} from-phone,2,1")
        house.phones["phone2"].expect("established", 20)
        wait_until(
            "the second has heard the notice",
            lambda: house.sidecar.records()[-1]["notice_callee_at"] > first,
            15,
        )
        time.sleep(1.0)
        house.hang_up()
        house.phones["phone2"].expect("closed", 20)

    assert share_heard(NOTICE, house.phones["phone2"].heard()) > 0.7
    assert tone_spans(house.caller.heard(), SECOND_HZ), "then both talk"
