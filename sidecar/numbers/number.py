"""What is known of a number: E.164, its country and region, whether it is withheld."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import CountryCodeSource, NumberParseException, PhoneNumber, ValidationResult

from sidecar.numbers.nanp import AREAS, as_dialled
from sidecar.numbers.plans import Plan, plan_of
from sidecar.numbers.withheld import is_withheld
from sidecar.numbers.written import as_sent, context_of, is_dialled, plain, user_of

CACHED = 2048
"""Numbers that are remembered, 300 bytes each: callers differ, who is called comes back."""
LONGEST = 64
"""Characters; in a longer text no number is looked for."""
NANP = "1"
"""The calling code of the North American Numbering Plan."""
SHORTEST = 6
"""Digits of a national number: fewer are an extension or a short code."""


@dataclass(frozen=True, slots=True)
class Number:
    """One party's number, as rules see it."""

    text: str
    """What is compared: `e164` where it is one, else the text without what is for the eye only."""
    e164: str = ""
    """The number as ITU-T E.164 has it (`+442079460101`), "" where it is none."""
    country: str = ""
    """ISO 3166-1 alpha-2, "" where it is not known (always for what is no E.164 number)."""
    region: str = ""
    """ISO 3166-2 (`US-CA`, `CA-QC`), "" where it is not known; only for the US and Canada.

    That of the area code: a ported or mobile number may be used anywhere, so it is a hint.
    """
    anonymous: bool = False
    """Whether the caller's number is withheld or not known (RFC 3323, RFC 3325)."""


def read_number(text: str, default_country: str = "") -> Number:
    """Return what a SIP user part, or a number as people write it, says. Never raises.

    `default_country` (ISO 3166-1 alpha-2) is where national numbers and international prefixes
    are dialled; without it, or where it is not known, they stay as they are. What it takes for
    each kind of text stands in docs/numbers.md.
    """
    user = user_of(text)
    number = plain(user)
    if len(number) > LONGEST:
        return Number(number)
    return _remembered(number, context_of(user), default_country)


def as_run(user: str) -> str:
    """Return a user part in the one form that rules, the record and the PBX get. Never raises.

    What is only for the eye and the parameters of the user part are left out; a local number with
    a `phone-context` is E.164 where that is a valid number. So whoever is told this form can't
    read another number in it than the rules do.
    """
    number, context = as_sent(user), context_of(user)
    if not context or len(number) > LONGEST or not number.isdigit():
        return number
    found = _in_context(number, context)
    return _e164(found) if found is not None else number


def read_plain(number: str, context: str, country: str) -> Number:
    """Return what a number says that `plain` has made plain. Nothing of it is remembered.

    `context` is what `context_of` found.
    """
    if is_withheld(number):
        return Number(number, anonymous=True)
    if not is_dialled(number) or "*" in number or "#" in number:
        return Number(number)
    plan = plan_of(country)
    found = _in_context(number, context) or _dialled(number, country, plan)
    if found is None and number.startswith("00") and (plan is None or plan.zeros_are_plus):
        number = "+" + number[2:]
        found = _international(number)
    if found is None:
        return Number(number)
    e164 = _e164(found)
    return Number(e164, e164, *_place(found))


_remembered = lru_cache(CACHED)(read_plain)


def _dialled(number: str, country: str, plan: Plan | None) -> PhoneNumber | None:
    """Return the E.164 number that is dialled so; None where it is none."""
    if number.startswith("+"):
        return _international(number)
    return _national(number, country, plan) if plan is not None else None


def _in_context(number: str, context: str) -> PhoneNumber | None:
    if not context or number.startswith("+"):
        return None
    found = _international(context + number)
    return found if found is not None and phonenumbers.is_valid_number(found) else None


def _international(number: str) -> PhoneNumber | None:
    """Read a plus and digits.

    A number of a possible length is taken as it stands, since new ranges come before their
    metadata; one with a trunk prefix in it (`+44 (0)20 ...`) only where it is valid without.
    """
    found = _parsed(number, None)
    if found is None or not _is_possible(found):
        return None
    as_it_stands = _e164(found) == number
    return found if as_it_stands or phonenumbers.is_valid_number(found) else None


def _national(number: str, country: str, plan: Plan) -> PhoneNumber | None:
    """Read digits as they are dialled in a country: national or international, and valid."""
    if plan.code == NANP and (e164 := as_dialled(number)):
        return _international(e164)
    found = _parsed(number, country)
    if found is None or not phonenumbers.is_valid_number(found):
        return None
    if found.country_code_source != CountryCodeSource.FROM_DEFAULT_COUNTRY:
        return found
    national = phonenumbers.national_significant_number(found)
    if len(national) < SHORTEST:
        return None
    is_bare = number == national
    return found if not is_bare or plan.is_written_without_trunk(national) else None


def _parsed(number: str, country: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(number, country, keep_raw_input=True)
    except NumberParseException:
        return None


def _is_possible(number: PhoneNumber) -> bool:
    result = phonenumbers.is_possible_number_with_reason(number)
    return bool(result == ValidationResult.IS_POSSIBLE)


def _e164(number: PhoneNumber) -> str:
    return f"+{number.country_code}{phonenumbers.national_significant_number(number)}"


def _place(number: PhoneNumber) -> tuple[str, str]:
    """Return the country and the region of an E.164 number."""
    code = number.country_code
    assert code is not None
    if code == int(NANP):
        area = phonenumbers.national_significant_number(number)[:3]
        return AREAS.get(area) or (phonenumbers.region_code_for_number(number) or "", "")
    countries = phonenumbers.region_codes_for_country_code(code)
    country = countries[0]
    if len(countries) > 1:
        country = phonenumbers.region_code_for_number(number) or country
    return (country, "") if country != "001" else ("", "")
