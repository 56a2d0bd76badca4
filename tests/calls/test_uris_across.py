"""URIs that cross: written anew, and the PBX runs the number that was judged and no other."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.calls.contact_seal import Sealed
from sidecar.calls.routing import Peer
from sidecar.sip.address import Address
from sidecar.sip.uri import Uri
from tests.calls.world import OFF, PBX, SIDECAR, TRUNK, World

unhurried = settings(deadline=None)
CONTROLS = ["%00x", "%0aUniqueid%3a1.1", "%0D%0a", "%7f", "%c2%85", "%ff", "%%0a", "%250a", "%%30a"]
NAMING = [
    "Refer-To",
    "Referred-By",
    "P-Asserted-Identity",
    "P-Preferred-Identity",
    "P-Called-Party-ID",
    "Diversion",
    "History-Info",
    "Remote-Party-ID",
]


class TestAUriThatMeansAControlCharacter:
    @pytest.mark.parametrize("control", CONTROLS)
    @pytest.mark.parametrize("where", ["To", "From", "Contact", "Request-URI"])
    def test_is_answered_400_and_nothing_reaches_the_pbx(self, world, control, where):
        w = world(OFF)
        bad = f"sip:+442079460105{control}@{SIDECAR[0]}"
        values = {
            "Request-URI": f"sip:100@{SIDECAR[0]}",
            "To": "sip:100@x",
            "From": "sip:1@x",
            "Contact": f"sip:1@{TRUNK}",
            where: bad,
        }
        w.trunk.throw(invite(values))
        w.settle()

        assert w.pbx.received == []
        assert w.counted("sip_rejected_total", reason="malformed") == 1
        assert w.counted("sip_responses_total", code="400", side="trunk") == 1

    @pytest.mark.parametrize("trusted", [False, True])
    @pytest.mark.parametrize("name", NAMING)
    def test_is_answered_400_in_any_header_that_names_somebody(self, world, name, trusted):
        w = world(OFF, trusted=trusted)
        there = w.trunk.call(headers=[(name, '"x" <sip:1@y>, <sip:1%0a2@y>;index=1')])
        w.settle()

        assert there.status == 400
        assert w.pbx.received == []

    @pytest.mark.parametrize("name", ["P-Asserted-Identity", "Contact", "Record-Route"])
    def test_is_left_out_of_a_response(self, world, name):
        w = world(OFF, trusted=True)
        there = w.pbx.call("+49301", caller="100")
        w.settle()
        here = w.trunk.calls[0]
        here.respond(486, [(name, "<sip:1%00@x>")])
        w.settle()

        assert there.status == 486
        assert "%00" not in there.final.encode().decode()

    def test_makes_a_redirection_one_that_leads_nowhere(self, world):
        w = world(OFF)
        there = w.pbx.call("+49301", caller="100")
        w.settle()
        w.trunk.calls[0].respond(302, [("Contact", "<sip:1%0a@x>")])
        w.settle()

        assert there.status == 480


def invite(values):
    lines = [
        f"INVITE {values['Request-URI']} SIP/2.0",
        f"Via: SIP/2.0/UDP {TRUNK};branch=z9hG4bKx",
        f"From: <{values['From']}>;tag=1",
        f"To: <{values['To']}>",
        "Call-ID: x",
        "CSeq: 1 INVITE",
        f"Contact: <{values['Contact']}>",
        "Content-Length: 0",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


class TestTheNumberThatThePbxRuns:
    @pytest.mark.parametrize(
        ("written", "judged"),
        [
            ("%2B442079460105", "+442079460105"),
            ("%2b44(20)7946-0105", "+442079460105"),
            ("+44-20-7946-0105;npdi;rn=+1234", "+442079460105"),
            ("+442079460105%3Bphone-context=evil", "+442079460105"),
            ("+442079460105:password", "+442079460105"),
            ("%31%30%30", "100"),
            ("%20100%20", "100"),
            ("%c2%a01-0-0", "100"),
            ("2079460105;phone-context=+44", "+442079460105"),
            ("2079460105;PHONE-CONTEXT=%2B44", "+442079460105"),
            ("7042;phone-context=example.com", "7042"),
            ("*98%23", "*98#"),
            ("Alice", "Alice"),
            ("%41lice%2541", "Alice%41"),
        ],
    )
    def test_is_the_one_that_was_judged(self, world, written, judged):
        w = world(OFF)
        there = w.trunk.call(uri=f"sip:{written}@{SIDECAR[0]};user=phone;maddr=192.0.2.99;x=y")
        w.settle()

        request = w.pbx.calls[0].request
        assert w.rules.asked[0].to == judged
        assert request.target.user_unescaped == request.to.uri.user_unescaped == judged
        assert request.target.host == PBX
        assert {name for name, _ in request.target.parameters} <= {"user", "phone-context"}
        there.cancel()

    @unhurried
    @given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
    def test_is_the_one_that_was_judged_whatever_it_is(self, user):
        w = World(OFF)
        written = "".join(f"%{byte:02x}" for byte in user.encode())
        there = w.trunk.call(uri=f"sip:{written}@{SIDECAR[0]}")
        w.settle()

        for call in w.pbx.calls:
            judged = w.rules.asked[0].to
            assert (call.request.target.user_unescaped or "") == judged
            assert (call.request.to.uri.user_unescaped or "") == judged
            assert str(call.request.target) == call.request.uri
        assert w.pbx.calls or there.status is None or there.status == 400
        assert w.counted("sip_rejected_total", reason="internal_error") == 0

    @pytest.mark.parametrize("trusted", [False, True])
    def test_is_not_another_one_that_an_untrusted_trunk_writes_into_to(self, world, trusted):
        w = world(OFF, trusted=trusted)
        there = w.trunk.request(
            "NOTIFY", f"sip:100@{SIDECAR[0]}", [("To", f"<sip:200@{SIDECAR[0]}>")]
        )
        w.settle()

        assert there.status == 200
        assert w.pbx.asked_for("NOTIFY").to.uri.user == ("200" if trusted else "100")


def test_whom_a_trunk_registers_is_not_whom_it_calls(world):
    w = world(OFF, trusted=True)
    names = [("From", "<sip:gsm@x>;tag=a"), ("To", "<sip:gs%6d@X>")]
    w.trunk.request("REGISTER", f"sip:{SIDECAR[0]}", [*names, ("Contact", w.trunk.contact)])
    w.settle()

    assert str(w.pbx.asked_for("REGISTER").to) == "<sip:gsm@x>"


class TestTelUris:
    """RFC 3966: read as docs/numbers.md has it, and sent to the PBX as what was read."""

    @pytest.mark.parametrize(
        ("uri", "judged", "sent"),
        [
            ("tel:+44-20-7946-0101", "+442079460101", f"sip:+442079460101@{PBX}"),
            ("tel:2079460101;phone-context=+44", "+442079460101", f"sip:+442079460101@{PBX}"),
            ("tel:2079460101;x=y;Phone-Context=%2b44", "+442079460101", f"sip:+442079460101@{PBX}"),
            ("tel:7042;phone-context=a.example", "7042", f"sip:7042@{PBX};phone-context=a.example"),
            ("TEL:+442079460101;ext=5;x=y", "+442079460101", f"sip:+442079460101@{PBX}"),
        ],
    )
    def test_are_called(self, world, uri, judged, sent):
        w = world(OFF)
        there = w.trunk.call(uri=uri)
        w.settle()

        assert w.rules.asked[0].to == judged
        assert w.pbx.calls[0].request.uri.removesuffix(";user=phone") == sent
        there.cancel()

    def test_in_from_cross_as_a_number_of_ours(self, world):
        w = world(OFF)
        there = w.trunk.request(
            "OPTIONS", "sip:x", [("From", "<tel:2079460101;phone-context=+44>;tag=a")]
        )
        w.settle()
        asked = w.trunk.request(
            "NOTIFY",
            f"sip:100@{SIDECAR[0]}",
            [("From", "<tel:2079460101;phone-context=+44>;tag=a")],
        )
        w.settle()

        assert there.status == asked.status == 200
        there = w.pbx.asked_for("NOTIFY").from_.uri
        assert str(there) == f"sip:+442079460101@{SIDECAR[0]}:5060;user=phone"

    def test_that_are_asserted_say_who_calls(self, world):
        w = world(OFF, trusted=True)
        asserted = "<tel:2079460101;phone-context=+44>"
        there = w.trunk.call(headers=[("P-Asserted-Identity", asserted)])
        w.settle()

        assert w.rules.asked[0].from_ == "+442079460101"
        crossed = w.pbx.calls[0].request.headers.get("P-Asserted-Identity")
        assert crossed == "<tel:+442079460101>"
        there.cancel()


class TestWhereARequestGoes:
    def two(self, world):
        w = world(OFF)
        second = Peer("pbx", "second", True, (Uri.parse("sip:198.51.100.30"),))
        w.b2bua.router._pbxs["second"] = second
        return w

    @pytest.mark.parametrize("host", ["198.51.100.30", "elsewhere.example", SIDECAR[0]])
    def test_a_trunk_does_not_choose_the_pbx_by_a_host(self, world, host):
        w = self.two(world)
        there = w.trunk.call(uri=f"sip:100@{host}")
        w.settle()

        assert w.rules.asked[0].pbx == "main"
        assert w.pbx.calls[0].request.uri == f"sip:100@{PBX}"
        there.cancel()

    def test_a_pbx_is_reached_by_a_contact_of_its_own(self, world):
        w = self.two(world)
        token = w.b2bua.router.seal.seal(
            Sealed("pbx", "second", False, Uri.parse("sip:7@198.51.100.30"))
        )
        w.trunk.call(uri=f"sip:100@{SIDECAR[0]};csc={token}")
        w.settle()

        assert (w.rules.asked[0].pbx, w.rules.asked[0].to) == ("second", "7")
        assert w.pbx.calls == []

    @pytest.mark.parametrize("host", ["Carrier.Example", "other.example"])
    def test_a_pbx_chooses_the_trunk_by_its_host(self, world, host):
        w = world(OFF)
        other = Peer(
            "trunk", "other", False, (Uri.parse(f"sip:{TRUNK}"), Uri.parse("sip:OTHER.example"))
        )
        w.b2bua.router._trunks["other"] = other
        there = w.pbx.call(uri=f"sip:+4930@{host}", caller="100")
        w.settle()

        assert w.rules.asked[0].trunk == ("other" if host == "other.example" else "carrier")
        assert w.trunk.calls[0].request.uri == f"sip:+4930@{host.lower()}"
        there.cancel()


class TestWhatAPbxCalls:
    def test_keeps_the_parameters_of_its_number_that_trunks_route_by(self, world):
        w = world(OFF)
        uri = (
            "sip:+4930;NPDI;rn=%2b4940;x=y:pw@Carrier.example"
            ";user=PHONE;transport=TCP;maddr=1.2.3.4"
        )
        there = w.pbx.call(uri=uri, caller="100")
        w.settle()

        sent = "sip:+4930;npdi;rn=+4940@carrier.example;user=phone;transport=tcp"
        assert w.trunk.calls[0].request.uri == sent
        assert w.rules.asked[0].to == "+4930"
        there.cancel()


class TestNames:
    @pytest.mark.parametrize(
        ("display", "crosses"),
        [
            ('"Mallory\\\x00\\\x07 M" ', "Mallory M"),
            ('"a\tb\u202ec\u2028d" ', "a b c d"),
            (f'"{"x" * 1000}" ', "x" * 128),
            ('"\\\x01" ', None),
            ("\udcffx ", "x"),
        ],
    )
    def test_cross_as_what_can_be_printed_of_them(self, world, display, crosses):
        w = world(OFF)
        there = w.trunk.call(display=display)
        w.settle()

        assert w.pbx.calls[0].request.from_.display == crosses
        there.cancel()

    def test_cross_in_one_spelling_with_the_parameters_that_are_known(self, world):
        w = world(OFF, trusted=True)
        claims = [
            (
                "P-Asserted-Identity",
                "J%61 <sip:%2b49:pw@H.example;x=y?a=b>;z, <http://x>",
            ),
            ("Remote-Party-ID", '<sip:1@h>;PARTY=calling;screen="yes\\\x01";x=y'),
            ("Diversion", "<tel:+49-30>;reason=no-answer;counter=2;x"),
            ("History-Info", "<sip:1@h;cause=486?Reason=SIP%3bcause%3d486&X=y>;index=1"),
            ("Referred-By", "sip:%31@h;x=y"),
        ]
        there = w.trunk.call(headers=claims)
        w.settle()

        headers = w.pbx.calls[0].request.headers
        assert headers.get("P-Asserted-Identity") == '"J%61" <sip:+49@h.example>'
        assert headers.get("Remote-Party-ID") == '<sip:1@h>;party=calling;screen="yes"'
        assert headers.get("Diversion") == "<tel:+4930>;reason=no-answer;counter=2"
        assert headers.get("History-Info") == "<sip:1@h;cause=486?Reason=SIP%3Bcause%3D486>;index=1"
        assert headers.get("Referred-By") == "<sip:1@h>"
        there.cancel()

    def test_what_calls_and_is_no_telephone_is_nobody(self, world):
        w = world(OFF)
        w.trunk.request("NOTIFY", f"sip:100@{SIDECAR[0]}", [("From", "<http://evil/>;tag=x")])
        w.settle()

        assert str(w.pbx.asked_for("NOTIFY").from_) == "<sip:anonymous@anonymous.invalid>;tag=x"


def test_a_made_up_name_is_one_value(world):
    w = world(OFF)
    there = w.trunk.call(display='"a\\" <sip:x@y>, \\"" ')
    w.settle()

    assert isinstance(w.pbx.calls[0].request.from_, Address)
    there.cancel()
