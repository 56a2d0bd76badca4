"""What a caller may change while the sidecar is the only one there (`before-connect`)."""

from __future__ import annotations

import pytest

from sidecar.media.engine import Side
from tests.calls.agents import sdp
from tests.calls.world import BEFORE, OFF, PBX_MEDIA, TRUNK_MEDIA

MOVED = "203.0.113.99"


def audio(body):
    """The m-line and the direction of a description."""
    lines = body.decode().split("\r\n")
    m_line = next(line for line in lines if line.startswith("m=audio"))
    words = ("sendrecv", "sendonly", "recvonly", "inactive")
    return m_line, next(line[2:] for line in lines if line.startswith("a=") and line[2:] in words)


def offered_to(w, there):
    """The answer to a re-INVITE without an offer, whose ACK moves the caller's media."""
    dialog, answers = there.dialog, []
    request = dialog.request("INVITE")

    def on_response(response):
        if response is not None and response.status >= 200:
            answers.append(response)
            body = sdp(MOVED, 7000, codecs="0", version=2)
            ack = dialog.ack(request, [("Content-Type", "application/sdp")], body)
            w.trunk.layer.send_ack(ack, w.trunk.flow, w.now)

    w.trunk.send(request, on_response)
    w.settle()
    return answers[0]


@pytest.fixture
def alone(world):
    """A caller who hears a notice; the callee has not been called."""
    w = world(BEFORE)
    there = w.trunk.call()
    w.settle()
    return w, there


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
class TestDuringTheNotice:
    @pytest.mark.parametrize(
        ("offered", "answered", "hears"),
        [
            ("sendonly", "recvonly", False),
            ("inactive", "inactive", False),
            ("recvonly", "sendonly", True),
            ("sendrecv", "sendrecv", True),
        ],
    )
    def test_a_direction_is_answered_by_its_mirror(self, alone, method, offered, answered, hears):
        w, there = alone

        asked = there.send(method, body=sdp(TRUNK_MEDIA, direction=offered, version=2))
        w.settle()

        assert asked.status == 200
        assert audio(asked.final.body)[1] == answered
        assert w.media.remotes[Side.A, 0].hears is hears
        assert w.pbx.calls == []
        there.hang_up()

    def test_a_new_address_gets_the_notice(self, alone, method):
        w, there = alone

        asked = there.send(method, body=sdp(MOVED, 7000, version=2))
        w.settle()

        assert asked.status == 200
        remote = w.media.remotes[Side.A, 0]
        assert (remote.address, remote.port) == (MOVED, 7000)
        there.hang_up()

    def test_a_new_codec_is_spoken(self, alone, method):
        w, there = alone

        asked = there.send(method, body=sdp(TRUNK_MEDIA, codecs="8", version=2))
        w.settle()

        assert audio(asked.final.body)[0].endswith("RTP/AVP 8")
        assert w.media.remotes[Side.A, 0].codec == "PCMA"
        w.hear_notices()
        assert audio(w.pbx.calls[0].request.body)[0].endswith("RTP/AVP 8")
        there.hang_up()

    @pytest.mark.parametrize(
        "body",
        [
            sdp(TRUNK_MEDIA, codecs="18", version=2),
            sdp(TRUNK_MEDIA, version=2).replace(b"audio 4000 RTP/AVP 0 8", b"image 4000 udptl t38"),
            sdp(TRUNK_MEDIA, version=2).replace(b"audio 4000", b"audio 0"),
        ],
        ids=["codec", "fax", "none"],
    )
    def test_what_nothing_can_be_said_in_is_refused_and_changes_nothing(self, alone, method, body):
        w, there = alone
        before = dict(w.media.remotes)

        asked = there.send(method, body=body)
        w.settle()

        assert asked.status == 488
        assert w.media.remotes == before
        w.hear_notices()
        assert len(w.pbx.calls) == 1, "the notice was heard, the call goes on"
        there.hang_up()

    def test_more_streams_than_there_are_ports_for_are_declined(self, alone, method):
        w, there = alone
        more = "m=video 4002 RTP/AVP 96\r\nm=image 4004 udptl t38\r\n"

        asked = there.send(method, body=sdp(TRUNK_MEDIA, more=more, version=2))
        w.settle()

        assert asked.status == 200
        assert asked.final.body.count(b"m=") == 3
        assert b"m=video 0 " in asked.final.body
        assert b"m=image 0 " in asked.final.body
        there.hang_up()


class TestReInvite:
    def test_a_refresh_leaves_what_we_say_as_it_was(self, alone):
        w, there = alone
        first = there.final.body

        asked = there.send("INVITE", body=there.body)
        w.settle()

        assert asked.final.body == first
        there.hang_up()

    def test_its_ack_is_not_that_of_the_call(self, alone):
        w, there = alone
        there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
        w.settle()

        w.hear_notices()
        assert len(w.media.said) == 1
        assert len(w.pbx.calls) == 1
        there.hang_up()

    def test_without_an_offer_gets_ours_and_its_answer_counts(self, alone):
        w, there = alone

        answer = offered_to(w, there)

        assert answer.status == 200
        assert audio(answer.body)[0].endswith("RTP/AVP 0")
        assert w.media.remotes[Side.A, 0].address == MOVED
        w.hear_notices()
        assert len(w.pbx.calls) == 1
        there.hang_up()

    def test_before_the_ack_of_the_call_is_glare(self, world):
        w = world(BEFORE)
        there = w.trunk.call()
        there.acks = False
        w.settle()

        asked = there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
        w.settle()

        assert asked.status == 491
        there.ack()
        w.settle()
        there.hang_up()

    def test_never_acknowledged_ends_the_call(self, alone):
        w, there = alone
        send_ack, w.trunk.layer.send_ack = w.trunk.layer.send_ack, lambda *_: None
        there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
        w.pass_time(40)
        w.trunk.layer.send_ack = send_ack

        assert w.ended == ("failed", "sidecar")


