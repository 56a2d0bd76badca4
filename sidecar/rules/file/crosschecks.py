"""Mistakes in the rules that no key shows alone: names that don't exist, keys that contradict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sidecar.recorders.kinds import KINDS, kind_of
from sidecar.rules.file.consent import (
    ASKING,
    CODES,
    ConsentTable,
    NoticeTable,
    OnUnreachable,
    Recording,
    Voicemail,
)
from sidecar.rules.file.leading_crosschecks import of_leading
from sidecar.rules.file.match_crosschecks import of_matches
from sidecar.rules.file.recorder_crosschecks import of_recorders
from sidecar.rules.file.schema import Defaults, Rule, RulesFile
from sidecar.settings.crosschecks import Complaint
from sidecar.settings.schema import Settings
from sidecar.tables.positions import Key
from sidecar.tables.words import nearest, one_of


def of_rules(rules: RulesFile, settings: Settings | None) -> Iterator[Complaint]:
    """Yield what is wrong with rules of which each key alone is right.

    Names of trunks and PBXs are looked up in the settings where these could be read.
    """
    yield from _rule_names(rules)
    for place in _places(rules):
        yield from _notice(place)
        yield from _consent(place)
        yield from _codes(place)
        yield from _without_recording(place)
        if settings is not None:
            yield from _people(place, settings)
    yield from of_matches(rules, settings)
    yield from of_leading(rules, settings)
    yield from _tests(rules)
    if settings is not None:
        yield from of_recorders(rules, settings)
        yield from _neighbour_names(rules, settings)


@dataclass(frozen=True, slots=True)
class _Place:
    """`[defaults]` or a rule: what it says itself, and what holds where it decides."""

    key: Key
    own: Defaults | Rule
    recording: Recording
    voicemail: Voicemail
    notice: NoticeTable
    consent: ConsentTable
    codes: dict[str, str]
    on_unreachable: OnUnreachable

    def says(self, name: str) -> bool:
        """Tell whether the file has that key here."""
        return name in self.own.model_fields_set

    @property
    def asks(self) -> bool:
        """Whether anyone is asked for consent to be recorded."""
        return self.recording in ASKING

    @property
    def policy(self) -> str:
        """The policy, with its origin where it doesn't stand here."""
        inherited = not self.says("recording") and self.key != ("defaults",)
        return f'"{self.recording}"' + (" (from [defaults])" if inherited else "")


def _places(rules: RulesFile) -> Iterator[_Place]:
    own: list[tuple[Key, Defaults | Rule]] = [(("defaults",), rules.defaults)]
    own += [(("rule", index), rule) for index, rule in enumerate(rules.rule)]
    for key, table in own:
        yield _Place(
            key,
            table,
            rules.recording_of(table),
            rules.voicemail_of(table),
            rules.notice_of(table),
            rules.consent_of(table),
            {name: rules.code_of(table, name) for name in CODES},
            table.on_unreachable or rules.defaults.on_unreachable,
        )


def _rule_names(rules: RulesFile) -> Iterator[Complaint]:
    seen: set[str] = set()
    for index, rule in enumerate(rules.rule):
        if rule.name in seen:
            yield ("rule", index, "name"), f'another rule is called "{rule.name}" already'
        seen.add(rule.name)


def _notice(place: _Place) -> Iterator[Complaint]:
    """Yield a notice that nobody hears, or not those who must."""
    if not place.says("notice"):
        return
    key, notice = (*place.key, "notice"), place.notice
    if place.recording == "off" and isinstance(place.own, Rule):
        if place.own.notice is not None and place.own.notice.model_fields_set - {"language"}:
            yield key, f'nothing would be said: recording is {place.policy}; write "notice" there'
    elif notice.at == "before-connect" and "caller" not in notice.to:
        yield (
            key,
            'before-connect is for the caller\'s ears: name "caller" in to, or use at = "answer"',
        )


def _consent(place: _Place) -> Iterator[Complaint]:
    """Yield questions that nobody is asked, or that could not be answered."""
    question = place.consent
    if isinstance(place.own, Rule) and not place.asks:
        for name in ("consent", "on_refusal"):
            if place.says(name) and (name, place.voicemail) != ("consent", "consent"):
                message = f"nobody would be asked: recording is {place.policy}"
                yield (*place.key, name), message
    must = place.recording == "required" and place.says("on_refusal")
    if must and place.own.on_refusal == "unrecorded":
        message = "a call that must be recorded ends where someone refuses"
        yield (*place.key, "on_refusal"), message
    if place.recording == "required" and place.on_unreachable == "unrecorded":
        message = 'a call that must be recorded can\'t go on unrecorded: write "refuse"'
        yield (*place.key, "on_unreachable"), message
    if place.asks and not set(question.from_) <= set(place.notice.to):
        message = "whoever is asked must hear the notice: name them in notice.to"
        yield (*place.key, "consent" if place.says("consent") else "notice"), message
    if not place.says("consent"):
        return
    if _clash(question.accept, question.decline):
        message = "one of accept and decline must not begin with the other"
        yield (*place.key, "consent", "decline"), message


