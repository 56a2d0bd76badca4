"""Dialogs: who they are with, how requests find their way, which requests are in order."""

from __future__ import annotations

import pytest

from sidecar.sip.dialog import Dialog, id_of_request, id_of_response
from sidecar.sip.errors import ParseError
from sidecar.sip.flow import Flow
from sidecar.sip.headers import Headers
from sidecar.sip.message import Request, respond
from sidecar.sip.parser import parse_message

FLOW = Flow("UDP", ("192.0.2.1", 5060), ("192.0.2.2", 5060), "192.0.2.1:5060")
OUR_CONTACT = "<sip:192.0.2.1:5060>"
ROUTERS = ("<sip:p1.example.com;lr>", "<sip:p2.example.com;lr>")


def incoming(method="INVITE", number=7, **headers):
    values = {
        "Record-Route": ", ".join(ROUTERS),
        "Contact": "<sip:alice@pc33.example.com>",
        "To": "Bob <sip:bob@biloxi.example.com>",
        **headers,
    }
    return Request(
        method,
        "sip:bob@192.0.2.1",
        Headers(
            [
                ("Via", "SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1"),
                ("From", "Alice <sip:alice@atlanta.example.com>;tag=alice"),
                ("Call-ID", "call-1"),
                ("CSeq", f"{number} {method}"),
                *((name, value) for name, value in values.items() if value),
            ]
        ),
    )


def outgoing(**headers):
    return Request(
        "INVITE",
        "sip:bob@biloxi.example.com",
        Headers(
            [
                ("From", "<sip:sidecar@192.0.2.1>;tag=ours"),
                ("To", "<sip:bob@biloxi.example.com>"),
                ("Call-ID", "call-2"),
                ("CSeq", "3 INVITE"),
                ("Contact", OUR_CONTACT),
                *headers.items(),
            ]
        ),
    )


def answered(request, status=200, tag="bob", routes=ROUTERS, contact="<sip:bob@192.0.2.4>"):
    response = respond(request, status, to_tag=tag)
    for route in routes:
        response.headers.add("Record-Route", route)
    if contact:
        response.headers.add("Contact", contact)
    return response


@pytest.fixture
def callee_side():
    """The dialog of a call that has come to us."""
    return Dialog.as_uas(incoming(), "ours", OUR_CONTACT, FLOW)


@pytest.fixture
def caller_side():
    """The dialog of a call that we have placed."""
    request = outgoing()
    return Dialog.as_uac(request, answered(request), OUR_CONTACT, FLOW)


