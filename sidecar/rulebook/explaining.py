"""What the rules say of one call, as data: every rule tried, the decision, where it comes from."""

from __future__ import annotations

from typing import Any

from sidecar.consent.asked import Asked
from sidecar.consent.decision import CallFacts
from sidecar.consent.rules import RuleSet
from sidecar.consent.telling import as_data
from sidecar.numbers import Number


def explanation(rules: RuleSet, facts: CallFacts) -> dict[str, Any]:
    """Return it, ready for JSON."""
    decision = rules.decide(facts)
    return {
        "call": _call(rules, facts),
        "tried": [
            {
                "rule": each.rule,
                "matched": each.matched,
                "why": each.why,
                "why_not": each.why_not,
            }
            for each in rules.explain(facts)
        ],
        "decision": as_data(decision),
        "origins": rules.origins(decision),
    }


def _call(rules: RuleSet, facts: CallFacts) -> dict[str, Any]:
    call = Asked(facts, rules.site)
    return {
        "direction": facts.direction,
        "trunk": facts.trunk,
        "pbx": facts.pbx,
        "from": _number(call.number("from"), facts.from_),
        "to": _number(call.number("to"), facts.to),
        "anonymous": call.anonymous,
        "jurisdiction": call.jurisdiction,
        "at": call.moment.isoformat() if call.moment is not None else None,
        "header": [list(each) for each in facts.headers],
    }


def _number(number: Number, text: str) -> dict[str, str]:
    return {
        "number": text,
        "e164": number.e164,
        "country": number.country,
        "region": number.region,
    }
