"""Whose consent a place asks for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sidecar.errors import OperatorErrors
from sidecar.numbers import COUNTRIES, Jurisdiction, Jurisdictions, read_number
from sidecar.numbers.nanp import AREAS
from sidecar.rules.file.jurisdictions import load_jurisdictions

CALIFORNIA, NEW_YORK, TEXAS = "+13105550100", "+12125550100", "+12145550100"
TOLL_FREE, NEW_AREA = "+18005550100", "+15895550100"
ONTARIO, NOVA_SCOTIA = "+14165550100", "+19025550100"
LONDON, GUERNSEY, BERLIN, MADRID = "+442079460101", "+441481712345", "+4930123456", "+34911234567"
LAGOS = "+2342012345678"
EU = (
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"  # 27
).split()
ALL_PARTY_STATES = "CA CT DE FL IL MD MA MI MT NV NH OR PA VT WA".split()


@pytest.fixture(scope="module")
def table() -> Jurisdictions:
    return load_jurisdictions()


@pytest.mark.parametrize(
    ("numbers", "consent"),
    [
        ((NEW_YORK, TEXAS), "one-party"),
        ((NEW_YORK, CALIFORNIA), "all-party"),
        ((CALIFORNIA, NEW_YORK), "all-party"),
        ((NEW_YORK, TOLL_FREE), "all-party"),
        ((NEW_YORK, NEW_AREA), "all-party"),
        ((NEW_YORK, ONTARIO), "one-party"),
        ((NEW_YORK, NOVA_SCOTIA), "one-party"),
        ((LONDON, MADRID), "one-party"),
        ((LONDON, BERLIN), "all-party"),
        ((LONDON, GUERNSEY), "all-party"),
        ((LONDON, LAGOS), "all-party"),
        ((LONDON, ""), "all-party"),
        ((LONDON, "anonymous"), "all-party"),
        ((LONDON, "5001"), "all-party"),
        ((LONDON,), "one-party"),
        ((), "all-party"),
    ],
)
def test_one_party_comes_out_only_where_it_holds_for_every_number(table, numbers, consent):
    assert table.strictest(map(read_number, numbers)) == consent


@pytest.mark.parametrize("number", ["", "anonymous", "5001", "020 7946 0101", LAGOS, GUERNSEY])
def test_of_what_is_in_no_known_place_nothing_is_known(table, number):
    assert table.of(read_number(number)) is None
    assert table.consent_of(read_number(number)) == "unknown"


def test_a_country_whose_states_all_agree_needs_no_state(table):
    rows = [row for row in table.rows.values() if not row.code.startswith("US-")]

    assert Jurisdictions(rows).consent_of(read_number(TOLL_FREE)) == "one-party"


def test_the_row_that_explains_is_that_of_the_state_before_that_of_the_country(table):
    assert table.of(read_number(CALIFORNIA)).code == "US-CA"
    assert table.of(read_number(TOLL_FREE)).code == "US"
    assert table.of(read_number(ONTARIO)).code == "CA"


def test_the_table_has_every_state_of_the_us_and_of_the_eu(table):
    states = {region for _, region in AREAS.values() if region.startswith("US-")}

    assert len(states) == 51
    assert states | set(EU) <= table.rows.keys()


def test_the_all_party_states_are_those_that_are_known_or_in_doubt(table):
    strict = {code for code, row in table.rows.items() if row.consent == "all-party"}

    assert sorted(code[3:] for code in strict if code.startswith("US-")) == sorted(ALL_PARTY_STATES)


def test_every_row_names_its_source_and_the_day_it_was_checked(table):
    for row in table.rows.values():
        assert row.source.endswith(")"), f"{row.code} does not say how it was checked"
        assert date(2026, 11, 25) <= row.checked
        assert row.code[:2] in COUNTRIES
        assert row.name != row.code


def test_rows_of_eu_countries_tell_of_data_protection(table):
    assert [code for code in EU if "GDPR" not in table.rows[code].note] == []


def test_a_doubt_in_a_note_stands_only_beside_the_stricter_word(table):
    doubtful = [row.code for row in table.rows.values() if "in doubt" in row.note.lower()]

    assert [code for code in doubtful if table.rows[code].consent != "all-party"] == []
    assert "US-MI" in doubtful


OWN = """
[jurisdiction.US-OR]
consent = "one-party"
checked = 2026-11-25
source = "our counsel"

[jurisdiction.NG]
name = "Nigeria"
consent = "one-party"
checked = 2026-11-25
source = "our counsel"
note = "only for banks"
"""


def test_a_site_s_own_rows_hold_over_the_shipped_ones(tmp_path: Path):
    path = tmp_path / "jurisdictions.toml"
    path.write_text(OWN)

    table = load_jurisdictions(path)

    assert table.strictest(map(read_number, ("+15035550100", LAGOS))) == "one-party"
    assert table.rows["US-OR"].name == "Oregon"
    assert table.rows["NG"] == Jurisdiction(
        "NG", "Nigeria", "one-party", date(2026, 11, 25), "our counsel", "only for banks"
    )
    assert table.rows["US-CA"] == load_jurisdictions().rows["US-CA"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[jurisdiction.UK]", '1: jurisdiction.UK: "UK" must be a code of ISO 3166'),
        ("[jurisdiction.us-ca]", '1: jurisdiction.us-ca: "us-ca" must be a code of ISO 3166'),
        (
            '[jurisdiction.DE]\nconsent = "one"',
            '2: jurisdiction.DE.consent: must be "all-party" or "one-party", not "one"',
        ),
        (
            '[jurisdiction.DE]\nchecked = "2026-01-01"',
            '2: jurisdiction.DE.checked: "2026-01-01" must be a date without quotes',
        ),
        ("[jurisdiction.DE]", "1: jurisdiction.DE.source: is missing; write source ="),
        ("[jurisdiction.DE]\nconsend = 1", '2: jurisdiction.DE.consend: unknown key "consend"'),
        ("", "jurisdiction: is missing; write [jurisdiction.US-NV]"),
    ],
)
def test_a_mistake_in_them_is_told_with_file_line_and_key(tmp_path: Path, text: str, error: str):
    path = tmp_path / "own.toml"
    path.write_text(text)

    with pytest.raises(OperatorErrors) as refused:
        load_jurisdictions(path)

    assert f"{path}:{error}" in str(refused.value) or f"{path}: {error}" in str(refused.value)
