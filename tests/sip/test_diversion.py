"""History-Info, and what a call that is diverted to a mailbox carries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.sip.diversion import cause_of, divert
from sidecar.sip.errors import ParseError
from sidecar.sip.history import HistoryEntry, history
from sidecar.sip.mailbox_signs import MailboxSigns
from sidecar.sip.uri import Uri
from tests.sip.messages import hostile_values, request, response

CALLED = Uri.parse("sip:102@pbx.example")
MAILBOX = Uri.parse("sip:vm102@pbx.example")


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("<sip:102@h>;index=1", HistoryEntry(Uri.parse("sip:102@h"), (1,))),
        (
            "<sip:102@h?Reason=SIP%3Bcause%3D408>;index=1.2",
            HistoryEntry(Uri.parse("sip:102@h"), (1, 2), "SIP;cause=408"),
        ),
        (
            "<sip:102@h?Privacy=history&Reason=SIP%3Bcause%3D302>;index=1.1;mp=1;x=y",
            HistoryEntry(
                Uri.parse("sip:102@h"),
                (1, 1),
                "SIP;cause=302",
                (1,),
                (("x", "y"),),
                (("Privacy", "history"),),
            ),
        ),
    ],
)
def test_an_entry_is_read_and_written(text: str, entry: HistoryEntry) -> None:
    assert HistoryEntry.parse(text) == entry
    assert HistoryEntry.parse(str(entry)) == entry


@pytest.mark.parametrize(
    "text",
    [
        "<sip:102@h>",
        "<sip:102@h>;index=",
        "<sip:102@h>;index=1.",
        "<sip:102@h>;index=one",
        "<sip:102@h>;index=1;mp=x",
        "<sip:102@h>;index=" + ".".join("1" * 40),
        "<sip:102@h>;index=" + "9" * 40,
        "nonsense",
    ],
)
def test_what_is_no_entry_is_refused_alone_and_skipped_in_a_message(text: str) -> None:
    with pytest.raises(ParseError):
        HistoryEntry.parse(text)
    assert history(response(200, {"History-Info": text})) == []


@pytest.mark.parametrize(
    ("status", "cause", "reason"),
    [
        (408, 408, "no-answer"),
        (486, 486, "user-busy"),
        (600, 486, "user-busy"),
        (480, 480, "deflection"),
        (603, 480, "deflection"),
        (404, 404, "unknown"),
        (503, 503, "unavailable"),
        (302, 302, "unconditional"),
        (499, 404, "unknown"),
    ],
)
def test_the_mailbox_is_told_why(status: int, cause: int, reason: str) -> None:
    diverted = divert(CALLED, MAILBOX, status)

    assert cause_of(status) == cause
    uri = f"sip:vm102@pbx.example;target=sip:102%40pbx.example;cause={cause}"
    assert str(diverted.uri) == uri
    assert diverted.history == (
        f"<sip:102@pbx.example?Reason=SIP%3Bcause%3D{status}>;index=1",
        f"<{uri}>;index=1.1;mp=1",
    )
    assert diverted.diversion == f"<sip:102@pbx.example>;reason={reason}"


def test_a_history_that_came_with_the_call_is_continued() -> None:
    came = request(
        "INVITE",
        {
            "History-Info": "<sip:102@pbx.example>;index=1.1;rc=1, "
            "<sip:+4420@carrier?Privacy=history>;index=1"
        },
    )

    assert divert(CALLED, MAILBOX, 486, history(came)).history == (
        "<sip:+4420@carrier?Privacy=history>;index=1",
        "<sip:102@pbx.example?Reason=SIP%3Bcause%3D486>;index=1.1;rc=1",
        "<sip:vm102@pbx.example;target=sip:102%40pbx.example;cause=486>;index=1.1.1;mp=1.1",
    )


def test_a_history_that_ends_at_another_target_has_a_gap() -> None:
    before = [HistoryEntry(Uri.parse("sip:+4420@carrier"), (1,))]

    assert divert(CALLED, MAILBOX, 408, before).history == (
        "<sip:+4420@carrier>;index=1",
        "<sip:102@pbx.example?Reason=SIP%3Bcause%3D408>;index=1.0",
        "<sip:vm102@pbx.example;target=sip:102%40pbx.example;cause=408>;index=1.0.1;mp=1.0",
    )


def test_what_the_mailbox_uri_said_before_is_replaced() -> None:
    mailbox = Uri.parse("sip:vm@pbx;Target=x;transport=tcp;cause=1?a=b")

    uri = divert(CALLED, mailbox, 408).uri

    assert str(uri) == "sip:vm@pbx;transport=tcp;target=sip:102%40pbx.example;cause=408"


@pytest.mark.parametrize(
    "original",
    ["tel:+442079460101", "sip:a;b=c@h;user=phone?X=y", "sips:%22a%22@[2001:db8::1]:5061;lr"],
)
def test_any_target_can_be_told_and_is_a_sign_of_a_mailbox(original: str) -> None:
    diverted = divert(Uri.parse(original), MAILBOX, 408)

    assert "?" not in str(diverted.uri)
    for header in ({"Contact": f"<{diverted.uri}>"}, {"History-Info": ", ".join(diverted.history)}):
        assert MailboxSigns().seen(response(200, header)) == "cause"


@pytest.mark.parametrize("mailbox", ["tel:+44", "urn:service:mailbox"])
def test_a_mailbox_without_a_sip_uri_is_refused(mailbox: str) -> None:
    with pytest.raises(ParseError):
        divert(CALLED, Uri.parse(mailbox), 408)


@pytest.mark.parametrize("status", [100, 200, 700])
def test_a_call_that_was_taken_is_not_diverted(status: int) -> None:
    with pytest.raises(ValueError, match="300 to 699"):
        divert(CALLED, MAILBOX, status)


@given(hostile_values, st.integers(300, 699))
def test_any_history_is_continued_in_a_way_that_can_be_read(value: str, status: int) -> None:
    came = history(request("INVITE", {"History-Info": value}))

    diverted = divert(CALLED, MAILBOX, status, came)

    entries = [HistoryEntry.parse(text) for text in diverted.history]
    assert entries == history(response(200, {"History-Info": ", ".join(diverted.history)}))
    assert entries[-1].uri == diverted.uri
    assert entries[-2].reason or entries[-2].uri.scheme not in ("sip", "sips")
