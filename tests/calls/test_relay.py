"""Requests outside of calls: REGISTER, SUBSCRIBE, MESSAGE, OPTIONS, and calls to a registration."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from sidecar.calls.crossing.contact_seal import PARAMETER, Sealed
from sidecar.sip.dialog import Dialog
from sidecar.sip.message import Request
from sidecar.sip.uri import Uri
from tests.calls.world import OFF, PBX, SIDECAR, TRUNK

ALLOWED = replace(OFF, messages="allow")


def register(w, *headers, contact=f"<sip:line1@{PBX}:5060;line=xyz>;expires=300"):
    return w.pbx.request(
        "REGISTER",
        "sip:carrier.example",
        [
            ("From", "<sip:100@carrier.example>;tag=r"),
            ("To", "<sip:100@carrier.example>"),
            ("Contact", contact),
            *headers,
        ],
    )


class TestRegister:
    def test_and_its_challenge_are_relayed(self, world):
        w = world(OFF)
        w.trunk.answers["REGISTER"] = None
        first = register(w, ("Call-ID", "reg"), ("CSeq", "1 REGISTER"))
        w.settle()
        there = w.trunk.asked_for("REGISTER")
        assert there.uri == "sip:carrier.example"
        assert there.call_id == "reg"
        assert PBX not in there.encode().decode()
        w.trunk.served[-1].respond(401, [("WWW-Authenticate", 'Digest realm="c", nonce="n"')])
        w.settle()
        assert first.status == 401
        assert first.final.headers.get("WWW-Authenticate") == 'Digest realm="c", nonce="n"'

        second = register(
            w,
            ("Call-ID", "reg"),
            ("CSeq", "2 REGISTER"),
            ("Authorization", 'Digest username="u", response="x"'),
        )
        w.settle()
        there = w.trunk.asked_for("REGISTER")
        assert there.headers.get("Authorization") == 'Digest username="u", response="x"'
        wrapped = there.headers.get("Contact")
        w.trunk.served[-1].respond(200, [("Contact", wrapped)])
        w.settle()

        assert second.status == 200
        registered = f"<sip:line1@{PBX}:5060;line=xyz>;expires=300"
        assert second.final.headers.get("Contact") == registered

    def test_a_call_to_the_registered_contact_reaches_it(self, world):
        w = world(OFF)
        register(w)
        w.settle()
        contact = w.trunk.asked_for("REGISTER").contact
        assert contact.uri.host == SIDECAR[0]

        there = w.trunk.call(uri=str(contact.uri))
        w.settle()

        assert w.pbx.calls[0].request.uri == f"sip:line1@{PBX}:5060;line=xyz"
        assert w.rules.asked[-1].to == "line1"
        there.cancel()

    def test_removing_every_contact_is_relayed(self, world):
        w = world(OFF)

        asked = register(w, ("Expires", "0"), contact="*")
        w.settle()

        assert asked.status == 200
        assert w.trunk.asked_for("REGISTER").headers.get("Contact") == "*"

    def test_several_contacts_come_back_one_by_one(self, world):
        w = world(OFF)
        w.trunk.answers["REGISTER"] = None
        asked = register(w)
        w.settle()
        wrapped = w.trunk.asked_for("REGISTER").headers.get("Contact")
        w.trunk.served[-1].respond(200, [("Contact", f"{wrapped}, <sip:other@203.0.113.77>")])
        w.settle()

        contacts = asked.final.headers.get_all("Contact")
        assert contacts[0] == f"<sip:line1@{PBX}:5060;line=xyz>;expires=300"
        assert "203.0.113.77" not in contacts[1]

    def test_that_nobody_answers_is_408(self, world):
        w = world(OFF)
        w.trunk.silent = True

        asked = register(w)
        w.pass_time(31.9)

        assert asked.status in (None, 408)

    def test_to_a_trunk_that_can_t_be_reached_is_503(self, world):
        w = world(OFF)
        del w.agents[TRUNK]

        asked = register(w)
        w.settle()

        assert asked.status == 503

    def test_two_refusals_of_ours_have_different_tags(self, world):
        w = world(OFF)
        del w.agents[TRUNK]
        one, other = register(w), register(w)
        w.settle()

        assert one.final.to_tag != other.final.to_tag


def token_of(uri):
    return uri.param(PARAMETER)


def sealed(w, uri, *, kind="pbx", name="main", reachable=True):
    """A URI of the sidecar's that holds another one, made with its own key."""
    token = w.b2bua.router.seal.seal(Sealed(kind, name, reachable, Uri.parse(uri)))
    return f"sip:line1@{SIDECAR[0]};csc={token}"


