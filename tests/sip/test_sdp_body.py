"""The session description in a message body, alone or as a part of a multipart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.sip.media_type import MediaType
from sidecar.sip.sdp import SdpError, sdp_part

SDP = (
    b"v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 0 8\r\n"
)
MIXED = 'multipart/mixed;boundary="unique-1"'
BODY = (
    b"--unique-1\r\nContent-Type: application/SDP ;charset=x\r\n\r\n" + SDP + b"\r\n"
    b"--unique-1\r\nContent-Type: application/isup\r\n\r\n\x01\x00\r\n\xff\r\n--unique-1--\r\n"
)
ISUP = b"Content-Type: application/isup\r\n"


def found(kind: str, body: bytes, disposition: str | None = None) -> bytes | None:
    """The description in a body of that type."""
    return sdp_part(MediaType.parse(kind), disposition, body)


@pytest.mark.parametrize(
    "kind", ["Application/SDP", "application/\tsdp", "application / sdp ;x=y", "application/sdp;"]
)
def test_a_plain_sdp_body_is_the_description_however_its_type_is_spelled(kind: str) -> None:
    assert found(kind, SDP) == SDP


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/sdp", b""),
        ("text/plain", SDP),
        ("application/pidf+xml", b"<presence/>"),
        ("multipart/mixed; boundary=b", b"--b\r\n\r\nno type, so text\r\n--b--"),
        ("multipart/mixed; boundary=b", b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--"),
        ("multipart/mixed; boundary=b", b"--b\r\nContent-Type: nothing\r\n\r\nx\r\n--b--"),
    ],
)
def test_other_bodies_hold_no_description(kind: str, body: bytes) -> None:
    assert found(kind, body) is None


def test_a_description_is_found_inside_a_multipart_body() -> None:
    assert found(MIXED, BODY) == SDP


def test_a_description_one_level_deeper_is_found() -> None:
    body = b"--o\nContent-Type: %b\n\n%b\n--o\n\ntext\n--o--" % (MIXED.encode(), BODY)

    assert found("multipart/alternative; boundary=o", body) == SDP


@pytest.mark.parametrize("disposition", ["early-session", "render", "alert", "", "sessions"])
def test_a_description_of_another_disposition_is_not_the_one_of_the_session(
    disposition: str,
) -> None:
    line = f"\r\nContent-Disposition: {disposition}\r\n\r\nv=0".encode()

    assert found(MIXED, BODY.replace(b"\r\n\r\nv=0", line)) is None
    assert found("application/sdp", SDP, disposition) is None


@pytest.mark.parametrize("disposition", ["session", "Session;x=y", "session ; handling=required"])
def test_the_disposition_of_a_session_may_be_said(disposition: str) -> None:
    line = f"\r\nContent-Disposition: {disposition}\r\n\r\nv=0".encode()

    assert found(MIXED, BODY.replace(b"\r\n\r\nv=0", line)) == SDP
    assert found("application/sdp", SDP, disposition) == SDP


def test_a_part_that_the_sender_requires_is_not_left_behind_in_silence() -> None:
    required = ISUP + b"Content-Disposition: signal;handling=required\r\n"

    with pytest.raises(SdpError, match="required") as error:
        found(MIXED, BODY.replace(ISUP, required))

    assert error.value.status == 415
    assert found(MIXED, BODY.replace(ISUP, required.replace(b"required", b"optional"))) == SDP


@pytest.mark.parametrize("line", [b"Content-Transfer-Encoding: base64", b"Content-Encoding: gzip"])
def test_an_encoded_part_is_refused(line: bytes) -> None:
    with pytest.raises(SdpError, match="Encoded part"):
        found(MIXED, BODY.replace(b"\r\n\r\nv=0", b"\r\n%b\r\n\r\nv=0" % line))


def test_a_part_whose_header_says_something_twice_is_refused() -> None:
    twice = BODY.replace(b"\r\n\r\nv=0", b"\r\nc: text/plain\r\n\r\nv=0")

    with pytest.raises(SdpError, match="Repeated header"):
        found(MIXED, twice)


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("multipart/mixed", BODY, "without a boundary"),
        ("multipart/mixed;boundary=", BODY, "without a boundary"),
        ("multipart/mixed;boundary=" + "b" * 71, BODY, "without a boundary"),
        (MIXED, BODY[: len(SDP)], "closing delimiter"),
        (MIXED, b"--unique-1", "closing delimiter"),
        (MIXED, b"--unique-1\r\n\r\nx\r\n" * 40 + b"--unique-1--", "Too many parts"),
    ],
)
def test_a_multipart_body_that_cannot_be_taken_apart_is_refused(
    kind: str, body: bytes, reason: str
) -> None:
    with pytest.raises(SdpError, match=reason):
        found(kind, body)


def test_nesting_without_end_is_refused() -> None:
    body = b"x"
    for level in range(9, 0, -1):
        kind = b"Content-Type: multipart/mixed;boundary=b%d" % level
        body = b"--b%d\r\n%b\r\n\r\n%b\r\n--b%d--" % (level - 1, kind, body, level - 1)

    with pytest.raises(SdpError, match="nested too deep"):
        found("multipart/mixed;boundary=b0", body)


def test_a_line_that_only_begins_like_the_delimiter_ends_no_part() -> None:
    body = b"--b\r\nContent-Type: application/sdp\r\n\r\n" + SDP + b"--bc\r\n--b-- \r\nend"

    assert found("multipart/mixed;boundary=b", body) == SDP + b"--bc"


@given(
    st.lists(
        st.sampled_from(
            [
                b"--b",
                b"--b--",
                b"\r\n",
                b"\n",
                b"Content-Type: ",
                b"x",
                b"application/sdp",
                b"multipart/mixed;boundary=b",
            ]
        )
    )
)
def test_any_multipart_body_is_either_taken_apart_or_refused(pieces: list[bytes]) -> None:
    body = b"".join(pieces)
    try:
        part = found("multipart/mixed;boundary=b", body)
    except SdpError:
        return
    assert part is None or part in body
