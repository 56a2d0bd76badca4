"""Mistakes in what rules match by that no key shows alone."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.rules.file.match import MatchTable, PartyNumbers
from sidecar.rules.file.schema import RulesFile
from sidecar.settings.crosschecks import Complaint
from sidecar.settings.schema import Settings
from sidecar.tables.positions import Key
from sidecar.tables.words import nearest

_PLACES = ("from_country", "to_country", "from_region", "to_region", "jurisdiction")


def of_matches(rules: RulesFile, settings: Settings | None) -> Iterator[Complaint]:
    """Yield what no call could match, and what the settings don't say."""
    for index, rule in enumerate(rules.rule):
        key = "rule", index, "match"
        yield from _lists(rule.match, key, rules)
        yield from _places(rule.match, key)
        if settings is not None:
            yield from _time(rule.match, key, settings)


def doubtful(rules: RulesFile, settings: Settings) -> Iterator[Complaint]:
    """Yield what is allowed, but hardly meant."""
    named = {name for rule in rules.rule for name in _lists_of(rule.match)}
    for name in rules.lists:
        if name not in named:
            yield ("lists", name), f'no rule names it: from = "list:{name}"'
    if settings.default_country is not None:
        return
    for index, rule in enumerate(rules.rule):
        for name in _PLACES:
            if getattr(rule.match, name) is not None:
                message = "numbers without + have no place: set default_country in the settings"
                yield ("rule", index, "match", name), message


def _lists_of(match: MatchTable) -> Iterator[str]:
    for numbers in (match.from_, match.to):
        yield from numbers.lists if numbers is not None else ()


def _lists(match: MatchTable, key: Key, rules: RulesFile) -> Iterator[Complaint]:
    sides: tuple[tuple[str, PartyNumbers | None], ...] = (("from", match.from_), ("to", match.to))
    for side, numbers in sides:
        for name in numbers.lists if numbers is not None else ():
            if name not in rules.lists:
                message = f'there is no list "{name}" in [lists]; {nearest(name, rules.lists)}'
                yield (*key, side), message


def _places(match: MatchTable, key: Key) -> Iterator[Complaint]:
    for side in ("from", "to"):
        countries: tuple[str, ...] | None = getattr(match, f"{side}_country")
        regions: tuple[str, ...] | None = getattr(match, f"{side}_region")
        for region in regions or ():
            if countries is not None and region[:2] not in countries:
                listed = ", ".join(countries)
                message = f'"{region}" is in none of {side}_country ({listed}): no call matches it'
                yield (*key, f"{side}_region"), message


def _time(match: MatchTable, key: Key, settings: Settings) -> Iterator[Complaint]:
    for name in ("hours", "days"):
        if getattr(match, name) is not None and settings.timezone is None:
            message = 'in which time zone? Write timezone = "Europe/London" into the settings'
            yield (*key, name), message
    if match.days is not None and match.days.need_holidays and settings.holidays is None:
        message = 'whose holidays? Write holidays = "DE-BY" or the like into the settings'
        yield (*key, "days"), message
