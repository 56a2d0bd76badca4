"""Times as they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.tables.durations import parse_duration, written_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("8s", 8.0), ("8 s", 8.0), ("2m", 120.0), ("1h", 3600.0), ("0s", 0.0)],
)
def test_a_time_is_a_number_and_its_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "value", ["", "8", "s", "8sec", "-8s", "1.5s", "8S", " 8s", "8  s", "٨s", 8, 0.5, True, None]
)
def test_what_is_no_time_is_told_what_one_is(value: object) -> None:
    with pytest.raises(ValueError, match='must be a time like "8s" or "500ms"'):
        parse_duration(value)


@pytest.mark.parametrize("text", ["50ms", "1500ms", "8s", "90s", "2m", "1h"])
def test_a_time_is_written_in_the_largest_unit_that_is_exact(text: str) -> None:
    assert written_duration(parse_duration(text)) == text


@given(st.integers(0, 9_999_999), st.sampled_from(["ms", "s", "m", "h"]))
def test_a_time_that_was_written_is_read_as_the_same(number: int, unit: str) -> None:
    seconds = parse_duration(f"{number}{unit}")

    assert parse_duration(written_duration(seconds)) == seconds
