"""Who is believed, and which header fields cross (promise 7)."""

from __future__ import annotations

import pytest

from tests.calls.agents import SDP_TYPE, sdp
from tests.calls.world import OFF, PBX, SIDECAR, TRUNK, TRUNK_MEDIA

FORGED = [
    ("X-Consent", "granted"),
    ("X-Record", "on"),
    ("Record", "on"),
    ("Record-Session", "yes"),
    ("X-Anything", "else"),
]
CLAIMED = [
    ("P-Asserted-Identity", "<sip:+4930999@carrier.example>"),
    ("Remote-Party-ID", "<sip:+4930999@carrier.example>;party=calling"),
    ("P-Preferred-Identity", "<sip:+4930999@carrier.example>"),
    ("Diversion", "<sip:+4930888@carrier.example>"),
    ("History-Info", "<sip:+4930888@carrier.example>;index=1"),
]


def test_no_forged_decision_of_a_trunk_reaches_the_pbx(world):
    for trusted in (False, True):
        w = world(OFF, trusted=trusted)
        there, here = w.talk(headers=FORGED)

        assert here.request.headers.get_all("X-Consent") == ["off"]
        assert here.request.headers.get_all("X-Record") == ["off"]
        for name in ("Record", "Record-Session", "X-Anything"):
            assert name not in here.request.headers
        there.send("UPDATE", FORGED)
        w.settle()
        update = w.pbx.asked_for("UPDATE")
        for name, _ in FORGED:
            assert name not in update.headers
        there.hang_up(FORGED)
        w.settle()
        assert "Record" not in w.pbx.asked_for("BYE").headers


@pytest.mark.parametrize("trusted", [False, True])
def test_identities_are_believed_of_a_trusted_trunk_only(world, trusted):
    w = world(OFF, trusted=trusted)
    there = w.trunk.call(headers=CLAIMED)
    w.settle()
    here = w.pbx.calls[0]

    for name, value in CLAIMED:
        assert here.request.headers.get(name) == (value if trusted else None)
    assert w.rules.asked[0].from_ == ("+4930999" if trusted else "+4930123")
    there.cancel()


def test_identities_of_the_pbx_are_believed(world):
    w = world(OFF)
    there = w.pbx.call("+49301", headers=[("P-Asserted-Identity", "<tel:+4930777>")], caller="100")
    w.settle()

    assert w.rules.asked[0].from_ == "+4930777"
    there.cancel()


def test_an_identity_that_can_t_be_read_is_passed_over(world):
    w = world(OFF, trusted=True)
    there = w.trunk.call(headers=[("P-Asserted-Identity", '"<<<nonsense')])
    w.settle()

    assert w.rules.asked[0].from_ == "+4930123"
    there.cancel()


def test_identities_in_responses_of_an_untrusted_trunk_stay_there(world):
    w = world(OFF)
    there = w.pbx.call("+49301", caller="100")
    w.settle()
    w.trunk.calls[0].answer(headers=CLAIMED)
    w.settle()

    for name, _ in CLAIMED:
        assert name not in there.final.headers
    there.hang_up()


def test_routes_vias_and_dialogs_are_the_sidecar_s_own(world):
    w = world(OFF)
    there = w.trunk.call(
        headers=[("Record-Route", "<sip:proxy.example;lr>"), ("Route", "<sip:192.0.2.1;lr>")]
    )
    w.settle()
    invite = w.pbx.calls[0].request

    assert "Record-Route" not in invite.headers
    assert "Route" not in invite.headers
    assert len(invite.headers.get_all("Via")) == 1
    assert invite.call_id != there.request.call_id
    assert invite.from_tag != there.request.from_tag
    assert invite.contact.uri.host == SIDECAR[0]
    assert TRUNK not in invite.headers.get("Contact")
    w.pbx.calls[0].answer()
    w.settle()
    assert there.final.headers.get("Record-Route") == "<sip:proxy.example;lr>"
    there.hang_up()


def test_the_way_of_a_dialog_leads_to_the_neighbour_whatever_its_contact_says(world):
    w = world(OFF)
    there = w.trunk.call(contact="<sip:x@198.51.100.20:5060>")
    w.settle()
    w.pbx.calls[0].answer()
    w.settle()

    w.pbx.calls[0].hang_up()
    w.settle()

    assert len(w.trunk.heard("BYE")) == 1
    assert w.pbx.heard("BYE") == []
    assert there.status == 200


@pytest.mark.parametrize(
    "display",
    [
        '"Mallory\\" <sip:x@y>\\r" ',
        '"a,b;c=d?e" ',
        '"\\\\" ',
        "Jörg Müller ",
        '"\ud83d\ude00" '.encode("utf-16", "surrogatepass").decode("utf-16"),
    ],
)
def test_a_display_name_crosses_as_one_value_whatever_is_in_it(world, display):
    w = world(OFF)
    there = w.trunk.call(display=display)
    w.settle()

    here = w.pbx.calls[0]
    assert here.request.from_.display == there.request.from_.display
    assert here.request.from_.uri.user == "+4930123"
    there.cancel()


@pytest.mark.parametrize(
    ("caller", "crosses"),
    [
        ("%3Bx=y", None),
        ("a;phone-context=+49", "a"),
        ("*67&$", "*67&$"),
        ("*67%23", "*67%23"),
        ("%61%2b%7e%22", "a+~%22"),
    ],
)
def test_an_odd_number_crosses_in_one_spelling_and_adds_nothing(world, caller, crosses):
    w = world(OFF)
    there = w.trunk.call(caller=caller, to=caller)
    w.settle()

    invite = w.pbx.calls[0].request
    assert invite.headers.get_all("X-Consent") == ["off"]
    assert invite.from_.uri.user == crosses
    assert invite.target.user == crosses
    there.cancel()


