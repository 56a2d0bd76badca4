"""Within a call: UPDATE, REFER, INFO and all else that crosses from one leg to the other."""

from __future__ import annotations

import pytest

from sidecar.media.engine import Side
from tests.calls.agents import sdp
from tests.calls.world import BEFORE, OFF, PBX_MEDIA, TRUNK_MEDIA


class TestOtherRequests:
    def test_info_crosses_with_its_body(self, world):
        w = world(OFF)
        there, _here = w.talk()

        asked = there.send(
            "INFO",
            [("Content-Type", "application/dtmf-relay"), ("X-Any", "thing")],
            b"Signal=5\r\nDuration=160\r\n",
        )
        w.settle()

        assert asked.status == 200
        info = w.pbx.asked_for("INFO")
        assert info.body == b"Signal=5\r\nDuration=160\r\n"
        assert info.headers.get("Content-Type") == "application/dtmf-relay"
        assert "X-Any" not in info.headers
        there.hang_up()

    def test_a_method_that_nobody_knows_does_not_cross(self, world):
        w = world(OFF)
        there, here = w.talk()

        asked = here.send("JUMP")
        w.settle()

        assert asked.status == 405
        assert "INVITE" in asked.final.headers.get("Allow")
        assert w.trunk.heard("JUMP") == []
        there.hang_up()

    def test_options_crosses(self, world):
        w = world(OFF)
        there, _here = w.talk()

        asked = there.send("OPTIONS")
        w.settle()

        assert asked.status == 200
        assert w.pbx.heard("OPTIONS")
        there.hang_up()

    def test_out_of_order_is_500(self, world):
        w = world(OFF)
        there, _here = w.talk()
        there.send("INFO")
        w.settle()
        there.dialog.local_seq -= 2

        late = there.send("INFO")
        w.settle()

        assert late.status == 500
        there.dialog.local_seq += 2
        there.hang_up()

    def test_of_a_dialog_that_is_not_there_is_481(self, world):
        w = world(OFF)
        there, _here = w.talk()
        there.hang_up()
        w.settle()

        asked = there.send("INFO")
        w.settle()

        assert asked.status == 481

    def test_of_somebody_else_s_dialog_is_481(self, world):
        w = world(OFF)
        there, _here = w.talk()

        stolen = w.pbx.ask(there.dialog, "BYE")
        w.settle()

        assert stolen.status == 481
        assert w.b2bua.calls
        there.hang_up()

    @pytest.mark.parametrize("allowed", [False, True])
    def test_a_message_needs_a_rule_inside_a_call_too(self, world, allowed):
        from dataclasses import replace

        w = world(replace(OFF, messages="allow" if allowed else "deny"))
        there, _here = w.talk()

        asked = there.send("MESSAGE", [("Content-Type", "text/plain")], b"hello")
        w.settle()

        assert asked.status == (200 if allowed else 403)
        assert bool(w.pbx.heard("MESSAGE")) is allowed
        result = "allowed" if allowed else "denied"
        assert w.counted("messages_total", result=result) == 1
        there.hang_up()

    def test_update_with_an_offer_moves_the_media(self, world):
        w = world(OFF)
        there, _here = w.talk()

        asked = there.send("UPDATE", body=sdp(TRUNK_MEDIA, 7000, version=2))
        w.settle()

        assert asked.status == 200
        assert w.media.remotes[Side.A, 0].port == 7000
        there.hang_up()

    def test_update_that_meets_an_open_offer_is_glare(self, world):
        w = world(OFF)
        w.pbx.answers["INVITE"] = None
        there, here = w.talk()
        there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2))
        w.settle()

        asked = here.send("UPDATE", body=sdp(PBX_MEDIA, version=2))
        w.settle()

        assert asked.status == 491
        w.pbx.served[-1].respond(200, body=sdp(PBX_MEDIA, version=2))
        w.settle()
        there.hang_up()

    def test_update_that_overtakes_an_open_offer_is_told_to_wait(self, world):
        w = world(OFF)
        w.pbx.answers["UPDATE"] = None
        there, _here = w.talk()
        there.send("UPDATE", body=sdp(TRUNK_MEDIA, version=2))
        w.settle()

        asked = there.send("UPDATE", body=sdp(TRUNK_MEDIA, version=3))
        w.settle()

        assert asked.status == 500
        assert 0 <= int(asked.final.headers.get("Retry-After")) <= 10
        w.pbx.served[-1].respond(200, body=sdp(PBX_MEDIA, version=2))
        w.settle()
        there.hang_up()

    def test_session_timers_cross(self, world):
        w = world(OFF)
        timer = [("Supported", "timer"), ("Session-Expires", "1800"), ("Min-SE", "90")]
        there = w.trunk.call(headers=timer)
        w.settle()
        here = w.pbx.calls[0]
        assert here.request.headers.get("Session-Expires") == "1800"
        assert here.request.headers.get("Min-SE") == "90"
        here.answer(headers=[("Require", "timer"), ("Session-Expires", "1800;refresher=uac")])
        w.settle()

        assert there.final.headers.get("Session-Expires") == "1800;refresher=uac"
        refresh = there.send("UPDATE", [("Session-Expires", "1800;refresher=uac")])
        w.settle()
        assert refresh.status == 200
        there.hang_up()

    def test_a_session_interval_too_small_crosses(self, world):
        w = world(OFF)
        there = w.trunk.call(headers=[("Session-Expires", "60")])
        w.settle()
        w.pbx.calls[0].respond(422, [("Min-SE", "90")])
        w.settle()

        assert there.status == 422
        assert there.final.headers.get("Min-SE") == "90"

    def test_the_caller_alone_before_connect_is_answered_for_nobody(self, world):
        w = world(BEFORE)
        there = w.trunk.call()
        w.settle()

        asked = [there.send(method) for method in ("INFO", "OPTIONS", "UPDATE", "REFER")]
        asked.append(there.send("INVITE", body=sdp(TRUNK_MEDIA, version=2)))
        w.settle()

        assert [each.status for each in asked] == [200, 200, 200, 480, 200]
        there.hang_up()


