"""A decision in the words of the rules file: for `explain` and for the rules' own tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from sidecar.consent.decision import (
    VOICEMAIL_PROMPTS,
    Decision,
    Divert,
    Notice,
    Question,
    Room,
    Unanswered,
    VoicemailPolicy,
)
from sidecar.consent.party import Party
from sidecar.tables.durations import written_duration

_WHEN = {
    "answer": "at the answer",
    "before-connect": "before it is connected",
    "person": "when a person is there",
}


def as_data(decision: Decision) -> dict[str, Any]:
    """Return everything that was decided, under the keys and in the words of the rules file."""
    return {
        "rule": decision.rule,
        "recording": decision.recording.value,
        "notice": decision.notice and _notice(decision.notice),
        "consent": decision.question and _consent(decision.question),
        "on_refusal": _on_refusal(decision),
        "on_unconfirmed": decision.on_unconfirmed,
        "on_unreachable": decision.on_unreachable,
        "confirm_within": written_duration(decision.confirm_within),
        "stop": decision.codes.stop,
        "pause": decision.codes.pause,
        "resume": decision.codes.resume,
        "messages": decision.messages,
        "language": decision.language._asdict(),
        "voicemail": decision.voicemail.value,
        "voicemail_consent": _voicemail_consent(decision),
        "voicemail_divert": decision.divert and _divert(decision.divert),
        "room": decision.room and {"name": decision.room.name, "announce": decision.room.announce},
        "renotice": decision.renotice,
        "hold": decision.hold,
        "version": decision.version,
    }


def _on_refusal(decision: Decision) -> str:
    return "hangup" if decision.ends_on_refusal else "unrecorded"


def _notice(notice: Notice) -> dict[str, Any]:
    return {
        "prompt": notice.prompt._asdict(),
        "language": notice.language._asdict(),
        "to": in_order(notice.to),
        "at": notice.at,
    }


def _consent(question: Question) -> dict[str, Any]:
    return {"from": in_order(question.of), **_asking(question)}


def _voicemail_consent(decision: Decision) -> dict[str, Any] | None:
    asks = decision.voicemail is VoicemailPolicy.CONSENT
    return _asking(decision.voicemail_question) if asks else None


def _asking(question: Question) -> dict[str, Any]:
    return {
        "accept": question.accept,
        "decline": question.decline,
        "within": written_duration(question.within),
        "repeat": question.repeat,
    }


def _divert(divert: Divert) -> dict[str, Any]:
    return {"after": written_duration(divert.after), "on": _reasons(divert), "to": divert.to}


def _reasons(divert: Divert) -> list[str]:
    return [reason for reason in get_args(Unanswered) if reason in divert.on]


def in_order(parties: frozenset[Party]) -> list[str]:
    """Return parties as text, the caller first."""
    return [party.value for party in Party if party in parties]


def as_lines(decision: Decision) -> Iterator[tuple[str, str]]:
    """Yield what was decided as pairs of a key and a few words for people."""
    yield "recording", decision.recording.value
    if decision.notice is not None:
        yield "notice", _notice_in_words(decision.notice)
    if decision.question is not None:
        asked = " and ".join(in_order(decision.question.of))
        yield "consent", f"of {asked}: {_question_in_words(decision.question)}"
        yield "on_refusal", _on_refusal(decision)
    for name in ("stop", "pause", "resume"):
        if code := getattr(decision.codes, name):
            yield name, code
    yield (
        "on_unconfirmed",
        (f"{decision.on_unconfirmed}, after {written_duration(decision.confirm_within)}"),
    )
    yield "on_unreachable", decision.on_unreachable
    yield "messages", decision.messages
    yield "voicemail", _voicemail_in_words(decision)
    if decision.divert is not None:
        yield "voicemail_divert", _divert_in_words(decision.divert)
    if decision.room is not None:
        yield "room", _room_in_words(decision.room)
    if decision.notice is not None:
        yield "renotice", decision.renotice
        yield "hold", decision.hold


def _notice_in_words(notice: Notice) -> str:
    said = " and ".join(
        f"{notice.language.of(party)}/{notice.prompt.of(party)} to {party}"
        for party in Party
        if party in notice.to
    )
    return f"{said}, {_WHEN[notice.at]}"


def _question_in_words(question: Question) -> str:
    again = {0: "asked once", 1: "asked again once"}
    repeated = again.get(question.repeat, f"asked again {question.repeat} times")
    return (
        f"{question.accept} accepts, {question.decline} declines, "
        f"within {written_duration(question.within)}, {repeated}"
    )


def _voicemail_in_words(decision: Decision) -> str:
    policy = decision.voicemail
    if policy is VoicemailPolicy.ALLOW:
        return policy.value
    said = f"{policy.value}, {decision.language.caller}/{VOICEMAIL_PROMPTS[policy]} to caller"
    if policy is not VoicemailPolicy.CONSENT:
        return said
    return f"{said}: {_question_in_words(decision.voicemail_question)}"


def _divert_in_words(divert: Divert) -> str:
    after = {"no-answer": f" after {written_duration(divert.after)}"}
    reasons = ", ".join(f"{each}{after.get(each, '')}" for each in _reasons(divert))
    return f"to {divert.to} on {reasons}"


def _room_in_words(room: Room) -> str:
    told = "" if room.announce else ", nobody inside is told of who is new"
    return f"{room.name or 'by the number called'}{told}"
