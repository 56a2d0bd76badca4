"""A decision in the words of the rules file: for `explain` and for the rules' own tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sidecar.consent.decision import Decision, Notice, Question
from sidecar.consent.party import Party
from sidecar.settings.durations import written_duration

_WHEN = {"answer": "at the answer", "before-connect": "before it is connected"}


def as_data(decision: Decision) -> dict[str, Any]:
    """Return everything that was decided, under the keys and in the words of the rules file."""
    return {
        "rule": decision.rule,
        "recording": decision.recording.value,
        "notice": decision.notice and _notice(decision.notice),
        "consent": decision.question and _question(decision.question),
        "on_refusal": _on_refusal(decision),
        "on_unconfirmed": decision.on_unconfirmed,
        "on_unreachable": decision.on_unreachable,
        "confirm_within": written_duration(decision.confirm_within),
        "stop": decision.codes.stop,
        "pause": decision.codes.pause,
        "resume": decision.codes.resume,
        "messages": decision.messages,
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


def _question(question: Question) -> dict[str, Any]:
    return {
        "from": in_order(question.of),
        "accept": question.accept,
        "decline": question.decline,
        "within": written_duration(question.within),
        "repeat": question.repeat,
    }


def in_order(parties: frozenset[Party]) -> list[str]:
    """Return parties as text, the caller first."""
    return [party.value for party in Party if party in parties]


def as_lines(decision: Decision) -> Iterator[tuple[str, str]]:
    """Yield what was decided as pairs of a key and a few words for people."""
    yield "recording", decision.recording.value
    if decision.notice is not None:
        yield "notice", _notice_in_words(decision.notice)
    if decision.question is not None:
        yield "consent", _question_in_words(decision.question)
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


def _notice_in_words(notice: Notice) -> str:
    said = " and ".join(
        f"{notice.language.of(party)}/{notice.prompt.of(party)} to {party}"
        for party in Party
        if party in notice.to
    )
    return f"{said}, {_WHEN[notice.at]}"


def _question_in_words(question: Question) -> str:
    asked = " and ".join(in_order(question.of))
    again = {0: "asked once", 1: "asked again once"}
    repeated = again.get(question.repeat, f"asked again {question.repeat} times")
    return (
        f"of {asked}: {question.accept} accepts, {question.decline} declines, "
        f"within {written_duration(question.within)}, {repeated}"
    )
