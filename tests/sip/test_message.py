"""Requests and responses: their views, how they are written, how one answers the other."""

from __future__ import annotations

import pytest

from sidecar.sip.address import Address
from sidecar.sip.cseq import CSeq
from sidecar.sip.errors import ParseError
from sidecar.sip.headers import Headers
from sidecar.sip.message import Request, Response, respond
from sidecar.sip.parser import parse_message


def an_invite(**changed: str) -> Request:
    headers = {
        "Via": "SIP/2.0/UDP h;branch=z9hG4bKa",
        "From": "A <sip:a@h>;tag=1",
        "To": "<sip:b@h>",
        "Call-ID": "c",
        "CSeq": "1 INVITE",
    } | {name.replace("_", "-"): value for name, value in changed.items()}
    return Request("INVITE", "sip:b@h", Headers(headers.items()), b"v=0\r\n")


def test_a_request_is_written_with_the_length_of_its_body() -> None:
    request = an_invite(Content_Length="77")

    assert request.encode() == (
        b"INVITE sip:b@h SIP/2.0\r\n"
        b"Via: SIP/2.0/UDP h;branch=z9hG4bKa\r\n"
        b"From: A <sip:a@h>;tag=1\r\n"
        b"To: <sip:b@h>\r\n"
        b"Call-ID: c\r\n"
        b"CSeq: 1 INVITE\r\n"
        b"Content-Length: 5\r\n"
        b"\r\n"
        b"v=0\r\n"
    )


def test_a_response_is_written_with_any_reason() -> None:
    headers = Headers([("Call-ID", "c")])

    assert Response(200, "Fine \udcff ü", headers).encode() == (
        b"SIP/2.0 200 Fine \xff \xc3\xbc\r\nCall-ID: c\r\nContent-Length: 0\r\n\r\n"
    )
    assert Response(180, "", headers).encode().startswith(b"SIP/2.0 180 \r\n")


def test_views_give_what_the_headers_say() -> None:
    request = an_invite(Contact="<sip:a@192.0.2.1>, <sip:a@192.0.2.2>", To="<sip:b@h>;tag=2")

    assert request.via.host == "h"
    assert request.cseq == CSeq(1, "INVITE")
    assert request.call_id == "c"
    assert request.from_.display == "A"
    assert (request.from_tag, request.to_tag) == ("1", "2")
    assert request.contact == Address.parse("<sip:a@192.0.2.1>")
    assert request.target.user == "b"
    assert request.from_ is request.from_


def test_a_message_without_contact_has_none() -> None:
    assert an_invite().contact is None


def test_a_wildcard_contact_is_said_to_be_one() -> None:
    contact = an_invite(Contact="*").contact

    assert contact is not None
    assert contact.wildcard


def test_the_top_via_is_the_first_of_a_line() -> None:
    request = an_invite(Via='SIP/2.0/UDP one;x="a,b", SIP/2.0/UDP two')

    assert request.via.host == "one"


@pytest.mark.parametrize("text", [",", ", ,", " , "])
def test_a_via_of_commas_alone_is_the_peers_fault(text: str) -> None:
    request = Request("OPTIONS", "sip:a@b", Headers([("Via", text)]))

    with pytest.raises(ParseError):
        _ = request.via


def test_a_view_follows_its_header() -> None:
    request = an_invite()
    assert request.via.host == "h"

    request.headers.prepend("Via", "SIP/2.0/TCP proxy;branch=z9hG4bKb")

    assert request.via.host == "proxy"


def test_a_view_of_what_is_missing_or_malformed_is_the_peers_fault() -> None:
    request = Request("INVITE", "nothing", Headers())

    for view in ("via", "from_", "to", "cseq", "call_id", "from_tag", "to_tag", "target"):
        with pytest.raises(ParseError):
            getattr(request, view)


@pytest.mark.parametrize("method", ["", "A B", "INVITE\r\nX: y", "INVITE\r", "Ä", "A:"])
def test_a_method_is_a_token(method: str) -> None:
    with pytest.raises(ValueError, match="token"):
        Request(method, "sip:h", Headers())


@pytest.mark.parametrize("uri", ["", "sip:a b", "sip:h SIP/2.0\r\nX: y", "sip:h\n", "sip:\0"])
def test_a_request_uri_is_one_word(uri: str) -> None:
    with pytest.raises(ValueError, match="URI"):
        Request("INVITE", uri, Headers())


@pytest.mark.parametrize("reason", ["OK\r\nX: y", "OK\n", "OK\r", "\0"])
def test_a_reason_is_one_line(reason: str) -> None:
    with pytest.raises(ValueError, match="line"):
        Response(200, reason, Headers())