class TestRefer:
    def test_and_its_notify_cross_and_the_target_leads_through_the_sidecar(self, world):
        w = world(OFF)
        there, here = w.talk()

        refer = here.send("REFER", [("Refer-To", "<sip:300@198.51.100.20>")])
        w.settle()
        assert refer.status == 200
        assert w.trunk.asked_for("REFER").headers.get("Refer-To") == "<sip:300@192.0.2.1:5060>"

        notify = there.send(
            "NOTIFY",
            [
                ("Event", "refer"),
                ("Subscription-State", "active"),
                ("Content-Type", "message/sipfrag"),
            ],
            b"SIP/2.0 100 Trying\r\n",
        )
        w.settle()
        assert notify.status == 200
        assert w.pbx.asked_for("NOTIFY").body == b"SIP/2.0 100 Trying\r\n"
        assert w.pbx.asked_for("NOTIFY").headers.get("Event") == "refer"
        there.hang_up()

    @pytest.mark.parametrize(
        ("target", "told"),
        [
            (
                "sip:%2b49:pw@Carrier.example;transport=TCP;x=y",
                "sip:+49@carrier.example;transport=tcp",
            ),
            ("tel:+49-30", "tel:+4930"),
            ("sip:conference.example", "sip:conference.example"),
            (
                "sip:1@carrier.example?Require=replaces&REPLACES=x%3bfrom-tag=2%3bto-tag=1",
                "sip:1@carrier.example?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2",
            ),
        ],
    )
    def test_of_the_pbx_to_somewhere_else_crosses_in_one_spelling(self, world, target, told):
        w = world(OFF)
        there, here = w.talk()

        here.send("REFER", [("Refer-To", f'"x" <{target}>;y=z')])
        w.settle()

        assert w.trunk.asked_for("REFER").headers.get("Refer-To") == f"<{told}>"
        there.hang_up()

    def test_replaces_names_the_dialog_of_the_other_leg(self, world):
        w = world(OFF)
        _one, first = w.talk()
        second_there = w.trunk.call("200")
        w.settle()
        second = w.pbx.calls[-1]
        second.answer()
        w.settle()
        ours = second.dialog
        replaces = f"{ours.call_id}%3Bto-tag%3D{ours.remote.tag}%3Bfrom-tag%3D{ours.local.tag}"

        first.send("REFER", [("Refer-To", f"<sip:200@198.51.100.20?Replaces={replaces}>")])
        w.settle()

        told = w.trunk.asked_for("REFER").headers.get("Refer-To")
        theirs = second_there.dialog
        assert f"Replaces={theirs.call_id}%3B" in told
        assert f"to-tag%3D{theirs.local.tag}" in told or f"to-tag%3D{theirs.remote.tag}" in told
        assert ours.call_id not in told
        first.hang_up()
        second.hang_up()

    def test_an_invite_with_replaces_reaches_the_pbx_with_its_own_dialog_named(self, world):
        w = world(OFF)
        there, here = w.talk()
        mine = there.dialog
        value = f"{mine.call_id};to-tag={mine.remote.tag};from-tag={mine.local.tag}"

        again = w.trunk.call("100", headers=[("Replaces", value), ("Require", "replaces")])
        w.settle()

        told = w.pbx.calls[-1].request.headers.get("Replaces")
        assert told.startswith(here.dialog.call_id + ";")
        assert f"to-tag={here.dialog.local.tag}" in told
        assert f"from-tag={here.dialog.remote.tag}" in told
        w.pbx.calls[-1].answer()
        w.settle()
        there.hang_up()
        again.hang_up()
