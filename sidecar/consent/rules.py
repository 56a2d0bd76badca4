"""Rules -> decision: the first rule that matches holds, the defaults where none does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sidecar.consent.decision import CallFacts, Decision, Notice, Policy
from sidecar.consent.party import Party
from sidecar.settings.rules_schema import MatchTable, NoticeTable, Rule, RulesFile, Test

_SEPARATORS = str.maketrans("", "", " -.()/\t")


def normal_number(text: str) -> str:
    """Return a number as it is compared: no separators, "00" for "+", letters in lower case."""
    number = text.translate(_SEPARATORS).lower()
    return "+" + number[2:] if number.startswith("00") else number


class NumberSet:
    """Exact numbers and beginnings of numbers."""

    def __init__(self, numbers: Sequence[str]) -> None:
        self.exact = frozenset(normal_number(each) for each in numbers if not each.endswith("*"))
        self._beginnings = tuple(normal_number(each[:-1]) for each in numbers if each.endswith("*"))

    @property
    def only_exact(self) -> bool:
        """Whether nothing but the exact numbers can match."""
        return not self._beginnings

    def __contains__(self, number: str) -> bool:
        return number in self.exact or number.startswith(self._beginnings)


@dataclass(frozen=True, slots=True)
class Tried:
    """One rule as `explain` tells of it; `why_not` is empty where it matched."""

    rule: str
    why_not: str

    @property
    def matched(self) -> bool:
        """Whether this is the rule that holds."""
        return not self.why_not


@dataclass(frozen=True, slots=True)
class FailedTest:
    """A `[[test]]` whose call is decided otherwise than expected."""

    index: int
    expected: dict[str, str]
    came: dict[str, str]


class _Compiled:
    """One rule, ready to be asked."""

    __slots__ = ("_direction", "_from", "_pbxs", "_trunks", "decision", "name", "to")

    def __init__(self, rule: Rule, decision: Decision) -> None:
        match = rule.match
        self.name = rule.name
        self.decision = decision
        self._direction = match.direction
        self._trunks = match.trunk
        self._pbxs = match.pbx
        self._from = NumberSet(match.from_) if match.from_ is not None else None
        self.to = NumberSet(match.to) if match.to is not None else None

    def why_not(self, facts: CallFacts, caller: str, callee: str) -> str:
        """Return why the rule doesn't match, or nothing."""
        if self._direction not in (None, facts.direction):
            return f"direction is {facts.direction}, not {self._direction}"
        if self._trunks is not None and facts.trunk not in self._trunks:
            return f"trunk {facts.trunk!r} is none of {', '.join(self._trunks)}"
        if self._pbxs is not None and facts.pbx not in self._pbxs:
            return f"pbx {facts.pbx!r} is none of {', '.join(self._pbxs)}"
        if self._from is not None and caller not in self._from:
            return f"from {caller!r} is none of its numbers"
        if self.to is not None and callee not in self.to:
            return f"to {callee!r} is none of its numbers"
        return ""


class RuleSet:
    """All rules of one file, indexed by the numbers that they name exactly."""

    def __init__(self, file: RulesFile) -> None:
        self._defaults = Decision(
            rule="",
            recording=Policy(file.defaults.recording),
            notice=_notice(file.defaults.recording, file.defaults.notice),
            messages=file.defaults.messages,
        )
        self._tests = file.test
        self._rules = [_Compiled(rule, _decision(rule, file)) for rule in file.rule]
        self._by_callee: dict[str, list[int]] = {}
        self._others: list[int] = []
        for index, rule in enumerate(self._rules):
            if rule.to is not None and rule.to.only_exact:
                for number in rule.to.exact:
                    self._by_callee.setdefault(number, []).append(index)
            else:
                self._others.append(index)

    def decide(self, facts: CallFacts) -> Decision:
        """Return what holds for a call."""
        caller, callee = normal_number(facts.from_), normal_number(facts.to)
        for index in _merged(self._by_callee.get(callee, ()), self._others):
            rule = self._rules[index]
            if not rule.why_not(facts, caller, callee):
                return rule.decision
        return self._defaults

    def explain(self, facts: CallFacts) -> list[Tried]:
        """Return every rule that was tried, up to the one that holds."""
        caller, callee = normal_number(facts.from_), normal_number(facts.to)
        tried = []
        for rule in self._rules:
            tried.append(Tried(rule.name, rule.why_not(facts, caller, callee)))
            if tried[-1].matched:
                break
        return tried

    def failed_tests(self) -> list[FailedTest]:
        """Run the file's own tests and return those that fail."""
        failed = []
        for index, test in enumerate(self._tests):
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
                failed.append(FailedTest(index, expected, {name: came[name] for name in expected}))
        return failed

    def notices(self) -> Iterator[tuple[str, Notice]]:
        """Yield the name of each rule with a notice, and the notice ("" for the defaults)."""
        for decision in (self._defaults, *(rule.decision for rule in self._rules)):
            if decision.notice is not None:
                yield decision.rule, decision.notice


def _merged(first: Sequence[int], second: Sequence[int]) -> Iterator[int]:
    """Yield the numbers of two sorted sequences in order."""
    if not first:
        return iter(second)
    if not second:
        return iter(first)
    return iter(sorted((*first, *second)))


def _decision(rule: Rule, file: RulesFile) -> Decision:
    recording = rule.recording or file.defaults.recording
    return Decision(
        rule=rule.name,
        recording=Policy(recording),
        notice=_notice(recording, rule.notice or file.defaults.notice),
        messages=rule.messages or file.defaults.messages,
    )


def _notice(recording: str, table: NoticeTable) -> Notice | None:
    if recording == "off":
        return None
    return Notice(table.prompt, table.language, frozenset(map(Party, table.to)), table.at)


def _facts(test: Test) -> CallFacts:
    call = test.call
    return CallFacts(call.direction, call.trunk, call.pbx, call.from_, call.to)


__all__ = ["FailedTest", "MatchTable", "NumberSet", "RuleSet", "Tried", "normal_number"]