class TestMaking:
    def test_as_callee_the_route_set_is_the_record_route_as_it_came(self, callee_side):
        assert callee_side.route_set == ROUTERS
        assert callee_side.state == "early"
        assert callee_side.id == ("call-1", "ours", "alice")
        assert str(callee_side.remote_target) == "sip:alice@pc33.example.com"
        assert callee_side.remote_seq == 7

    def test_as_caller_the_route_set_is_the_record_route_reversed(self, caller_side):
        assert caller_side.route_set == tuple(reversed(ROUTERS))
        assert caller_side.state == "confirmed"
        assert caller_side.id == ("call-2", "ours", "bob")
        assert str(caller_side.remote_target) == "sip:bob@192.0.2.4"
        assert caller_side.local_seq == 3
        assert caller_side.remote_seq is None

    def test_a_provisional_makes_an_early_dialog(self):
        request = outgoing()

        dialog = Dialog.as_uac(request, answered(request, 180), OUR_CONTACT, FLOW)

        assert dialog.state == "early"

    def test_each_fork_is_a_dialog_of_its_own(self):
        request = outgoing()

        ids = {
            Dialog.as_uac(request, answered(request, 180, tag), OUR_CONTACT, FLOW).id
            for tag in ("one", "two")
        }

        assert len(ids) == 2

    def test_a_ringing_without_contact_leaves_the_request_uri_as_target(self):
        request = outgoing()

        dialog = Dialog.as_uac(request, answered(request, 180, contact=""), OUR_CONTACT, FLOW)

        assert str(dialog.remote_target) == "sip:bob@biloxi.example.com"

    @pytest.mark.parametrize("contact", ["", "*"])
    def test_an_invite_with_no_contact_to_send_to_is_the_peers_error(self, contact):
        with pytest.raises(ParseError, match="Contact"):
            Dialog.as_uas(incoming(Contact=contact), "ours", OUR_CONTACT, FLOW)

    def test_the_2xx_replaces_what_a_provisional_taught(self):
        request = outgoing()
        dialog = Dialog.as_uac(request, answered(request, 180), OUR_CONTACT, FLOW)

        final = answered(request, 200, routes=ROUTERS[:1], contact="<sip:bob@192.0.2.9>")
        dialog.confirm(final)

        assert dialog.state == "confirmed"
        assert dialog.route_set == ROUTERS[:1]
        assert str(dialog.remote_target) == "sip:bob@192.0.2.9"

    def test_a_repeated_2xx_does_not_change_the_route_set(self, caller_side):
        before = caller_side.route_set

        caller_side.confirm(answered(outgoing(), routes=()))

        assert caller_side.route_set == before

    def test_as_callee_our_2xx_confirms_the_dialog(self, callee_side):
        callee_side.confirm()

        assert callee_side.state == "confirmed"
        assert callee_side.route_set == ROUTERS

    @pytest.mark.parametrize(
        ("transport", "uri", "secure"),
        [
            ("TLS", "sips:bob@b.example", True),
            ("TLS", "sip:bob@b.example", False),
            ("UDP", "sips:bob@b.example", False),
        ],
    )
    def test_a_dialog_is_secure_only_over_tls_with_sips(self, transport, uri, secure):
        request = incoming()
        request = Request("INVITE", uri, request.headers)

        flow = FLOW._replace(transport=transport)
        dialog = Dialog.as_uas(request, "ours", "<sips:192.0.2.1>", flow)

        assert dialog.secure is secure

    def test_a_peer_without_tags_has_an_empty_tag(self):
        request = incoming()
        request.headers.set("From", "<sip:alice@atlanta.example.com>")

        dialog = Dialog.as_uas(request, "ours", OUR_CONTACT, FLOW)

        assert dialog.id == ("call-1", "ours", "")