class TestSealedContacts:
    @pytest.mark.parametrize("token", ["%41", "!!!", "c2lwOg", "x" * 600, "Zm9v", "A" * 64])
    def test_what_is_no_token_leads_to_the_pbx_by_the_outer_number(self, world, token):
        w = world(OFF)

        asked = w.trunk.request("NOTIFY", f"sip:line1@{SIDECAR[0]};csc={token}")
        w.settle()

        assert asked.status == 200
        assert w.pbx.asked_for("NOTIFY").uri == f"sip:line1@{PBX}"

    def test_one_that_the_trunk_made_of_a_uri_is_none(self, world):
        w = world(OFF)
        inner = base64.urlsafe_b64encode(f"sip:+442079460102@{PBX}".encode()).decode().rstrip("=")
        there = w.trunk.call(uri=f"sip:1000@{SIDECAR[0]};csc={inner}")
        w.settle()

        assert w.rules.asked[-1].to == "1000"
        assert w.pbx.calls[0].request.uri == f"sip:1000@{PBX}"
        there.cancel()

    def test_one_of_ours_is_judged_by_what_it_holds_whatever_stands_outside(self, world):
        w = world(OFF)
        register(w)
        w.settle()
        token = token_of(w.trunk.asked_for("REGISTER").contact.uri)
        there = w.trunk.call(uri=f"sip:1000@{SIDECAR[0]};csc={token}")
        w.settle()

        assert w.rules.asked[-1].to == "line1"
        assert w.pbx.calls[0].request.uri == f"sip:line1@{PBX}:5060;line=xyz"
        assert w.pbx.calls[0].request.to.uri.user == "line1"
        there.cancel()

    def test_the_permission_for_a_message_goes_by_what_it_holds(self, world):
        w = world(ALLOWED)

        w.trunk.request("MESSAGE", sealed(w, f"sip:box@{PBX}"), [("Content-Type", "text/plain")])
        w.settle()

        assert w.rules.asked[-1].to == "box"
        assert w.pbx.asked_for("MESSAGE").uri == f"sip:box@{PBX}"

    def test_the_trunk_can_read_no_address_in_it(self, world):
        w = world(OFF)
        register(w)
        w.settle()
        text = w.trunk.asked_for("REGISTER").encode().decode()
        token = token_of(w.trunk.asked_for("REGISTER").contact.uri)

        assert PBX not in text
        assert PBX.encode() not in base64.urlsafe_b64decode(token + "==")

    def test_a_refreshed_registration_has_the_same_contact(self, world):
        w = world(OFF)
        register(w)
        register(w)
        w.settle()

        one, other = w.trunk.heard("REGISTER")
        assert one.headers.get("Contact") == other.headers.get("Contact")

    @pytest.mark.parametrize(
        "uri",
        ["sip:victim@192.0.2.200:25", f"sip:100@{TRUNK}", f"sip:Action@{PBX}:5038"],
    )
    def test_what_leads_elsewhere_is_not_followed(self, world, uri):
        w = world(OFF)
        register(w, contact=f"<{uri}>")
        w.settle()
        wrapped = str(w.trunk.asked_for("REGISTER").contact.uri)

        asked = w.trunk.request("NOTIFY", wrapped)
        w.settle()

        assert asked.status == 200
        assert w.pbx.asked_for("NOTIFY").uri == f"sip:{Uri.parse(uri).user}@{PBX}"

    @pytest.mark.parametrize(("kind", "name"), [("trunk", "carrier"), ("pbx", "gone")])
    def test_one_of_nobody_on_the_other_side_is_none(self, world, kind, name):
        w = world(OFF)
        uri = sealed(w, f"sip:box@{PBX}", kind=kind, name=name)

        asked = w.trunk.request("NOTIFY", uri)
        within = w.trunk.request("NOTIFY", uri, [("To", f"<{uri}>;tag=x")])
        w.settle()

        assert asked.status == 200
        assert within.status == 481
        assert w.pbx.asked_for("NOTIFY").uri == f"sip:line1@{PBX}"

    def test_a_contact_that_is_too_long_to_be_sealed_is_refused(self, world):
        w = world(OFF)

        asked = register(w, contact=f"<sip:{'x' * 2000}@{PBX}>")
        w.settle()

        assert asked.status == 400
        assert w.trunk.received == []

    def test_a_contact_that_is_no_telephone_s_stays_here(self, world):
        w = world(OFF)

        register(w, contact=f'<mailto:x@y>, <sip:line1@{PBX}>;+sip.instance="<urn:x>";x=y')
        w.settle()

        (contact,) = w.trunk.asked_for("REGISTER").headers.get_all("Contact")
        assert contact.endswith('>;+sip.instance="<urn:x>"')
        assert contact.startswith("<sip:line1@192.0.2.1:5060;csc=")


