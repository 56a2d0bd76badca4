"""What is wrong or doubtful about rules that were read: their tests, their order, their prompts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sidecar.consent.decision import VOICEMAIL_PROMPTS, Decision, VoicemailPolicy
from sidecar.consent.party import Party
from sidecar.errors import OperatorError
from sidecar.media.prompts import PromptLibrary
from sidecar.rules.rule_tests import failed_tests
from sidecar.rules.rules import RuleSet
from sidecar.tables.positions import Key


class Spoken(NamedTuple):
    """A prompt that is said under a rule ("" for the defaults)."""

    rule: str
    language: str
    prompt: str


def failures(rules: RuleSet) -> Iterator[OperatorError]:
    """Yield every `[[test]]` whose call is decided otherwise than it expects."""
    for failed in failed_tests(rules):
        yield rules.file.error(("test", failed.index), str(failed))


def never_reached(rules: RuleSet) -> Iterator[OperatorError]:
    """Yield every rule that can never hold, since an earlier one takes all its calls."""
    places = _places(rules)
    for hidden, earlier in rules.shadowed():
        message = f'no call reaches rule "{hidden}": "{earlier}" before it takes them all'
        yield rules.file.error(places[hidden], message)


def missing_notices(rules: RuleSet, library: PromptLibrary) -> Iterator[OperatorError]:
    """Yield every notice and question that can't be played: its calls would be ended.

    Those before voicemail are among them.
    """
    notices = (spoken for each in rules.decisions() for spoken in _notice(each))
    yield from _unplayable(rules, library, notices, "calls under this rule would be ended")
    voicemail = (spoken for each in rules.decisions() for spoken in _voicemail(each))
    yield from _unplayable(rules, library, voicemail, "calls to a mailbox would end, unexplained")


def missing_confirmations(rules: RuleSet, library: PromptLibrary) -> Iterator[OperatorError]:
    """Yield every prompt of mid-call that is not there in the language of a party."""
    confirmations = (spoken for each in rules.decisions() for spoken in _confirmations(each))
    yield from _unplayable(rules, library, confirmations, "it would not be said")


def _notice(decision: Decision) -> Iterator[Spoken]:
    notice = decision.notice
    for party in sorted(notice.to) if notice is not None else ():
        assert notice is not None
        yield Spoken(decision.rule, notice.language.of(party), notice.prompt.of(party))


def _voicemail(decision: Decision) -> Iterator[Spoken]:
    if (prompt := VOICEMAIL_PROMPTS.get(decision.voicemail)) is not None:
        yield Spoken(decision.rule, decision.language.caller, prompt)


def _confirmations(decision: Decision) -> Iterator[Spoken]:
    """Yield what the parties are told once they have pressed something, or somebody has come."""
    notice, question, codes = decision.notice, decision.question, decision.codes
    if decision.voicemail is VoicemailPolicy.CONSENT:
        yield Spoken(decision.rule, decision.language.caller, "voicemail-unavailable")
    if notice is None:
        return
    if decision.room is not None and decision.room.announce and Party.CALLER in notice.to:
        yield Spoken(decision.rule, notice.language.callee, "new-party-informed")
    for party in Party:
        asked = question is not None and party in question.of
        names = {
            "recording-stopped": codes.stop,
            "recording-paused": codes.pause,
            "recording-resumed": codes.resume,
            "consent-thanks": asked,
            "consent-declined": asked,
            "call-ends": question is not None and decision.ends_on_refusal,
        }
        for name, is_said in names.items():
            if is_said:
                yield Spoken(decision.rule, notice.language.of(party), name)


def _unplayable(
    rules: RuleSet, library: PromptLibrary, spoken: Iterator[Spoken], effect: str
) -> Iterator[OperatorError]:
    places = _places(rules)
    found: dict[tuple[str, str], str] = {}
    for rule, language, prompt in dict.fromkeys(spoken):
        if (language, prompt) not in found:
            found[language, prompt] = _problem(library, language, prompt, effect)
        if problem := found[language, prompt]:
            error = rules.file.error(places.get(rule, ("defaults",)), problem)
            error.key = f"rule {rule!r}" if rule else "defaults"
            yield error


def _problem(library: PromptLibrary, language: str, prompt: str, effect: str) -> str:
    named = f"{language}/{prompt}"
    try:
        if library.get(prompt, language) is None:
            return f"there is no prompt {named}.wav; {effect}"
    except OperatorError as error:
        return f"prompt {named}: {error}"
    return ""


def _places(rules: RuleSet) -> dict[str, Key]:
    return {rule.name: ("rule", index) for index, rule in enumerate(rules.file.rule)}
