"""Whether a message names somebody else than those before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.sip.identity_change import IdentityWatch
from sidecar.sip.message import Request, Response
from tests.sip.messages import hostile_values, request, response

PAI, RPID = "P-Asserted-Identity", "Remote-Party-ID"


def answered(headers: dict[str, str]) -> IdentityWatch:
    """A watch of a callee who has answered so."""
    watch = IdentityWatch()
    assert not watch.changed(response(180, headers))
    assert not watch.changed(response(200, headers))
    return watch


@pytest.mark.parametrize(
    ("header", "before", "after", "changed"),
    [
        (PAI, "<sip:102@h>", "<sip:103@h>", True),
        (PAI, "<sip:102@h>", "<sip:102@other>", False),
        (PAI, '"Ann" <sip:102@h>', '"Bob" <sip:102@h>', False),
        (PAI, "<sip:+44-20-7946.0101@h>", "<tel:+442079460101>", False),
        (PAI, "<sip:%2B442079460101@h;user=phone>", "<tel:+44(20)79460101;x=y>", False),
        (PAI, "<tel:+442079460101>", "<tel:+442079460102>", True),
        (PAI, "<sip:ann@h>, <tel:+4420>", "<tel:+44-20>", False),
        (PAI, "<sip:ann@h>, <tel:+4420>", "<sip:bob@h>, <tel:+4421>", True),
        (PAI, "<sip:Ann@h>", "<sip:ann@h>", False),
        (PAI, "<sip:ann-bob@h>", "<sip:annbob@h>", True),
        (PAI, "<sip:102@h>", "<sip:anonymous@anonymous.invalid>", False),
        (PAI, "<sip:102@h>", "<sip:x@anonymous.invalid>", False),
        (PAI, "<sip:102@h>", "<sip:Restricted@h>", False),
        (PAI, "<sip:102@h>", "<sip:h>", False),
        (PAI, "<sip:102@h>", "nonsense", False),
        (PAI, "<sip:102@h>", f"<sip:{'1' * 300}@h>", False),
        (RPID, "<sip:102@h>;party=called", "<sip:103@h>;party=calling", True),
        (RPID, "<sip:102@h>;party=called;privacy=off", "<sip:103@h>", True),
        (RPID, "<sip:102@h>;party=called", "<sip:103@h>;party=calling;privacy=full", False),
        (RPID, "<sip:102@h>", "<sip:103@h>;party=orig-called", False),
        (RPID, "<sip:102@h>", '"x" <sip:102@h>;party=called;screen=yes', False),
    ],
)
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_change_is_told_in_requests_and_responses(
    header: str, before: str, after: str, changed: bool, method: str
) -> None:
    assert answered({header: before}).changed(request(method, {header: after})) is changed
    assert answered({header: before}).changed(response(200, {header: after}, method)) is changed


@pytest.mark.parametrize(
    ("user", "changed"), [("+442079460101", False), ("+44 20 7946 0101", False), ("103", True)]
)
def test_a_changed_from_of_a_callee_is_compared_with_whom_we_called(
    user: str, changed: bool
) -> None:
    watch = answered({})

    assert (
        watch.changed(request("UPDATE", {"From": f"<sip:{user.replace(' ', '-')}@h>"})) is changed
    )


def test_a_response_that_repeats_our_old_to_is_no_way_back() -> None:
    watch = answered({})

    assert watch.changed(request("UPDATE", {"From": "<sip:103@h>"}))
    assert not watch.changed(response(200))
    assert not watch.changed(request("UPDATE", {"From": "<sip:103@h>"}))


def test_a_caller_is_known_from_the_invite() -> None:
    watch = IdentityWatch()

    assert not watch.changed(
        request("INVITE", {"From": "<sip:1@h>;tag=x", PAI: "<sip:1@h>"}, tag="")
    )
    assert not watch.changed(request("UPDATE", {"From": "<sip:1@h>;tag=x"}))
    assert watch.changed(response(200, {PAI: "<sip:2@h>"}))
    assert watch.changed(request("INVITE", {"From": "<sip:2@h>;tag=x"}))


def test_who_rings_is_not_who_answers() -> None:
    watch = IdentityWatch()

    assert not watch.changed(response(180, {PAI: "<sip:600@h>"}))
    assert not watch.changed(request("UPDATE", {PAI: "<sip:601@h>"}))
    assert not watch.changed(response(200, {PAI: "<sip:602@h>"}, "UPDATE"))
    assert not watch.changed(response(200, {PAI: "<sip:102@h>"}))
    assert not watch.changed(response(200, {PAI: "<sip:102@h>"}))
    assert watch.changed(response(200, {PAI: "<sip:103@h>"}))


def test_each_change_is_told_once_and_the_way_back_is_one() -> None:
    watch = answered({PAI: "<sip:102@h>"})
    other, back = request("UPDATE", {PAI: "<sip:103@h>"}), request("UPDATE", {PAI: "<sip:102@h>"})

    assert [watch.changed(each) for each in (other, other, back, back)] == [
        True, False, True, False,
    ]  # fmt: skip


def test_silence_and_anonymity_do_not_make_it_forget() -> None:
    watch = answered({PAI: "<sip:102@h>"})

    assert not watch.changed(request("INVITE"))
    assert not watch.changed(request("INVITE", {PAI: "<sip:anonymous@anonymous.invalid>"}))
    assert not watch.changed(request("INVITE", {PAI: "<sip:102@h>"}))
    assert watch.changed(request("INVITE", {PAI: "<sip:103@h>"}))


def test_a_first_name_within_the_call_is_no_change() -> None:
    watch = answered({})

    assert not watch.changed(request("UPDATE", {PAI: "<sip:102@h>"}))
    assert watch.changed(request("UPDATE", {PAI: "<sip:103@h>"}))


@pytest.mark.parametrize(
    "message",
    [
        request("INFO", {PAI: "<sip:103@h>"}),
        request("REFER", {PAI: "<sip:103@h>"}),
        response(200, {PAI: "<sip:103@h>"}, "OPTIONS"),
        response(100, {PAI: "<sip:103@h>"}),
        response(486, {PAI: "<sip:103@h>"}),
    ],
)
def test_other_messages_name_nobody(message: Request | Response) -> None:
    assert not answered({PAI: "<sip:102@h>"}).changed(message)


@given(st.lists(st.tuples(st.sampled_from((PAI, RPID, "From", "To", "CSeq")), hostile_values)))
def test_no_header_makes_it_fail(lines: list[tuple[str, str]]) -> None:
    watch = answered({PAI: "<sip:102@h>"})

    for name, value in lines:
        assert watch.changed(request("INVITE", {name: value})) in (True, False)
        assert watch.changed(response(200, {name: value})) in (True, False)
