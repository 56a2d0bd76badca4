"""The table of North American area codes agrees with the place names of phonenumbers."""

from __future__ import annotations

from collections import Counter, defaultdict

import phonenumbers
from phonenumbers.geodata import GEOCODE_DATA

from sidecar.numbers.nanp import AREAS

STATES = (
    "AL Alabama,AK Alaska,AZ Arizona,AR Arkansas,CA California,CO Colorado,CT Connecticut,"
    "DE Delaware,DC Washington D.C.,FL Florida,GA Georgia,HI Hawaii,ID Idaho,IL Illinois,"
    "IN Indiana,IA Iowa,KS Kansas,KY Kentucky,LA Louisiana,ME Maine,MD Maryland,"
    "MA Massachusetts,MI Michigan,MN Minnesota,MS Mississippi,MO Missouri,MT Montana,"
    "NE Nebraska,NV Nevada,NH New Hampshire,NJ New Jersey,NM New Mexico,NY New York,"
    "NC North Carolina,ND North Dakota,OH Ohio,OK Oklahoma,OR Oregon,PA Pennsylvania,"
    "RI Rhode Island,SC South Carolina,SD South Dakota,TN Tennessee,TX Texas,UT Utah,VT Vermont,"
    "VA Virginia,WA Washington State,WV West Virginia,WI Wisconsin,WY Wyoming"
)
PROVINCES = (
    "AB Alberta,BC British Columbia,BC British Colombia,MB Manitoba,NB New Brunswick,"
    "NL Newfoundland and Labrador,ON Ontario,QC Quebec,SK Saskatchewan"
)
REGIONS = {
    word: f"{country}-{each.split(' ')[0]}"
    for country, names in (("US", STATES), ("CA", PROVINCES))
    for each in names.split(",")
    for word in each.split(" ", 1)
}


def placed_by_phonenumbers() -> dict[str, Counter[str]]:
    """Area code -> how often its places lie in which state or province."""
    places: dict[str, Counter[str]] = defaultdict(Counter)
    for prefix, names in GEOCODE_DATA.items():
        if prefix.startswith("1") and len(prefix) >= 4:
            region = REGIONS.get(names["en"].rpartition(", ")[2])
            if region is not None:
                places[prefix[1:4]][region] += 1
    return places


def test_every_area_code_lies_in_the_state_that_most_of_its_places_lie_in():
    placed = placed_by_phonenumbers()
    caribbean = {area for area, (country, _) in AREAS.items() if country not in ("US", "CA")}

    wrong = {
        area: (AREAS.get(area), regions)
        for area, regions in placed.items()
        if area not in caribbean and AREAS.get(area, ("", ""))[1] != regions.most_common(1)[0][0]
    }

    assert wrong == {}
    assert len(placed) > 400


def test_an_area_code_has_a_state_only_where_phonenumbers_knows_it_too():
    placed = placed_by_phonenumbers()

    assert {area for area, (_, region) in AREAS.items() if region and area not in placed} == set()


def test_every_area_code_lies_in_the_country_that_phonenumbers_says():
    wrong = {
        area: country
        for area, (country, _) in AREAS.items()
        if phonenumbers.region_code_for_number(phonenumbers.parse(f"+1{area}2345678")) != country
    }

    assert wrong == {}


def test_all_states_have_area_codes():
    assert set(REGIONS.values()) <= {region for _, region in AREAS.values()}
