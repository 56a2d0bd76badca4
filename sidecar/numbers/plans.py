"""Numbering plans: what is dialled before national and international numbers, and when.

All of it comes from the metadata of phonenumbers (a port of libphonenumber).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberFormat, PhoneMetadata

COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""ISO 3166-1 codes whose numbers can be read (and a few that phonenumbers adds, like XK)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How numbers are dialled in one country."""

    code: str
    """The country calling code, without plus."""
    trunk: str
    """The digits before a national number (trunk prefix), "" where there are none."""
    international: re.Pattern[str]
    """The digits before an international number."""
    zeros_are_plus: bool
    """Whether "00" may stand for a plus: not where it only begins a longer prefix (AU: 0011)."""
    formats: tuple[NumberFormat, ...]
    """How national numbers are written; the first that fits a number."""

    def is_written_without_trunk(self, national: str) -> bool:
        """Tell whether people of the country write a national number without a trunk prefix."""
        if not self.trunk:
            return True
        for each in self.formats:
            leading = each.leading_digits_pattern
            if leading and not re.match(leading[-1], national):
                continue
            if each.pattern is not None and re.fullmatch(each.pattern, national):
                return _is_without_trunk(each)
        return not self.formats

    @property
    def never_needs_trunk(self) -> bool:
        """Whether no number needs a trunk prefix."""
        return not self.trunk or all(map(_is_without_trunk, self.formats))


def _is_without_trunk(written: NumberFormat) -> bool:
    rule = (written.national_prefix_formatting_rule or "").replace("\\1", "")
    return bool(written.national_prefix_optional_when_formatting) or not re.search(r"\d", rule)


@lru_cache(len(COUNTRIES))
def plan_of(country: str) -> Plan | None:
    """Return the plan of a country (ISO 3166-1), None where it is not known."""
    if country not in COUNTRIES:
        return None
    own = PhoneMetadata.metadata_for_region(country)
    code = phonenumbers.country_code_for_region(country)
    shared = PhoneMetadata.metadata_for_region(phonenumbers.region_code_for_country_code(code))
    assert own is not None
    assert shared is not None
    international = re.compile(own.international_prefix or "00")
    return Plan(
        code=str(code),
        trunk=own.national_prefix or "",
        international=international,
        zeros_are_plus=_are_zeros_plus(international),
        formats=tuple(shared.number_format),
    )


def _are_zeros_plus(international: re.Pattern[str]) -> bool:
    if international.fullmatch("00"):
        return True
    longer = (international.match(f"00{digits:02}") for digits in range(100))
    return not any(found is not None and found.end() > len("00") for found in longer)


def plan_behind(number: str) -> Plan | None:
    """Return the plan of the calling code that a plus and digits begin with."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    codes = (number[1:end] for end in range(2, 5))
    found = (regions[int(code)][0] for code in codes if code.isdecimal() and int(code) in regions)
    return plan_of(next(found, ""))


@lru_cache(1000)
def _trunk_within(code: str) -> re.Pattern[str] | None:
    """Return what may be read as a trunk prefix behind a calling code; None for no such code."""
    country = phonenumbers.region_code_for_country_code(int(code))
    plan = PhoneMetadata.metadata_for_region_or_calling_code(int(code), country)
    if plan is None:
        return None
    return re.compile(plan.national_prefix_for_parsing or r"(?!)")


def stays_as_it_is(number: str) -> bool:
    """Tell whether reading a plus and digits would change no digit of it; quickly.

    False where it might: behind the calling code stands what may be a trunk prefix.
    """
    for end in range(2, 5):
        trunk = _trunk_within(number[1:end])
        if trunk is not None:
            return trunk.match(number, end) is None
    return False
