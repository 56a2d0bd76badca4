"""Rules -> decision: the first rule that matches holds, the defaults where none does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sidecar.consent.decision import (
    CallFacts,
    Codes,
    Decision,
    ForEach,
    Notice,
    Policy,
    Question,
)
from sidecar.consent.index import NumberIndex
from sidecar.consent.party import Party
from sidecar.numbers import NumberSet, normal_number
from sidecar.settings.rules_schema import (
    CODES,
    ConsentTable,
    NoticeTable,
    Rule,
    RulesFile,
    Test,
)

_PROMPTS = {
    Policy.NOTICE: "recording-notice",
    Policy.CONSENT: "recording-consent",
    Policy.REQUIRED: "consent-required",
}
"""What is said to one who is asked under a policy; NOTICE: to one who is only told."""
_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Tried:
    """One rule as `explain` tells of it: `why` it holds, or `why_not`; one of both is empty."""

    rule: str
    why_not: str
    why: str = ""

    @property
    def matched(self) -> bool:
        """Whether this is the rule that holds."""
        return not self.why_not


@dataclass(frozen=True, slots=True)
class FailedTest:
    """A `[[test]]` whose call is decided otherwise than expected.

    `index` counts the file's tests from 0, `line` its lines from 1; `expected` and `came` hold
    what the test names: rule, recording, messages.
    """

    index: int
    expected: dict[str, str]
    came: dict[str, str]
    line: int | None = None


class _Compiled:
    """One rule, ready to be asked."""

    __slots__ = ("callees", "callers", "decision", "direction", "pbxs", "trunks")

    def __init__(self, rule: Rule, decision: Decision) -> None:
        match = rule.match
        self.decision = decision
        self.direction = match.direction
        self.trunks = match.trunk
        self.pbxs = match.pbx
        self.callers = match.from_
        self.callees = match.to

    def holds(self, facts: CallFacts, caller: str, callee: str) -> bool:
        """Tell whether every key of `match` holds; the numbers are normal ones."""
        return (
            (self.callees is None or callee in self.callees)
            and (self.callers is None or caller in self.callers)
            and (self.direction is None or self.direction == facts.direction)
            and (self.trunks is None or facts.trunk in self.trunks)
            and (self.pbxs is None or facts.pbx in self.pbxs)
        )

    def told(self, facts: CallFacts, caller: str, callee: str) -> Tried:
        """Return the same in words."""
        why, why_not = [], []
        if self.direction is not None:
            if self.direction == facts.direction:
                why.append(f"direction is {facts.direction}")
            else:
                why_not.append(f"direction is {facts.direction}, not {self.direction}")
        for kind, name, names in (
            ("trunk", facts.trunk, self.trunks),
            ("pbx", facts.pbx, self.pbxs),
        ):
            if names is not None and name in names:
                why.append(f"{kind} is {name!r}")
            elif names is not None:
                why_not.append(f"{kind} {name!r} is none of {', '.join(names)}")
        for kind, number, numbers in (
            ("from", caller, self.callers),
            ("to", callee, self.callees),
        ):
            if numbers is not None and number in numbers:
                why.append(f"{kind} {number!r} is {numbers.entry_of(number)}")
            elif numbers is not None:
                why_not.append(f"{kind} {number!r} is none of {numbers}")
        if why_not:
            return Tried(self.decision.rule, "; ".join(why_not))
        return Tried(self.decision.rule, "", "; ".join(why) or "it matches every call")

    def covers(self, other: _Compiled) -> bool:
        """Tell whether every call that the other matches is matched here too."""
        return (
            self.direction in (None, other.direction)
            and _covers_names(self.trunks, other.trunks)
            and _covers_names(self.pbxs, other.pbxs)
            and _covers_numbers(self.callers, other.callers)
            and _covers_numbers(self.callees, other.callees)
        )


class RuleSet:
    """All rules of one file, indexed by the numbers that they name."""

    def __init__(self, file: RulesFile) -> None:
        self._file = file
        self._defaults = _decision(None, file)
        self._rules = [_Compiled(rule, _decision(rule, file)) for rule in file.rule]
        self._index = NumberIndex((rule.callees, rule.callers) for rule in self._rules)

    def decide(self, facts: CallFacts) -> Decision:
        """Return what holds for a call."""
        caller, callee = normal_number(facts.from_), normal_number(facts.to)
        best = len(self._rules)
        for places in self._index.candidates(callee, caller):
            for place in places:
                if place >= best:
                    break
                if self._rules[place].holds(facts, caller, callee):
                    best = place
                    break
        return self._rules[best].decision if best < len(self._rules) else self._defaults

    def explain(self, facts: CallFacts) -> list[Tried]:
        """Return every rule that was tried, in order, up to the one that holds."""
        caller, callee = normal_number(facts.from_), normal_number(facts.to)
        tried: list[Tried] = []
        for rule in self._rules:
            tried.append(rule.told(facts, caller, callee))
            if tried[-1].matched:
                break
        return tried

    def failed_tests(self) -> list[FailedTest]:
        """Run the file's own tests and return those that fail."""
        failed = []
        for index, test in enumerate(self._file.test):
            expected = {
                name: value for name, value in test.expect.model_dump().items() if value is not None
            }
            decision = self.decide(_facts(test))
            came = {
                "rule": decision.rule,
                "recording": decision.recording.value,
                "messages": decision.messages,
            }
            if any(came[name] != value for name, value in expected.items()):
                line = self._file.error(("test", index), "").line
                shown = {name: came[name] for name in expected}
                failed.append(FailedTest(index, expected, shown, line))
        return failed

    def notices(self) -> Iterator[tuple[str, Notice]]:
        """Yield the name of each rule with a notice, and the notice ("" for the defaults)."""
        for decision in (self._defaults, *(rule.decision for rule in self._rules)):
            if decision.notice is not None:
                yield decision.rule, decision.notice

    def shadowed(self) -> Iterator[tuple[str, str]]:
        """Yield each rule that can never hold, and the earlier one that takes all its calls."""
        for place, rule in enumerate(self._rules):
            callee = rule.callees.sample if rule.callees is not None else ""
            caller = rule.callers.sample if rule.callers is not None else ""
            earlier = (
                candidate
                for places in self._index.candidates(callee, caller)
                for candidate in places
                if candidate < place and self._rules[candidate].covers(rule)
            )
            if (first := min(earlier, default=None)) is not None:
                yield rule.decision.rule, self._rules[first].decision.rule


