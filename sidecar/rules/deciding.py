"""What a rule decides, from its own keys, those of `[defaults]` and what is built in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from sidecar.consent.decision import (
    Codes,
    Decision,
    Divert,
    ForEach,
    Notice,
    Policy,
    Question,
    Room,
    VoicemailPolicy,
)
from sidecar.consent.party import Party
from sidecar.rules.file.consent import CODES, ConsentTable, NoticeTable
from sidecar.rules.file.leading import DivertTable, RoomTable
from sidecar.rules.file.schema import Rule, RulesFile
from sidecar.tables.complaints import Table

Origin = Literal["rule", "defaults", "built-in"]

_PROMPTS = {
    Policy.NOTICE: "recording-notice",
    Policy.CONSENT: "recording-consent",
    Policy.REQUIRED: "consent-required",
}
"""What is said to one who is asked under a policy; NOTICE: to one who is only told."""
_LANGUAGE = "en"
IN_FILE = {"language": ("notice", "language"), "voicemail_consent": ("consent",)}
"""Where in the rules file stands what is told under another key."""


def decision_of(rule: Rule | None, file: RulesFile) -> Decision:
    """Return what a rule decides, or the defaults where there is none."""
    own, defaults = rule or Rule(name="-"), file.defaults
    policy = Policy(file.recording_of(own))
    notice, consent = file.notice_of(own), file.consent_of(own)
    asks = policy in (Policy.CONSENT, Policy.REQUIRED)
    question = _question(consent, frozenset(map(Party, consent.from_))) if asks else None
    language = ForEach(*(getattr(notice.language, party) or _LANGUAGE for party in Party))
    recording_is_off = policy is Policy.OFF
    return Decision(
        rule=rule.name if rule is not None else "",
        recording=policy,
        notice=None if recording_is_off else _notice(policy, notice, language, question),
        question=question,
        on_refusal=own.on_refusal or defaults.on_refusal,
        on_unconfirmed=own.on_unconfirmed or defaults.on_unconfirmed,
        on_unreachable=own.on_unreachable or defaults.on_unreachable,
        confirm_within=own.confirm_within or defaults.confirm_within,
        codes=Codes() if recording_is_off else Codes(*(file.code_of(own, each) for each in CODES)),
        messages=own.messages or defaults.messages,
        language=language,
        voicemail=VoicemailPolicy(file.voicemail_of(own)),
        voicemail_question=_question(consent, frozenset({Party.CALLER})),
        divert=_divert(own.voicemail_divert),
        room=_room(own.room),
        renotice=own.renotice or defaults.renotice,
        hold=own.hold or defaults.hold,
        version=file.origin.version,
    )


def _question(table: ConsentTable, of: frozenset[Party]) -> Question:
    return Question(of, table.accept, table.decline, table.within, table.repeat)


def _divert(table: DivertTable | None) -> Divert | None:
    if table is None:
        return None
    assert table.to is not None, "a rule must name its mailbox"
    return Divert(table.to, table.after, frozenset(table.on))


def _room(table: RoomTable | None) -> Room | None:
    return Room(table.name or "", table.announce) if table is not None else None


def _notice(
    policy: Policy, table: NoticeTable, language: ForEach, question: Question | None
) -> Notice:
    asked = question.of if question is not None else frozenset[Party]()
    prompts = (
        getattr(table.prompt, party) or _PROMPTS[policy if party in asked else Policy.NOTICE]
        for party in Party
    )
    return Notice(ForEach(*prompts), language, frozenset(map(Party, table.to)), table.at)


def origins_of(rule: Rule | None, file: RulesFile, told: dict[str, Any]) -> dict[str, Origin]:
    """Return where each value comes from that a decision tells, under its dotted key.

    `told` is the decision as `telling.as_data` has it.
    """
    found: dict[str, Origin] = {}
    for key in _leaves(told):
        written = (*IN_FILE.get(key[0], key[:1]), *key[1:])
        if rule is not None and _says(rule, written):
            found[".".join(key)] = "rule"
        else:
            found[".".join(key)] = "defaults" if _says(file.defaults, written) else "built-in"
    return found


def _leaves(told: dict[str, Any], parents: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in told.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*parents, key))
        elif value is not None and key not in ("rule", "version"):
            yield (*parents, key)


def _says(table: Table, key: tuple[str, ...]) -> bool:
    """Tell whether a table of the file has a dotted key."""
    fields = type(table).model_fields.items()
    name = next((own for own, field in fields if key[0] in (own, field.alias)), "")
    if name not in table.model_fields_set:
        return False
    inner = getattr(table, name)
    return _says(inner, key[1:]) if key[1:] else inner is not None
