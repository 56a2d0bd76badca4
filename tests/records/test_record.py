from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.records.record import (
    COLUMNS,
    MAX_TEXT,
    CallRecord,
    Consent,
    Direction,
    Disposition,
    EndedBy,
)
from sidecar.records.timestamps import from_text, to_text

times = st.none() | st.floats(0, 4_000_000_000)


def test_the_columns_are_those_of_the_design_in_their_order() -> None:
    assert COLUMNS == (
        "call_id",
        "started_at",
        "answered_at",
        "ended_at",
        "direction",
        "trunk",
        "pbx",
        "caller",
        "callee",
        "disposition",
        "ended_by",
        "rule",
        "recording_policy",
        "consent",
        "notice_caller_at",
        "notice_callee_at",
        "recorded_seconds",
        "stop_requested_at",
        "stop_confirmed_at",
        "voicemail",
        "recorder",
        "recording_proof",
        "fail_closed",
        "rules_version",
    )


def test_a_row_holds_the_values_in_the_order_of_the_columns() -> None:
    record = CallRecord(
        call_id="c",
        started_at=1.0,
        answered_at=2.0,
        ended_at=3.0,
        direction=Direction.OUTBOUND,
        trunk="t",
        pbx="p",
        caller="1",
        callee="2",
        disposition=Disposition.ANSWERED,
        ended_by=EndedBy.CALLEE,
        rule="r",
        recording_policy="notice",
        consent=Consent.GRANTED,
        notice_caller_at=4.0,
        notice_callee_at=5.0,
        recorded_seconds=6.5,
        stop_requested_at=7.0,
        stop_confirmed_at=8.0,
        voicemail="v",
    )

    row = dict(zip(COLUMNS, record.row(), strict=True))

    assert [row[name] for name in ("call_id", "trunk", "pbx", "caller", "callee", "rule")] == list(
        "ctp12r"
    )
    assert row["started_at"] == "1970-01-01T00:00:01.000Z"
    assert CallRecord.of_row(record.row()) == record


@given(times, times, times, st.none() | st.sampled_from(Disposition), st.sampled_from(Consent))
def test_a_record_read_back_is_the_record_to_the_millisecond(
    answered: float | None,
    ended: float | None,
    notice: float | None,
    disposition: Disposition | None,
    consent: Consent,
) -> None:
    record = CallRecord(
        "a",
        1.0,
        answered,
        ended,
        disposition=disposition,
        consent=consent,
        notice_caller_at=notice,
    )

    again = CallRecord.of_row(record.row())

    for name in COLUMNS:
        then, now = getattr(record, name), getattr(again, name)
        if name.endswith("_at") and then is not None:
            assert abs(now - then) <= 0.0005 + 1e-6
        else:
            assert now == then


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1_767_268_800.1234, "2026-01-01T12:00:00.123Z"),
        (1_767_268_800.1239, "2026-01-01T12:00:00.124Z"),
        (1_767_268_799.9996, "2026-01-01T12:00:00.000Z"),
        (-0.001, "1969-12-31T23:59:59.999Z"),
    ],
)
def test_times_are_rounded_to_the_nearest_millisecond(seconds: float, text: str) -> None:
    assert to_text(seconds) == text
    assert abs(from_text(text) - seconds) <= 0.0005


@given(st.floats(0, 4_000_000_000), st.floats(0, 4_000_000_000))
def test_the_texts_of_times_sort_as_the_times_do(one: float, other: float) -> None:
    earlier, later = sorted((one, other))

    assert to_text(earlier) <= to_text(later)


@given(st.text(st.characters(), max_size=2 * MAX_TEXT))
def test_whatever_a_peer_sends_as_a_number_can_be_stored_and_printed(number: str) -> None:
    caller = CallRecord("a", 0.0, caller=number).row()[COLUMNS.index("caller")]

    assert isinstance(caller, str)
    assert caller.encode("utf-8") is not None
    assert caller.isprintable()
    assert len(caller) <= MAX_TEXT


def test_bytes_that_are_no_text_are_shown_as_unknown_characters() -> None:
    number = b"+49\xff\x1b[2J".decode("utf-8", "surrogateescape")

    row = CallRecord("a", 0.0, caller=number).row()

    assert row[COLUMNS.index("caller")] == "+49\ufffd\ufffd[2J"
