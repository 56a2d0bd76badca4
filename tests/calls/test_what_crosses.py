"""What a side sends crosses as it was understood, or not at all: headers, bodies, methods."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidecar.calls.header_policy import SiteHeaders
from sidecar.media.engine import Side
from sidecar.sip.message import respond
from tests.calls.agents import SDP_TYPE, sdp
from tests.calls.world import (
    NOTICE,
    OFF,
    PBX,
    PBX_MEDIA,
    SIDECAR,
    TRUNK,
    TRUNK_MEDIA,
    Party,
    asking,
)

ELSEWHERE = "203.0.113.99"
ALLOWED = replace(OFF, messages="allow")
DTMF = "application/dtmf-relay"
HIDDEN = sdp(ELSEWHERE).replace(b"v=0\r\n", b"")
"""A description without its first line, as Asterisk takes it all the same."""
TYPES = ["application/\tsdp", "application /sdp", "Application/SDP ", "application/sdp;x=y"]


def typed(kind: str) -> list[tuple[str, str]]:
    return [("Content-Type", kind)]


class TestADescriptionInAnotherSpelling:
    """A PBX that skips a blank where we see another type would take what we have not read."""

    @pytest.mark.parametrize("kind", TYPES)
    @pytest.mark.parametrize("method", ["UPDATE", "INVITE", "INFO", "NOTIFY", "MESSAGE", "REFER"])
    def test_that_can_t_be_read_does_not_reach_the_pbx(self, world, method, kind):
        w = world(ALLOWED)
        there, _here = w.talk()

        asked = there.send(method, typed(kind), HIDDEN)
        w.settle()

        assert asked.status in (400, 415)
        assert w.pbx.served == []
        there.hang_up()

    @pytest.mark.parametrize("kind", TYPES)
    def test_that_can_be_read_goes_on_in_ours(self, world, kind):
        w = world(OFF)
        there, here = w.talk(headers=typed(kind))
        update = there.send("UPDATE", typed(kind), sdp(TRUNK_MEDIA, version=2))
        w.settle()

        assert update.status == 200
        for message in (here.request, w.pbx.asked_for("UPDATE")):
            assert message.headers.get_all("Content-Type") == ["application/sdp"]
            assert SIDECAR[0].encode() in message.body
        there.hang_up()

    def test_that_can_t_be_read_sets_up_no_call(self, world):
        w = world(OFF)
        there = w.trunk.call(headers=typed("application/\tsdp"), body=HIDDEN)
        w.settle()

        assert there.status in (400, 415)
        assert w.pbx.calls == []

    def test_answers_nothing_in_the_ack_that_was_held_back(self, world):
        w = world(OFF)
        there = w.trunk.call(body=b"")
        there.acks = False
        w.settle()
        w.pbx.calls[-1].answer()
        w.settle()

        ack = there.dialog.ack(there.request, typed("application/\tsdp"), HIDDEN)
        w.trunk.layer.send_ack(ack, w.trunk.flow, w.now)
        w.trunk.flush()
        w.settle()

        assert all(ELSEWHERE.encode() not in ack.body for ack in w.pbx.heard("ACK"))
        assert [each.method for each in w.pbx.served] == ["BYE"]

    @pytest.mark.parametrize("status", [183, 200])
    def test_does_not_reach_a_pbx_that_calls(self, world, status):
        w = world(OFF)
        there = w.pbx.call("+49301", caller="100")
        w.settle()
        here = w.trunk.calls[-1]
        odd = typed("application/\tsdp")
        if status == 183:
            here.ring(183, HIDDEN, headers=odd)
        else:
            here.answer(HIDDEN, headers=odd)
        w.settle()

        assert not any(ELSEWHERE.encode() in each.body for each in w.pbx.received)
        assert there.status == (None if status == 183 else 502)
        there.cancel()

    def test_does_not_answer_a_reliable_18x(self, world):
        w = world(OFF)
        there = w.trunk.call(body=b"", headers=[("Supported", "100rel")])
        there.pracks = False
        w.settle()
        w.pbx.calls[-1].ring(183, sdp(PBX_MEDIA), reliable=True)
        w.settle()
        rung = next(each for each in there.responses if each.headers.get("RSeq"))
        rack = f"{rung.headers.get('RSeq')} {rung.cseq}"
        early = next(iter(there.early.values()))

        prack = w.trunk.ask(early, "PRACK", [("RAck", rack), *typed("application/\tsdp")], HIDDEN)
        w.settle()

        assert prack.status == 400
        assert w.pbx.heard("PRACK") == []
        there.cancel()


class TestAnAnswerToWhatWasNotOffered:
    """Whoever gives one has seen an offer that did not come through us."""

    @pytest.mark.parametrize("kind", ["application/sdp", "application/x-sdp"])
    def test_of_the_pbx_ends_the_call(self, world, kind):
        w = world(NOTICE)
        w.pbx.answers["UPDATE"] = None
        there, _here = w.talk()
        asked = there.send("UPDATE")
        w.settle()

        w.pbx.served[-1].respond(200, typed(kind), sdp(PBX_MEDIA, version=2))
        w.settle()

        assert asked.status == 487
        assert not asked.final.body
        assert w.counted("fail_closed_total", reason="answer_unasked") == 1
        assert w.record.fail_closed == "answer_unasked"
        assert [each.method for each in w.trunk.served] == ["BYE"]

    def test_in_an_ack_ends_the_call(self, world):
        w = world(OFF)
        there = w.trunk.call()
        there.answer_in_ack = sdp(ELSEWHERE, version=9)
        w.settle()
        w.pbx.calls[-1].answer()
        w.settle()

        assert w.counted("fail_closed_total", reason="answer_unasked") == 1
        assert all(not ack.body for ack in w.pbx.heard("ACK"))
        assert [each.method for each in w.trunk.served] == ["BYE"]

    def test_in_an_ack_that_only_repeats_the_offer_does_no_harm(self, world):
        w = world(OFF)
        there = w.trunk.call()
        there.answer_in_ack = there.body
        w.settle()
        w.pbx.calls[-1].answer()
        w.settle()

        assert w.counted("fail_closed_total", reason="answer_unasked") == 0
        assert all(not ack.body for ack in w.pbx.heard("ACK"))
        there.hang_up()


class TestMultipart:
    """Of a multipart body only the session description goes on, as a body of its own."""

    BODY = (
        b"--b\r\nContent-Type: application/isup;version=x\r\n\r\n\x01\x02\r\n"
        b"--b\r\nContent-Type: application/sdp\r\n\r\n" + sdp(TRUNK_MEDIA) + b"\r\n--b--\r\n"
    )

    def test_goes_on_as_the_description_alone(self, world):
        w = world(OFF)
        there, here = w.talk(
            self.BODY,
            headers=[
                ("Content-Type", "multipart/mixed;boundary=b"),
                ("MIME-Version", "1.0"),
                ("Content-Disposition", "session;handling=required"),
            ],
        )

        assert here.request.headers.get("Content-Type") == "application/sdp"
        assert here.request.body.startswith(b"v=0\r\n")
        assert here.request.body.count(b"v=0") == 1
        for name in ("MIME-Version", "Content-Disposition"):
            assert name not in here.request.headers
        there.hang_up()


class TestBodies:
    @pytest.mark.parametrize(
        ("method", "kind", "came", "goes"),
        [
            ("INFO", DTMF, b"Signal= 5\nDuration= 160\n", b"Signal=5\r\nDuration=160\r\n"),
            ("INFO", "application/\tDTMF-Relay;x", b"Signal=11", b"Signal=#\r\nDuration=100\r\n"),
            ("INFO", "application/dtmf", b" 10 ", b"*"),
            (
                "NOTIFY",
                "message/sipfrag;version=2.0",
                b"SIP/2.0 200 come to my place\r\nSubject: hello\r\n\r\nread me",
                b"SIP/2.0 200 OK\r\n",
            ),
            (
                "NOTIFY",
                "application/simple-message-summary",
                b"messages-waiting: YES\r\nMessage-Account: sip:1@b\r\nvoice-message: 2/8 (0/2)\r\n"
                b"X-Read: me\r\n\r\nFrom: somebody\r\n",
                b"Messages-Waiting: yes\r\nMessage-Account: sip:1@b\r\nVoice-Message: 2/8 (0/2)\r\n",
            ),
        ],
    )
    def test_are_written_anew(self, world, method, kind, came, goes):
        w = world(OFF)
        there, _here = w.talk()

        asked = there.send(method, typed(kind), came)
        w.settle()

        here = w.pbx.asked_for(method)
        assert asked.status == 200
        assert here.body == goes
        assert here.headers.get("Content-Type") == kind.partition(";")[0].replace("\t", "").lower()
        there.hang_up()

    def test_a_wish_for_a_whole_picture_is_written_in_fixed_words(self, world):
        w = world(OFF)
        there, _here = w.talk()
        wish = b"<media_control><vc_primitive><to_encoder><picture_fast_update>read me"

        there.send("INFO", typed("application/media_control+xml"), wish)
        w.settle()

        assert b"<picture_fast_update/>" in w.pbx.asked_for("INFO").body
        assert b"read me" not in w.pbx.asked_for("INFO").body
        there.hang_up()

    @pytest.mark.parametrize(
        "method", ["INFO", "NOTIFY", "REFER", "SUBSCRIBE", "UPDATE", "OPTIONS"]
    )
    @pytest.mark.parametrize(
        "kind",
        [
            "application/octet-stream",
            "application/isup",
            "image/png",
            "nonsense",
            "multipart/mixed",
        ],
    )
    def test_of_other_types_are_refused_with_what_would_be_taken(self, world, method, kind):
        w = world(ALLOWED)
        there, _here = w.talk()

        asked = there.send(method, typed(kind), b"\x01\x02")
        w.settle()

        assert asked.status in (400, 415)
        if asked.status == 415:
            assert asked.final.headers.get_all("Accept") != []
        assert w.pbx.served == []
        there.hang_up()

    def test_without_a_type_are_refused(self, world):
        w = world(OFF)
        asked = w.trunk.request("NOTIFY", f"sip:100@{SIDECAR[0]}", body=b"SIP/2.0 200 OK")
        w.settle()

        assert asked.status == 415
        assert w.pbx.received == []

    def test_that_may_be_left_out_are_left_out(self, world):
        w = world(OFF)
        there, _here = w.talk()
        optional = [*typed("application/isup"), ("Content-Disposition", "signal;handling=optional")]

        asked = there.send("INFO", optional, b"\x01")
        w.settle()

        assert asked.status == 200
        assert w.pbx.asked_for("INFO").body == b""
        assert "Content-Type" not in w.pbx.asked_for("INFO").headers
        there.hang_up()

    @pytest.mark.parametrize("inside", [True, False])
    def test_that_are_encoded_are_refused(self, world, inside):
        w = world(OFF)
        encoded = [SDP_TYPE, ("Content-Encoding", "gzip")]
        there = w.trunk.call() if inside else w.trunk.call(headers=encoded)
        w.settle()
        if inside:
            w.pbx.calls[-1].answer()
            w.settle()
        asked = there.send("INVITE", encoded, sdp(TRUNK_MEDIA)) if inside else there
        w.settle()

        assert asked.status == 415
        assert w.pbx.heard("INVITE") == ([w.pbx.calls[0].request] if inside else [])
        there.hang_up() if inside else None

    @pytest.mark.parametrize("name", ["Content-Type", "Content-Disposition", "Content-Encoding"])
    def test_whose_headers_say_something_twice_are_refused(self, world, name):
        w = world(OFF)
        value = {"Content-Type": "application/sdp", "Content-Disposition": "session"}
        twice = [(name, value.get(name, "identity"))] * 2

        there = w.trunk.call(headers=twice)
        w.settle()

        assert there.status == 400
        assert w.pbx.calls == []

    @pytest.mark.parametrize("method", ["INFO", "OPTIONS", "NOTIFY", "REFER", "MESSAGE"])
    def test_in_answers_are_left_out(self, world, method):
        w = world(ALLOWED)
        w.pbx.answers[method] = None
        there, _here = w.talk()
        asked = there.send(method, [("Refer-To", "<sip:+4930777@192.0.2.1>")])
        w.settle()

        w.pbx.served[-1].respond(200, typed("text/plain"), b"read me")
        w.settle()

        assert asked.status == 200
        assert asked.final.body == b""
        assert "Content-Type" not in asked.final.headers
        there.hang_up()

    def test_in_answers_outside_of_calls_are_left_out(self, world):
        w = world(OFF)
        w.trunk.answers["SUBSCRIBE"] = None
        asked = w.pbx.request("SUBSCRIBE", "sip:100@carrier.example", [("Event", "presence")])
        w.settle()

        w.trunk.served[-1].respond(200, typed("text/plain"), b"read me")
        w.settle()

        assert (asked.status, asked.final.body) == (200, b"")
        assert "Content-Type" not in asked.final.headers


class TestTextUnderAnotherName:
    """What people write is a message, whatever carries it (promise 5)."""

    METHODS = ("INFO", "NOTIFY", "REFER", "SUBSCRIBE", "PRACK", "UPDATE", "OPTIONS")

    @pytest.mark.parametrize("kind", ["text/plain", "TEXT/\tplain", "message/cpim", "text/x-odd"])
    @pytest.mark.parametrize("method", METHODS)
    def test_is_denied_within_a_call(self, world, method, kind):
        w = world(OFF)
        there, _here = w.talk()

        asked = there.send(method, typed(kind), b"read me")
        w.settle()

        assert asked.status == 403
        assert asked.final.reason == "Instant messages are not allowed"
        assert w.pbx.served == []
        assert w.counted("messages_total", result="denied") == 1
        there.hang_up()

    @pytest.mark.parametrize("method", ["NOTIFY", "PUBLISH", "REFER", "SUBSCRIBE", "INFO"])
    def test_is_denied_outside_of_calls(self, world, method):
        w = world(OFF)

        uri = f"sip:100@{SIDECAR[0]}"
        asked = w.trunk.request(method, uri, typed("text/plain"), b"read me")
        w.settle()

        assert asked.status in (403, 405)
        assert w.pbx.received == []

    @pytest.mark.parametrize("method", ["INFO", "NOTIFY"])
    def test_crosses_where_a_rule_allows_it(self, world, method):
        w = world(ALLOWED)
        there, _here = w.talk()

        asked = there.send(method, typed("text/plain; charset=UTF-8; x=y"), b"hello")
        w.settle()

        here = w.pbx.asked_for(method)
        assert (asked.status, here.body) == (200, b"hello")
        assert here.headers.get("Content-Type") == "text/plain;charset=utf-8"
        assert w.counted("messages_total", result="allowed") == 1
        there.hang_up()

    @pytest.mark.parametrize("method", ["UPDATE", "REFER", "PRACK", "OPTIONS"])
    def test_has_no_place_in_other_methods_even_so(self, world, method):
        w = world(ALLOWED)
        there, _here = w.talk()

        asked = there.send(method, typed("text/plain"), b"hello")
        w.settle()

        assert asked.status == 415
        assert w.pbx.served == []
        there.hang_up()


class TestMethods:
    @pytest.mark.parametrize("method", ["JUMP", "CHAT", "M-SEARCH", "X!"])
    def test_that_nobody_knows_do_not_cross(self, world, method):
        w = world(ALLOWED)
        there, _here = w.talk()

        inside = there.send(method, typed("text/plain"), b"read me")
        outside = w.trunk.request(method, f"sip:100@{SIDECAR[0]}")
        w.settle()

        assert inside.status == outside.status == 405
        assert "INVITE" in outside.final.headers.get("Allow")
        assert w.pbx.served == []
        there.hang_up()

    @pytest.mark.parametrize(("method", "status"), [("REGISTER", 405), ("PUBLISH", 405)])
    def test_that_an_untrusted_trunk_has_no_use_for_do_not_cross(self, world, method, status):
        for trusted in (False, True):
            w = world(OFF, trusted=trusted)
            asked = w.trunk.request(method, f"sip:100@{SIDECAR[0]}")
            w.settle()
            assert asked.status == (200 if trusted else status)
            assert bool(w.pbx.received) is trusted

    @pytest.mark.parametrize("event", ["talk", "check-sync", "dialog", "presence", "Hold"])
    def test_events_of_an_untrusted_trunk_are_those_that_move_nothing(self, world, event):
        for trusted in (False, True):
            w = world(OFF, trusted=trusted)
            there, _here = w.talk()
            asked = there.send("NOTIFY", [("Event", event)])
            w.settle()
            assert asked.status == (200 if trusted else 489)
            if not trusted:
                assert asked.final.headers.get("Allow-Events") == "refer, message-summary"
            assert bool(w.pbx.served) is trusted
            there.hang_up()

    @pytest.mark.parametrize("trusted", [True, False])
    def test_presence_stays_among_those_who_are_trusted(self, world, trusted):
        w = world(OFF, trusted=trusted)
        kind = typed("application/pidf+xml")

        asked = w.pbx.request("NOTIFY", "sip:1@carrier.example", kind, b"<presence/>")
        w.settle()

        assert asked.status == (200 if trusted else 415)
        assert bool(w.trunk.received) is trusted

    def test_an_info_package_is_refused_as_such(self, world):
        w = world(OFF)
        there, _here = w.talk()

        asked = there.send("INFO", [("Info-Package", "anything")])
        w.settle()

        assert asked.status == 469
        assert w.pbx.served == []
        there.hang_up()

    def test_a_wish_to_stop_counts_whatever_comes_with_it(self, world):
        w = world(replace(NOTICE, messages="deny"), recorder=True)
        there, _here = w.talk()

        asked = there.send("INFO", [("Record", "off"), *typed("text/plain")], b"stop it")
        w.settle()

        assert asked.status == 200
        assert w.counted("stop_requests_total", party="caller", means="info") == 1
        there.hang_up()

    def test_a_bye_ends_the_call_whatever_is_wrong_with_it(self, world):
        w = world(OFF)
        there, _here = w.talk()
        odd = [("Session-Expires", "x"), ("Expires", "1"), ("Expires", "2"), ("Reason", "\x00")]
        odd += [("Require", "telepathy"), *typed("text/plain")]

        asked = there.send("BYE", odd[:3] + odd[4:], b"read me")
        w.settle()

        assert asked.status == 200
        bye = w.pbx.asked_for("BYE")
        assert bye.body == b""
        assert "Session-Expires" not in bye.headers


class TestHeaders:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("Session-Expires", "x"),
            ("Session-Expires", ""),
            ("Session-Expires", "90;refresher="),
            ("Min-SE", ""),
            ("Min-SE", "-1"),
            ("Expires", "never"),
            ("Event", ""),
            ("Subscription-State", "a b"),
            ("Authorization", "Digest"),
            ("Privacy", "id\x7f"),
            ("Refer-Sub", "maybe"),
        ],
    )
    def test_that_can_t_be_read_and_matter_are_refused_at_once(self, world, name, value):
        w = world(OFF)
        there = w.trunk.call(headers=[(name, value)])
        w.settle()

        assert there.status == 400
        assert there.final.reason == f"Malformed {name}"
        assert w.pbx.calls == []
        assert w.engine.opened == []

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("Subject", '"\\\0"'),
            ("Subject", "a\x1bb"),
            ("Subject", "a\x9bb"),
            ("Subject", "x" * 513),
            ("Organization", "\x7f"),
            ("Priority", "not urgent"),
            ("Date", "today"),
            ("Warning", "304 nothing"),
            ("Reason", "SIP;cause="),
            ("Accept", "text/plain2, */*, x"),
            ("Allow", "JUMP"),
            ("Accept-Language", "\u20ac"),
            ("User-to-User", '56;encoding="\\\0"'),
        ],
    )
    def test_that_can_t_be_read_and_don_t_matter_are_left_out(self, world, name, value):
        w = world(OFF)
        there = w.trunk.call(headers=[(name, value)])
        w.settle()

        assert name not in w.pbx.calls[0].request.headers
        there.cancel()

    @pytest.mark.parametrize(
        ("name", "came", "goes"),
        [
            ("Session-Expires", "01800 ; Refresher=UAS ;x=y", "1800;refresher=uas"),
            ("Min-SE", "90;lr", "90"),
            ("Expires", "99999999999", "4294967295"),
            ("Subject", "caf\u00e9\tbar", "caf\u00e9 bar"),
            ("Privacy", "ID; Critical", "id;critical"),
            ("Date", "sat,  3 nov 2010 23:29:00  gmt", "Sat, 03 Nov 2010 23:29:00 GMT"),
            ("Reason", 'Q.850 ;cause=16 ; text="x"', 'Q.850;cause=16;text="x"'),
            ("Accept", "application/\tSDP, text/x, application/sdp;q=0", "application/sdp"),
            ("Allow", "INVITE,ACK , JUMP,invite", "INVITE, ACK"),
            ("Event", "refer ;id=7", "refer;id=7"),
            ("Retry-After", "5 (in a while) ;duration=3", "5;duration=3"),
            ("Authorization", 'Digest a="b\\"c" ,  b=1,', 'Digest a="b\\"c", b=1'),
            ("Proxy-Authorization", "Bearer abc.def==", "Bearer abc.def=="),
            ("Refer-Sub", "FALSE", "false"),
        ],
    )
    def test_that_can_be_read_are_written_in_one_spelling(self, world, name, came, goes):
        w = world(OFF)
        there = w.trunk.call(headers=[(name, came)])
        w.settle()

        assert w.pbx.calls[0].request.headers.get_all(name) == [goes]
        there.cancel()

    @pytest.mark.parametrize("name", ["Session-Expires", "Event", "Min-SE", "Expires", "Date"])
    def test_that_stand_once_are_refused_twice(self, world, name):
        w = world(OFF)
        values = {"Event": ("refer", "talk"), "Date": ("x", "y")}.get(name, ("90", "91"))
        there = w.trunk.call(headers=[(name, value) for value in values])
        w.settle()

        assert (there.status, there.final.reason) == (400, f"Repeated {name}")
        assert w.pbx.calls == []

    def test_that_stand_twice_in_an_answer_are_left_out_of_it(self, world):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        w.pbx.calls[0].answer(
            headers=[("Session-Expires", "90"), ("Session-Expires", "91"), ("Subject", "x")]
        )
        w.settle()

        assert there.status == 200
        assert "Session-Expires" not in there.final.headers
        assert there.final.headers.get("Subject") == "x"
        there.hang_up()

    @pytest.mark.parametrize(
        "header",
        [
            ("Alert-Info", "<http://x>;info=alert-autoanswer"),
            ("Call-Info", "<sip:x>;answer-after=0"),
            ("Answer-Mode", "Auto"),
            ("Priv-Answer-Mode", "Auto;require"),
            ("P-Auto-Answer", "normal"),
        ],
    )
    def test_by_which_a_telephone_answers_by_itself_are_taken_of_the_trusted_only(
        self, world, header
    ):
        for trusted in (False, True):
            w = world(OFF, trusted=trusted)
            there = w.trunk.call(headers=[header])
            w.settle()

            crossed = w.pbx.calls[0].request.headers.get(header[0])
            assert crossed == (header[1] if trusted else None)
            there.cancel()

    def test_an_untrusted_trunk_can_t_require_that_either(self, world):
        for trusted in (False, True):
            w = world(OFF, trusted=trusted)
            both = [("Require", "answermode"), ("Supported", "answermode, timer")]
            there = w.trunk.call(headers=both)
            w.settle()

            assert there.status == (None if trusted else 420)
            assert bool(w.pbx.calls) is trusted
            there.cancel()

    def test_an_unknown_extension_is_refused_within_a_call_too(self, world):
        w = world(OFF)
        there, _here = w.talk()

        asked = there.send("INFO", [("Require", 'telepathy, "odd')])
        w.settle()

        assert asked.status == 420
        assert asked.final.headers.get("Unsupported") == "telepathy"
        assert w.pbx.served == []
        there.hang_up()

    @pytest.mark.parametrize(
        ("reason", "goes"),
        [
            ("Busy \x1b[2J", "Busy Here"),
            ("x" * 200, "Busy Here"),
            ("Besetzt \u00e9", "Besetzt \u00e9"),
        ],
    )
    def test_a_reason_phrase_is_text_that_can_be_shown(self, world, reason, goes):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        here = w.pbx.calls[0]
        refused = respond(here.request, 486, reason, "tag")
        w.pbx.layer.respond(here.transaction, refused, w.now)
        w.pbx.flush()
        w.settle()

        assert there.final.reason == goes

    def test_an_odd_reason_of_a_cancel_or_bye_does_not_cross(self, world):
        w = world(OFF)
        there = w.trunk.call()
        w.settle()
        there.cancel([("Reason", 'SIP;cause=1;text="\x1b"'), ("Reason", "Q.850 ;cause=16")])
        w.settle()

        cancel = w.pbx.asked_for("CANCEL") if w.pbx.heard("CANCEL") else None
        assert cancel is not None
        assert cancel.headers.get_all("Reason") == ["Q.850;cause=16"]


class TestHeadersOfASite:
    """`pass_headers`: what a site's own systems tell each other."""

    SITE = SiteHeaders(["X-Account-*", "X-Tenant", "X-C*"], never=["X-Consent", "X-Record"])

    def calling(self, w, *headers):
        there = w.trunk.call(headers=headers)
        w.settle()
        there.cancel()
        return w.pbx.calls[0].request.headers

    def site(self, world):
        w = world(OFF, trusted=True)
        w.trunk_peer = w.trunk_peer._replace(site=self.SITE)
        w.b2bua.router._trunks["carrier"] = w.trunk_peer
        return w

    def test_cross_by_their_names(self, world):
        got = self.calling(
            self.site(world), ("x-account-id", "42"), ("X-TENANT", "a\tb"), ("X-Tenants", "no")
        )

        assert got.get("X-Account-Id") == "42"
        assert got.get("X-Tenant") == "a b"
        assert "X-Tenants" not in got

    def test_cross_as_text_that_can_be_shown(self, world):
        got = self.calling(self.site(world), ("X-Account-A", "\x1b"), ("X-Account-B", "y" * 5000))

        assert "X-Account-A" not in got
        assert "X-Account-B" not in got

    def test_are_never_the_sidecar_s_own(self, world):
        got = self.calling(self.site(world), ("X-Consent", "granted"), ("x-CONSENT", "on"))

        assert got.get_all("X-Consent") == ["off"]

    def test_have_no_meaning_in_sip(self):
        site = SiteHeaders(["Re*", "P-A*", "V*"])

        for name in ("Record", "Refer-To", "Replaces", "Via", "P-Asserted-Identity"):
            assert not site.allow(name)
        assert site.allow("Ref-Number")

    def test_come_from_the_neighbour_that_they_are_set_for_alone(self, world):
        w = self.site(world)
        there = w.pbx.call("+49301", headers=[("X-Tenant", "a")], caller="100")
        w.settle()

        assert "X-Tenant" not in w.trunk.calls[0].request.headers
        there.cancel()


def test_a_key_by_info_in_another_spelling_is_taken_like_any_other(world):
    w = world(asking(Party.CALLER), recorder=True)
    there, _here = w.talk()
    w.media.agreed.add(Side.A)

    there.send("INFO", typed("application/\tdtmf-relay"), b"Signal=1\r\n")
    w.settle()

    assert w.pbx.heard("INFO") == []
    assert w.counted("consents_total", party="caller", result="agreed") == 1
    there.hang_up()


def test_nothing_of_the_pbx_s_subscription_leads_past_the_table(world):
    w = world(OFF)
    asked = w.trunk.request(
        "SUBSCRIBE", f"sip:100@{PBX}", [("Event", "dialog"), ("Contact", f"<sip:a@{TRUNK}>")]
    )
    w.settle()

    assert asked.status == 489
    assert w.pbx.received == []
