"""What a side says in a header crosses as it was understood, or not at all."""

from __future__ import annotations

import pytest

from sidecar.calls.crossing.header_policy import SiteHeaders
from sidecar.sip.message import respond
from tests.calls.world import (
    OFF,
)


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