class TestSubscribe:
    def test_makes_a_dialog_whose_requests_are_relayed_both_ways(self, world):
        w = world(OFF)
        w.trunk.answers["SUBSCRIBE"] = None
        asked = w.pbx.request(
            "SUBSCRIBE",
            "sip:100@carrier.example",
            [("Contact", f"<sip:line1@{PBX}:5060>"), ("Event", "message-summary")],
        )
        w.settle()
        served = w.trunk.served[-1]
        dialog = Dialog.as_uas(served.request, "notifier", f"<sip:mwi@{TRUNK}>", w.trunk.flow)
        w.trunk.dialogs[dialog.id] = dialog
        w.trunk.layer.respond(served.transaction, dialog.response(served.request, 200), w.now)
        w.trunk.flush()
        w.settle()
        assert asked.status == 200
        assert asked.final.contact.uri.host == SIDECAR[0]

        notify = w.trunk.ask(dialog, "NOTIFY", [("Event", "message-summary")], b"")
        w.settle()
        assert notify.status == 200
        arrived = w.pbx.asked_for("NOTIFY")
        assert arrived.uri == f"sip:line1@{PBX}:5060"
        assert arrived.to_tag == asked.request.from_tag

        mine = Dialog.as_uac(asked.request, asked.final, f"<sip:line1@{PBX}:5060>", w.pbx.flow)
        w.trunk.answers["SUBSCRIBE"] = 200
        again = w.pbx.ask(mine, "SUBSCRIBE", [("Expires", "0")])
        w.settle()
        assert again.status == 200
        assert w.trunk.asked_for("SUBSCRIBE").uri == f"sip:mwi@{TRUNK}"


class TestMessage:
    def test_is_denied_where_no_rule_allows_it(self, world):
        w = world(OFF)

        asked = w.trunk.request("MESSAGE", f"sip:100@{SIDECAR[0]}", body=b"hi")
        w.settle()

        assert asked.status == 403
        assert w.pbx.heard("MESSAGE") == []
        assert w.counted("messages_total", result="denied") == 1

    def test_passes_where_one_does(self, world):
        w = world(ALLOWED)
        text = [("Content-Type", "text/plain")]

        asked = w.trunk.request("MESSAGE", f"sip:100@{SIDECAR[0]}", text, b"hi")
        w.settle()

        assert asked.status == 200
        assert w.pbx.asked_for("MESSAGE").body == b"hi"
        assert w.counted("messages_total", result="allowed") == 1

    def test_does_not_slip_through_as_if_it_belonged_to_a_dialog(self, world):
        w = world(OFF)
        register(w)
        w.settle()
        wrapped = str(w.trunk.asked_for("REGISTER").contact.uri)

        asked = w.trunk.request("MESSAGE", wrapped, [("To", f"<{wrapped}>;tag=x")], b"hi")
        w.settle()

        assert asked.status == 403
        assert w.pbx.heard("MESSAGE") == []


