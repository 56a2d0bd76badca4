"""By which messages a PBX gives away that a mailbox takes a call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.settings.voicemail_schema import parse_users
from sidecar.sip.mailbox_signs import MailboxSigns
from tests.sip.messages import hostile_values, request, response

USERS = parse_users(["vm*", "*97", "Mailbox"])
SIGNS = MailboxSigns(USERS)
FORWARDING = MailboxSigns(USERS, forwarded=True)

HISTORY = "<sip:102@h>;index=1, <sip:103@h>;index=1.1"


@pytest.mark.parametrize(
    ("header", "value", "sign"),
    [
        ("Contact", '<sip:9@h>;automata;actor="msg-taker"', "features"),
        ("Contact", '<sip:9@h>;actor="msg-taker"', "features"),
        ("Contact", '<sip:9@h>;ACTOR="attendant, Msg-Taker"', "features"),
        ("Contact", '<sip:9@h>;actor=msg-taker;automata="TRUE"', "features"),
        ("Contact", '<sip:9@h>;actor="msg-taker";automata="FALSE"', ""),
        ("Contact", '<sip:9@h>;actor="!msg-taker"', ""),
        ("Contact", '<sip:9@h>;automata;actor="information"', ""),
        ("Contact", "<sip:9@h>;automata", ""),
        ("Contact", "<sip:9@h;target=sip:102%40h;cause=408>", "cause"),
        ("Contact", "<sip:9@h;cause=408>", ""),
        ("Contact", "<sip:9@h;target>", ""),
        ("Contact", "<sip:vm102@h>", "user"),
        ("Contact", "<sip:VM@h>", "user"),
        ("Contact", "<sip:%2A97@h>", "user"),
        ("Contact", "<sip:*97@h>", "user"),
        ("Contact", "<sip:mailbox;x=y@h>", "user"),
        ("Contact", "<sip:*971@h>", ""),
        ("Contact", "<sip:mailboxes@h>", ""),
        ("Contact", "<sip:h>", ""),
        ("Contact", "*", ""),
        ("Contact", "<sip:102@h>, <sip:vm1@h>", "user"),
        ("Contact", "nonsense<, <sip:vm1@h>", ""),
        ("Contact", "nonsense, <sip:vm1@h>", "user"),
        ("P-Asserted-Identity", '"Voicemail" <sip:102@h>', ""),
        ("P-Asserted-Identity", "<sip:102@h>, <tel:*97>", "user"),
        ("History-Info", "<sip:102@h>;index=1, <sip:vm102@h>;index=1.1", "user"),
        ("History-Info", "<sip:vm102@h>;index=1.10, <sip:102@h>;index=1.9", "user"),
        ("History-Info", "<sip:vm102@h>;index=1, <sip:102@h>;index=1.1", ""),
        ("History-Info", "<sip:102@h>;index=1, <sip:vm102@h>", ""),
        ("History-Info", "<sip:102@h>;index=1, <sip:9@h;target=102;cause=486>;index=1.1", "cause"),
        ("History-Info", "<sip:9@h;target=102>;index=1, <sip:102@h>;index=1.1", ""),
    ],
)  # fmt: skip
def test_a_sign_is_seen(header: str, value: str, sign: str) -> None:
    assert SIGNS.seen(response(180, {header: value})) == sign
    assert SIGNS.seen(response(200, {header: value})) == sign
    assert SIGNS.seen(request("INVITE", {header: value})) == sign


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (181, {}),
        (180, {"Diversion": "<sip:102@h>;reason=no-answer"}),
        (183, {"Contact": "<sip:9@h;cause=408>"}),
        (
            200,
            {"History-Info": "<sip:102@h?Reason=SIP%3Bcause%3D486>;index=1, <sip:9@h>;index=1.1"},
        ),
        (200, {"History-Info": "<sip:102@h>;index=1, <sip:9@h;cause=302>;index=1.1"}),
    ],
)
def test_a_forwarded_call_is_in_a_mailbox_only_where_the_operator_says_so(
    status: int, headers: dict[str, str]
) -> None:
    assert SIGNS.seen(response(status, headers)) == ""
    assert FORWARDING.seen(response(status, headers)) == "forwarded"


@pytest.mark.parametrize(
    ("status", "headers"), [(180, {}), (200, {"History-Info": HISTORY}), (182, {}), (200, {})]
)
def test_a_call_that_stays_where_it_was_sent_is_not_forwarded(
    status: int, headers: dict[str, str]
) -> None:
    assert FORWARDING.seen(response(status, headers)) == ""


@pytest.mark.parametrize("status", [100, 199, 302, 404, 486, 603])
def test_a_response_of_which_no_target_has_the_call_tells_nothing(status: int) -> None:
    assert FORWARDING.seen(response(status, {"Contact": "<sip:vm1@h>"})) == ""


def test_without_patterns_no_user_is_a_mailbox() -> None:
    assert MailboxSigns().seen(response(200, {"Contact": "<sip:vm1@h>"})) == ""


def test_what_is_written_after_many_contacts_is_not_looked_at() -> None:
    many = ", ".join(["<sip:102@h>"] * 1000 + ["<sip:vm1@h>"])

    assert SIGNS.seen(response(200, {"Contact": many})) == ""


@given(st.sampled_from((180, 181, 200)), hostile_values, hostile_values, hostile_values)
def test_no_header_makes_it_fail(status: int, contact: str, history: str, asserted: str) -> None:
    headers = {"Contact": contact, "History-Info": history, "P-Asserted-Identity": asserted}

    assert FORWARDING.seen(response(status, headers)) in (
        ("", "features", "cause", "user", "forwarded")
    )
