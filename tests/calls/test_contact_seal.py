"""Tokens that hold a Contact: nobody else can make one, read one, or change one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.calls.crossing.contact_seal import KEY_LENGTH, LONGEST_URI, ContactSeal, Sealed
from sidecar.sip.errors import ParseError
from sidecar.sip.uri import Uri

unhurried = settings(deadline=None)
SEAL = ContactSeal(b"k" * KEY_LENGTH)
CONTACT = Sealed("pbx", "main", True, Uri.parse("sip:line1@198.51.100.20:5060;line=xyz"))


def holding(token: str) -> Uri:
    return Uri.parse(f"sip:line1@192.0.2.1;csc={token}")


@pytest.mark.parametrize(
    "contact",
    [
        CONTACT,
        Sealed("trunk", "b", False, Uri.parse("sip:[2001:db8::1]:5070;transport=tcp")),
        Sealed("pbx", "x" * 64, True, Uri.parse("sips:j%C3%BCrgen@h")),
    ],
)
def test_what_was_sealed_is_opened(contact: Sealed) -> None:
    assert SEAL.open(holding(SEAL.seal(contact))) == contact


def test_the_same_contact_gives_the_same_token_and_any_other_another() -> None:
    others = {
        SEAL.seal(CONTACT._replace(**changed))
        for changed in (
            {},
            {"kind": "trunk"},
            {"name": "other"},
            {"reachable": False},
            {"uri": Uri.parse("sip:line2@198.51.100.20:5060;line=xyz")},
        )
    }

    assert SEAL.seal(CONTACT) == SEAL.seal(CONTACT)
    assert len(others) == 5


@unhurried
@given(st.integers(0, 1000), st.integers(1, 255))
def test_a_changed_token_is_none(position: int, by: int) -> None:
    token = SEAL.seal(CONTACT)
    whole = len(token) // 4 * 4  # the last digit may have bits that mean nothing
    position %= whole
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = alphabet[(alphabet.index(token[position]) + by) % 64]
    changed = token[:position] + other + token[position + 1 :]

    assert changed == token or SEAL.open(holding(changed)) is None


@unhurried
@given(st.text("AZaz09-_", min_size=1, max_size=200))
def test_a_made_up_token_is_none(token: str) -> None:
    assert SEAL.open(holding(token)) is None


@pytest.mark.parametrize("uri", ["sip:a@h", "sip:a@h;csc", "sip:a@h;csc=%00"[:9], "tel:1;csc=x"])
def test_a_uri_without_a_token_holds_nothing(uri: str) -> None:
    assert SEAL.open(Uri.parse(uri)) is None


def test_another_key_opens_nothing() -> None:
    assert ContactSeal(b"o" * KEY_LENGTH).open(holding(SEAL.seal(CONTACT))) is None


def test_a_uri_that_is_too_long_is_not_sealed_and_the_longest_is_opened() -> None:
    longest = "sip:" + "x" * (LONGEST_URI - 6) + "@h"
    contact = Sealed("pbx", "x" * 64, True, Uri.parse(longest))

    assert SEAL.open(holding(SEAL.seal(contact))) == contact
    with pytest.raises(ParseError):
        SEAL.seal(contact._replace(uri=Uri.parse(longest + "h")))


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="64 bytes"):
        ContactSeal(b"short")