class TestOptions:
    @pytest.mark.parametrize("hops", ["70", "0"])
    def test_is_answered_by_the_sidecar(self, world, hops):
        w = world(OFF)

        asked = w.trunk.request("OPTIONS", f"sip:{SIDECAR[0]}", [("Max-Forwards", hops)])
        w.settle()

        assert asked.status == 200
        assert "INVITE" in asked.final.headers.get("Allow")
        assert "MESSAGE" not in asked.final.headers.get("Allow")
        assert w.pbx.received == []


class TestOthers:
    def test_a_bye_without_a_dialog_is_481(self, world):
        w = world(OFF)

        asked = w.trunk.request("BYE", f"sip:{SIDECAR[0]}")
        w.settle()

        assert asked.status == 481

    def test_a_method_that_nobody_knows_is_not_relayed(self, world):
        w = world(OFF)

        asked = w.trunk.request("JUMP", f"sip:100@{SIDECAR[0]}")
        w.settle()

        assert asked.status == 405
        assert "INVITE" in asked.final.headers.get("Allow")
        assert w.pbx.received == []

    def test_nothing_is_relayed_while_shutting_down(self, world):
        w = world(OFF)
        w.run(w.b2bua.close)

        asked = register(w)
        w.settle()

        assert asked.status == 503


class TestChallengedCalls:
    @pytest.mark.parametrize("status", [401, 407])
    def test_the_second_invite_is_the_same_call_and_one_record(self, world, status):
        w = world(OFF)
        first = w.pbx.call("+49301", call_id="c", tag="t", caller="100")
        w.settle()
        challenge = ("WWW-Authenticate" if status == 401 else "Proxy-Authenticate", "Digest x")
        w.trunk.calls[0].respond(status, [challenge])
        w.settle()
        assert first.final.headers.get(challenge[0]) == "Digest x"
        assert w.records.finished == []
        assert w.counted("calls_active") == 1

        credentials = "Authorization" if status == 401 else "Proxy-Authorization"
        second = w.pbx.call(
            "+49301",
            call_id="c",
            tag="t",
            cseq=2,
            caller="100",
            headers=[(credentials, "Digest y")],
        )
        w.settle()
        here = w.trunk.calls[1]
        assert here.request.headers.get(credentials) == "Digest y"
        here.answer()
        w.settle()
        assert second.status == 200
        second.hang_up()
        w.settle()

        assert len(w.records.begun) == 1
        assert w.ended == ("answered", "caller")

    def test_a_caller_who_does_not_return_leaves_its_record_too(self, world):
        w = world(OFF)
        w.pbx.call("+49301", caller="100")
        w.settle()
        w.trunk.calls[0].respond(401)
        w.pass_time(33)

        assert w.ended == ("rejected", "callee")

    def test_a_second_invite_that_is_refused_on_arrival_ends_the_one_record(self, world):
        w = world(OFF)
        w.pbx.call("+49301", call_id="c", tag="t", caller="100")
        w.settle()
        w.trunk.calls[0].respond(401)
        w.settle()
        w.pbx.call("+49301", b"x", call_id="c", tag="t", cseq=2, caller="100")
        w.settle()

        assert w.ended == ("refused", "sidecar")

    def test_two_invites_challenged_at_once_leave_a_record_each(self, world):
        w = world(OFF)
        w.pbx.call("+49301", call_id="c", tag="t", caller="100")
        w.pbx.call("+49301", call_id="c", tag="t", cseq=2, caller="100")
        w.settle()
        for call in w.trunk.calls:
            call.respond(401)
        w.settle()
        w.pass_time(40)

        assert len(w.records.finished) == 2

    def test_shutting_down_ends_the_record_of_one_who_is_awaited(self, world):
        w = world(OFF)
        w.pbx.call("+49301", caller="100")
        w.settle()
        w.trunk.calls[0].respond(401)
        w.settle()

        w.run(w.b2bua.close)

        assert len(w.records.finished) == 1


def test_requests_are_counted_once_however_often_they_come(world):
    w = world(OFF)
    w.lose = lambda message, to: to == TRUNK and not isinstance(message, Request)
    w.trunk.request("OPTIONS", f"sip:{SIDECAR[0]}")
    w.pass_time(5)

    assert w.counted("sip_requests_total", method="OPTIONS", side="trunk") == 1
    assert w.counted("sip_responses_total", code="200", side="trunk") == 1
    assert w.counted("sip_retransmissions_total") > 1
