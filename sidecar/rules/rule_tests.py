"""The rules' own tests: made-up calls, and what must be decided about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sidecar.consent.decision import CallFacts
from sidecar.rules.deciding import IN_FILE
from sidecar.rules.file.expect import Expect, Test
from sidecar.rules.file.site import Site
from sidecar.rules.rules import RuleSet
from sidecar.rules.telling import as_data
from sidecar.tables.complaints import Table
from sidecar.tables.durations import written_duration
from sidecar.tables.moments import seconds_of

_NOTHING, _SOMETHING = "nothing", "something"
_ORDER = ("caller", "callee", "busy", "no-answer", "unavailable")


@dataclass(frozen=True, slots=True)
class FailedTest:
    """A `[[test]]` whose call is decided otherwise than expected.

    `index` counts the file's tests from 0; `expected` and `came` hold what the test names and
    what differs, by dotted keys; `reason` says in words which rule took the call, and why.
    """

    index: int
    expected: dict[str, Any]
    came: dict[str, Any]
    reason: str

    def __str__(self) -> str:
        differences = (
            f"{key} is {self.came[key]!r}, expected {expected!r}"
            for key, expected in self.expected.items()
        )
        return f"{'; '.join(differences)} ({self.reason})"


def failed_tests(rules: RuleSet) -> Iterator[FailedTest]:
    """Run all tests and yield those that fail."""
    for index, test in enumerate(rules.file.test):
        facts = facts_of(test, rules.site)
        came = _came(as_data(rules.decide(facts)))
        expected = {
            key: value
            for key, value in _flat(_named(test.expect)).items()
            if came.get(key, _NOTHING) != value
        }
        if expected:
            shown = {key: came.get(key, _NOTHING) for key in expected}
            yield FailedTest(index, expected, shown, _reason(rules, facts, test.expect.rule))


def _came(told: dict[str, Any]) -> dict[str, Any]:
    """Return what was decided under each key that a test can name."""
    tables = {key: _SOMETHING for key, value in told.items() if isinstance(value, dict)}
    elsewhere: dict[str, Any] = {}
    for key, (*parents, name) in IN_FILE.items():
        elsewhere |= _flat({name: told[key]}, "".join(f"{parent}." for parent in parents))
    return {**elsewhere, **tables, **_flat(told)}


def facts_of(test: Test, site: Site) -> CallFacts:
    """Return the call of a test."""
    call = test.call
    return CallFacts(
        call.direction,
        call.trunk or "",
        call.pbx or "",
        call.from_,
        call.to,
        seconds_of(call.at, site.timezone) if call.at is not None else None,
        tuple(call.header.items()),
    )


def _reason(rules: RuleSet, facts: CallFacts, wanted: str | None) -> str:
    """Return which rule took the call, and why the one that was to take it did not."""
    tried = rules.explain(facts)
    taken = tried[-1] if tried and tried[-1].matched else None
    if taken is not None:
        reason = f'rule "{taken.rule}" took it: {taken.why}'
    else:
        reason = "no rule takes it"
    if not wanted or (taken is not None and taken.rule == wanted):
        return reason
    if why_not := rules.why_not(wanted, facts):
        return f'{reason}; "{wanted}" does not: {why_not}'
    return f'{reason}; it stands before "{wanted}"'


def _named(table: Expect | Table) -> dict[str, Any]:
    """Return what a test names, in the words of `telling.as_data`."""
    named = {}
    for name in table.model_fields_set:
        value = getattr(table, name)
        key = type(table).model_fields[name].alias or name
        if isinstance(value, Table):
            value = _named(value) or _SOMETHING
        elif isinstance(value, float):
            value = written_duration(value)
        elif isinstance(value, tuple):
            value = [word for word in _ORDER if word in value]
        named[key] = value
    return {key: named[key] for key in sorted(named, key=_place_of(table))}


def _place_of(table: Table) -> Any:
    """Return what sorts keys as the schema has them."""
    order = [field.alias or name for name, field in type(table).model_fields.items()]
    return order.index


def _flat(told: dict[str, Any], parent: str = "") -> dict[str, Any]:
    """Return nested tables as one, with dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in told.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{parent}{key}.")
        elif value is not None:
            flat[f"{parent}{key}"] = value
    return flat
