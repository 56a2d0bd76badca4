"""Session timers (RFC 4028): who refreshes, when, and when the session ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.sip.session_timer import (
    MIN_SE,
    Due,
    SessionExpires,
    SessionTimer,
    TooShort,
    answer_to,
    min_se,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("90", SessionExpires(90)),
        (" 1800 ; refresher=uac", SessionExpires(1800, "uac")),
        ("1800;Refresher=UAS", SessionExpires(1800, "uas")),
        ('1800;refresher="uas"', SessionExpires(1800, "uas")),
        ("1800;x=y;refresher=uac;z", SessionExpires(1800, "uac")),
        ("1800;refresher=nobody", SessionExpires(1800)),
        ("4294967295", SessionExpires(2**32 - 1)),
        ("4294967296", None),
        ("0", None),
        ("-90", None),
        ("x", None),
        ("", None),
        (None, None),
        ("\N{SUPERSCRIPT TWO}0", None),
    ],
)
def test_a_session_expires_header_is_read_leniently(text, value):
    assert SessionExpires.parse(text) == value


@given(st.integers(1, 2**32 - 1), st.sampled_from([None, "uac", "uas"]))
def test_what_is_written_is_read_again(seconds, refresher):
    value = SessionExpires(seconds, refresher)
    assert SessionExpires.parse(str(value)) == value


@given(st.text(max_size=40))
def test_no_text_upsets_the_readers(text):
    SessionExpires.parse(text)
    assert min_se(text) >= MIN_SE


@pytest.mark.parametrize(
    ("text", "least"),
    [(None, 90), ("", 90), ("x", 90), ("30", 90), ("300;x", 300), ("9999999999", 2**32 - 1)],
)
def test_a_least_interval_is_never_below_that_of_the_rfc(text, least):
    assert min_se(text) == least


# RFC 4028 section 9, table 2: (the peer knows timers, who is to refresh) -> who does.
TABLE = [
    (False, None, "uas"),
    (False, "uac", "uas"),  # it can't, whatever a proxy has written
    (False, "uas", "uas"),
    (True, None, "uac"),
    (True, "uac", "uac"),
    (True, "uas", "uas"),
]


@pytest.mark.parametrize(("supported", "asked", "answered"), TABLE)
def test_the_answer_says_who_refreshes(supported, asked, answered):
    answer = answer_to(SessionExpires(300, asked), supported=supported)
    assert answer == SessionExpires(300, answered)


@pytest.mark.parametrize("supported", [True, False])
def test_no_timer_is_asked_for_where_the_peer_asks_for_none(supported):
    assert answer_to(None, supported=supported) is None


def test_too_short_an_interval_is_refused_only_where_that_is_understood():
    with pytest.raises(TooShort):
        answer_to(SessionExpires(89), supported=True)
    assert answer_to(SessionExpires(60), supported=False) == SessionExpires(90, "uas")


# Who refreshes at our end: (whose request it was, what the 2xx says) -> is it us.
ROLES = [
    (True, "uac", True),
    (True, "uas", False),
    (True, None, True),
    (False, "uac", False),
    (False, "uas", True),
    (False, None, True),
]


@pytest.mark.parametrize(("asked_by_us", "refresher", "ours"), ROLES)
def test_whoever_is_named_refreshes_and_the_other_hangs_up(asked_by_us, refresher, ours):
    timer = SessionTimer()
    timer.agreed(SessionExpires(300, refresher), asked_by_us=asked_by_us, now=1000.0)

    assert timer.refreshes is ours
    assert timer.asks == SessionExpires(300, "uac" if ours else "uas")
    if ours:
        assert timer.deadline == 1150.0
        assert timer.due(1149.9) is None
        assert timer.due(1150.0) is Due.REFRESH
    assert timer.deadline == 1268.0
    assert timer.due(1267.9) is None
    assert timer.due(1268.0) is Due.END


def test_a_short_session_ends_when_two_thirds_are_over():
    timer = SessionTimer()
    timer.agreed(SessionExpires(90, "uas"), asked_by_us=True, now=0.0)
    assert timer.deadline == 60.0


def test_nothing_is_due_before_and_after_an_agreement():
    timer = SessionTimer()
    assert timer.deadline is None
    assert timer.due(1e9) is None
    assert timer.asks is None

    timer.agreed(SessionExpires(90, "uac"), asked_by_us=True, now=0.0)
    timer.agreed(None, asked_by_us=True, now=10.0)

    assert timer.deadline is None
    assert timer.due(1e9) is None


def test_a_refresh_begins_the_time_anew():
    timer = SessionTimer()
    timer.agreed(SessionExpires(90, "uac"), asked_by_us=True, now=0.0)
    assert timer.due(45.0) is Due.REFRESH
    timer.agreed(SessionExpires(90, "uac"), asked_by_us=True, now=45.0)
    assert timer.deadline == 90.0


def test_a_refresh_that_fails_is_tried_again_until_the_session_ends():
    timer = SessionTimer()
    timer.agreed(SessionExpires(90, "uac"), asked_by_us=True, now=0.0)
    now, tries = 0.0, 0
    while (due := timer.due(now)) is not Due.END:
        if due is Due.REFRESH:
            tries += 1
            timer.failed(now)
        now = timer.deadline
    assert tries == 2
    assert now == 60.0


def test_a_longer_interval_is_asked_for_after_a_refusal():
    timer = SessionTimer()
    timer.agreed(SessionExpires(90, "uac"), asked_by_us=True, now=0.0)

    assert timer.too_short(300)
    assert timer.asks == SessionExpires(300, "uac")
    assert timer.least == 300
    assert not timer.too_short(300), "that is what was asked for already"


def test_a_peer_s_interval_below_the_least_is_refreshed_as_often_as_the_least():
    timer = SessionTimer()
    timer.agreed(SessionExpires(1, "uac"), asked_by_us=True, now=0.0)
    assert timer.deadline == 45.0


@given(
    st.lists(
        st.tuples(
            st.integers(1, 4000),
            st.sampled_from([None, "uac", "uas"]),
            st.booleans(),
            st.floats(0, 500),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_is_agreed_the_next_deadline_is_in_the_future_and_before_the_end(agreements):
    timer, now = SessionTimer(), 0.0
    for seconds, refresher, asked_by_us, waits in agreements:
        now += waits
        timer.agreed(SessionExpires(seconds, refresher), asked_by_us=asked_by_us, now=now)
        assert timer.interval is not None
        assert timer.deadline is not None
        assert now < timer.deadline < now + timer.interval
