"""Addresses of From, To, Contact and their like."""

from __future__ import annotations

import pytest

from sidecar.sip.address import Address, is_plain
from sidecar.sip.errors import ParseError
from sidecar.sip.headers import Headers
from sidecar.sip.uri import Uri

BOB = Uri.parse("sip:bob@biloxi.com")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("<sip:bob@biloxi.com>", Address(None, BOB)),
        ("sip:bob@biloxi.com", Address(None, BOB)),
        ('"Bob" <sip:bob@biloxi.com>', Address("Bob", BOB)),
        ('"Bob"<sip:bob@biloxi.com>', Address("Bob", BOB)),
        ("Bob <sip:bob@biloxi.com>", Address("Bob", BOB)),
        ("Bob<sip:bob@biloxi.com>", Address("Bob", BOB)),
        ("Dr. Bob  Ho <sip:bob@biloxi.com>", Address("Dr. Bob  Ho", BOB)),
        ("bob@biloxi.com <sip:bob@biloxi.com>", Address("bob@biloxi.com", BOB)),
        ("Jürgen <sip:bob@biloxi.com>", Address("Jürgen", BOB)),
        ('"" <sip:bob@biloxi.com>', Address("", BOB)),
        ('"Ho, Bob <x>; y" <sip:bob@biloxi.com>', Address("Ho, Bob <x>; y", BOB)),
        (r'"a \"b\" \\ c" <sip:bob@biloxi.com>', Address('a "b" \\ c', BOB)),
        ('"\udcff" <sip:bob@biloxi.com>', Address("\udcff", BOB)),
        ("<sip:bob@biloxi.com>;tag=1", Address(None, BOB, (("tag", "1"),))),
        ("<sip:bob@biloxi.com> ; tag = 1 ;lr", Address(None, BOB, (("tag", "1"), ("lr", None)))),
        ("sip:bob@biloxi.com;tag=1", Address(None, BOB, (("tag", "1"),))),
        ("sip:bob@biloxi.com ;tag=1", Address(None, BOB, (("tag", "1"),))),
        ("<sip:bob@biloxi.com>;tag=a/b==", Address(None, BOB, (("tag", "a/b=="),))),
        (
            '<sip:bob@biloxi.com>;+sip.instance="<urn:uuid:1;2,3>"',
            Address(None, BOB, (("+sip.instance", '"<urn:uuid:1;2,3>"'),)),
        ),
        ("<sip:bob@biloxi.com;lr>", Address(None, Uri.parse("sip:bob@biloxi.com;lr"))),
        ("<sip:h?Replaces=a%40b>", Address(None, Uri.parse("sip:h?Replaces=a%40b"))),
        ("<tel:+44>;tag=1", Address(None, Uri.parse("tel:+44"), (("tag", "1"),))),
        ("<http://a/b;c,d?e>", Address(None, Uri.parse("http://a/b;c,d?e"))),
        ("isbn:2983792873", Address(None, Uri.parse("isbn:2983792873"))),
    ],
)
def test_an_address_is_read(text: str, address: Address) -> None:
    assert Address.parse(text) == address
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "bob",
        "<>",
        "<sip:bob@biloxi.com",
        "sip:bob@biloxi.com>",
        "< sip:bob@biloxi.com >",
        '"Bob <sip:bob@biloxi.com>',
        'Bob" <sip:bob@biloxi.com>',
        "Ho, Bob <sip:bob@biloxi.com>",
        '"Bob" sip:bob@biloxi.com',
        "<sip:bob@biloxi.com>;",
        "<sip:bob@biloxi.com>;;tag=1",
        "<sip:bob@biloxi.com>;tag=",
        "<sip:bob@biloxi.com> tag=1",
        "<sip:bob@biloxi.com>, <sip:al@biloxi.com>",
        "sip:bob@biloxi.com?Subject=x",
        "sip:bob@biloxi.com, sip:al@biloxi.com",
        '<sip:bob@biloxi.com>;x="open',
    ],
)
def test_a_malformed_address_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Address.parse(text)
    assert not is_plain(text)


def test_two_contacts_with_quoted_commas_are_two() -> None:
    text = '"Mr. Watson, Thomas" <sip:w@x.org>;q=0.7, "Bell, A." <sip:bell@x.org>'

    first, second = Address.parse_list(text)

    assert (first.display, first.param("q")) == ("Mr. Watson, Thomas", "0.7")
    assert (second.display, second.uri.user) == ("Bell, A.", "bell")


def test_a_star_is_a_wildcard_where_a_list_may_stand() -> None:
    (star,) = Address.parse_list("*")

    assert star.wildcard
    assert str(star) == "*"
    assert not Address.parse("<sip:h>").wildcard


@pytest.mark.parametrize("text", ["", " ", ",", "<sip:h>, *", "<sip:h>, x"])
def test_a_list_with_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Address.parse_list(text)


def test_parameters_are_found_whatever_their_case() -> None:
    address = Address.parse("<sip:h>;TAG=Abc;Expires=60;isfocus")

    assert address.tag == "Abc"
    assert address.param("expires") == "60"
    assert address.param("IsFocus") == ""
    assert address.param("q") is None


def test_a_tag_is_set_replaced_and_taken_away() -> None:
    address = Address.parse('"Bob" <sip:h;lr>;x=1')

    tagged = address.with_tag("a")

    assert str(tagged) == '"Bob" <sip:h;lr>;x=1;tag=a'
    assert str(tagged.with_tag("b")) == '"Bob" <sip:h;lr>;x=1;tag=b'
    assert tagged.with_tag(None) == address


@pytest.mark.parametrize("tag", ["", "a;b", "a b", "a\r\nb"])
def test_a_tag_is_a_token(tag: str) -> None:
    with pytest.raises(ValueError, match="token"):
        Address.parse("<sip:h>").with_tag(tag)


@pytest.mark.parametrize("display", ['a "quoted" b', "back\\slash", "NUL:\0", "ünï", "\udcff"])
def test_any_display_name_is_written_so_that_it_reads_back(display: str) -> None:
    address = Address(display, BOB)

    assert Address.parse(str(address)) == address
    assert Headers([("To", str(address))]).get("To") == str(address)