@pytest.mark.parametrize("status", [-1, 0, 99, 700])
def test_a_status_has_its_range(status: int) -> None:
    with pytest.raises(ValueError, match="100 to 699"):
        Response(status, "", Headers())


def test_a_line_break_that_came_past_the_checks_is_not_written() -> None:
    request = an_invite()
    request.uri = "sip:h SIP/2.0\r\nX-Record: on"
    unchecked = Response(200, "OK", Headers.trusted([("Subject", "a\nX-Record: on")]))

    with pytest.raises(ValueError, match="line break"):
        request.encode()
    with pytest.raises(ValueError, match="line break"):
        unchecked.encode()


def test_an_answer_copies_its_request_byte_for_byte() -> None:
    data = (
        b"INVITE sip:b@h SIP/2.0\r\n"
        b"v: SIP / 2.0/UDP  one ;branch=z9hG4bKa , SIP/2.0/UDP two\r\n"
        b"Subject: not copied\r\n"
        b"Via: SIP/2.0/TCP three\r\n"
        b'f: "\xff\xfe, M\xc3\xbcller"  <sip:a@h> ; TAG = 1\r\n'
        b"t: sip:b@h ; x=y\r\n"
        b"i:  c @ \xe9\r\n"
        b"CSeq: 0007  INVITE\r\n"
        b"Record-Route: <sip:r;lr>\r\n"
        b"Timestamp: 54\r\n"
        b"\r\n"
    )
    request = parse_message(data)
    assert isinstance(request, Request)

    answer = respond(request, 180, to_tag="t1")

    assert answer.encode() == (
        b"SIP/2.0 180 Ringing\r\n"
        b"Via: SIP / 2.0/UDP  one ;branch=z9hG4bKa , SIP/2.0/UDP two\r\n"
        b"Via: SIP/2.0/TCP three\r\n"
        b'From: "\xff\xfe, M\xc3\xbcller"  <sip:a@h> ; TAG = 1\r\n'
        b"To: sip:b@h ; x=y;tag=t1\r\n"
        b"Call-ID: c @ \xe9\r\n"
        b"CSeq: 0007  INVITE\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    assert answer.to.tag == answer.to_tag == "t1"


def test_a_tag_that_is_there_is_not_replaced() -> None:
    answer = respond(an_invite(To="<sip:b@h>;TAG=old"), 200, to_tag="new")

    assert answer.to_tag == "old"


def test_an_answer_needs_no_tag() -> None:
    assert respond(an_invite(), 100).headers.get("To") == "<sip:b@h>"


def test_a_100_carries_the_timestamp() -> None:
    request = an_invite(Timestamp="54.3")

    assert respond(request, 100).headers.get("Timestamp") == "54.3"
    assert "Timestamp" not in respond(request, 180).headers


@pytest.mark.parametrize(
    ("status", "reason", "phrase"),
    [
        (486, None, "Busy Here"),
        (486, "Gone fishing", "Gone fishing"),
        (499, None, ""),
        (200, "", ""),
    ],
)
def test_a_reason_defaults_to_the_registered_phrase(
    status: int, reason: str | None, phrase: str
) -> None:
    assert respond(an_invite(), status, reason).reason == phrase


@pytest.mark.parametrize("tag", ["", "a;b", "a\r\nX: y"])
def test_a_tag_that_is_no_token_is_not_added(tag: str) -> None:
    with pytest.raises(ValueError, match="token"):
        respond(an_invite(), 200, to_tag=tag)


def test_an_unreadable_to_goes_back_as_it_came() -> None:
    answer = respond(an_invite(To='"open <sip:b@h>'), 400, to_tag="t1")

    assert answer.headers.get("To") == '"open <sip:b@h>'


def test_a_message_shows_no_personal_data_where_it_is_logged() -> None:
    assert repr(an_invite()) == "<Request INVITE>"
    assert repr(respond(an_invite(), 180)) == "<Response 180>"


@pytest.mark.parametrize(
    ("text", "cseq"),
    [("1 INVITE", (1, "INVITE")), ("0009\tBYE", (9, "BYE")), ("2147483647 x", (2**31 - 1, "x"))],
)
def test_a_cseq_is_read(text: str, cseq: tuple[int, str]) -> None:
    assert CSeq.parse(text) == cseq
    assert CSeq.parse(str(CSeq.parse(text))) == cseq


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "INVITE",
        " INVITE",
        "1INVITE",
        "-1 INVITE",
        "1 IN VITE",
        "1 ",
        "٣ INVITE",
        "2147483648 INVITE",
        "9" * 70000 + " INVITE",
    ],
)
def test_a_malformed_cseq_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        CSeq.parse(text)
