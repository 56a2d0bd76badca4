"""Long lists of numbers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import OperatorErrors
from sidecar.numbers import NumberList, changed, load_number_list, read_number

LISTED = """\
# never to be recorded
+442079460101
020 7946 0102   # the vicar

0044 (20) 7946-0103
+44 (0)20 7946 0104
  +1 (310) 555-0100
5001
*97
Alice
anonymous
00000000000000000042
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "never.txt"


def listed(path: Path, text: str | bytes, country: str = "GB") -> NumberList:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_number_list(path, country)


@pytest.mark.parametrize(
    "number",
    [
        "+442079460101",
        "020 7946 0101",
        "00442079460102",
        "+442079460103",
        "442079460104",
        "+13105550100",
        "5001",
        "*97",
        "alice",
        "Anonymous",
        "0000 0000 0000 0000 0042",
    ],
)
def test_a_number_is_in_the_list_in_whatever_form_it_stands_there(path, number):
    assert read_number(number, "GB") in listed(path, LISTED)


@pytest.mark.parametrize(
    "number", ["", "+442079460105", "+5001", "05001", "50", "42", "042", "+42", "97", "bob", "#"]
)
def test_another_number_is_not(path, number):
    assert read_number(number, "GB") not in listed(path, LISTED)


def test_a_number_that_stands_there_twice_counts_once(path):
    assert len(listed(path, "+442079460101\n020 7946 0101\nalice\nALICE\n")) == 2


def test_national_numbers_of_north_america_are_found_by_e164(path):
    numbers = listed(path, "310 555 0100\n1-416-555-0100\n", "US")

    assert read_number("+13105550100") in numbers
    assert read_number("+14165550100") in numbers


def test_an_empty_file_is_an_empty_list(path):
    numbers = listed(path, "")

    assert len(numbers) == 0
    assert read_number("+442079460101") not in numbers


def test_files_of_other_systems_are_read(path):
    numbers = listed(path, b"\xef\xbb\xbf+442079460101\r\n5001\r\n5002")

    assert all(read_number(each, "GB") in numbers for each in ("+442079460101", "5001", "5002"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"John Smith", "is no number; write one number a line"),
        (b"+442079460101, John", "is no number"),
        (b"+442079460101 +442079460102", "is no number"),
        (b"442079460101 442079460102", "is longer than any number"),
        (b"sip:alice@example.com", "is no number"),
        (b"()", "is no number"),
        (b"+4420*", "is the beginning of numbers; that can only stand in a rule"),
        (b"\xff", "is not UTF-8 text"),
        (b"1" * 300, "is longer than 200 characters"),
        (b"1" * 1_000_000, "is longer than 200 characters"),
    ],
)
def test_what_is_no_number_is_refused_by_file_and_line(path, line, message):
    with pytest.raises(OperatorErrors) as refused:
        listed(path, b"5001\n" + line + b"\n5002\n")

    assert str(refused.value).startswith(f"{path}:2: {message}")
    assert len(refused.value.errors) == 1


def test_of_many_mistakes_the_first_twenty_are_told(path):
    with pytest.raises(OperatorErrors) as refused:
        listed(path, "no number\n" * 1000)

    assert [error.line for error in refused.value.errors] == list(range(1, 21))


def test_a_file_that_can_t_be_read_is_told(path):
    with pytest.raises(OperatorErrors, match="can't be read: No such file"):
        load_number_list(path)


def test_a_file_without_end_is_not_begun(path):
    with path.open("wb") as file:
        file.truncate(1 << 30)

    with pytest.raises(OperatorErrors, match="is larger than 128 MiB"):
        load_number_list(path)


def test_a_folder_is_no_list(tmp_path):
    with pytest.raises(OperatorErrors, match="can't be read: Is a directory"):
        load_number_list(tmp_path)


def test_a_file_that_nobody_touched_has_not_changed(path):
    assert not changed(listed(path, "5001\n"))


def test_a_file_that_was_written_anew_has_changed(path):
    numbers = listed(path, "5001\n")
    path.write_text("5001\n5002\n")

    assert changed(numbers)


def test_a_file_that_was_replaced_by_one_of_the_same_size_and_time_has_changed(path):
    numbers = listed(path, "5001\n")
    other = path.with_suffix(".new")
    other.write_text("5002\n")
    os.utime(other, ns=(numbers.state.modified_ns, numbers.state.modified_ns))
    other.replace(path)

    assert changed(numbers)


def test_a_file_that_is_gone_has_changed(path):
    numbers = listed(path, "5001\n")
    path.unlink()

    assert changed(numbers)


ENTRIES = st.lists(st.from_regex(r"\+?[0-9]{1,20}|[a-z][a-z.]{0,9}|\*[0-9]{1,3}", fullmatch=True))


@given(entries=ENTRIES, other=st.from_regex(r"\+?[0-9]{1,20}", fullmatch=True))
def test_a_list_holds_what_stands_in_it_and_nothing_else(tmp_path_factory, entries, other):
    numbers = listed(tmp_path_factory.mktemp("list") / "list.txt", "\n".join(entries))
    texts = {read_number(each, "GB").text for each in entries}

    assert all(read_number(each, "GB") in numbers for each in entries)
    assert (read_number(other, "GB") in numbers) == (read_number(other, "GB").text in texts)
    assert len(numbers) == len(texts)
