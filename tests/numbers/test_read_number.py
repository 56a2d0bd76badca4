"""What a SIP user part, or a number as people write it, is understood as."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from sidecar.numbers import COUNTRIES, Number, as_run, normal_number, read_number
from sidecar.numbers.number import SHORTEST
from sidecar.numbers.plans import stays_as_it_is

LONDON = Number("+442079460101", "+442079460101", "GB")
LOS_ANGELES = Number("+13105550100", "+13105550100", "US", "US-CA")


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+442079460101", "", LONDON),
        ("00442079460101", "", LONDON),
        ("00442079460101", "GB", LONDON),
        ("00442079460101", "US", LONDON),
        ("011442079460101", "US", LONDON),
        ("0011442079460101", "AU", LONDON),
        ("020 7946 0101", "GB", LONDON),
        ("(020) 7946-0101", "GB", LONDON),
        ("442079460101", "GB", LONDON),
        ("+44 (0)20 7946 0101", "", LONDON),
        ("tel:+44-20-7946-0101", "", LONDON),
        ("TEL: +44.20.7946.0101;ext=12", "", LONDON),
        ("+442079460101;phone-context=example.com;npdi", "", LONDON),
        ("2079460101;phone-context=+44", "", LONDON),
        ("02079460101;Phone-Context=+44", "DE", LONDON),
        ("sip:+442079460101@example.com;user=phone", "", LONDON),
        ("020 7946 0101", "GG", LONDON),
        ("(310) 555-0100", "US", LOS_ANGELES),
        ("1 310 555 0100", "US", LOS_ANGELES),
        ("3105550100", "CA", LOS_ANGELES),
        ("+13105550100", "GB", LOS_ANGELES),
        ("416 555 0100", "US", Number("+14165550100", "+14165550100", "CA", "CA-ON")),
        ("876 555 1234", "US", Number("+18765551234", "+18765551234", "JM")),
        ("787 555 1234", "US", Number("+17875551234", "+17875551234", "PR")),
        ("902 555 0100", "CA", Number("+19025550100", "+19025550100", "CA")),
        ("800 555 0100", "US", Number("+18005550100", "+18005550100", "US")),
        ("01481 712345", "GB", Number("+441481712345", "+441481712345", "GG")),
        ("8 916 123-45-67", "RU", Number("+79161234567", "+79161234567", "RU")),
        ("+7 701 234 56 78", "", Number("+77012345678", "+77012345678", "KZ")),
        ("06 1 234 5678", "HU", Number("+3612345678", "+3612345678", "HU")),
        ("06 1234 5678", "IT", Number("+390612345678", "+390612345678", "IT")),
        ("011 15 2345 6789", "AR", Number("+5491123456789", "+5491123456789", "AR")),
        ("98123 45678", "IN", Number("+919812345678", "+919812345678", "IN")),
        ("911 234 567", "ES", Number("+34911234567", "+34911234567", "ES")),
        ("+800 1234 5678", "", Number("+80012345678", "+80012345678")),
    ],
)
def test_a_number_is_e164_however_it_is_written(text, country, number):
    assert read_number(text, country) == number


@pytest.mark.parametrize(
    ("text", "country", "compared"),
    [
        ("020 7946 0101", "", "02079460101"),
        ("020 7946 0101", "XX", "02079460101"),
        ("2079460101", "GB", "2079460101"),
        ("442079460101", "DE", "442079460101"),
        ("30123456", "DE", "30123456"),
        ("5001", "GB", "5001"),
        ("5001", "US", "5001"),
        ("5001", "LU", "5001"),
        ("*97", "GB", "*97"),
        ("#31#02079460101", "GB", "#31#02079460101"),
        ("112", "GB", "112"),
        ("911", "US", "911"),
        ("110", "DE", "110"),
        ("000", "AU", "000"),
        ("911;phone-context=+1", "US", "911"),
        ("+112", "GB", "+112"),
        ("+15550100", "US", "+15550100"),
        ("+999123456789", "", "+999123456789"),
        ("+44", "", "+44"),
        ("0044", "GB", "+44"),
        ("1-800-FLOWERS", "US", "1-800-flowers"),
        ("sip:Alice@example.com", "GB", "alice"),
        ("john.doe-2", "GB", "john.doe-2"),
        ("٠٢٠٧٩٤٦٠١٠١", "GB", "٠٢٠٧٩٤٦٠١٠١"),
    ],
)
def test_what_is_no_e164_number_stays_as_it_is(text, country, compared):
    assert read_number(text, country) == Number(compared)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "anonymous",
        "Anonymous",
        "sip:anonymous@anonymous.invalid",
        "sip:@example.com",
        "Restricted",
        "unavailable",
        "UNKNOWN",
        "private",
        "withheld",
        "blocked",
        "+266696687",
        "+7378742833",
        "tel:+86282452253",
    ],
)
def test_a_withheld_number_is_anonymous_and_nowhere(text):
    number = read_number(text, "US")

    assert number == Number(number.text, anonymous=True)


def test_words_on_a_keypad_are_those_that_stand_for_no_number():
    keys = {letter: digit for digit, letters in KEYPAD.items() for letter in letters}

    for word in ("anonymous", "restricted", "blocked", "unknown", "unavailable"):
        assert read_number("+" + "".join(keys[letter] for letter in word)).anonymous, word


KEYPAD = {"2": "abc", "3": "def", "4": "ghi", "5": "jkl", "6": "mno", "7": "pqrs"}
KEYPAD |= {"8": "tuv", "9": "wxyz"}


def test_a_text_far_too_long_for_a_number_is_none():
    assert read_number("+" + "1" * 5000, "US").e164 == ""


def test_parameters_of_any_length_do_not_hide_a_number():
    assert read_number("+442079460101;rn=" + "1" * 5000) == LONDON


def test_a_number_in_a_new_range_is_e164_before_the_metadata_know_of_it():
    assert not phonenumbers.is_valid_number(phonenumbers.parse("+33000000001"))

    assert read_number("+33000000001") == Number("+33000000001", "+33000000001", "FR")


ANY_COUNTRY = st.sampled_from(["", "XX", *sorted(COUNTRIES)])
DIALLED = st.text("0123456789+*#- ().", max_size=20)
USER_PARTS = st.one_of(
    DIALLED,
    st.text(max_size=80),
    st.builds("{}{};{}".format, st.sampled_from(["", "sip:", "tel:"]), DIALLED, st.text()),
    st.builds("{};phone-context=+{}".format, DIALLED, st.integers(0, 10**6)),
)


@given(USER_PARTS, ANY_COUNTRY)
@example("sip:tel:+44", "GB")
@example("\udcff", "GB")
def test_any_text_is_read_and_reads_the_same_again(text, country):
    number = read_number(text, country)

    assert read_number(number.text, country) == number
    assert number.e164 in ("", number.text)
    assert bool(number.e164) >= bool(number.country) >= bool(number.region)


@given(USER_PARTS)
def test_without_a_country_only_what_has_a_plus_is_more_than_its_normal_form(text):
    if "phone-context" not in text and ":" not in text and len(text) < 60:
        normal = normal_number(text)
        assert read_number(text).text == normal or normal.startswith("+")


@pytest.mark.parametrize("country", sorted(COUNTRIES))
def test_every_form_of_a_valid_number_is_the_same_number(country):
    kinds = (
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.TOLL_FREE,
    )
    for kind in kinds:
        number = phonenumbers.example_number_for_type(country, kind)
        if number is None or len(phonenumbers.national_significant_number(number)) < SHORTEST:
            continue
        e164, abroad, national = (
            phonenumbers.format_number(number, form)
            for form in (
                PhoneNumberFormat.E164,
                PhoneNumberFormat.INTERNATIONAL,
                PhoneNumberFormat.NATIONAL,
            )
        )

        assert read_number(abroad).e164 == e164
        assert read_number(national, country).e164 == e164


@given(st.from_regex(r"\+[1-9][0-9]{2,15}", fullmatch=True))
def test_what_is_known_to_stay_as_it_is_does(number):
    if stays_as_it_is(number):
        assert read_number(number).text == number


@pytest.mark.parametrize(
    "context",
    ["=+44x", "=+1x;phone-context=+44", ";phone-context=+44", "=44", "=+", "=+44%20", ""],
)
def test_the_first_phone_context_counts_alone_and_only_as_a_whole(context):
    text = f"2079460101;phone-context{context}"

    assert read_number(text) == Number("2079460101")
    assert as_run(text) == "2079460101"
