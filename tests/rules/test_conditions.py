"""What rules can ask of a call, how it is told, and which rule hides another."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.consent.decision import CallFacts
from sidecar.numbers import Number
from sidecar.rules.file.jurisdictions import load_jurisdictions
from sidecar.rules.file.schema import Origin, RulesFile
from sidecar.rules.file.site import Site
from sidecar.rules.rules import RuleSet
from sidecar.tables.moments import holidays_of

BERLIN = ZoneInfo("Europe/Berlin")
WEDNESDAY, SATURDAY = "2026-11-25", "2026-11-28"


class Numbers(set[str]):
    """A list of numbers in memory."""

    def __contains__(self, number: object) -> bool:
        assert isinstance(number, Number)
        return super().__contains__(number.text)


SITE = Site(
    country="GB",
    places={"main": "GB", "west": "US-CA", "texas": "US-TX"},
    timezone=BERLIN,
    holidays=holidays_of("DE-BY"),
    lists={"vip": Numbers({"+442079460101"}), "barred": Numbers({"+33123456789"})},  # type: ignore[dict-item]
    jurisdictions=load_jurisdictions(),
)


def rules(*matches: dict[str, Any]) -> RuleSet:
    """Rules called a, b, c … that go by the site."""
    file = RulesFile.model_validate(
        {
            "rule": [
                {"name": "abcdefgh"[index], "match": match} for index, match in enumerate(matches)
            ]
        }
    )
    file.come_from(Origin(site=SITE))
    return RuleSet(file)


def call(at: str | None = None, **known: Any) -> CallFacts:
    """An inbound call from London to an extension."""
    facts: dict[str, Any] = {"direction": "inbound", "trunk": "carrier", "pbx": "main"}
    facts |= {"from_": "+442079460101", "to": "5001"}
    if at is not None:
        facts["at"] = datetime.fromisoformat(at).replace(tzinfo=BERLIN).timestamp()
    return CallFacts(**{**facts, **known})


def told(match: dict[str, Any], facts: CallFacts) -> str:
    """Why a rule holds, or behind "no: " why it does not."""
    tried = rules(match).explain(facts)[0]
    return tried.why if tried.matched else f"no: {tried.why_not}"


def header(*lines: tuple[str, str]) -> dict[str, Any]:
    return {"headers": lines}


@pytest.mark.parametrize(
    ("match", "facts", "why"),
    [
        # numbers
        ({"from": "020 7946 0101"}, call(), "from '+442079460101' is 020 7946 0101"),
        ({"from": "+4420*"}, call(from_="02079460101"), "from '+442079460101' is +4420*"),
        ({"from": "list:vip"}, call(), "from '+442079460101' is in list:vip"),
        (
            {"from": ["1*", "list:barred", "list:vip"]},
            call(from_="0044 20 7946 0101"),
            "from '+442079460101' is in list:vip",
        ),
        (
            {"from": ["+1*", "list:barred"]},
            call(),
            "no: from '+442079460101' is none of +1*, list:barred",
        ),
        # places
        ({"from_country": ["DE", "GB"]}, call(), "from_country is GB"),
        ({"from_country": "DE"}, call(), "no: from_country GB is none of DE"),
        (
            {"from_country": "GB"},
            call(from_="anonymous"),
            "no: from_country is not known",
        ),
        ({"to_country": "GB"}, call(), "to_country is GB"),
        ({"to_country": "US"}, call(pbx="west"), "to_country is US"),
        ({"to_country": "FR"}, call("2026-11-25T10:00", to="+33123456789"), "to_country is FR"),
        ({"from_region": "US-CA"}, call(from_="+14155550123"), "from_region is US-CA"),
        (
            {"from_region": "US-CA"},
            call(from_="+12125550123"),
            "no: from_region US-NY is none of US-CA",
        ),
        ({"to_region": "US-CA"}, call(pbx="west"), "to_region is US-CA"),
        (
            {"from_region": "US-CA"},
            call(direction="outbound", pbx="west", from_="101", to="+33123456789"),
            "from_region is US-CA",
        ),
        # jurisdiction
        ({"jurisdiction": "one-party"}, call(), "jurisdiction is one-party"),
        (
            {"jurisdiction": "one-party"},
            call(from_="+4930123456"),
            "no: jurisdiction is all-party, not one-party",
        ),
        (
            {"jurisdiction": "all-party"},
            call(from_="+12125550123", pbx="west"),
            "jurisdiction is all-party",
        ),
        (
            {"jurisdiction": "one-party"},
            call(from_="+12125550123", pbx="texas"),
            "jurisdiction is one-party",
        ),
        ({"jurisdiction": "all-party"}, call(from_="anonymous"), "jurisdiction is all-party"),
        # times
        (
            {"hours": "09:00-17:30"},
            call(f"{WEDNESDAY}T09:00"),
            "it is wed 2026-11-25 09:00, within 09:00-17:30",
        ),
        (
            {"hours": "09:00-17:30"},
            call(f"{WEDNESDAY}T17:30"),
            "no: it is wed 2026-11-25 17:30, not within 09:00-17:30",
        ),
        (
            {"hours": "09:00-17:30", "days": ["mon-fri"]},
            call(f"{SATURDAY}T10:00"),
            "no: it is sat 2026-11-28 10:00, not within 09:00-17:30 on mon-fri",
        ),
        (
            {"hours": "22:00-06:00", "days": "fri"},
            call(f"{SATURDAY}T05:59"),
            "it is sat 2026-11-28 05:59, within 22:00-06:00 on fri",
        ),
        (
            {"hours": "22:00-06:00", "days": "sat"},
            call(f"{SATURDAY}T05:59"),
            "no: it is sat 2026-11-28 05:59, not within 22:00-06:00 on sat",
        ),
        (
            {"days": "workdays"},
            call("2026-01-06T10:00"),
            "no: it is tue 2026-01-06 10:00, a public holiday, not within workdays",
        ),
        (
            {"days": "holidays"},
            call("2026-01-06T10:00"),
            "it is tue 2026-01-06 10:00, a public holiday, within holidays",
        ),
        ({"days": "mon-sun"}, call(), "no: the time of the call is not known"),
        # who is withheld
        ({"anonymous": True}, call(from_="Anonymous"), "the caller's number is withheld"),
        ({"anonymous": True}, call(from_=""), "the caller's number is withheld"),
        (
            {"anonymous": True},
            call(**header(("Privacy", "id;critical"))),
            "the caller's number is withheld",
        ),
        ({"anonymous": False}, call(**header(("Privacy", "none"))), "the caller's number is shown"),
        ({"anonymous": False}, call(from_="anonymous"), "no: the caller's number is withheld"),
        # headers
        (
            {"header": {"X-Queue": "sales"}},
            call(**header(("X-Queue", "Sales"))),
            "header X-Queue is 'sales'",
        ),
        (
            {"header": {"x-queue": "sa*"}},
            call(**header(("X-Queue", "x"), ("X-Queue", "sales"))),
            "header x-queue is 'sales'",
        ),
        ({"header": {"X-Queue": "*"}}, call(**header(("X-Queue", ""))), "header X-Queue is ''"),
        (
            {"header": {"X-Queue": ["a", "b"]}},
            call(**header(("X-Queue", "c"))),
            "no: header X-Queue 'c' is none of a, b",
        ),
        ({"header": {"X-Queue": "*"}}, call(), "no: there is no header X-Queue"),
        (
            {"header": {"X-Queue": "*", "X-Site": "b"}},
            call(**header(("X-Queue", "c"))),
            "no: there is no header X-Site",
        ),
        (
            {"header": {"X-Queue": "x*"}},
            call(**header(("X-Queue", "x" * 1001))),
            "no: there is no header X-Queue",
        ),
    ],
    ids=str,
)
def test_why_a_rule_holds_or_not(match: dict[str, Any], facts: CallFacts, why: str) -> None:
    assert told(match, facts) == why


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"from_country": ["GB", "US"]}, {"from_country": "US"}),
        ({"from_country": "US"}, {"from_region": ["US-CA", "US-NY"]}),
        ({"from_country": "US"}, {"from_country": "US", "from_region": "US-CA"}),
        ({"to_region": ["US-CA", "US-NY"]}, {"to_region": "US-NY", "hours": "09:00-10:00"}),
        ({"hours": "09:00-17:00"}, {"hours": "10:00-11:00", "days": "mon"}),
        ({"days": "mon-fri"}, {"days": ["tue", "2026-11-25"]}),
        ({"days": "mon-fri"}, {"days": "workdays", "hours": "09:00-10:00"}),
        ({"hours": "00:00-24:00"}, {"hours": "22:00-06:00", "days": "fri"}),
        ({"anonymous": True}, {"anonymous": True, "trunk": "carrier"}),
        ({"jurisdiction": "all-party"}, {"jurisdiction": "all-party"}),
        ({"header": {"X-Queue": "s*"}}, {"header": {"x-queue": ["sales", "support"]}}),
        ({"header": {"X-Queue": "*"}}, {"header": {"X-Queue": "a", "X-Site": "b"}}),
        ({"from": ["list:vip", "+1*"]}, {"from": "list:vip"}),
        ({"from": ["list:vip", "+1*"]}, {"from": ["+1415*", "list:vip"]}),
        ({"to": "+44*"}, {"to": "020 7946 0101"}),
    ],
    ids=str,
)
def test_a_rule_hidden_by_an_earlier_one_is_found(
    earlier: dict[str, Any], later: dict[str, Any]
) -> None:
    assert list(rules(earlier, later).shadowed()) == [("b", "a")]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"from_country": "US"}, {"from_country": ["GB", "US"]}),
        ({"from_country": "US"}, {"to_country": "US"}),
        ({"from_country": "CA"}, {"from_region": "US-CA"}),
        ({"from_country": "GB"}, {"from": "+1*"}),
        ({"hours": "09:00-17:00"}, {"days": "mon"}),
        ({"days": "fri"}, {"hours": "22:00-06:00", "days": "fri"}),
        ({"hours": "00:00-24:00", "days": "fri"}, {"hours": "22:00-06:00", "days": "fri"}),
        ({"days": "workdays"}, {"days": "mon-fri"}),
        ({"days": "mon-fri"}, {"days": "holidays"}),
        ({"anonymous": True}, {"anonymous": False}),
        ({"jurisdiction": "all-party"}, {"jurisdiction": "one-party"}),
        ({"header": {"X-Queue": "sales"}}, {"header": {"X-Queue": "s*"}}),
        ({"header": {"X-Queue": "*", "X-Site": "*"}}, {"header": {"X-Queue": "a"}}),
        ({"from": "list:vip"}, {"from": ["list:vip", "list:barred"]}),
        ({"from": "+44*"}, {"from": "list:vip"}),
        ({"from": "list:vip"}, {"from": "+442079460101"}),
    ],
    ids=str,
)
def test_a_rule_that_can_hold_is_not_called_hidden(
    earlier: dict[str, Any], later: dict[str, Any]
) -> None:
    assert list(rules(earlier, later).shadowed()) == []


NUMBERS = ["+442079460101", "02079460101", "+14155550123", "+33123456789", "5001", "anonymous", ""]
TIMES = [None, f"{WEDNESDAY}T10:00", f"{SATURDAY}T01:00", "2026-12-25T23:00", "2026-11-27T22:30"]


def one_or_more(*choices: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(choices), min_size=1, max_size=3, unique=True)


MATCHES = st.fixed_dictionaries(
    {},
    optional={
        "direction": st.sampled_from(["inbound", "outbound"]),
        "trunk": one_or_more("carrier", "other"),
        "pbx": one_or_more("main", "west", "texas"),
        "from": one_or_more("+44*", "+4420*", "+442079460101", "list:vip", "list:barred", "5*"),
        "to": one_or_more("500*", "5001", "+1*", "list:barred", "0*"),
        "from_country": one_or_more("US", "GB", "FR").filter(lambda some: "US" in some),
        "to_country": st.sampled_from([["US"], ["US", "GB"]]),
        "from_region": one_or_more("US-CA", "US-NY"),
        "to_region": one_or_more("US-CA", "US-TX"),
        "jurisdiction": st.sampled_from(["all-party", "one-party"]),
        "hours": one_or_more("09:00-17:00", "22:00-06:00", "00:00-24:00", "10:00-11:00"),
        "days": one_or_more("mon-fri", "fri", "holidays", "workdays", "12-25", WEDNESDAY),
        "anonymous": st.booleans(),
        "header": st.dictionaries(
            st.sampled_from(["X-Queue", "X-Site"]),
            one_or_more("sales", "s*", "*", "b"),
            min_size=1,
        ),
    },
)
CALLS = st.builds(
    call,
    at=st.sampled_from(TIMES),
    direction=st.sampled_from(["inbound", "outbound"]),
    trunk=st.sampled_from(["carrier", "other"]),
    pbx=st.sampled_from(["main", "west", "texas"]),
    from_=st.sampled_from(NUMBERS),
    to=st.sampled_from(NUMBERS),
    headers=st.lists(
        st.tuples(st.sampled_from(["X-Queue", "X-Site"]), st.sampled_from(["sales", "b", ""])),
        max_size=3,
    ).map(tuple),
)


@given(st.lists(MATCHES, min_size=1, max_size=8), st.lists(CALLS, min_size=20, max_size=20))
@settings(max_examples=150, deadline=None)
def test_the_index_finds_what_asking_in_order_finds_and_no_hidden_rule_ever_holds(
    matches: list[dict[str, Any]], calls: list[CallFacts]
) -> None:
    found = rules(*matches)
    hidden = {rule for rule, _ in found.shadowed()}

    for facts in calls:
        tried = found.explain(facts)
        in_order = tried[-1].rule if tried[-1].matched else ""
        assert found.decide(facts).rule == in_order
        assert in_order not in hidden


@given(st.lists(MATCHES, min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_a_rule_hides_one_like_it(matches: list[dict[str, Any]]) -> None:
    doubled = [*matches, matches[-1]]

    last = "abcdefgh"[len(matches)]
    assert last in {rule for rule, _ in rules(*doubled).shadowed()}