def _covers_names(these: tuple[str, ...] | None, those: tuple[str, ...] | None) -> bool:
    return these is None or (those is not None and set(those) <= set(these))


def _covers_numbers(these: NumberSet | None, those: NumberSet | None) -> bool:
    return these is None or (those is not None and these.covers(those))


def _decision(rule: Rule | None, file: RulesFile) -> Decision:
    """Return what a rule decides, or the defaults where there is none."""
    own, defaults = rule or Rule(name="-"), file.defaults
    policy = Policy(file.recording_of(own))
    question = _question(policy, file.consent_of(own))
    recording_is_off = policy is Policy.OFF
    return Decision(
        rule=rule.name if rule is not None else "",
        recording=policy,
        notice=None if recording_is_off else _notice(policy, file.notice_of(own), question),
        question=question,
        on_refusal=own.on_refusal or defaults.on_refusal,
        on_unconfirmed=own.on_unconfirmed or defaults.on_unconfirmed,
        on_unreachable=own.on_unreachable or defaults.on_unreachable,
        confirm_within=own.confirm_within or defaults.confirm_within,
        codes=Codes() if recording_is_off else Codes(*(file.code_of(own, name) for name in CODES)),
        messages=own.messages or defaults.messages,
    )


def _question(policy: Policy, table: ConsentTable) -> Question | None:
    if policy not in (Policy.CONSENT, Policy.REQUIRED):
        return None
    return Question(
        of=frozenset(map(Party, table.from_)),
        accept=table.accept,
        decline=table.decline,
        within=table.within,
        repeat=table.repeat,
    )


def _notice(policy: Policy, table: NoticeTable, question: Question | None) -> Notice:
    asked = question.of if question is not None else frozenset[Party]()
    prompts = (
        getattr(table.prompt, party) or _PROMPTS[policy if party in asked else Policy.NOTICE]
        for party in Party
    )
    language = ForEach(*(getattr(table.language, party) or _LANGUAGE for party in Party))
    return Notice(ForEach(*prompts), language, frozenset(map(Party, table.to)), table.at)


def _facts(test: Test) -> CallFacts:
    call = test.call
    return CallFacts(call.direction, call.trunk or "", call.pbx or "", call.from_, call.to)
