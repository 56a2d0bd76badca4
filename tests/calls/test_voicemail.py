"""A call that comes to a mailbox: what the caller hears first, and where it goes no further."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidecar.consent.decision import VoicemailPolicy
from sidecar.consent.order import Order
from sidecar.media.engine import Side
from sidecar.recorders.recorder import (
    BackAgain,
    InRoom,
    MailboxReached,
    NobodyThere,
    SomeoneNew,
)
from tests.calls.agents import sdp
from tests.calls.hearing import open_gates, prompts
from tests.calls.mailboxes import decision, ringing
from tests.calls.world import ACCEPT, BEFORE, CODES, DECLINE, NOTICE


def at_the_mailbox(w, here):
    """The PBX says by its manager interface that a mailbox takes the call, and answers."""
    w.recording.tell(MailboxReached())
    w.settle()
    here.answer()
    w.settle()


class TestTheMailboxOfThePbx:
    def test_the_caller_hears_the_notice_before_the_mailbox_hears_the_caller(self, world):
        w = world(decision(), recorder=True)
        there, here = ringing(w)
        at_the_mailbox(w, here)

        assert prompts(w) == ["voicemail-notice"]
        assert prompts(w, Side.B) == []
        assert not w.media.gates[Side.A]
        w.hear_notices()

        assert open_gates(w)
        there.hang_up()
        w.settle()
        assert w.record.voicemail == "informed"
        assert w.record.notice_caller_at is not None
        assert w.counted("voicemail_total", result="informed") == 1

    def test_without_a_recorder_the_notice_is_what_matters_and_nothing_is_ordered(self, world):
        w = world(replace(NOTICE, voicemail=VoicemailPolicy.NOTICE))
        w.recorder.answers[Order.STOP] = "fail"
        w.signs.user = "pbx"
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[-1].answer()
        w.settle()
        before = open_gates(w)
        w.hear_notices()
        w.pass_time(10)

        assert prompts(w) == ["voicemail-notice"]
        assert not before
        assert open_gates(w)
        assert Order.STOP not in w.recording.orders
        there.hang_up()
        w.settle()
        assert w.record.voicemail == "informed"

    def test_where_the_rule_allows_it_nothing_is_said(self, world):
        w = world(decision("allow"), recorder=True)
        there, here = ringing(w)
        at_the_mailbox(w, here)

        assert prompts(w) == []
        assert open_gates(w)
        there.hang_up()
        w.settle()
        assert w.record.voicemail == "allowed"

    def test_a_caller_who_agrees_may_speak(self, world):
        w = world(decision("consent"), recorder=True)
        there, here = ringing(w)
        at_the_mailbox(w, here)
        w.hear_notices()
        assert not w.media.gates[Side.A]

        w.press(Side.A, ACCEPT)

        assert prompts(w) == ["voicemail-consent"]
        assert open_gates(w)
        there.hang_up()
        w.settle()
        assert w.record.voicemail == "agreed"
        assert w.record.consent == "not_asked"

    def test_once_it_may_be_spoken_to_every_key_goes_to_the_mailbox(self, world):
        w = world(decision("consent"), recorder=True)
        there, here = ringing(w)
        at_the_mailbox(w, here)
        w.hear_notices()
        w.press(Side.A, ACCEPT)

        w.press(Side.A, "*9")

        assert w.media.passed_by == [(Side.A, "*"), (Side.A, "9")]
        there.hang_up()

    @pytest.mark.parametrize("wish", ["off", "pause"])
    def test_a_caller_who_wants_no_recording_leaves_no_message(self, world, wish):
        w = world(decision(), recorder=True)
        there, here = ringing(w)
        at_the_mailbox(w, here)
        w.hear_notices()

        there.send("INFO", [("Record", wish)])
        w.settle()

        assert [served.method for served in w.pbx.served] == ["BYE"]
        assert prompts(w) == ["voicemail-notice", "voicemail-unavailable"]
        w.hear_notices()
        assert w.record.voicemail == "informed"
        assert w.ended == ("refused", "sidecar")

    def test_a_stop_that_stands_already_says_nothing_about_the_mailbox(self, world):
        w = world(replace(NOTICE, codes=CODES), recorder=True)
        there, _here = w.talk()
        w.press(Side.A, "*9")
        w.recording.tell(MailboxReached())
        w.settle()
        w.hear_notices()
        w.media.said.clear()

        there.send("INFO", [("Record", "off")])
        w.settle()

        assert w.media.said == [], "what is said here is recorded"
        assert open_gates(w)
        there.hang_up()

    @pytest.mark.parametrize("says", ["no", "nothing"])
    def test_a_caller_who_declines_hears_why_and_the_mailbox_is_left_at_once(self, world, says):
        w = world(decision("consent"), recorder=True)
        there, here = ringing(w)
        at_the_mailbox(w, here)
        w.hear_notices()

        if says == "no":
            w.press(Side.A, DECLINE)
        else:
            w.pass_time(8.1)
            w.hear_notices()
            w.pass_time(8.1)

        assert [served.method for served in w.pbx.served] == ["BYE"]
        assert prompts(w)[-1] == "voicemail-unavailable"
        assert [served.method for served in w.trunk.served] == []
        w.hear_notices()
        assert [served.method for served in w.trunk.served] == ["BYE"]
        assert w.record.voicemail == "declined"
        assert w.ended == ("refused", "sidecar")
        assert there.dialog is not None
        assert here.acks

    def test_where_the_rule_denies_it_the_pbx_never_answers_and_the_caller_hears_why(self, world):
        w = world(decision("deny"), recorder=True)
        there, here = ringing(w)
        w.recording.tell(MailboxReached())
        w.settle()

        assert here.cancelled
        assert there.statuses == [180, 183]
        assert there.responses[-1].body
        assert prompts(w) == ["voicemail-unavailable"]
        w.hear_notices()

        assert there.status == 480
        assert w.record.voicemail == "denied"
        assert w.ended == ("refused", "sidecar")

    def test_a_denied_mailbox_that_shows_in_the_answer_itself_is_hung_up_at_once(self, world):
        w = world(decision("deny"))
        w.signs.user = "pbx"
        there, here = ringing(w)  # the sign is in the ringing's Contact
        w.hear_notices()

        assert here.cancelled
        assert there.status == 480

    def test_a_caller_without_early_media_is_refused_at_once(self, world):
        w = world(decision("deny"), recorder=True)
        there, _here = ringing(w, body=b"")
        w.recording.tell(MailboxReached())
        w.settle()

        assert there.status == 480

    def test_a_mailbox_that_answers_without_ringing_is_known_by_its_contact(self, world):
        w = world(decision())
        w.signs.user = "pbx"
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[-1].answer()
        w.settle()

        assert prompts(w) == ["voicemail-notice"]
        assert not w.media.gates[Side.A]
        w.hear_notices()
        assert open_gates(w)
        there.hang_up()

    def test_nothing_is_heard_early_of_a_caller_once_a_mailbox_is_known(self, world):
        w = world(decision(), recorder=True)
        _there, here = ringing(w)
        here.ring(183, sdp(w.pbx.media))
        w.settle()
        assert w.media.gates[Side.A], "early speech is let through where nothing is due"

        w.recording.tell(MailboxReached())
        w.settle()

        assert not w.media.gates[Side.A]

    @pytest.mark.parametrize("event", [MailboxReached(), InRoom("sales")])
    def test_who_was_heard_before_the_answer_is_heard_on_where_nothing_has_to_be_said(
        self, world, event
    ):
        w = world(decision("allow"), recorder=True)
        there, here = ringing(w)
        here.ring(183, sdp(w.pbx.media))
        here.answer()
        w.settle()

        w.recording.tell(event)
        w.settle()

        assert open_gates(w)
        there.hang_up()

    def test_a_call_that_comes_to_a_mailbox_in_its_middle_is_no_longer_recorded(self, world):
        w = world(NOTICE, recorder=True)
        there, _here = w.talk()
        assert w.recording.orders[-1] is Order.RELEASE

        w.recording.tell(MailboxReached())
        w.settle()

        assert not open_gates(w)
        assert w.recording.orders[-1] is Order.STOP
        w.hear_notices()
        assert open_gates(w)
        there.hang_up()
        w.settle()
        assert w.record.voicemail == "informed"

    @pytest.mark.parametrize("event", [SomeoneNew(), BackAgain()])
    def test_back_at_a_person_its_rule_holds_again(self, world, event):
        w = world(NOTICE, recorder=True)
        there, _here = w.talk()
        w.recording.tell(MailboxReached())
        w.settle()
        w.hear_notices()
        w.media.said.clear()

        w.recording.tell(event)
        w.pass_time(0.6)
        w.hear_notices()

        assert prompts(w) == []
        new = isinstance(event, SomeoneNew)
        assert prompts(w, Side.B) == (["recording-notice"] if new else [])
        assert open_gates(w)
        assert w.recording.orders[-1] is Order.RELEASE
        there.hang_up()

    def test_a_mailbox_of_the_outside_is_none_of_the_pbx_s(self, world):
        w = world(decision("deny"), recorder=True)
        w.signs.user = "trunk"
        there = w.pbx.call("+4930555")
        w.settle()
        w.trunk.calls[-1].answer()
        w.settle()

        assert there.status == 200
        there.hang_up()

    @pytest.mark.parametrize("policy", ["notice", "consent", "deny"])
    def test_one_whom_the_pbx_has_called_can_t_be_told_and_is_not_left_with_a_mailbox(
        self, world, policy
    ):
        w = world(decision(policy), recorder=True)
        w.pbx.call("+49301", caller="100")
        w.settle()
        w.trunk.calls[0].answer()
        w.settle()
        w.recording.tell(MailboxReached())
        w.settle()

        for agent in (w.pbx, w.trunk):
            assert [served.method for served in agent.served] == ["BYE"]
        record = w.records.finished[0]
        assert (record.voicemail, record.fail_closed) == ("denied", "voicemail_unannounced")
        assert w.counted("fail_closed_total", reason="voicemail_unannounced") == 1
        assert w.counted("voicemail_total", result="denied") == 1

    def test_where_the_rule_allows_it_one_whom_the_pbx_has_called_goes_on_to_the_mailbox(
        self, world
    ):
        w = world(decision("allow"), recorder=True)
        there = w.pbx.call("+49301", caller="100")
        w.settle()
        w.trunk.calls[0].answer()
        w.settle()
        w.recording.tell(MailboxReached())
        w.settle()

        assert open_gates(w)
        there.hang_up()

    def test_one_whom_the_pbx_has_called_is_not_told_again_when_a_person_takes_the_mailbox_s_place(
        self, world
    ):
        w = world(replace(NOTICE, voicemail=VoicemailPolicy.ALLOW), recorder=True)
        there = w.pbx.call("+49301", caller="100")
        w.settle()
        w.trunk.calls[0].answer()
        w.settle()
        w.hear_notices()
        w.media.said.clear()

        for event in (NobodyThere(), MailboxReached(), SomeoneNew()):
            w.recording.tell(event)
            w.pass_time(0.6)

        assert (prompts(w, Side.A), prompts(w, Side.B)) == (["recording-notice"], [])
        w.hear_notices()
        assert open_gates(w)
        there.hang_up()
        w.settle()
        assert w.record.voicemail == "allowed"

    def test_a_call_with_the_notice_before_connecting_hears_the_mailbox_s_too(self, world):
        w = world(BEFORE, recorder=True)
        there = w.trunk.call()
        w.settle()
        w.hear_notices()
        here = w.pbx.calls[-1]
        here.ring()
        w.recording.tell(MailboxReached())
        w.settle()
        here.answer()
        w.settle()

        assert prompts(w) == ["recording-notice", "voicemail-notice"]
        assert not w.media.gates[Side.A]
        w.hear_notices()
        assert open_gates(w)
        there.hang_up()
