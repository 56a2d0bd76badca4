"""URIs as they leave: one spelling, and no more than was understood."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sidecar.numbers import as_run, read_number
from sidecar.sip.canonical import (
    IN_DIVERTED,
    IN_NAMES,
    IN_REQUEST_URI,
    TABLE,
    context_left,
    number_of,
    written_display,
    written_header_parameters,
    written_uri,
)
from sidecar.sip.errors import ParseError
from sidecar.sip.grammar import parse_parameters
from sidecar.sip.uri import Uri

unhurried = settings(deadline=None)
EVERY = IN_REQUEST_URI | IN_NAMES | IN_DIVERTED
# RFC 3261 section 25.1, RFC 3966 section 3.
UNRESERVED = r"[A-Za-z0-9\-_.!~*'()]|%[0-9A-F]{2}"
STRICT_SIP = re.compile(
    rf"sips?:((?:{UNRESERVED}|[&=+$,;?/])+@)?[a-z0-9.\-_\[\]:]+"
    rf"(;(?:{UNRESERVED}|[\[\]/:&+$])+(=(?:{UNRESERVED}|[\[\]/:&+$])+)?)*"
)
STRICT_TEL = re.compile(r"tel:[+0-9A-Za-z*#().\-]+(;[a-z\-]+(=[^;]+)?)*")


@pytest.mark.parametrize(
    ("came", "leaves"),
    [
        ("SIP:%2b44%20(20)7946-0101@H.Example:5070", "sip:+442079460101@h.example:5070"),
        ("sip:alice:secret@h?Subject=x", "sip:alice@h"),
        ("sip:j\xfcrgen@h", "sip:j%C3%BCrgen@h"),
        ("sip:*98#@h", "sip:*98%23@h"),
        ("sip:a%2fb%3fc%40d@h", "sip:a/b?c%40d@h"),
        ("sip:%3bx@h", "sip:h"),
        ("sip:100%@h", "sip:100%25@h"),
        ("sip:+4420;NPDI;rn=%2b123;x=y;rn=4@h", "sip:+4420;npdi;rn=+123@h"),
        ("sip:1@h;USER=Phone;user=ip;maddr=1.1.1.1;lr;ttl=1;method=BYE", "sip:1@h;user=phone"),
        ("sip:1@h;user=evil;transport=evil", "sip:1@h"),
        ("sip:1@h;%75ser=%70hone", "sip:1@h;user=phone"),
        ("sip:1@h;cause=486;cause=x", "sip:1@h;cause=486"),
        ("sip:1@h;target=sip%3a100:pw%40x%3bx%3dy", "sip:1@h;target=sip:100%40x"),
        ("sip:1@h;target=sip%3a1%2520%40x", "sip:1@h;target=sip:1%40x"),
        ("sip:1@h;target=nonsense", "sip:1@h"),
        ("sip:1@h;target=" + "x" * 300, "sip:1@h"),
        ("sip:1@h;target=sip:" + "`" * 150 + "%40x", "sip:1@h"),
        ("sip:1@[2001:DB8::1]", "sip:1@[2001:db8::1]"),
        ("tel:2079460101;phone-context=+44;ext=5", "tel:+442079460101;ext=5"),
        ("tel:7042;phone-context=example.com;x=1", "tel:7042;phone-context=example.com"),
        # Judged without a context, run without one: not by the next one, nor by what hides it.
        ("tel:2060704191;phone-context=+89C91;phone-context=+81", "tel:2060704191"),
        ("tel:2060704191;phone-context=81", "tel:2060704191"),
        ("sip:2060704191;%2570hone-context=+81@h", "sip:2060704191@h"),
        ("sip:2060704191;phone-context;phone-context=+81@h", "sip:2060704191@h"),
        ("tel:2079460101;phone-context=+44evil", "tel:2079460101"),
        ("TEL:*98#", "tel:*98#"),
    ],
)
def test_a_uri_leaves_in_one_spelling(came: str, leaves: str) -> None:
    written = written_uri(Uri.parse(came), EVERY)

    assert str(written) == leaves
    assert written_uri(written, EVERY) == written


@pytest.mark.parametrize("uri", ["http://evil/", "urn:service:sos", "mailto:a@b"])
def test_what_is_no_telephone_does_not_leave(uri: str) -> None:
    with pytest.raises(ParseError):
        written_uri(Uri.parse(uri), EVERY)


USERS = st.lists(
    st.one_of(
        st.sampled_from(
            ["+", "44", "0", "-", ".", "%2B", "%2b", "%3B", ";", "phone-context=", "="]
        ),
        st.sampled_from(
            [";npdi", ";rn=+1", "*", "#", "%23", "%25", "a", "(", " ", "%20", ",", "?"]
        ),
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=' "<>@:'),
    ),
    min_size=1,
    max_size=8,
).map("".join)


@unhurried
@given(USERS, st.lists(st.sampled_from([rule.name for rule in TABLE]), max_size=3))
def test_whatever_leaves_is_in_the_grammar_says_the_same_and_stays_as_it_is(user, names) -> None:
    parameters = "".join(f";{name}=x%20" for name in names)
    try:
        uri = Uri.parse(f"sip:{user}@H{parameters}")
    except ParseError:
        assume(False)
    written = written_uri(uri, EVERY)

    assert STRICT_SIP.fullmatch(str(written)), str(written)
    assert number_of(written) == number_of(uri)
    assert written_uri(Uri.parse(str(written)), EVERY) == written


@unhurried
@given(USERS)
def test_the_number_that_is_sent_means_to_the_rules_what_the_one_that_came_does(user) -> None:
    assert as_run(as_run(user)) == as_run(user)
    assert read_number(as_run(user), "GB") == read_number(user, "GB")


@unhurried
@given(
    st.from_regex(
        r"tel:[0-9+*#().\-]{1,8}(;phone-context=(\+[0-9]{1,3}|a\.example))?", fullmatch=True
    )
)
def test_a_tel_uri_stays_one(text) -> None:
    uri = Uri.parse(text)
    written = written_uri(uri, EVERY)

    assert STRICT_TEL.fullmatch(str(written)), str(written)
    assert number_of(written) == number_of(uri)
    assert context_left(written) == context_left(uri)


@unhurried
@given(st.text(max_size=300))
def test_a_display_name_is_what_can_be_printed_of_it(text) -> None:
    shown = written_display(text)

    assert shown is None or (shown.isprintable() and 0 < len(shown) <= 128)
    assert written_display(shown) == shown


@pytest.mark.parametrize(
    ("came", "leaves"),
    [
        (";Reason=no-answer;counter=2;x=y", (("reason", "no-answer"), ("counter", "2"))),
        (';reason="a\\\x00b"', (("reason", '"a b"'),)),
        (';reason="\\"x"', (("reason", '"\\"x"'),)),
        (";reason=a/b;reason=c", (("reason", "c"),)),
        (";privacy", (("privacy", None),)),
        (';+sip.instance="<urn:x>"', (("+sip.instance", '"<urn:x>"'),)),
        (";reason=\xe9", ()),
    ],
)
def test_parameters_of_a_header_leave_where_they_are_known(came, leaves) -> None:
    known = frozenset(("reason", "counter", "privacy", "+*"))

    assert written_header_parameters(parse_parameters(came), known) == leaves
