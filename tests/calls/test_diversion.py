"""A call that the sidecar gives to a mailbox: when, by what words, and not before the notice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidecar.consent.decision import Decision, Divert, Policy
from sidecar.media.engine import Side
from sidecar.recorders.recorder import MailboxReached
from tests.calls.hearing import open_gates, prompts
from tests.calls.mailboxes import MAILBOX, decision, ringing
from tests.calls.world import BEFORE, CODES, DECLINE, PBX

ALL = frozenset(("busy", "no-answer", "unavailable"))


def diverting(voicemail: str = "notice", on=ALL, **more) -> Decision:
    return decision(voicemail, divert=Divert(MAILBOX, 20.0, frozenset(on)), **more)


def refused(world, voicemail="notice", status=486, **more):
    """A call whose callee has refused it, while it rang."""
    w = world(diverting(voicemail, **more), recorder=True)
    there, here = ringing(w)
    here.respond(status)
    w.settle()
    return w, there


class TestTheSidecarDiverts:
    def test_a_callee_who_does_not_answer_gives_way_to_the_mailbox_after_the_notice(self, world):
        w = world(diverting(), recorder=True)
        there, here = ringing(w)
        w.pass_time(19.9)
        assert not here.cancelled
        w.pass_time(0.2)

        assert here.cancelled
        assert there.status == 200
        assert prompts(w) == ["voicemail-notice"]
        assert len(w.pbx.calls) == 1, "the mailbox learns of nothing before the notice was heard"
        w.hear_notices()

        assert len(w.pbx.calls) == 2
        mailbox = w.pbx.calls[-1]
        assert mailbox.request.uri.startswith("sip:vm102@")
        mailbox.answer()
        w.settle()
        assert prompts(w) == ["voicemail-notice"]
        assert open_gates(w)
        there.hang_up()
        w.settle()
        assert w.record.voicemail == "informed"

    @pytest.mark.parametrize(
        ("status", "word"), [(486, "busy"), (480, "no-answer"), (503, "unavailable")]
    )
    def test_a_refusal_diverts_only_where_the_rule_names_it(self, world, status, word):
        for on in ({word}, ALL - {word}):
            w, there = refused(world, status=status, on=on)
            w.hear_notices()

            assert there.status == (200 if word in on else status)
            if word in on:
                there.hang_up()

    def test_a_number_that_rejects_by_no_word_of_the_rule_is_refused_as_before(self, world):
        _w, there = refused(world, status=484)

        assert there.status == 484

    @pytest.mark.parametrize(("status", "told"), [(486, 486), (503, 480)])
    def test_where_the_rule_denies_it_the_caller_hears_so_and_no_mailbox_is_called(
        self, world, status, told
    ):
        w, there = refused(world, "deny", status)
        assert prompts(w) == ["voicemail-unavailable"]
        w.hear_notices()

        assert there.status == told
        assert len(w.pbx.calls) == 1
        assert w.record.voicemail == "denied"

    def test_a_caller_who_declines_is_told_and_the_mailbox_never_called(self, world):
        w, _there = refused(world, "consent")
        w.hear_notices()

        w.press(Side.A, DECLINE)

        assert prompts(w) == ["voicemail-consent", "voicemail-unavailable"]
        w.hear_notices()
        assert len(w.pbx.calls) == 1
        assert w.record.voicemail == "declined"

    def test_where_the_rule_allows_it_the_mailbox_s_answer_is_the_call_s(self, world):
        w, there = refused(world, "allow")

        assert there.status is None
        w.pbx.calls[-1].answer()
        w.settle()
        assert there.status == 200
        assert open_gates(w)
        there.hang_up()

    def test_a_caller_who_was_answered_for_the_recording_s_notice_stays_and_is_told(self, world):
        told = Decision(
            rule="rule",
            recording=Policy.NOTICE,
            notice=BEFORE.notice,
            divert=Divert(MAILBOX, 20.0),
        )
        w = world(told, recorder=True)
        there = w.trunk.call()
        w.settle()
        w.hear_notices()
        w.pbx.calls[-1].respond(486)
        w.settle()

        assert prompts(w) == ["recording-notice", "voicemail-notice"]
        assert len(w.pbx.calls) == 1
        w.hear_notices()
        w.pbx.calls[-1].answer()
        w.settle()
        assert open_gates(w)
        there.hang_up()

    def test_keys_go_to_a_mailbox_that_is_called_since_the_callee_can_t_even_be_reached(
        self, world
    ):
        told = replace(BEFORE, codes=CODES, divert=Divert(MAILBOX, 20.0))
        w = world(told, recorder=True)
        w.unreachable = {f"sip:{PBX}"}
        there = w.trunk.call()
        w.settle()
        w.hear_notices()
        assert prompts(w) == ["recording-notice", "voicemail-notice"]
        w.hear_notices()
        w.pbx.calls[-1].answer()
        w.settle()

        w.press(Side.A, "*9")

        assert w.media.passed_by == [(Side.A, "*"), (Side.A, "9")]
        there.hang_up()

    def test_an_answer_in_time_is_a_call_like_any_other(self, world):
        w = world(diverting(), recorder=True)
        there, here = ringing(w)
        here.answer()
        w.settle()
        w.pass_time(30)

        assert open_gates(w)
        assert prompts(w) == []
        there.hang_up()
        w.settle()
        assert w.record.voicemail == ""

    def test_an_answer_that_crosses_the_cancel_is_hung_up(self, world):
        w = world(diverting(), recorder=True)
        there, here = ringing(w)
        w.lose = lambda message, to: getattr(message, "method", "") == "CANCEL"
        w.pass_time(20.1)
        here.answer()
        w.settle()

        assert [served.method for served in w.pbx.served] == ["BYE"]
        assert prompts(w) == ["voicemail-notice"]
        w.hear_notices()
        w.pbx.calls[-1].answer()
        w.settle()
        assert open_gates(w)
        there.hang_up()

    def test_a_mailbox_that_is_not_there_ends_the_call(self, world):
        w, _there = refused(world)
        w.hear_notices()
        w.pbx.calls[-1].respond(404)
        w.settle()

        assert w.ended == ("rejected", "callee")

    def test_a_caller_who_hangs_up_during_the_notice_leaves_no_message(self, world):
        w, there = refused(world)
        there.hang_up()
        w.settle()

        assert len(w.pbx.calls) == 1
        assert w.record.voicemail == "unheard"

    def test_the_mailbox_s_own_sign_changes_nothing_any_more(self, world):
        w, there = refused(world)
        w.hear_notices()
        w.recording.tell(MailboxReached())
        w.settle()
        w.pbx.calls[-1].answer()
        w.settle()

        assert prompts(w) == ["voicemail-notice"]
        assert open_gates(w)
        there.hang_up()