class TestWhileTheCalleeRings:
    @pytest.fixture
    def ringing(self, alone):
        w, there = alone
        w.hear_notices()
        here = w.pbx.calls[0]
        here.ring()
        w.settle()
        return w, there, here

    def test_a_new_address_is_joined_with_the_callee(self, ringing):
        w, there, here = ringing
        there.send("INVITE", body=sdp(MOVED, 7000, version=2))
        w.settle()
        here.answer()
        w.settle()
        w.hear_notices()

        assert w.media.remotes[Side.A, 0].address == MOVED
        assert w.media.remotes[Side.B, 0].address == PBX_MEDIA
        assert w.pbx.heard("INVITE") == [here.request], "for the callee nothing has changed"
        assert all(w.media.gates.values())
        there.hang_up()

    @pytest.mark.parametrize(
        ("codecs", "direction"), [("8", "sendrecv"), ("0 8", "sendonly")], ids=["codec", "hold"]
    )
    def test_what_concerns_the_callee_is_offered_to_it_before_anybody_is_heard(
        self, ringing, codecs, direction
    ):
        w, there, here = ringing
        w.pbx.answers["INVITE"] = None
        there.send("UPDATE", body=sdp(TRUNK_MEDIA, codecs=codecs, direction=direction, version=2))
        w.settle()
        here.answer(sdp(PBX_MEDIA, codecs="0"))
        w.settle()

        offer = w.pbx.served[-1]
        assert offer.method == "INVITE"
        assert audio(offer.request.body)[0].split("AVP ")[1] == codecs.split()[0]
        assert audio(offer.request.body)[1] == direction
        assert len(w.media.said) == 1, "the callee is told nothing yet"
        answered = {"sendonly": "recvonly"}.get(direction, direction)
        offer.respond(200, body=sdp(PBX_MEDIA, codecs="8", direction=answered, version=2))
        w.settle()
        w.hear_notices()

        assert all(w.media.gates.values())
        assert w.media.remotes[Side.A, 0].hears is (direction == "sendrecv")
        there.hang_up()

    def test_a_callee_that_refuses_it_ends_the_call(self, ringing):
        w, there, here = ringing
        w.pbx.answers["INVITE"] = 488
        there.send("UPDATE", body=sdp(TRUNK_MEDIA, codecs="8", version=2))
        w.settle()
        here.answer(sdp(PBX_MEDIA, codecs="0"))
        w.pass_time(5)

        assert w.ended == ("answered", "sidecar")
        assert "488" in w.trunk.asked_for("BYE").headers.get("Reason")

    def test_a_caller_who_hangs_up_during_that_leaves_nothing(self, ringing):
        w, there, here = ringing
        w.pbx.answers["INVITE"] = None
        there.send("UPDATE", body=sdp(TRUNK_MEDIA, codecs="8", version=2))
        w.settle()
        here.answer(sdp(PBX_MEDIA, codecs="0"))
        w.settle()
        there.hang_up()
        w.settle()
        w.pbx.served[0].respond(200, body=sdp(PBX_MEDIA, codecs="8", version=2))
        w.pass_time(5)

        assert w.ended == ("answered", "caller")

    def test_the_callee_s_early_media_stays(self, ringing):
        w, there, here = ringing
        here.ring(183, sdp(PBX_MEDIA))
        w.settle()
        there.send("INVITE", body=sdp(MOVED, 7000, version=2))
        w.settle()

        assert w.media.remotes[Side.B, 0].address == PBX_MEDIA
        assert w.media.remotes[Side.A, 0].address == MOVED
        there.hang_up()


def test_an_update_with_an_offer_in_the_callee_s_early_dialog_is_glare(world):
    w = world(BEFORE)
    there = w.trunk.call()
    w.settle()
    w.hear_notices()
    here = w.pbx.calls[0]
    here.ring(183, sdp(PBX_MEDIA))
    w.settle()

    asked = here.send("UPDATE", body=sdp(PBX_MEDIA, version=2))
    bare = here.send("UPDATE")
    w.settle()

    assert asked.status == 491, "our offer in the INVITE has no answer yet (RFC 3311)"
    assert bare.status == 200
    there.hang_up()


def test_the_answer_to_a_caller_who_is_answered_alone_says_what_works(world):
    w = world(BEFORE)
    there = w.trunk.call(headers=[("Supported", "100rel, timer, replaces, x-own")])
    w.settle()

    assert there.final.headers.get("Supported") == "replaces, timer"
    assert "UPDATE" in there.final.headers.values("Allow")
    assert "MESSAGE" not in there.final.headers.values("Allow")
    there.hang_up()


def test_a_caller_whose_callee_is_being_replaced_is_answered_alone(world):
    w = world(OFF)
    there, _here = w.talk()
    w.run(w.call.drop_callee)
    w.settle()

    held = there.send("UPDATE", body=sdp(TRUNK_MEDIA, direction="sendonly", version=2))
    w.settle()
    assert audio(held.final.body)[1] == "recvonly"
    assert offered_to(w, there).status == 200
    assert w.media.remotes[Side.A, 0].address == MOVED
    again = there.send("INVITE", body=sdp(TRUNK_MEDIA, version=3))
    w.settle()
    assert again.status == 200
    there.hang_up()


def test_a_re_invite_of_a_call_that_passes_through_still_crosses(world):
    w = world(OFF)
    there, _here = w.talk()
    there.send("INVITE", body=sdp(MOVED, 7000, version=2))
    w.settle()
    assert len(w.pbx.heard("INVITE")) == 2
    there.hang_up()