class TestRequests:
    def test_a_request_goes_to_the_target_along_the_route_set(self, callee_side):
        request = callee_side.request("BYE")

        assert request.uri == "sip:alice@pc33.example.com"
        assert request.headers.get_all("Route") == list(ROUTERS)
        assert request.headers.get("From") == '"Bob" <sip:bob@biloxi.example.com>;tag=ours'
        assert request.headers.get("To") == '"Alice" <sip:alice@atlanta.example.com>;tag=alice'
        assert request.headers.get("Call-ID") == "call-1"
        assert request.headers.get("Max-Forwards") == "70"
        assert "Contact" not in request.headers
        assert "Via" not in request.headers

    def test_sequence_numbers_go_up_by_one(self, caller_side):
        numbers = [caller_side.request(method).cseq for method in ("INFO", "BYE")]

        assert numbers == [(4, "INFO"), (5, "BYE")]

    def test_a_given_sequence_number_is_used_and_does_not_count(self, caller_side):
        assert caller_side.request("PRACK", cseq=11).cseq == (11, "PRACK")
        assert caller_side.request("BYE").cseq == (4, "BYE")

    def test_a_dialog_that_the_peer_opened_begins_to_count_at_one(self, callee_side):
        assert callee_side.request("INFO").cseq == (1, "INFO")

    def test_without_routers_a_request_goes_straight_to_the_target(self):
        dialog = Dialog.as_uas(incoming(**{"Record-Route": ""}), "ours", OUR_CONTACT, FLOW)

        request = dialog.request("BYE")

        assert request.uri == "sip:alice@pc33.example.com"
        assert "Route" not in request.headers

    def test_a_strict_router_becomes_the_request_uri_and_the_target_the_last_route(self):
        strict = "<sip:strict.example.com>, <sip:p2.example.com;lr>"
        dialog = Dialog.as_uas(incoming(**{"Record-Route": strict}), "ours", OUR_CONTACT, FLOW)

        request = dialog.request("BYE")

        assert request.uri == "sip:strict.example.com"
        assert request.headers.get_all("Route") == [
            "<sip:p2.example.com;lr>",
            "<sip:alice@pc33.example.com>",
        ]

    @pytest.mark.parametrize("extra", [";method=INVITE", "?Subject=hi", ";Method=BYE?Subject=hi"])
    def test_what_may_not_stand_in_a_request_uri_is_left_out_of_it(self, extra):
        contact = f"<sip:alice@pc33.example.com;transport=tcp{extra}>"
        dialog = Dialog.as_uas(incoming(Contact=contact), "ours", OUR_CONTACT, FLOW)

        assert dialog.request("BYE").uri == "sip:alice@pc33.example.com;transport=tcp"

    @pytest.mark.parametrize("method", ["INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER"])
    def test_a_target_refresh_request_carries_our_contact(self, caller_side, method):
        assert caller_side.request(method).headers.get_all("Contact") == [OUR_CONTACT]

    def test_headers_and_body_are_added(self, caller_side):
        request = caller_side.request(
            "INFO", [("Content-Type", "application/dtmf-relay"), ("X-A", "1"), ("X-A", "2")], b"x"
        )

        assert request.headers.get_all("X-A") == ["1", "2"]
        assert request.body == b"x"

    def test_a_contact_or_max_forwards_given_takes_the_place_of_ours(self, caller_side):
        request = caller_side.request("INVITE", [("Contact", "<sip:x@y>"), ("max-forwards", "12")])

        assert request.headers.get_all("Contact") == ["<sip:x@y>"]
        assert request.headers.get_all("Max-Forwards") == ["12"]

    def test_a_request_can_be_read_by_a_peer(self, caller_side):
        request = caller_side.request("INVITE", [("Content-Type", "application/sdp")], b"v=0\r\n")
        request.headers.prepend("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1")

        parsed = parse_message(request.encode())

        assert id_of_request(parsed) == ("call-2", "bob", "ours")
        assert parsed.body == b"v=0\r\n"

    def test_the_ack_to_a_2xx_has_the_number_and_credentials_of_its_invite(self, caller_side):
        invite = outgoing(Authorization='Digest username="a"')
        caller_side.request("INFO")

        ack = caller_side.ack(invite, [("Content-Type", "application/sdp")], b"v=0\r\n")

        assert ack.method == "ACK"
        assert ack.uri == "sip:bob@192.0.2.4"
        assert ack.headers.get_all("Route") == list(reversed(ROUTERS))
        assert ack.cseq == (3, "ACK")
        assert ack.headers.get("Authorization") == 'Digest username="a"'
        assert "Contact" not in ack.headers
        assert ack.body == b"v=0\r\n"
        assert caller_side.local_seq == 4


