"""Numbers are compared as people mean them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.numbers import NumberSet, normal_number, read_number


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("+442079460101", "+442079460101"),
        ("+44 (20) 7946-0101", "+442079460101"),
        ("00442079460101", "+442079460101"),
        ("020.7946/0101", "02079460101"),
        ("442079460101", "442079460101"),
        ("+442079460101;phone-context=example.com", "+442079460101"),
        ("*97", "*97"),
        ("#31#", "#31#"),
        ("Anonymous", "anonymous"),
        ("john.doe-2", "john.doe-2"),
        ("Straße", "strasse"),
        ("00a", "00a"),
        ("٣٤٥", "٣٤٥"),
        ("", ""),
    ],
)
def test_a_number_is_compared_without_what_is_only_for_the_eye(text, normal):
    assert normal_number(text) == normal


@pytest.mark.parametrize(
    ("entry", "number"),
    [
        ("+44 20 7946 0101", "00442079460101"),
        ("0044207946*", "+442079460101"),
        ("+*", "00442079460101"),
        ("00*", "+1"),
        ("500*", "5001"),
        ("500*", "500"),
        ("0*", "02079460101"),
        ("*97", "*97"),
        ("*21*", "*21555"),
        ("**", "*97"),
        ("ALICE", "alice"),
        ("sales.*", "sales.london"),
        ("anonymous", "Anonymous"),
    ],
)
def test_an_entry_matches(entry, number):
    assert normal_number(number) in NumberSet([entry])


@pytest.mark.parametrize(
    ("entry", "number"),
    [
        ("+442079460101", "+4420794601011"),
        ("+442079460101", "442079460101"),
        ("500*", "50"),
        ("0*", "00442079460101"),
        ("0*", "+442079460101"),
        ("*97", "97"),
        ("sales.*", "sales"),
        ("john.doe", "johndoe"),
        ("5*", ""),
    ],
)
def test_an_entry_does_not_match(entry, number):
    assert normal_number(number) not in NumberSet([entry])


@pytest.mark.parametrize("entry", ["", " ", "-", "*", "+44*20", "+44**", "5*6*"])
def test_what_is_no_number_is_refused_by_its_name(entry):
    with pytest.raises(ValueError, match="must be a number, or the beginning of one") as refused:
        NumberSet(["1", entry])

    assert str(refused.value).startswith(f'"{entry}"')


@pytest.mark.parametrize(
    ("large", "small", "covers"),
    [
        (["+44*"], ["+4420*", "0044207946"], True),
        (["1", "2"], ["2"], True),
        (["+44*"], ["+4*"], False),
        (["1"], ["1", "2"], False),
        (["1", "2"], ["1*"], False),
    ],
)
def test_a_set_covers_another_only_if_each_number_is_in_it(large, small, covers):
    assert NumberSet(large).covers(NumberSet(small)) is covers


def test_a_long_list_is_told_by_its_beginning():
    assert str(NumberSet(map(str, range(100, 108)))) == "100, 101, 102, 103, 104 and 3 more"


def test_the_entry_that_matches_is_told_as_it_is_written():
    assert NumberSet(["1", "+44 20*", "+44*"]).entry_of("+442079") == "+44 20*"


@pytest.mark.parametrize(
    ("entry", "country", "number"),
    [
        ("020 7946 0101", "GB", "+442079460101"),
        ("+44 20 7946 0101", "GB", "020 7946 0101"),
        ("+44 (0)20 7946 0101", "", "00442079460101"),
        ("0044 20*", "GB", "020 7946 0101"),
        ("+44 (0)20*", "", "+442079460101"),
        ("+39 06*", "", "+390612345678"),
        ("020*", "GB", "+442079460101"),
        ("020*", "GB", "tel:+44-20-7946-0101"),
        ("0800*", "GB", "0800 123456"),
        ("0800*", "GB", "+44800123456"),
        ("0800*", "GB", "0800"),
        ("0*", "GB", "+442079460101"),
        ("0*", "HU", "+3612345678"),
        ("00*", "GB", "+13105550100"),
        ("01144*", "US", "+442079460101"),
        ("0011*", "AU", "+442079460101"),
        ("310*", "US", "+13105550100"),
        ("1310*", "US", "310 555 0100"),
        ("(310) 555*", "US", "+13105550100"),
        ("310*", "US", "3101"),
        ("06*", "IT", "+390612345678"),
        ("91*", "ES", "+34911234567"),
        ("98*", "IN", "098123 45678"),
        ("500*", "GB", "5001"),
        ("*97", "GB", "*97"),
        ("anonymous", "GB", "Anonymous"),
    ],
)
def test_an_entry_matches_in_any_form_once_a_country_is_known(entry, country, number):
    assert read_number(number, country).text in NumberSet([entry], country)


@pytest.mark.parametrize(
    ("entry", "country", "number"),
    [
        ("0800*", "US", "+18005550100"),
        ("0800*", "DE", "+44800123456"),
        ("20*", "GB", "+442079460101"),
        ("5*", "GB", "+445600123456"),
        ("500*", "DE", "+495001234567"),
        ("011*", "GB", "+13105550100"),
        ("+7 8*", "RU", "+79161234567"),
        ("020 7946 0101", "DE", "+442079460101"),
        ("02079460101", "", "+442079460101"),
    ],
)
def test_an_entry_does_not_match_what_is_dialled_otherwise(entry, country, number):
    assert read_number(number, country).text not in NumberSet([entry], country)


def test_the_same_entries_can_be_read_in_a_country_later():
    numbers = NumberSet(["020 7946 0101", "0800*"]).read_in("GB")

    assert "+442079460101" in numbers
    assert numbers.entry_of("+44800123456") == "0800*"


DIALLED = st.text("0123456789+*# -./()", max_size=12)
COUNTRY = st.sampled_from(["", "GB", "US", "DE", "IT", "AU", "RU", "BR", "HU"])
ENTRIES = st.from_regex(r"\+?[0-9][0-9 ()-]{0,6}\*?|\*[0-9]{1,3}\*?", fullmatch=True)


@given(DIALLED)
def test_a_normal_number_stays_as_it_is(text):
    assert normal_number(normal_number(text)) == normal_number(text)


@given(st.lists(ENTRIES, min_size=1), COUNTRY)
def test_every_set_covers_itself_and_holds_its_sample(written, country):
    numbers = NumberSet(written, country)

    assert numbers.covers(numbers)
    assert numbers.sample in numbers


@given(ENTRIES, ENTRIES, DIALLED, COUNTRY)
def test_what_covers_a_set_holds_its_numbers(large, small, number, country):
    larger, smaller = NumberSet([large], country), NumberSet([small], country)
    text = read_number(number, country).text
    if larger.covers(smaller) and text in smaller:
        assert text in larger


@given(st.from_regex(r"[0-9]{1,12}", fullmatch=True), COUNTRY)
def test_a_number_is_matched_by_itself_and_a_national_one_by_its_beginnings(number, country):
    text = read_number(number, country).text

    assert text in NumberSet([number], country)
    if not text.startswith("+"):
        assert text in NumberSet([number[:1] + "*"], country)


@pytest.mark.parametrize("entry", ["sip:5001@pbx", "5001@pbx", "tel:+4420", "5001;user=phone"])
def test_a_uri_is_no_number(entry):
    with pytest.raises(ValueError, match="must be the number alone"):
        NumberSet([entry])
