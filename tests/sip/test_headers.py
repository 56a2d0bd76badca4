"""Header fields: names, order, several values a line, and what may not be written."""

from __future__ import annotations

import pytest

from sidecar.sip.errors import ParseError
from sidecar.sip.header_names import COMPACT_FORMS, canonical_name, spellings
from sidecar.sip.headers import Headers


@pytest.mark.parametrize(("letter", "name"), COMPACT_FORMS.items())
def test_a_compact_form_is_the_same_header(letter: str, name: str) -> None:
    headers = Headers.parse([f"{letter}: one", f"{letter.upper()}: two"])

    assert list(headers.items()) == [(name, "one"), (name, "two")]
    assert headers.get(letter) == headers.get(name) == "one"


@pytest.mark.parametrize(
    ("spelled", "canonical"),
    [
        ("call-id", "Call-ID"),
        ("CALL-ID", "Call-ID"),
        ("cSeQ", "CSeq"),
        ("www-authenticate", "WWW-Authenticate"),
        ("x-consent", "X-Consent"),
        ("X-CONSENT", "X-Consent"),
        ("x-3com-phoneinfo", "X-3com-Phoneinfo"),
        ("!odd.name", "!odd.name"),
    ],
)
def test_a_name_has_one_spelling_however_it_came(spelled: str, canonical: str) -> None:
    assert canonical_name(spelled) == canonical
    assert Headers.parse([f"{spelled}: x"]).get(canonical.lower()) == "x"


def test_a_letter_that_only_lowers_to_ascii_is_no_ascii_name() -> None:
    with pytest.raises(ValueError, match="name"):
        canonical_name("\N{KELVIN SIGN}")


def test_invented_names_are_not_remembered_without_end() -> None:
    for number in range(5000):
        canonical_name(f"X-Flood-{number}")

    assert len(spellings) <= 2048
    assert canonical_name("v") == "Via"
    assert canonical_name("x-fLOOD-1") == "X-Flood-1"


def test_order_and_repetition_are_kept() -> None:
    headers = Headers([("Via", "a"), ("Route", "r"), ("via", "b, c")])

    assert list(headers.items()) == [("Via", "a"), ("Route", "r"), ("Via", "b, c")]
    assert headers.get("Via") == "a"
    assert headers.get_all("v") == ["a", "b, c"]
    assert headers.values("Via") == ["a", "b", "c"]
    assert len(headers) == 3


def test_a_missing_header_has_no_value() -> None:
    headers = Headers([("Via", "a")])

    assert headers.get("To") is None
    assert headers.get("To", "nobody") == "nobody"
    assert headers.get_all("To") == headers.values("To") == []
    assert "To" not in headers
    assert "v" in headers


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("", []),
        (" , ,", []),
        ("a,b ,\tc", ["a", "b", "c"]),
        (
            '"Doe, Jane" <sip:j@x>, "Roe, R" <sip:r@x>',
            ['"Doe, Jane" <sip:j@x>', '"Roe, R" <sip:r@x>'],
        ),
        ("<sip:a,b@x>;q=1,<sip:c@x>", ["<sip:a,b@x>;q=1", "<sip:c@x>"]),
        (
            r'"quote \" , inside" <sip:a@x>,<sip:b@x>',
            [r'"quote \" , inside" <sip:a@x>', "<sip:b@x>"],
        ),
        ('"never closed, <sip:a@x>', ['"never closed, <sip:a@x>']),
        ("<sip:a@x, <sip:b@x>, c", ["<sip:a@x, <sip:b@x>", "c"]),
        ('a, "ends in \\', ["a", '"ends in \\']),
        ('a;p="x,y",b', ['a;p="x,y"', "b"]),
    ],
)
def test_a_line_is_split_at_commas_that_separate_values(line: str, values: list[str]) -> None:
    assert Headers([("Contact", line)]).values("Contact") == values


@pytest.mark.parametrize(
    "name", ["WWW-Authenticate", "Authorization", "Date", "Subject", "Call-ID", "User-Agent"]
)
def test_a_comma_does_not_split_a_header_that_is_no_list(name: str) -> None:
    assert Headers([(name, "one, two")]).values(name) == ["one, two"]


