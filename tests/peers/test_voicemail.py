"""Messages in the real Asterisk's mailboxes: none of a caller who was not told, or may leave none.

Judged by the tones in the mailbox's files: the caller sends 1 kHz all the time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from .asterisk import PLAIN, QUICK_MAILBOX, Asterisk
from .audio import RATE, Samples, find, tone_spans
from .ears import CALLEE_HZ, CALLER_HZ, share_heard
from .house import JITTER, House, seconds
from .processes import free_port, wait_until
from .sidecar import chirp

PEERS = ("asterisk", "baresip")
TALK_SECONDS = 2.0
NOTICE, CONSENT, UNAVAILABLE = chirp(1.5), chirp(1.4, 1700, 2700), chirp(1.3, 1800, 2800)
SOUNDS = {
    "voicemail-notice": NOTICE,
    "voicemail-consent": CONSENT,
    "voicemail-unavailable": UNAVAILABLE,
}


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    with Asterisk("voicemail", free_port()) as running:
        yield running


@pytest.fixture
def empty(asterisk: Asterisk) -> Asterisk:
    """The same Asterisk, without messages."""
    asterisk.forget_messages()
    return asterisk


def rules(voicemail: str, more: str = "") -> str:
    return f'[[rule]]\nname = "desk"\nvoicemail = "{voicemail}"\nconfirm_within = "2s"\n{more}'


def diverted(voicemail: str, asterisk: Asterisk, *, after: str = "1s") -> str:
    to = f"sip:{QUICK_MAILBOX}@{asterisk.address}"
    return rules(voicemail, f'voicemail_divert = {{ after = "{after}", to = "{to}" }}\n')


def message(asterisk: Asterisk) -> Samples:
    """The one message, once it is stored."""
    wait_until("a message is stored", lambda: len(asterisk.messages()) == 1)
    (file,) = asterisk.messages()
    return asterisk.sound(file)


def said_to(house: House, sound: Samples) -> bool:
    """Whether the caller heard it; what its jitter buffer holds at the BYE is lost."""
    rest = np.zeros(RATE // 2, np.int16)
    return share_heard(sound, np.concatenate((house.caller.heard(), rest))) > 0.6


@pytest.mark.timeout(60)
def test_no_tone_of_the_caller_is_in_the_message_before_the_notice_s_end(
    empty: Asterisk, tmp_path: Path
):
    with House(tmp_path, empty, rules("notice"), prompts=SOUNDS, phones={}) as house:
        house.dial(QUICK_MAILBOX)
        told = house.wait_notice()["notice_caller_at"]
        time.sleep(TALK_SECONDS)
        record = house.hang_up()
        spans = tone_spans(message(empty), CALLER_HZ)

    assert TALK_SECONDS - JITTER < seconds(spans) < record["ended_at"] - told + JITTER, spans
    assert spans[0].start > 0.5, "the mailbox listened already, and heard silence"
    assert record["voicemail"] == "informed"
    assert said_to(house, NOTICE)


@pytest.mark.timeout(60)
def test_a_denied_mailbox_keeps_nothing_and_the_caller_hears_why(empty: Asterisk, tmp_path: Path):
    with House(tmp_path, empty, rules("deny"), prompts=SOUNDS, phones={}) as house:
        house.dial(QUICK_MAILBOX)
        house.caller.expect("closed", 20)
        record = house.ended()

    assert empty.messages() == []
    assert said_to(house, UNAVAILABLE)
    assert (record["voicemail"], record["disposition"]) == ("denied", "refused")


@pytest.mark.timeout(60)
def test_a_caller_who_declines_leaves_no_tone_and_no_message(empty: Asterisk, tmp_path: Path):
    with House(tmp_path, empty, rules("consent"), prompts=SOUNDS, phones={}) as house:
        house.dial(QUICK_MAILBOX)
        house.wait_notice()
        house.caller.do("dtmf", digits="2")
        house.caller.expect("closed", 20)
        record = house.ended()

    for file in empty.messages():
        assert tone_spans(empty.sound(file), CALLER_HZ) == []
    assert said_to(house, UNAVAILABLE)
    assert record["voicemail"] == "declined"


@pytest.mark.timeout(60)
def test_a_caller_who_agrees_leaves_a_message_and_ends_it_by_the_mailbox_s_own_key(
    empty: Asterisk, tmp_path: Path
):
    with House(tmp_path, empty, rules("consent"), prompts=SOUNDS, phones={}) as house:
        house.dial(QUICK_MAILBOX)
        house.wait_notice()
        house.caller.do("dtmf", digits="1")
        wait_until("agreed", lambda: house.sidecar.records()[-1]["voicemail"] == "agreed")
        time.sleep(TALK_SECONDS)
        house.caller.do("dtmf", digits="#")
        house.caller.expect("closed", 20)
        record = house.ended()
        spans = tone_spans(message(empty), CALLER_HZ)

    assert TALK_SECONDS - 0.5 < seconds(spans) < TALK_SECONDS + 1.0, spans
    assert record["ended_by"] == "callee", "the mailbox has taken the # for the end"


@pytest.mark.timeout(60)
def test_a_phone_that_nobody_answers_gives_way_to_the_mailbox_once_the_caller_was_told(
    empty: Asterisk, tmp_path: Path
):
    house = House(
        tmp_path,
        empty,
        diverted("notice", empty),
        prompts=SOUNDS,
        phones={"phone1": -CALLEE_HZ},
    )
    with house:
        house.dial(PLAIN)
        told = house.wait_notice()["notice_caller_at"]
        house.caller.expect("established", 20)
        time.sleep(TALK_SECONDS)
        record = house.hang_up()
        spans = tone_spans(message(empty), CALLER_HZ)

    assert record["answered_at"] > told, "the mailbox was called after the notice"
    assert TALK_SECONDS - 0.5 < seconds(spans) < record["ended_at"] - told + JITTER, spans
    assert record["voicemail"] == "informed"
    assert find(NOTICE, message(empty)).likeness < 0.5


@pytest.mark.timeout(60)
def test_where_the_rule_denies_it_the_mailbox_is_never_called(empty: Asterisk, tmp_path: Path):
    house = House(
        tmp_path, empty, diverted("deny", empty), prompts=SOUNDS, phones={"phone1": -CALLEE_HZ}
    )
    with house:
        house.dial(PLAIN)
        house.caller.expect("closed", 20)
        record = house.ended()

    assert empty.messages() == []
    assert said_to(house, UNAVAILABLE)
    assert record["voicemail"] == "denied"
    assert record["disposition"] == "refused"


@pytest.mark.timeout(60)
def test_one_whom_a_phone_has_called_is_not_left_with_a_mailbox_untold(
    empty: Asterisk, tmp_path: Path
):
    with House(tmp_path, empty, rules("notice"), prompts=SOUNDS) as house:
        house.phone.call(f"sip:+493012345678@{empty.address}")
        house.caller.expect("established", 20)
        time.sleep(TALK_SECONDS)
        empty.cli(f"channel redirect {empty.channel_of_sidecar()} from-sidecar,{QUICK_MAILBOX},1")
        house.caller.expect("closed", 20)
        record = house.ended()
        wait_until("no channel is left", lambda: empty.channels() == 0)

    for file in empty.messages():
        assert tone_spans(empty.sound(file), CALLER_HZ) == []
    assert record["fail_closed"] == "voicemail_unannounced"
    assert record["voicemail"] == "denied"
