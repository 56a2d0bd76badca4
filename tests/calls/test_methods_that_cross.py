"""Which methods cross from whom, and what people write under the name of another one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidecar.media.engine import Side
from tests.calls.agents import typed_as
from tests.calls.world import (
    NOTICE,
    OFF,
    PBX,
    SIDECAR,
    TRUNK,
    Party,
    asking,
)

ALLOWED = replace(OFF, messages="allow")


class TestTextUnderAnotherName:
    """What people write is a message, whatever carries it (promise 5)."""

    METHODS = ("INFO", "NOTIFY", "REFER", "SUBSCRIBE", "PRACK", "UPDATE", "OPTIONS")

    @pytest.mark.parametrize("kind", ["text/plain", "TEXT/\tplain", "message/cpim", "text/x-odd"])
    @pytest.mark.parametrize("method", METHODS)
    def test_is_denied_within_a_call(self, world, method, kind):
        w = world(OFF)
        there, _here = w.talk()

        asked = there.send(method, typed_as(kind), b"read me")
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
        asked = w.trunk.request(method, uri, typed_as("text/plain"), b"read me")
        w.settle()

        assert asked.status in (403, 405)
        assert w.pbx.received == []

    @pytest.mark.parametrize("method", ["INFO", "NOTIFY"])
    def test_crosses_where_a_rule_allows_it(self, world, method):
        w = world(ALLOWED)
        there, _here = w.talk()

        asked = there.send(method, typed_as("text/plain; charset=UTF-8; x=y"), b"hello")
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

        asked = there.send(method, typed_as("text/plain"), b"hello")
        w.settle()

        assert asked.status == 415
        assert w.pbx.served == []
        there.hang_up()


class TestMethods:
    @pytest.mark.parametrize("method", ["JUMP", "CHAT", "M-SEARCH", "X!"])
    def test_that_nobody_knows_do_not_cross(self, world, method):
        w = world(ALLOWED)
        there, _here = w.talk()

        inside = there.send(method, typed_as("text/plain"), b"read me")
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
        kind = typed_as("application/pidf+xml")

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

        asked = there.send("INFO", [("Record", "off"), *typed_as("text/plain")], b"stop it")
        w.settle()

        assert asked.status == 200
        assert w.counted("stop_requests_total", party="caller", means="info") == 1
        there.hang_up()

    def test_a_bye_ends_the_call_whatever_is_wrong_with_it(self, world):
        w = world(OFF)
        there, _here = w.talk()
        odd = [("Session-Expires", "x"), ("Expires", "1"), ("Expires", "2"), ("Reason", "\x00")]
        odd += [("Require", "telepathy"), *typed_as("text/plain")]

        asked = there.send("BYE", odd[:3] + odd[4:], b"read me")
        w.settle()

        assert asked.status == 200
        bye = w.pbx.asked_for("BYE")
        assert bye.body == b""
        assert "Session-Expires" not in bye.headers


def test_a_key_by_info_in_another_spelling_is_taken_like_any_other(world):
    w = world(asking(Party.CALLER), recorder=True)
    there, _here = w.talk()
    w.media.agreed.add(Side.A)

    there.send("INFO", typed_as("application/\tdtmf-relay"), b"Signal=1\r\n")
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
