"""Bodies of a few lines: what they say is written anew, all else stays behind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.sip.small_bodies import LONGEST, media_control, message_summary, sipfrag

WRITERS = (media_control, message_summary, sipfrag)


@pytest.mark.parametrize(
    ("body", "written"),
    [
        (b"SIP/2.0 100 Trying", b"SIP/2.0 100 Trying\r\n"),
        (b"SIP/2.0 486 come home\r\nSubject: x\r\n", b"SIP/2.0 486 Busy Here\r\n"),
        (b"SIP/2.0 499 x", b"SIP/2.0 499 \r\n"),
        (b"SIP/2.0 2000 OK", None),
        (b"SIP/2.0 700 OK", None),
        (b"INVITE sip:a@b SIP/2.0\r\n", None),
        (b"", None),
    ],
)
def test_of_a_sipfrag_its_status_is_left(body: bytes, written: bytes | None) -> None:
    assert sipfrag(body) == written


@pytest.mark.parametrize(
    ("body", "written"),
    [
        (b"Messages-Waiting: no\r\n", b"Messages-Waiting: no\r\n"),
        (
            b"MESSAGES-WAITING:Yes\nMessage-Account: sip:1@b\nfax-message:1/0\nvoice-message:2 / 3",
            b"Messages-Waiting: yes\r\nMessage-Account: sip:1@b\r\n"
            b"Voice-Message: 2/3\r\nFax-Message: 1/0\r\n",
        ),
        (
            b"Messages-Waiting: yes\r\nVoice-Message: read me\r\nMessage-Account: <script>\r\n"
            b"\r\nSubject: read me\r\n",
            b"Messages-Waiting: yes\r\n",
        ),
        (b"Messages-Waiting: perhaps", None),
        (b"Voice-Message: 1/0", None),
        (b"Messages-Waiting: yes\r\n" + b"x" * LONGEST, None),
        (b"Messages-Waiting: yes\r\nX: \xff", None),
    ],
)
def test_of_a_message_summary_the_account_and_the_numbers_are_left(
    body: bytes, written: bytes | None
) -> None:
    assert message_summary(body) == written


@pytest.mark.parametrize(
    ("body", "understood"),
    [
        (b"<a><picture_fast_update/></a>", True),
        (b"< picture_fast_update ></ picture_fast_update>", True),
        (b"<picture_fast_updates/>", False),
        (b"picture_fast_update", False),
        (b"", False),
    ],
)
def test_a_wish_for_a_whole_picture_is_the_only_one(body: bytes, understood: bool) -> None:
    assert (media_control(body) is not None) is understood


@given(
    st.one_of(
        st.binary(max_size=60),
        st.lists(
            st.sampled_from(
                [
                    b"SIP/2.0 ",
                    b"200",
                    b" ",
                    b"\r\n",
                    b"\n",
                    b"Messages-Waiting",
                    b":",
                    b"yes",
                    b"Voice-Message",
                    b"1/2",
                    b"(0/1)",
                    b"Message-Account",
                    b"sip:a%0ab@c",
                    b"<picture_fast_update/>",
                    b"\0",
                ]
            ),
            max_size=12,
        ).map(b"".join),
    )
)
def test_what_is_written_says_the_same_when_it_is_read_again(body: bytes) -> None:
    for write in WRITERS:
        written = write(body)
        if written is not None:
            assert write(written) == written
            assert written.endswith(b"\r\n")
            assert b"\0" not in written
