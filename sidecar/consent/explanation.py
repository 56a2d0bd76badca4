"""Why a call would be decided as it would be: what `explain` and the API tell."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sidecar.consent.decision import CallFacts, Decision, ForEach, Notice, Policy
from sidecar.consent.party import Party
from sidecar.consent.rules import RuleSet
from sidecar.errors import OperatorError
from sidecar.settings.schema import Settings

LONGEST_NUMBER = 200
"""Characters of a number to ask about."""


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class ExplainedCall(_Told):
    """The call that was asked about."""

    direction: Literal["inbound", "outbound"]
    trunk: str
    pbx: str
    from_: str = Field(serialization_alias="from")
    to: str


class ExplainedRule(_Told):
    """One rule that was tried: why it holds, or why not; one of both is empty."""

    rule: str
    matched: bool
    why: str
    why_not: str


class ForEachParty(_Told):
    """One text for each party."""

    caller: str
    callee: str


class ExplainedNotice(_Told):
    """What would be said to whom, and when."""

    prompt: ForEachParty
    language: ForEachParty
    to: tuple[Party, ...]
    at: Literal["answer", "before-connect"]


class ExplainedDecision(_Told):
    """What would hold for the call."""

    rule: str
    """Empty: the defaults."""
    recording: Policy
    notice: ExplainedNotice | None
    messages: Literal["deny", "allow"]


class Explanation(_Told):
    """The rules that were tried, in their order, and what comes of it."""

    call: ExplainedCall
    tried: tuple[ExplainedRule, ...]
    """The last one holds, where any does."""
    decision: ExplainedDecision


def call_facts(
    settings: Settings,
    from_: str,
    to: str,
    direction: Literal["inbound", "outbound"] = "inbound",
    trunk: str | None = None,
    pbx: str | None = None,
) -> CallFacts:
    """Return the call to be explained; trunk and PBX are the first ones unless named.

    Raises OperatorError whose key is what is wrong: from, to, trunk or pbx.
    """
    return CallFacts(
        direction=direction,
        trunk=_named("trunk", trunk, list(settings.trunk)),
        pbx=_named("pbx", pbx, list(settings.pbx)),
        from_=_number("from", from_),
        to=_number("to", to),
    )


def explain(rules: RuleSet, facts: CallFacts) -> Explanation:
    """Return what the rules say about a call, and why."""
    decision = rules.decide(facts)
    return Explanation(
        call=ExplainedCall(
            direction=facts.direction,
            trunk=facts.trunk,
            pbx=facts.pbx,
            from_=facts.from_,
            to=facts.to,
        ),
        tried=tuple(
            ExplainedRule(rule=each.rule, matched=each.matched, why=each.why, why_not=each.why_not)
            for each in rules.explain(facts)
        ),
        decision=_decision(decision),
    )


def _decision(decision: Decision) -> ExplainedDecision:
    return ExplainedDecision(
        rule=decision.rule,
        recording=decision.recording,
        notice=_notice(decision.notice) if decision.notice is not None else None,
        messages=decision.messages,
    )


def _notice(notice: Notice) -> ExplainedNotice:
    return ExplainedNotice(
        prompt=_for_each(notice.prompt),
        language=_for_each(notice.language),
        to=tuple(sorted(notice.to)),
        at=notice.at,
    )


def _for_each(texts: ForEach) -> ForEachParty:
    return ForEachParty(caller=texts.caller, callee=texts.callee)


def _named(kind: str, name: str | None, known: list[str]) -> str:
    if name is None:
        return known[0]
    if name not in known:
        raise OperatorError(f"{name!r} is none of {', '.join(known)}", key=kind)
    return name


def _number(kind: str, text: str) -> str:
    if len(text) > LONGEST_NUMBER or not text.isprintable():
        raise OperatorError(
            f"must be printable text of {LONGEST_NUMBER} characters at the most", key=kind
        )
    return text
