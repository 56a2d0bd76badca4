"""Rules -> decision: the first rule that matches holds, the defaults where none does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from sidecar.consent.decision import CallFacts, Decision, Notice
from sidecar.rules.asked import Asked
from sidecar.rules.compiling import Compiled
from sidecar.rules.deciding import Origin, decision_of, origins_of
from sidecar.rules.file.schema import RulesFile
from sidecar.rules.file.site import Site
from sidecar.rules.index import RuleIndex
from sidecar.rules.telling import as_data


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


class RuleSet:
    """All rules of one file, indexed by what they ask of a call."""

    def __init__(self, file: RulesFile) -> None:
        self.file = file
        self._defaults = decision_of(None, file)
        self._rules = [Compiled(rule, file) for rule in file.rule]
        self._index = RuleIndex(rule.entries() for rule in self._rules)

    @property
    def version(self) -> str:
        """A short hash of all that decides."""
        return self.file.origin.version

    @property
    def site(self) -> Site:
        """What the rules go by beside their file."""
        return self.file.origin.site

    def decide(self, facts: CallFacts) -> Decision:
        """Return what holds for a call."""
        call = Asked(facts, self.file.origin.site)
        best = len(self._rules)
        for places in self._index.candidates(call):
            for place in places:
                if place >= best:
                    break
                if self._rules[place].holds(call):
                    best = place
                    break
        return self._rules[best].decision if best < len(self._rules) else self._defaults

    def explain(self, facts: CallFacts) -> list[Tried]:
        """Return every rule that was tried, in order, up to the one that holds."""
        call = Asked(facts, self.file.origin.site)
        tried: list[Tried] = []
        for rule in self._rules:
            why, why_not = rule.told(call)
            tried.append(Tried(rule.decision.rule, why_not, why))
            if not why_not:
                break
        return tried

    def why_not(self, rule: str, facts: CallFacts) -> str:
        """Return in words why a rule does not match a call, "" where it does."""
        index = self._by_name[rule]
        return self._rules[index].told(Asked(facts, self.file.origin.site))[1]

    def origins(self, decision: Decision) -> dict[str, Origin]:
        """Return where each value of one of these rules' decisions comes from."""
        rule = self.file.rule[self._by_name[decision.rule]] if decision.rule else None
        return origins_of(rule, self.file, as_data(decision))

    @cached_property
    def _by_name(self) -> dict[str, int]:
        return {rule.decision.rule: index for index, rule in enumerate(self._rules)}

    def decisions(self) -> Iterator[Decision]:
        """Yield all that can be decided: the defaults, then each rule."""
        yield self._defaults
        yield from (rule.decision for rule in self._rules)

    def notices(self) -> Iterator[tuple[str, Notice]]:
        """Yield the name of each rule with a notice, and the notice ("" for the defaults)."""
        for decision in self.decisions():
            if decision.notice is not None:
                yield decision.rule, decision.notice

    def shadowed(self) -> Iterator[tuple[str, str]]:
        """Yield each rule that can never hold, and the earlier one that takes all its calls."""
        for place, rule in enumerate(self._rules):
            earlier = (
                candidate
                for places in self._index.candidates(rule.sample())
                for candidate in places
                if candidate < place and self._rules[candidate].covers(rule)
            )
            if (first := min(earlier, default=None)) is not None:
                yield rule.decision.rule, self._rules[first].decision.rule
