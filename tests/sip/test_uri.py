"""URIs: sip, sips, tel and what else may stand in a header."""

from __future__ import annotations

import pytest

from sidecar.sip.errors import ParseError
from sidecar.sip.uri import Uri


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("sip:example.com", Uri("sip", host="example.com")),
        ("sip:alice@example.com", Uri("sip", "alice", host="example.com")),
        ("sips:alice@example.com:5061", Uri("sips", "alice", host="example.com", port=5061)),
        ("sip:alice:secret@h", Uri("sip", "alice", "secret", "h")),
        ("sip:alice:@h", Uri("sip", "alice", "", "h")),
        ("sip:pbx1", Uri("sip", host="pbx1")),
        ("sip:a@pbx-2.lan1", Uri("sip", "a", host="pbx-2.lan1")),
        ("sip:a@my_pbx", Uri("sip", "a", host="my_pbx")),
        ("sip:a@example.com.", Uri("sip", "a", host="example.com.")),
        ("sip:a@192.0.2.1:5070", Uri("sip", "a", host="192.0.2.1", port=5070)),
        ("sip:a@[2001:db8::1]", Uri("sip", "a", host="2001:db8::1")),
        ("sip:[2001:db8::1]:5070", Uri("sip", host="2001:db8::1", port=5070)),
        ("sip:a;x=1@h;lr", Uri("sip", "a;x=1", host="h", parameters=(("lr", None),))),
        ("sip:a?b@h", Uri("sip", "a?b", host="h")),
        ("sip:*98#@h", Uri("sip", "*98#", host="h")),
        ("sip:%61@h", Uri("sip", "%61", host="h")),
        ("sip:jürgen@h", Uri("sip", "jürgen", host="h")),
        (
            "sip:h;transport=tcp;lr",
            Uri("sip", host="h", parameters=(("transport", "tcp"), ("lr", None))),
        ),
        ("sip:h;maddr=[::1]", Uri("sip", host="h", parameters=(("maddr", "[::1]"),))),
        (
            "sip:a@h;method=REFER?Subject=x&Priority=",
            Uri(
                "sip",
                "a",
                host="h",
                parameters=(("method", "REFER"),),
                headers=(("Subject", "x"), ("Priority", "")),
            ),
        ),
        ("tel:+44-20-7946-0101", Uri("tel", "+44-20-7946-0101")),
        (
            "tel:7042;phone-context=example.com",
            Uri("tel", "7042", parameters=(("phone-context", "example.com"),)),
        ),
        ("http://www.example.com/a?b=c", Uri("http", opaque="//www.example.com/a?b=c")),
        ("urn:service:sos", Uri("urn", opaque="service:sos")),
    ],
)
def test_a_uri_is_read_and_written_as_it_came(text: str, uri: Uri) -> None:
    assert Uri.parse(text) == uri
    assert str(uri) == text


def test_the_scheme_is_read_without_regard_to_case() -> None:
    assert Uri.parse("SIPS:a@h").scheme == "sips"
    assert Uri.parse("TEL:112").scheme == "tel"
    assert Uri.parse("ISBN:1").scheme == "isbn"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:",
        "alice@example.com",
        "sip:@h",
        "sip::secret@h",
        "sip:a@",
        "sip:a@h:",
        "sip:a@h:0",
        "sip:a@h:65536",
        "sip:a@h:123456",
        "sip:a@h:٣",
        "sip:a@b@c",
        "sip:a@-h",
        "sip:a@h..h",
        "sip:a@2001:db8::1",
        "sip:a@[2001:db8::1",
        "sip:a@[]",
        "sip:a@[1.2.3.4]",
        "sip:a@[::1:::1.2.3.4]",
        "sip:a@h;",
        "sip:a@h;;lr",
        "sip:a@h;=x",
        "sip:a@h;x=",
        "sip:a@h?",
        "sip:a@h?x",
        "sip:a@h?=x",
        "sip:a b@h",
        "sip:a@h ",
        " sip:a@h",
        "<sip:a@h>",
        'sip:"a"@h',
        "sip:a\x00@h",
        "sip:a\r\n@h",
        "tel:",
        "tel:alice",
        "tel:1;",
        "1http://x",
        "http:",
        "http://a b",
    ],
)
def test_a_malformed_uri_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Uri.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "sip:+442079460105%00x@h",
        "sip:1%0aUniqueid%3a1.1@h",
        "sip:1%0D%0AX-Record%3a%20on@h",
        "sip:1%7f@h",
        "sip:1%1F@h",
        "sip:1%%0a@h",
        "sip:1%c2%85@h",
        "sip:1%e2%80%a8@h",
        "sip:1\x85@h",
        "sip:1\u2028@h",
        "sip:%ff@h",
        "sip:%ed%a0%80@h",
        "sip:%c0%80@h",
        "sip:a\udcff@h",
        "sip:a:%00@h",
        "sip:a@h;x=%00",
        "sip:a@h;%0a",
        "sip:a@h?x=%0a",
        "sip:a@h?%0a=x",
        "tel:1;ext=%00",
        "tel:1;phone-context=\udcff",
        "http://h/%0d",
    ],
)
def test_what_means_a_control_character_or_none_at_all_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Uri.parse(text)