def _codes(place: _Place) -> Iterator[Complaint]:
    """Yield codes that can't be told apart as they are pressed, or that have no use."""
    codes = [(name, code) for name, code in place.codes.items() if code]
    own = {name for name, _ in codes if place.says(name)}
    if own and place.recording == "off" and isinstance(place.own, Rule):
        message = f"nothing is recorded that it could change: recording is {place.policy}"
        yield (*place.key, min(own)), message
        return
    for index, (name, code) in enumerate(codes):
        for other, earlier in codes[:index]:
            if _clash(code, earlier) and own & {name, other}:
                at = name if name in own else other
                rest = f'{other} = "{earlier}"' if at == name else f'{name} = "{code}"'
                message = f'"{place.codes[at]}" and {rest} can\'t be told apart'
                yield (*place.key, at), message
    if place.codes["pause"] and not place.codes["resume"] and place.says("pause"):
        yield (*place.key, "pause"), "what is paused could not go on: write resume, too"
    accept = place.consent.accept
    asks = place.asks or (place.voicemail == "consent" and place.recording != "off")
    for name, code in codes:
        if asks and code.startswith(accept) and (name in own or place.says("consent")):
            message = f'who presses it would agree: accept = "{accept}" is its beginning'
            yield (*place.key, name), message


def _without_recording(place: _Place) -> Iterator[Complaint]:
    """Yield what would change a recording that there is none of."""
    if place.recording == "off" and isinstance(place.own, Rule):
        said = {"renotice": "would be said", "hold": "is recorded that it could change"}
        for name, effect in said.items():
            if place.says(name):
                yield (*place.key, name), f"nothing {effect}: recording is {place.policy}"


_SEERS = one_of(kind.name for kind in KINDS if kind.sees_people)


def _people(place: _Place, settings: Settings) -> Iterator[Complaint]:
    """Yield notices to people where no recorder can tell when there are some."""
    if place.recording == "off" or place.notice.at != "person":
        return
    names = (place.own.match.pbx if isinstance(place.own, Rule) else None) or tuple(settings.pbx)
    known = [settings.pbx[name].recorder for name in names if name in settings.pbx]
    if known and not any(kind_of(each).sees_people for each in known):
        key = (*place.key, "notice") if place.says("notice") else place.key
        where = f"[pbx.{names[0]}.recorder]" if len(names) == 1 else "any [pbx.NAME.recorder]"
        yield (
            key,
            f'at = "person" asks who is there, which only kind = {_SEERS} can tell: '
            f'write it into {where}, or use at = "answer"',
        )


def _clash(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _tests(rules: RulesFile) -> Iterator[Complaint]:
    names = [rule.name for rule in rules.rule]
    for index, test in enumerate(rules.test):
        if not test.expect.model_fields_set:
            yield ("test", index, "expect"), "expects nothing; name a rule, recording or the like"
        elif test.expect.rule and test.expect.rule not in names:
            message = f'there is no rule "{test.expect.rule}"; {nearest(test.expect.rule, names)}'
            yield ("test", index, "expect", "rule"), message


def _neighbour_names(rules: RulesFile, settings: Settings) -> Iterator[Complaint]:
    for kind, known in (("trunk", settings.trunk), ("pbx", settings.pbx)):
        for index, rule in enumerate(rules.rule):
            listed: tuple[str, ...] = getattr(rule.match, kind) or ()
            for place, name in enumerate(listed):
                key = "rule", index, "match", kind, *((place,) if len(listed) > 1 else ())
                yield from _if_unknown(key, kind, name, known)
        for index, test in enumerate(rules.test):
            name = getattr(test.call, kind)
            if name is not None:
                yield from _if_unknown(("test", index, "call", kind), kind, name, known)


def _if_unknown(key: Key, kind: str, name: str, known: Iterable[str]) -> Iterator[Complaint]:
    if name not in known:
        yield key, f"there is no [{kind}.{name}]; {nearest(name, known)}"
