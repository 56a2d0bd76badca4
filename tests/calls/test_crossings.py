"""Messages and events that cross each other where a call changes its callee, or gets none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidecar.consent.decision import Decision, Divert, Notice, Policy, VoicemailPolicy
from sidecar.consent.order import Order
from sidecar.consent.party import Objector, Party
from sidecar.media.engine import Side
from sidecar.recorders.recorder import Answerer, MailboxReached
from tests.calls.agents import sdp
from tests.calls.hearing import open_gates, prompts
from tests.calls.mailboxes import MAILBOX, ringing
from tests.calls.world import CODES, NOTICE, OFF, PBX, STOP, TRUNK_MEDIA, asking

DIVERTED = replace(OFF, divert=Divert(MAILBOX, 20.0))
DENIED = replace(OFF, voicemail=VoicemailPolicy.DENY)
STOPPABLE = Decision(rule="rule", recording=Policy.NOTICE, notice=Notice(), codes=CODES)


class TestACallIsDiverted:
    def test_while_a_reliable_ringing_is_not_acknowledged(self, world):
        w = world(DIVERTED, recorder=True)
        there = w.trunk.call(headers=[("Supported", "100rel")])
        there.pracks = False
        w.settle()
        here = w.pbx.calls[-1]
        here.ring(183, sdp(w.pbx.media), reliable=True)
        w.pass_time(20.1)

        late = there.prack(next(r for r in there.responses if r.headers.get("RSeq")))
        w.settle()

        assert late.status == 481
        assert there.status == 200
        assert prompts(w) == ["voicemail-notice"]
        w.hear_notices()
        w.pbx.calls[-1].answer()
        w.settle()
        assert open_gates(w)
        there.hang_up()

    def test_while_the_telephone_still_owes_an_answer(self, world):
        w = world(DIVERTED, recorder=True)
        w.pbx.answers["UPDATE"] = None
        reliably = [("Supported", "100rel")]
        there, _here = ringing(w, 183, sdp(w.pbx.media), reliable=True, headers=reliably)
        update = there.send("UPDATE", body=sdp(w.trunk.media, version=2))
        w.settle()
        asked = w.pbx.served[-1]
        w.pass_time(20.1)
        w.hear_notices()
        w.pbx.calls[-1].answer(sdp("198.51.100.99"))
        w.settle()
        before = dict(w.media.remotes)

        asked.respond(200, body=sdp(w.pbx.media, version=2))
        w.settle()

        assert w.media.remotes == before
        assert update.status is not None
        there.hang_up()

    def test_and_the_caller_gives_up_in_the_same_moment(self, world):
        w = world(DIVERTED, recorder=True)
        there, _here = ringing(w)
        w.lose = lambda message, _to: getattr(message, "status", 0) == 200
        w.pass_time(20.1)
        there.cancel()
        w.lose = lambda _message, _to: False
        w.pass_time(2.0)

        assert there.status == 200
        there.hang_up()
        w.settle()
        assert len(w.pbx.calls) == 1

    def test_and_the_mailbox_asks_for_credentials(self, world):
        w = world(DIVERTED, recorder=True)
        there, here = ringing(w)
        here.respond(486)
        w.settle()
        w.hear_notices()

        w.pbx.calls[-1].respond(401, [("WWW-Authenticate", 'Digest realm="x", nonce="y"')])
        w.settle()

        assert [each.method for each in w.trunk.served] == ["BYE"]
        assert len(w.records.finished) == 1
        assert there.status == 200

    def test_and_the_mailbox_redirects(self, world):
        w = world(DIVERTED, recorder=True)
        _there, here = ringing(w)
        here.respond(486)
        w.settle()
        w.hear_notices()

        w.pbx.calls[-1].respond(302, [("Contact", f"<sip:103@{PBX}>")])
        w.settle()

        assert [each.method for each in w.trunk.served] == ["BYE"]
        assert len(w.records.finished) == 1

    def test_and_the_offer_comes_late(self, world):
        w = world(DIVERTED, recorder=True)
        there = w.trunk.call(body=b"")
        there.answer_in_ack = sdp(w.trunk.media)
        w.settle()
        w.pbx.calls[-1].respond(486)
        w.settle()
        assert prompts(w) == ["voicemail-notice"]
        w.hear_notices()
        w.pbx.calls[-1].answer()
        w.settle()

        assert open_gates(w)
        there.hang_up()

    def test_with_more_than_sound(self, world):
        w = world(DIVERTED, recorder=True)
        more = sdp(w.trunk.media) + b"m=video 5004 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
        there = w.trunk.call(body=more)
        w.settle()
        w.pbx.calls[-1].respond(486)
        w.settle()
        w.hear_notices()
        answer = sdp(w.pbx.media) + b"m=video 0 RTP/AVP 96\r\n"
        w.pbx.calls[-1].answer(answer)
        w.settle()

        assert open_gates(w)
        there.hang_up()


class TestACallerHearsWhyThereIsNoMailbox:
    def denied(self, world, **more):
        w = world(DENIED, recorder=True)
        there, here = ringing(w, **more)
        w.recording.tell(MailboxReached())
        w.settle()
        return w, there, here

    def test_and_the_telephone_s_answer_crosses_the_cancel(self, world):
        w = world(DENIED, recorder=True)
        there, here = ringing(w)
        w.lose = lambda message, _to: getattr(message, "method", "") == "CANCEL"
        w.recording.tell(MailboxReached())
        w.settle()
        here.answer()
        w.settle()
        w.hear_notices()

        assert [each.method for each in w.pbx.served] == ["BYE"]
        assert [status for status in there.statuses if status >= 200] == [480]

    def test_and_gives_up_meanwhile(self, world):
        w, there, _here = self.denied(world)
        there.cancel()
        w.settle()

        assert there.status == 487
        assert w.ended == ("cancelled", "caller")
        assert w.record.voicemail == "denied"

    def test_and_hangs_up_the_early_dialog(self, world):
        w, there, _here = self.denied(world)
        w.trunk.ask(list(there.early.values())[-1], "BYE")
        w.settle()

        assert there.status == 487

    def test_or_nothing_where_it_cannot_be_said(self, world):
        w, there, _here = self.denied(world)
        w.media.fail_notice(Side.A, "missing")
        w.settle()

        assert there.status == 480

    def test_and_ends_also_where_the_caller_listens_to_nothing(self, world):
        w, there, _here = self.denied(world, body=sdp(TRUNK_MEDIA, direction="inactive"))
        w.pass_time(29.0)
        assert there.status is None
        w.pass_time(1.5)

        assert there.status == 480

    @pytest.mark.parametrize("more", [{"headers": [("Require", "100rel")]}, {"body": b""}])
    def test_or_nothing_where_it_cannot_be_heard(self, world, more):
        _w, there, _here = self.denied(world, **more)

        assert there.status == 480

    def test_in_the_place_of_the_early_media_there_was(self, world):
        w = world(DENIED, recorder=True)
        there, _here = ringing(w, 183, sdp(w.pbx.media))
        w.recording.tell(MailboxReached())
        w.settle()

        assert prompts(w) == ["voicemail-unavailable"]
        assert not any(w.media.gates.values())
        w.hear_notices()
        assert there.status == 480

    def test_where_the_mailbox_shows_after_its_answer_and_before_the_caller_s_ack(self, world):
        for body in (None, b""):
            w = world(DENIED, recorder=True)
            there = w.trunk.call(body=body)
            there.acks = False
            there.answer_in_ack = sdp(w.trunk.media) if body == b"" else b""
            w.settle()
            here = w.pbx.calls[-1]
            here.answer()
            w.settle()
            w.recording.tell(MailboxReached())
            w.settle()
            w.recording.tell(MailboxReached())
            there.ack()
            w.settle()
            w.hear_notices()

            assert [each.method for each in w.pbx.served] == ["BYE"]
            assert [each.method for each in w.trunk.served] == ["BYE"]
            assert not any(w.media.gates.values())

    def test_and_the_mailbox_that_was_dropped_has_no_say_any_more(self, world):
        w = world(DENIED, recorder=True)
        there = w.trunk.call()
        w.settle()
        here = w.pbx.calls[-1]
        here.answer()
        w.settle()
        w.pbx.answers["BYE"] = None
        w.recording.tell(MailboxReached())
        w.settle()

        again = here.send("INVITE", body=sdp(w.pbx.media, version=2))
        w.settle()
        bye = here.send("BYE")
        w.settle()

        assert (again.status, bye.status) == (481, 200)
        assert w.call.leg_at(Side.A) is not None
        w.hear_notices()
        assert [each.method for each in w.trunk.served] == ["BYE"]
        assert there.status == 200

    def test_and_the_mailbox_s_answer_to_a_re_invite_comes_too_late(self, world):
        w = world(DENIED, recorder=True)
        w.pbx.answers["INVITE"] = None
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[-1].answer()
        w.settle()
        again = there.send("INVITE", body=sdp(w.trunk.media, version=2))
        w.settle()
        asked = w.pbx.served[-1]
        w.recording.tell(MailboxReached())
        w.settle()
        before = dict(w.media.remotes)

        asked.respond(200, body=sdp("198.51.100.99", version=2))
        w.settle()

        assert again.status == 487
        assert w.media.remotes == before
        w.pass_time(5)
        w.hear_notices()
        assert [each.method for each in w.trunk.served] == ["BYE"]


def test_a_key_by_info_reaches_no_mailbox_before_the_caller_was_told(world):
    w = world(OFF, recorder=True)
    there, _here = w.talk()
    key = [("Content-Type", "application/dtmf-relay")], b"Signal=5\r\nDuration=160\r\n"
    w.recording.tell(MailboxReached())
    w.settle()

    assert there.send("INFO", *key) is not None
    w.settle()
    assert [each.method for each in w.pbx.served] == []
    w.hear_notices()
    there.send("INFO", *key)
    w.settle()

    assert [each.method for each in w.pbx.served] == ["INFO"]
    there.hang_up()


class TestACallTakesTheOthersPlace:
    def replacing(self, w, first):
        dialog = first.dialog
        value = f"{dialog.call_id};to-tag={dialog.remote.tag};from-tag={dialog.local.tag}"
        again = w.trunk.call("100", headers=[("Replaces", value)])
        w.settle()
        return again

    def test_and_who_stays_asks_for_a_stop_meanwhile(self, world):
        w = world(STOPPABLE, recorder=True)
        first, here = w.talk()
        old = w.media
        again = self.replacing(w, first)

        new, w.engine.opened = w.engine.opened[-1], w.engine.opened[:1]
        assert w.media is old
        w.press(Side.B, STOP)
        w.engine.opened.append(new)
        here.hang_up()
        w.pbx.calls[-1].answer()
        w.settle()
        w.hear_notices()
        w.hear_notices()

        assert w.recording.orders[-1] is Order.STOP
        again.hang_up()

    def test_and_comes_to_a_mailbox(self, world):
        w = world(NOTICE, recorder=True)
        first, _here = w.talk()
        again = self.replacing(w, first)
        w.recording.tell(MailboxReached())
        w.settle()
        w.pbx.calls[-1].answer()
        w.settle()

        assert prompts(w) == ["voicemail-notice"]
        assert not w.media.gates[Side.A]
        w.hear_notices()
        again.hang_up()
        first.hang_up()


class TestGlare:
    """What a neighbour says in a request that is refused is true all the same."""

    def glaring(self, world, decision):
        """The PBX moves the call to its mailbox while a re-INVITE of the caller is under way."""
        w = world(decision)
        w.signs.user = "vm"
        w.pbx.answers["INVITE"] = None
        there, here = w.talk()
        there.send("INVITE", body=sdp(w.trunk.media, version=2))
        w.settle()
        moved = [("Contact", f"<sip:vm@{PBX}>")]
        again = here.send("INVITE", moved, sdp(w.pbx.media, version=2))
        w.settle()
        return w, there, again

    def test_a_mailbox_is_known_although_its_re_invite_must_come_again(self, world):
        w, there, again = self.glaring(world, OFF)

        assert again.status == 491
        assert not w.media.gates[Side.A]
        assert prompts(w) == ["voicemail-notice"]
        there.hang_up()

    def test_a_mailbox_that_is_denied_is_dropped_at_once(self, world):
        w, there, again = self.glaring(world, DENIED)

        assert again.status == 481
        assert "BYE" in [each.method for each in w.pbx.served]
        assert prompts(w) == ["voicemail-unavailable"]
        there.hang_up()


class TestTheAnswererIsNotKnownYet:
    def waiting(self, world, decision=NOTICE):
        w = world(decision, recorder=True)
        w.recorder.answerer = None
        there = w.trunk.call()
        w.settle()
        here = w.pbx.calls[-1]
        here.answer()
        w.settle()
        return w, there, here

    def test_and_is_told_twice_and_late(self, world):
        w, there, _here = self.waiting(world, asking(Party.CALLER))
        tell = w.recording.waits_for_answerer
        w.pass_time(0.6)
        for answerer in (Answerer.MACHINE, Answerer.PERSON):
            w.run(tell, answerer)
            w.settle()

        assert prompts(w) == ["recording-notice"]
        there.hang_up()
        w.settle()
        w.run(tell, Answerer.PERSON)
        assert len(w.records.finished) == 1

    def test_and_it_turns_out_to_be_a_mailbox_that_is_denied(self, world):
        w, there, _here = self.waiting(world, replace(NOTICE, voicemail=VoicemailPolicy.DENY))
        tell = w.recording.waits_for_answerer
        w.recording.tell(MailboxReached())
        w.settle()
        w.run(tell, Answerer.MACHINE)
        w.settle()

        assert prompts(w) == ["voicemail-unavailable"]
        assert [each.method for each in w.pbx.served] == ["BYE"]
        w.hear_notices()
        assert [each.method for each in w.trunk.served] == ["BYE"]
        assert there.status == 200

    def test_a_machine_that_calls_from_the_pbx_is_no_reason_to_wait_for_a_person(self, world):
        w = world(replace(NOTICE, notice=Notice(at="person")), recorder=True)
        w.recorder.answerer = Answerer.MACHINE
        there = w.pbx.call("+4930555")
        w.settle()
        w.trunk.calls[-1].answer()
        w.settle()

        assert prompts(w) == prompts(w, Side.B) == ["recording-notice"]
        w.hear_notices()
        assert open_gates(w)
        there.hang_up()


def test_a_call_that_is_refused_before_it_has_begun_calls_nobody(world):
    w = world(asking(Party.CALLER, policy=Policy.REQUIRED), recorder=True)
    w.records.waits = True
    there = w.trunk.call()
    w.settle()
    w.run(w.call.requests.ask, Objector.OPERATOR, "stop", "api")
    w.settle()

    w.records.waiting[-1](True)
    w.settle()

    assert w.pbx.calls == []
    w.hear_notices()
    assert there.status == 403