class TestResponses:
    def test_a_2xx_to_an_invite_has_our_tag_contact_and_the_record_route(self, callee_side):
        response = callee_side.response(
            incoming(), 200, headers=[("Content-Type", "application/sdp")], body=b"v=0\r\n"
        )

        assert response.to_tag == "ours"
        assert response.reason == "OK"
        assert response.headers.get_all("Contact") == [OUR_CONTACT]
        assert response.headers.values("Record-Route") == list(ROUTERS)
        assert response.headers.get("Content-Type") == "application/sdp"
        assert response.body == b"v=0\r\n"

    def test_a_ringing_makes_the_dialog_too(self, callee_side):
        response = callee_side.response(incoming(), 180)

        assert response.to_tag == "ours"
        assert "Contact" in response.headers
        assert "Record-Route" in response.headers

    def test_a_100_has_no_tag_of_ours(self, callee_side):
        response = callee_side.response(incoming(), 100)

        assert response.to_tag is None
        assert "Contact" not in response.headers

    @pytest.mark.parametrize(("method", "status"), [("INVITE", 486), ("BYE", 200), ("INFO", 200)])
    def test_other_responses_have_neither_contact_nor_record_route(
        self, callee_side, method, status
    ):
        response = callee_side.response(incoming(method), status, "Because")

        assert response.reason == "Because"
        assert "Contact" not in response.headers
        assert "Record-Route" not in response.headers

    def test_the_tag_of_a_request_within_the_dialog_is_kept(self, callee_side):
        request = incoming("UPDATE", To="<sip:bob@biloxi.example.com>;tag=ours")

        response = callee_side.response(request, 200)

        assert response.headers.get("To") == "<sip:bob@biloxi.example.com>;tag=ours"
        assert response.headers.get_all("Contact") == [OUR_CONTACT]


class TestOrder:
    def test_later_requests_are_accepted_and_earlier_ones_are_not(self, callee_side):
        assert callee_side.accepts(incoming("INFO", 8))
        assert callee_side.accepts(incoming("INFO", 20))
        assert not callee_side.accepts(incoming("INFO", 19))
        assert callee_side.remote_seq == 20

    def test_the_first_request_of_the_peer_may_have_any_number(self, caller_side):
        assert caller_side.accepts(incoming("BYE", 0))
        assert caller_side.remote_seq == 0

    @pytest.mark.parametrize("method", ["ACK", "CANCEL"])
    def test_ack_and_cancel_have_the_number_of_their_invite(self, callee_side, method):
        callee_side.accepts(incoming("INFO", 20))

        assert callee_side.accepts(incoming(method, 7))
        assert callee_side.remote_seq == 20


class TestTarget:
    @pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
    def test_a_target_refresh_request_moves_the_target(self, callee_side, method):
        callee_side.refresh_target(incoming(method, Contact="<sip:alice@new.example>"))

        assert callee_side.request("BYE").uri == "sip:alice@new.example"

    @pytest.mark.parametrize("method", ["INFO", "OPTIONS", "BYE", "MESSAGE"])
    def test_any_other_request_does_not(self, callee_side, method):
        callee_side.refresh_target(incoming(method, Contact="<sip:alice@new.example>"))

        assert callee_side.request("BYE").uri == "sip:alice@pc33.example.com"

    @pytest.mark.parametrize("contact", ["", "*"])
    def test_a_refresh_without_a_usable_contact_leaves_the_target(self, callee_side, contact):
        callee_side.refresh_target(incoming("UPDATE", Contact=contact))

        assert callee_side.request("BYE").uri == "sip:alice@pc33.example.com"

    def test_a_2xx_to_our_refresh_moves_the_target(self, caller_side):
        reinvite = caller_side.request("INVITE")

        caller_side.refresh_target(answered(reinvite, 200, contact="<sip:bob@moved.example>"))

        assert str(caller_side.remote_target) == "sip:bob@moved.example"

    @pytest.mark.parametrize(
        ("status", "rseq", "moves"),
        [(183, "", False), (183, "4", True), (488, "", False), (302, "", False)],
    )
    def test_of_other_responses_only_a_reliable_provisional_does(
        self, caller_side, status, rseq, moves
    ):
        response = answered(
            caller_side.request("INVITE"), status, contact="<sip:bob@moved.example>"
        )
        if rseq:
            response.headers.add("RSeq", rseq)

        caller_side.refresh_target(response)

        assert (str(caller_side.remote_target) == "sip:bob@moved.example") is moves


def test_messages_of_a_dialog_are_known_by_its_id(caller_side, callee_side):
    ours = callee_side.request("BYE")
    theirs = incoming("BYE", To="<sip:bob@biloxi.example.com>;tag=ours")

    assert id_of_request(theirs) == callee_side.id
    assert id_of_response(respond(ours, 200)) == callee_side.id