def test_undecodable_bytes_cross_as_unknown_characters(world):
    w = world(OFF)
    there = w.trunk.call(headers=[("Subject", b"caf\xe9".decode("utf-8", "surrogateescape"))])
    w.settle()

    assert w.pbx.calls[0].request.headers.get("Subject") == "caf\ufffd"
    there.cancel()


def test_headers_in_the_caller_s_uri_do_not_cross(world):
    w = world(OFF)
    from sidecar.sip.message import Request

    there = w.trunk.call()
    w.settle()
    there.cancel()
    w.settle()
    headers = there.request.headers.copy()
    headers.set("From", f"<sip:1@{TRUNK}?X-Consent=granted>;tag=other")
    headers.set("Call-ID", "another")
    w.trunk.send(Request("INVITE", there.request.uri, headers, there.request.body), lambda _r: None)
    w.settle()

    assert w.pbx.calls[-1].request.headers.get("From").startswith(f"<sip:1@{TRUNK}>")
    w.pbx.calls[-1].respond(486)


def test_the_pbx_s_own_address_is_not_told_to_the_trunk(world):
    w = world(OFF)
    there = w.pbx.call("+49301", caller="100")
    w.settle()
    here = w.trunk.calls[0]

    assert PBX not in here.request.encode().decode()
    here.answer()
    w.settle()
    there.hang_up()


def test_an_extension_is_promised_only_where_it_works(world):
    w = world(OFF)
    there = w.trunk.call(headers=[("Supported", "100rel, outbound, timer, gruu, telepathy")])
    w.settle()

    assert w.pbx.calls[0].request.headers.get("Supported") == "100rel, timer"
    there.cancel()


def test_a_tel_uri_is_called_at_the_pbx(world):
    w = world(OFF)
    there = w.trunk.call(uri="tel:+442079460101")
    w.settle()

    assert w.pbx.calls[0].request.uri == f"sip:+442079460101@{PBX}"
    assert w.rules.asked[0].to == "+442079460101"
    there.cancel()


def test_rules_are_asked_about_the_headers_of_a_call_and_when_it_came(world):
    w = world(OFF)
    there = w.trunk.call(headers=[("X-Queue", "sales"), ("X-Queue", "support")])
    w.settle()

    facts = w.rules.asked[0]
    assert [value for name, value in facts.headers if name == "X-Queue"] == ["sales", "support"]
    assert facts.at == w.wall()
    there.cancel()


class TestAMethodInOtherLetters:
    """To us `invite` is no INVITE, to many a PBX it is: it would set up a call past everything."""

    @pytest.mark.parametrize("method", ["invite", "Message"])
    def test_does_not_cross_outside_of_calls(self, world, method):
        w = world(OFF)
        asked = w.trunk.request(method, f"sip:100@{SIDECAR[0]}", [SDP_TYPE], sdp(w.trunk.media))
        w.settle()

        assert asked.status == 501
        assert w.pbx.received == []

    def test_does_not_cross_within_a_call(self, world):
        w = world(OFF)
        there, _here = w.talk()

        asked = there.send("invite", body=sdp(w.trunk.media, version=2))
        w.settle()

        assert asked.status == 501
        assert w.pbx.served == []
        there.hang_up()


ELSEWHERE = "203.0.113.99"
MIXED = "multipart/mixed;boundary=xx"
PLAIN, EARLY = "Content-Type: text/plain", "Content-Disposition: early-session"
DESCRIPTION = "Content-Type: application/sdp"


def parts(*parts: tuple[str, str]) -> bytes:
    """A multipart body of descriptions: the header of each, and where it leads."""
    made = b"".join(b"--xx\r\n%b\r\n\r\n%b\r\n" % (h.encode(), sdp(to)) for h, to in parts)
    return made + b"--xx--\r\n"


class TestADescriptionThatHides:
    """A PBX that finds it sends its media to where it leads, past every notice."""

    @pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
    @pytest.mark.parametrize(
        ("status", "types", "body"),
        [
            (415, [MIXED], parts((DESCRIPTION, TRUNK_MEDIA), (DESCRIPTION, ELSEWHERE))),
            (415, [MIXED], parts((f"{DESCRIPTION}\r\n{EARLY}", ELSEWHERE), (DESCRIPTION, PBX))),
            (415, [MIXED], parts((f"{DESCRIPTION}\r\n{EARLY}", ELSEWHERE))),
            (400, [MIXED], parts((f"{PLAIN}\r\n{DESCRIPTION}", ELSEWHERE))),
            (400, ["text/plain", MIXED], parts((DESCRIPTION, ELSEWHERE))),
            (415, ["message/sip"], b"To: x\r\n\r\n" + sdp(ELSEWHERE)),
        ],
    )
    def test_does_not_cross(self, world, status, types, body, method):
        w = world(OFF)
        there, here = w.talk()

        asked = there.send(method, [("Content-Type", each) for each in types], body)
        w.settle()
        there.hang_up()
        called = w.trunk.call(headers=[("Content-Type", each) for each in types], body=body)
        w.settle()

        assert asked.status == called.status == status
        assert w.pbx.calls == [here]
        assert [served.method for served in w.pbx.served] == ["BYE"]