def test_setting_puts_one_line_in_the_place_of_all() -> None:
    headers = Headers([("To", "t"), ("Route", "a"), ("Via", "v"), ("Route", "b")])

    headers.set("route", "c")
    headers.set("Max-Forwards", "70")

    assert list(headers.items()) == [
        ("To", "t"),
        ("Route", "c"),
        ("Via", "v"),
        ("Max-Forwards", "70"),
    ]


def test_a_line_goes_before_the_others_of_its_name() -> None:
    headers = Headers([("To", "t"), ("Via", "old")])

    headers.prepend("v", "new")
    headers.prepend("Record-Route", "r")

    assert list(headers.items()) == [
        ("Record-Route", "r"),
        ("To", "t"),
        ("Via", "new"),
        ("Via", "old"),
    ]


def test_the_first_value_is_replaced_even_where_it_shares_a_line() -> None:
    headers = Headers([("Via", 'a;x="1,2", b'), ("Via", "c")])

    headers.replace_first("Via", "A")

    assert headers.values("Via") == ["A", "b", "c"]
    with pytest.raises(KeyError):
        headers.replace_first("Route", "r")


def test_what_is_read_follows_every_change() -> None:
    headers = Headers([("Via", "a")])
    assert headers.get("Via") == "a"

    headers.prepend("Via", "b")
    assert headers.get("Via") == "b"
    headers.set("Via", "c")
    assert headers.get("Via") == "c"
    headers.replace_first("Via", "d")
    assert headers.get("Via") == "d"
    headers.remove("Via")
    assert headers.get("Via") is None
    headers.add("Via", "e")
    assert headers.get("Via") == "e"


def test_a_copy_lives_its_own_life() -> None:
    headers = Headers([("Via", "a")])

    copy = headers.copy()
    copy.add("Via", "b")

    assert headers == Headers([("Via", "a")])
    assert copy.get_all("Via") == ["a", "b"]


@pytest.mark.parametrize("write", ["add", "set", "prepend", "replace_first"])
@pytest.mark.parametrize("value", ["a\r\nX-Record: on", "a\nb", "a\rb", "a\0b", "a\r\n b"])
def test_no_value_can_end_its_line(write: str, value: str) -> None:
    headers = Headers([("Subject", "old")])

    with pytest.raises(ValueError, match="line break"):
        getattr(headers, write)("Subject", value)

    assert headers == Headers([("Subject", "old")])


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "ä", "a\0", "Subject "])
def test_no_name_but_a_token_is_written(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Headers().add(name, "x")
    with pytest.raises(ValueError, match="name"):
        Headers([(name, "x")])


def test_a_quoted_nul_is_kept() -> None:
    headers = Headers([("To", '"NUL:\\\0" <sip:a@b>')])

    assert headers.get("To") == '"NUL:\\\0" <sip:a@b>'


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        (["Subject: one", " two", "\tthree  "], "one two three"),
        (["Subject:", "  one"], "one"),
        (["Subject: one", " ", "\t", " two"], "one two"),
        (["Subject  \t: one"], "one"),
        (["Subject:one\t"], "one"),
        (["s: one", " To: not a header"], "one To: not a header"),
        (["Subject:"], ""),
        (["Subject: a:b"], "a:b"),
    ],
)
def test_folded_lines_and_odd_spaces_are_read(lines: list[str], value: str) -> None:
    assert list(Headers.parse(lines).items()) == [("Subject", value)]


def test_only_spaces_and_tabs_are_trimmed() -> None:
    assert Headers.parse(["Subject: \x85one\xa0"]).get("Subject") == "\x85one\xa0"


@pytest.mark.parametrize("lines", [[" folded"], ["no colon"], ["To"], [": x"], ["a b: x"], [""]])
def test_what_is_no_header_line_is_refused(lines: list[str]) -> None:
    with pytest.raises(ParseError):
        Headers.parse(lines)


def test_what_can_be_read_of_a_refused_message_is_kept_once() -> None:
    lines = ["To: a", "no colon", "To: b", "Via: x", "Via: y", "Bad Name: z"]

    headers = Headers.parse_readable(lines, frozenset(("To",)))

    assert list(headers.items()) == [("To", "a"), ("Via", "x"), ("Via", "y")]


def test_headers_compare_by_content_and_show_it() -> None:
    assert Headers([("t", "a")]) == Headers([("To", "a")])
    assert Headers([("To", "a")]) != Headers([("To", "b")])
    assert Headers() != []
    assert repr(Headers([("t", "a")])) == "Headers([('To', 'a')])"
