"""Redirections, transfers and references of a trunk: through the sidecar, or nowhere."""

from __future__ import annotations

import pytest

from tests.calls.world import OFF, SIDECAR


class TestRedirections:
    """3xx of a trunk: what the PBX calls next comes through the sidecar and is judged."""

    def redirected(self, w, *contacts):
        there = w.pbx.call("+49301", caller="100")
        w.settle()
        w.trunk.calls[0].respond(302, [("Contact", contact) for contact in contacts])
        w.settle()
        return there

    @pytest.mark.parametrize(
        ("contact", "told"),
        [
            ("<sip:evil@elsewhere.example>;q=0.5;x=y", "<sip:evil@192.0.2.1:5060>;q=0.5"),
            ("<sip:%2b49:pw@198.51.100.20:5038?Replaces=x>", "<sip:+49@192.0.2.1:5060>"),
            ("<tel:+49-30>", "<sip:+4930@192.0.2.1:5060;user=phone>"),
            ('"x\\\x00" <sips:1@h;maddr=1.2.3.4>', "<sips:1@192.0.2.1:5060>"),
        ],
    )
    def test_lead_through_the_sidecar(self, world, contact, told):
        w = world(OFF)
        there = self.redirected(w, contact)

        assert there.status == 302
        assert there.final.headers.get_all("Contact") == [told]

    @pytest.mark.parametrize(
        "contacts",
        [(), ("*",), ("<http://evil/>",), ("<sip:elsewhere.example>",), ("<mailto:a@b>",)],
    )
    def test_that_lead_nowhere_are_480(self, world, contacts):
        w = world(OFF)
        there = self.redirected(w, *contacts)

        assert there.status == 480
        assert there.final.reason == "Temporarily Unavailable"
        assert "Contact" not in there.final.headers

    def test_of_a_relayed_request_lead_through_it_too(self, world):
        w = world(OFF)
        w.trunk.answers["SUBSCRIBE"] = None
        asked = w.pbx.request("SUBSCRIBE", "sip:100@carrier.example", [("Event", "x")])
        w.settle()
        w.trunk.served[-1].respond(302, [("Contact", "<sip:1@elsewhere>, <http://x>")])
        w.settle()

        assert asked.final.headers.get_all("Contact") == ["<sip:1@192.0.2.1:5060>"]


class TestTransfersOfATrunk:
    @pytest.mark.parametrize(
        ("target", "told"),
        [
            ("<sip:evil@elsewhere.example>", "<sip:evil@192.0.2.1:5060>"),
            ("sip:%31%30%30@198.51.100.20:5038", "<sip:100@192.0.2.1:5060>"),
            ('"x" <tel:+49-30>;y=z', "<sip:+4930@192.0.2.1:5060;user=phone>"),
            ("<sip:1@h?X-Consent=granted&Subject=x>", "<sip:1@192.0.2.1:5060>"),
        ],
    )
    def test_lead_through_the_sidecar(self, world, target, told):
        w = world(OFF)
        there, _here = w.talk()
        refer = there.send("REFER", [("Refer-To", target)])
        w.settle()

        assert refer.status == 200
        assert w.pbx.asked_for("REFER").headers.get_all("Refer-To") == [told]
        there.hang_up()

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ([("Refer-To", "<http://evil/>")], 403),
            ([("Refer-To", "<sip:elsewhere.example>")], 403),
            ([("Refer-To", "<sip:1@h;method=BYE>")], 403),
            ([("Refer-To", "<<<nonsense")], 400),
            ([("Refer-To", "<sip:a@b?Replaces=\udcff%ff>")], 400),
            ([("Refer-To", "<sip:a@b?Replaces=%ff>")], 400),
            ([("Refer-To", "<sip:a@b?Replaces=%0d%0aX:>")], 400),
            ([], 400),
            ([("Refer-To", "<sip:1@h>"), ("Refer-To", "<sip:2@h>")], 400),
            ([("Refer-To", "<sip:1@h?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>")], 481),
            ([("Refer-To", "<sip:1@h?Replaces=a%3Bto-tag=b&Replaces=c>")], 400),
            ([("Refer-To", "<sip:1@h?Replaces=%22%3C%2C>")], 400),
        ],
    )
    def test_that_lead_nowhere_are_refused_and_the_call_goes_on(self, world, headers, status):
        w = world(OFF)
        there, _here = w.talk()
        refer = there.send("REFER", headers)
        w.settle()

        assert w.pbx.heard("REFER") == []
        assert refer.status in (status, None)
        assert w.counted("sip_responses_total", code=str(status), side="trunk") >= 1
        assert w.counted("sip_rejected_total", reason="internal_error") == 0
        assert w.call
        there.hang_up()

    def test_that_were_talked_over_name_the_dialog_that_the_pbx_has(self, world):
        w = world(OFF)
        there, _here = w.talk()
        second = w.trunk.call("200")
        w.settle()
        consulted = w.pbx.calls[-1]
        consulted.answer()
        w.settle()
        d = second.dialog
        replaces = f"{d.call_id}%3Bto-tag%3D{d.remote.tag}%3Bfrom-tag%3D{d.local.tag}"
        refer = there.send("REFER", [("Refer-To", f"<{d.remote_target}?Replaces={replaces}>")])
        w.settle()

        assert refer.status == 200
        d = consulted.dialog
        told = f"{d.call_id}%3Bto-tag%3D{d.local.tag}%3Bfrom-tag%3D{d.remote.tag}"
        refer_to = w.pbx.asked_for("REFER").headers.get("Refer-To")
        assert refer_to == f"<sip:192.0.2.1:5060?Replaces={told}>"
        there.hang_up()
        second.hang_up()

    def test_outside_of_a_call_lead_through_the_sidecar_too(self, world):
        w = world(OFF)
        asked = w.trunk.request(
            "REFER", f"sip:100@{SIDECAR[0]}", [("Refer-To", "<sip:evil@elsewhere>")]
        )
        w.settle()

        assert asked.status == 200
        assert w.pbx.asked_for("REFER").headers.get("Refer-To") == "<sip:evil@192.0.2.1:5060>"


