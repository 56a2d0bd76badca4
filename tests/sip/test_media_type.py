"""What a body is called: read in any spelling, written in one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.sip.errors import ParseError
from sidecar.sip.media_type import LONGEST, MediaType


@pytest.mark.parametrize(
    ("text", "name", "charset"),
    [
        ("application/sdp", "application/sdp", None),
        ("Application/SDP", "application/sdp", None),
        ("application/\tsdp", "application/sdp", None),
        (" application \t/ sdp ; charset = utf-8", "application/sdp", "utf-8"),
        ('text/plain;Charset="us-ascii";x', "text/plain", "us-ascii"),
        ("text/plain;charset", "text/plain", ""),
        ("text/plain;;charset=x", "text/plain", None),
        ("text/plain;", "text/plain", None),
    ],
)
def test_a_type_is_read_whatever_its_spelling(text: str, name: str, charset: str | None) -> None:
    kind = MediaType.parse(text)

    assert kind.name == name
    assert kind.param("charset") == charset


@pytest.mark.parametrize(
    "text", ["", "sdp", "a/b/c", "a b/c", "a/b c", "/b", "a/", "a/b, c/d", "x/" + "y" * LONGEST]
)
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        MediaType.parse(text)


@given(st.text(alphabet='ab/; \t="\\x-\x00', max_size=20))
def test_what_is_written_is_read_as_the_same(text: str) -> None:
    try:
        kind = MediaType.parse(text)
    except ParseError:
        return
    assert MediaType.parse(str(kind)) == kind
    assert not set(kind.name) & set(" \t\x00")
