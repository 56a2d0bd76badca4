"""Rules that a PBX's recorder can't carry out: what is asked in a call must also be done in it.

A recorder that begins, pauses or ends nothing in mid-call knows no more than what the PBX was told
at the set-up. One counts among these of which only a call can tell whether the PBX says what its
recorder does.
"""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.recorders.kind import Kind
from sidecar.recorders.kinds import KINDS, kind_of
from sidecar.rules.file.consent import ASKING
from sidecar.rules.file.schema import Defaults, Rule, RulesFile
from sidecar.settings.schema import Pbx, Settings
from sidecar.tables.positions import Key

Complaint = tuple[Key, str]


def _instead() -> str:
    """Name the kinds that can begin in a call, and what they need for it."""
    first, *others = (kind for kind in KINDS if kind.can_begin)
    also = [f', as can "{kind.name}"{_with_what_it_needs(kind)}' for kind in others]
    return f'kind = "{first.name}"{_with_what_it_needs(first)} can{"".join(also)}'


def _with_what_it_needs(kind: Kind) -> str:
    return f" with a {kind.begins_with}" if kind.begins_with else ""


_INSTEAD = _instead()


def of_recorders(rules: RulesFile, settings: Settings) -> Iterator[Complaint]:
    """Yield what no recorder of the PBXs that a rule may be about can do."""
    for key, table in _places(rules):
        reached = _reached(table, settings)
        if reached and not any(_begins(settings.pbx[name]) for name in reached):
            yield from _beyond(rules, key, table, reached)


def doubtful(rules: RulesFile, settings: Settings) -> Iterator[Complaint]:
    """Yield what some of the PBXs can't do, and where nothing can be stopped."""
    warned: set[str] = set()
    for key, table in _places(rules):
        reached = _reached(table, settings)
        unable = [name for name in reached if not _begins(settings.pbx[name])]
        if len(unable) < len(reached):
            yield from _beyond(rules, key, table, unable)
        deaf = [name for name in reached if not kind_of(settings.pbx[name].recorder).can_stop]
        if rules.recording_of(table) != "off":
            for name in deaf:
                if name not in warned:
                    warned.add(name)
                    yield _at(key, table, "recording"), _UNSTOPPABLE.format(name=name)


_UNSTOPPABLE = (
    "nothing can be stopped at [pbx.{name}]: who asks for it has the call ended, or muted, as "
    "on_unconfirmed says; a [pbx.{name}.recorder] that obeys changes that"
)


def _beyond(
    rules: RulesFile, key: Key, table: Defaults | Rule, names: list[str]
) -> Iterator[Complaint]:
    """Yield what a rule wants of the recorders of these PBXs that they can't do."""
    if not names or rules.recording_of(table) == "off":
        return
    where = " and ".join(f"[pbx.{name}]" for name in names)
    if rules.recording_of(table) in ASKING:
        notice, question = rules.notice_of(table), rules.consent_of(table)
        if notice.at != "before-connect":
            yield (
                _at(key, table, "recording"),
                f"who agrees in the call is not recorded: no recorder of {where} begins in it; "
                f'{_INSTEAD}, or ask before it, at = "before-connect"',
            )
        elif "callee" in question.from_:
            yield (
                _at(key, table, "consent"),
                f"a callee agrees in the call, and no recorder of {where} begins in it; "
                f'{_INSTEAD}, or ask from = ["caller"]',
            )
    if rules.code_of(table, "pause"):
        yield (
            _at(key, table, "pause"),
            f"no recorder of {where} pauses and goes on in a call; {_INSTEAD}",
        )
    if (table.hold or rules.defaults.hold) == "pause":
        yield (
            _at(key, table, "hold"),
            f'no recorder of {where} pauses and goes on in a call; {_INSTEAD}, or write "record"',
        )


def _places(rules: RulesFile) -> Iterator[tuple[Key, Defaults | Rule]]:
    yield ("defaults",), rules.defaults
    for index, rule in enumerate(rules.rule):
        yield ("rule", index), rule


def _at(key: Key, table: Defaults | Rule, name: str) -> Key:
    """Return where a mistake stands: at the key itself, where the table has it."""
    return (*key, name) if name in table.model_fields_set else key


def _reached(table: Defaults | Rule, settings: Settings) -> list[str]:
    """Return the PBXs whose calls a rule may decide."""
    named = (table.match.pbx if isinstance(table, Rule) else None) or tuple(settings.pbx)
    return [name for name in named if name in settings.pbx]


def _begins(pbx: Pbx) -> bool:
    """Tell whether a PBX's recorder can be had to begin, or to go on, in mid-call."""
    return kind_of(pbx.recorder).begins(pbx.recorder)