class TestReferencesOfAnUntrustedTrunk:
    @pytest.mark.parametrize("name", ["Replaces", "Join"])
    @pytest.mark.parametrize("value", ["x;to-tag=1;from-tag=2", "x", "x;to-tag=\udcff", '"<>'])
    def test_to_no_dialog_of_its_own_are_refused(self, world, name, value):
        w = world(OFF)
        there = w.trunk.call(headers=[(name, value)])
        w.settle()

        assert there.status in (400, 481)
        assert w.pbx.calls == []

    def test_to_the_other_leg_s_dialog_are_refused(self, world):
        w = world(OFF)
        there, here = w.talk()
        d = here.dialog
        value = f"{d.call_id};to-tag={d.remote.tag};from-tag={d.local.tag}"
        again = w.trunk.call(headers=[("Replaces", value)])
        w.settle()

        assert again.status == 481
        there.hang_up()

    def test_to_more_than_one_dialog_are_refused(self, world):
        w = world(OFF)
        there, _here = w.talk()
        d = there.dialog
        value = f"{d.call_id};to-tag={d.remote.tag};from-tag={d.local.tag}"
        again = w.trunk.call(headers=[("Replaces", value), ("Join", value)])
        w.settle()

        assert again.status == 400
        there.hang_up()

    def test_that_only_vouch_for_it_are_left_out(self, world):
        w = world(OFF)
        there = w.trunk.call(headers=[("Target-Dialog", "x;local-tag=1;remote-tag=2")])
        w.settle()

        assert "Target-Dialog" not in w.pbx.calls[0].request.headers
        there.cancel()

    def test_within_a_call_stay_here(self, world):
        w = world(OFF)
        there, _here = w.talk()
        there.send("INFO", [("Replaces", "x;to-tag=1;from-tag=2")])
        w.settle()

        assert "Replaces" not in w.pbx.asked_for("INFO").headers
        there.hang_up()

    def test_are_written_anew(self, world):
        w = world(OFF)
        there, here = w.talk()
        d = there.dialog
        value = f"{d.call_id} ; From-Tag={d.local.tag};x=y; TO-TAG = {d.remote.tag} ;early-only"
        w.trunk.call(headers=[("Replaces", value)])
        w.settle()

        d = here.dialog
        told = f"{d.call_id};to-tag={d.local.tag};from-tag={d.remote.tag};early-only"
        assert w.pbx.calls[-1].request.headers.get("Replaces") == told
        there.hang_up()
        w.pbx.calls[-1].respond(486)
