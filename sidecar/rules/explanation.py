"""Why a call would be decided as it would be: what `explain` and the API tell."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sidecar.consent.decision import CallFacts, Policy, Unanswered, VoicemailPolicy
from sidecar.consent.party import Party
from sidecar.errors import OperatorError
from sidecar.numbers import Number
from sidecar.rules.asked import Asked
from sidecar.rules.deciding import Origin
from sidecar.rules.rules import RuleSet
from sidecar.rules.telling import as_data
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
    at: datetime | None
    """When it begins, in the time zone of the settings."""
    header: tuple[tuple[str, str], ...]
    """Name and value of each header of its INVITE that was asked about."""


class ExplainedParty(_Told):
    """What is known of a party by its number."""

    e164: str
    """Empty where it is no E.164 number."""
    country: str
    """ISO 3166-1; empty where it is not known."""
    region: str
    """ISO 3166-2; empty where it is not known."""


class ExplainedFacts(_Told):
    """What the rules see in the call."""

    caller: ExplainedParty
    callee: ExplainedParty
    anonymous: bool
    """Whether the caller withholds its number."""
    jurisdiction: Literal["all-party", "one-party"]
    """Whose consent the law asks for, the strictest of both places."""


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
    at: Literal["answer", "before-connect", "person"]


class ExplainedAsking(_Told):
    """How someone would be asked."""

    accept: str
    decline: str
    within: str
    repeat: int


class ExplainedQuestion(ExplainedAsking):
    """How consent would be asked for."""

    from_: tuple[Party, ...] = Field(alias="from")


class ExplainedDivert(_Told):
    """When the sidecar itself would connect the call to a mailbox."""

    after: str
    on: tuple[Unanswered, ...]
    to: str


class ExplainedRoom(_Told):
    """The conference that the call would lead into."""

    name: str
    """Empty: the number called."""
    announce: bool


class ExplainedDecision(_Told):
    """What would hold for the call, in the words of the rules file."""

    rule: str
    """Empty: the defaults."""
    recording: Policy
    notice: ExplainedNotice | None
    consent: ExplainedQuestion | None
    on_refusal: Literal["unrecorded", "hangup"]
    on_unconfirmed: Literal["hangup", "mute"]
    on_unreachable: Literal["refuse", "unrecorded"]
    confirm_within: str
    stop: str
    pause: str
    resume: str
    messages: Literal["deny", "allow"]
    language: ForEachParty
    """In which each party is spoken to, also where nothing is recorded."""
    voicemail: VoicemailPolicy
    voicemail_consent: ExplainedAsking | None
    """How the caller would be asked before a mailbox."""
    voicemail_divert: ExplainedDivert | None
    room: ExplainedRoom | None
    renotice: Literal["new-party", "all"]
    hold: Literal["record", "pause"]
    version: str
    """A short hash of all that decides: rules, lists, settings."""


class Explanation(_Told):
    """The rules that were tried, in their order, and what comes of it."""

    call: ExplainedCall
    facts: ExplainedFacts
    tried: tuple[ExplainedRule, ...]
    """The last one holds, where any does."""
    decision: ExplainedDecision
    origins: dict[str, Origin]
    """Where each value of the decision comes from, by its dotted key."""


def call_facts(
    settings: Settings,
    from_: str,
    to: str,
    direction: Literal["inbound", "outbound"] = "inbound",
    trunk: str | None = None,
    pbx: str | None = None,
    *,
    at: float,
    headers: tuple[tuple[str, str], ...] = (),
) -> CallFacts:
    """Return the call to be explained; trunk and PBX are the first ones unless named.

    `at` is in Unix seconds.

    Raises OperatorError whose key is what is wrong: from, to, trunk or pbx.
    """
    return CallFacts(
        direction=direction,
        trunk=_named("trunk", trunk, list(settings.trunk)),
        pbx=_named("pbx", pbx, list(settings.pbx)),
        from_=_number("from", from_),
        to=_number("to", to),
        at=at,
        headers=headers,
    )


def explain(rules: RuleSet, facts: CallFacts) -> Explanation:
    """Return what the rules say about a call, and why."""
    decision, call = rules.decide(facts), Asked(facts, rules.site)
    return Explanation(
        call=ExplainedCall(
            direction=facts.direction,
            trunk=facts.trunk,
            pbx=facts.pbx,
            from_=facts.from_,
            to=facts.to,
            at=call.moment,
            header=facts.headers,
        ),
        facts=ExplainedFacts(
            caller=_party(call.number("from")),
            callee=_party(call.number("to")),
            anonymous=call.anonymous,
            jurisdiction=call.jurisdiction,
        ),
        tried=tuple(
            ExplainedRule(rule=each.rule, matched=each.matched, why=each.why, why_not=each.why_not)
            for each in rules.explain(facts)
        ),
        decision=ExplainedDecision.model_validate(as_data(decision)),
        origins=rules.origins(decision),
    )


def _party(number: Number) -> ExplainedParty:
    return ExplainedParty(e164=number.e164, country=number.country, region=number.region)


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
