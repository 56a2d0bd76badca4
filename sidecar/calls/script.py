"""What is said in a call: the words of its rule, or those that a mailbox asks for."""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.consent.decision import (
    VOICEMAIL_PROMPTS,
    Decision,
    ForEach,
    Question,
    VoicemailPolicy,
)
from sidecar.consent.party import Party


@dataclass(frozen=True, slots=True)
class Script:
    """Names of prompts, and the question that the notice ends with."""

    notice: ForEach
    language: ForEach
    question: Question | None
    explanation: str
    """Why the call ends."""

    def asks(self, party: Party) -> bool:
        """Tell whether a party is asked for its consent."""
        return self.question is not None and party in self.question.of


def of_call(decision: Decision) -> Script:
    """Return what is said about the recording of a call."""
    notice = decision.notice
    language = decision.language if notice is None else notice.language
    prompts = ForEach("", "") if notice is None else notice.prompt
    return Script(prompts, language, decision.question, "call-ends")


def of_mailbox(decision: Decision) -> Script:
    """Return what is said before a message can be left."""
    asked = decision.voicemail is VoicemailPolicy.CONSENT
    question = decision.voicemail_question if asked else None
    notice = ForEach(VOICEMAIL_PROMPTS.get(decision.voicemail, ""), "")
    explanation = VOICEMAIL_PROMPTS[VoicemailPolicy.DENY]
    return Script(notice, decision.language, question, explanation)