@pytest.mark.parametrize(
    ("text", "user"), [("sip:%2541@h", "%41"), ("sip:100%@h", "100%"), ("sip:%zz@h", "%zz")]
)
def test_a_percent_sign_that_escapes_nothing_stands_for_itself(text: str, user: str) -> None:
    assert Uri.parse(text).user_unescaped == user


@pytest.mark.parametrize(
    "text",
    [
        "sip:%250a@h",
        "sip:%%30a@h",
        "sip:%2500@h",
        "sip:1%25ff@h",
        "sip:1@h;x=%250d",
        "sip:1%25252541@h",
        "sip:" + "%25" * 5000 + "0a@h",
        "tel:1;ext=%250a",
    ],
)
def test_what_means_one_to_a_reader_that_resolves_twice_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Uri.parse(text)


def test_percent_escapes_are_resolved_only_on_request() -> None:
    uri = Uri.parse("sip:%2B44%20%C3%a9@h")

    assert uri.user == "%2B44%20%C3%a9"
    assert uri.user_unescaped == "+44 \xe9"
    assert Uri.parse("sip:h").user_unescaped is None


def test_parameters_are_found_whatever_their_case() -> None:
    uri = Uri.parse("sip:h;Transport=TCP;lr")

    assert uri.param("transport") == "TCP"
    assert uri.param("LR") == ""
    assert uri.param("maddr") is None


def test_a_part_is_replaced_in_a_copy() -> None:
    uri = Uri.parse("sip:a@h;lr")

    assert str(uri.with_(host="2001:db8::1", port=5070)) == "sip:a@[2001:db8::1]:5070;lr"
    assert str(uri) == "sip:a@h;lr"


@pytest.mark.parametrize(
    "changes",
    [
        {"user": "a@b"},
        {"user": "a:b"},
        {"user": ""},
        {"user": "a>;x"},
        {"user": "a\r\nX-Record: on"},
        {"password": "p@h"},
        {"host": "h;lr"},
        {"host": "h>"},
        {"host": ""},
        {"port": 0},
        {"port": 70000},
        {"scheme": "http"},
        {"scheme": "SIP"},
        {"parameters": (("a;b", None),)},
        {"parameters": (("a", "b?c"),)},
        {"headers": (("a&b", "c"),)},
        {"opaque": "x"},
    ],
)
def test_a_uri_that_would_be_read_otherwise_is_not_made(changes: dict[str, object]) -> None:
    with pytest.raises(ParseError):
        Uri.parse("sip:a@h").with_(**changes)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
        ("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0::1]"),
        ("tel:112", "tel:112"),
    ],
)
def test_the_equal_pairs_of_the_rfc_are_equivalent(one: str, other: str) -> None:
    assert Uri.parse(one).equivalent(Uri.parse(other))
    assert Uri.parse(other).equivalent(Uri.parse(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:a@h", "sips:a@h"),
        ("sip:a@h", "sip:a:b@h"),
        ("sip:h", "sip:a@h"),
        ("sip:h;maddr=1.2.3.4", "sip:h"),
        ("tel:112", "sip:112@h"),
    ],
)
def test_the_unequal_pairs_of_the_rfc_are_not(one: str, other: str) -> None:
    assert not Uri.parse(one).equivalent(Uri.parse(other))
    assert not Uri.parse(other).equivalent(Uri.parse(one))
