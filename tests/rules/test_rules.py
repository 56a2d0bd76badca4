"""Which rule holds for a call, and how that is told."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.consent.decision import CallFacts
from sidecar.rules.rules import RuleSet, Tried
from tests.rules.ruling import call, rules, same


def holding(found: RuleSet, facts: CallFacts) -> str:
    return found.decide(facts).rule


# What matches.


def test_the_first_rule_that_matches_holds() -> None:
    found = rules(
        {"name": "first", "match": {"to": "50*"}},
        {"name": "second", "match": {"to": "5001"}},
        {"name": "third"},
    )

    assert holding(found, call("5001")) == "first"
    assert holding(found, call("6001")) == "third"


@pytest.mark.parametrize(
    ("match", "facts"),
    [
        ({}, call()),
        ({"direction": "inbound"}, call()),
        ({"direction": "outbound"}, call(direction="outbound")),
        ({"trunk": "carrier"}, call()),
        ({"trunk": ["other", "carrier"]}, call()),
        ({"pbx": ["main"]}, call()),
        ({"from": "+4930*"}, call()),
        ({"from": "0049 30 123456"}, call()),
        ({"from": "anonymous"}, call(from_="Anonymous")),
        ({"to": ["6001", "500*"]}, call()),
        ({"to": "5001"}, call("5001;phone-context=house")),
        ({"direction": "inbound", "trunk": "carrier", "from": "+49*", "to": "5001"}, call()),
    ],
    ids=str,
)
def test_a_rule_that_is_for_a_call(match: dict[str, Any], facts: CallFacts) -> None:
    assert holding(rules({"name": "support", "match": match}), facts) == "support"


@pytest.mark.parametrize(
    ("match", "facts"),
    [
        ({"direction": "outbound"}, call()),
        ({"trunk": "other"}, call()),
        ({"trunk": "carrier"}, call(trunk="")),
        ({"pbx": "other"}, call()),
        ({"from": "+4930*"}, call(from_="")),
        ({"from": "+4930*"}, call(from_="4930123456")),
        ({"from": "anonymous"}, call()),
        ({"to": ["6001", "501*"]}, call()),
        ({"to": "5001"}, call("")),
        ({"direction": "outbound", "to": "5001"}, call()),
        ({"trunk": "carrier", "from": "+33*", "to": "5001"}, call()),
        ({"from": "5001"}, call(to="5001")),
    ],
    ids=str,
)
def test_a_rule_that_is_not_for_a_call(match: dict[str, Any], facts: CallFacts) -> None:
    assert holding(rules({"name": "support", "match": match}), facts) == ""


def test_the_index_finds_what_asking_every_rule_in_order_finds() -> None:
    chance = random.Random(7)
    numbers = ["5", "50", "500", "5001", "+49", "+4930", "00493", "alice", "*21"]

    def some() -> dict[str, Any]:
        match: dict[str, Any] = {}
        for key in ("from", "to"):
            if chance.random() < 0.6:
                picked = chance.sample(numbers, chance.randint(1, 3))
                match[key] = [each + chance.choice(["", "*"]) for each in picked]
        if chance.random() < 0.3:
            match["direction"] = chance.choice(["inbound", "outbound"])
        if chance.random() < 0.2:
            match["trunk"] = chance.choice(["carrier", "other"])
        return match

    for _ in range(60):
        found = rules(*({"name": str(index), "match": some()} for index in range(12)))
        for _ in range(30):
            facts = call(chance.choice(numbers) + "1", from_=chance.choice(numbers))

            tried = found.explain(facts)

            in_order = tried[-1].rule if tried[-1].matched else ""
            assert holding(found, facts) == in_order


@given(from_=st.text(max_size=20), to=st.text(max_size=20))
def test_whatever_a_peer_writes_as_its_number_is_decided_about(from_: str, to: str) -> None:
    found = rules({"name": "support", "match": {"to": "5*"}}, {"name": "rest", "recording": "off"})

    decision = found.decide(call(to, from_=from_))

    assert decision.rule in {"support", "rest"}


# How it is told.


def test_every_rule_up_to_the_one_that_holds_is_explained() -> None:
    found = rules(
        {"name": "night", "match": {"direction": "outbound", "to": "6*"}},
        {"name": "sales", "match": {"trunk": "other", "pbx": "branch"}},
        {"name": "support", "match": {"direction": "inbound", "trunk": "carrier", "to": "50*"}},
        {"name": "rest"},
    )

    assert found.explain(call()) == [
        Tried("night", "direction is inbound, not outbound; to '5001' is none of 6*"),
        Tried("sales", "trunk 'carrier' is none of other; pbx 'main' is none of branch"),
        Tried("support", "", "direction is inbound; trunk is 'carrier'; to '5001' is 50*"),
    ]


def test_a_rule_for_every_call_says_so() -> None:
    assert rules({"name": "rest"}).explain(call()) == [Tried("rest", "", "it matches every call")]


def test_every_notice_is_named_with_its_rule() -> None:
    found = rules(
        {"name": "support", "notice": {"language": "de"}},
        {"name": "private", "recording": "off"},
        recording="notice",
    )

    named = [(rule, notice.language) for rule, notice in found.notices()]

    assert named == [("", same("en")), ("support", same("de"))]


# Rules that never hold.


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({}, {}),
        ({}, {"to": "5001", "direction": "inbound"}),
        ({"to": "50*"}, {"to": ["5001", "5002"]}),
        ({"to": "50*"}, {"to": "500*"}),
        ({"from": "+49*"}, {"from": "+4930*", "to": "5*"}),
        ({"from": ["+49*", "+33*"], "to": "5*"}, {"from": "+4930", "to": "50*"}),
        ({"trunk": ["carrier", "other"]}, {"trunk": "carrier"}),
        ({"direction": "inbound"}, {"direction": "inbound", "pbx": "main"}),
    ],
    ids=str,
)
def test_a_rule_hidden_by_an_earlier_one_is_found(
    earlier: dict[str, Any], later: dict[str, Any]
) -> None:
    found = rules({"name": "early", "match": earlier}, {"name": "late", "match": later})

    assert list(found.shadowed()) == [("late", "early")]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"to": "5001"}, {}),
        ({"to": "5001"}, {"to": "50*"}),
        ({"to": "5001"}, {"to": ["5001", "5002"]}),
        ({"to": "5001"}, {"from": "5001"}),
        ({"to": "5*", "from": "+49*"}, {"to": "5001"}),
        ({"direction": "inbound"}, {"to": "5001"}),
        ({"trunk": "carrier"}, {"trunk": ["carrier", "other"]}),
    ],
    ids=str,
)
def test_a_rule_that_can_hold_is_not_called_hidden(
    earlier: dict[str, Any], later: dict[str, Any]
) -> None:
    found = rules({"name": "early", "match": earlier}, {"name": "late", "match": later})

    assert list(found.shadowed()) == []


def test_the_rules_that_are_called_hidden_never_hold() -> None:
    everyone = [
        call(to, from_=from_, direction=direction)
        for to in ("5001", "5002", "6001")
        for from_ in ("+4930", "+33")
        for direction in ("inbound", "outbound")
    ]
    found = rules(
        {"name": "a", "match": {"to": "500*", "direction": "inbound"}},
        {"name": "b", "match": {"to": "5001"}},
        {"name": "c", "match": {"to": "5001", "direction": "inbound"}},
        {"name": "d", "match": {"from": "+4930*", "to": "5002", "direction": "inbound"}},
        {"name": "e", "match": {"from": "+33*"}},
    )

    hidden = {rule for rule, _earlier in found.shadowed()}

    assert hidden == {"c", "d"}
    assert hidden.isdisjoint(holding(found, facts) for facts in everyone)
