"""What the rules are asked about a call, and what they answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from sidecar.consent.party import Party


class Policy(StrEnum):
    """Whether a call may be recorded."""

    OFF = "off"
    """It may not."""
    NOTICE = "notice"
    """It may once the notice was heard."""
    CONSENT = "consent"
    """It may once everyone asked has agreed; without agreement see `Decision.on_refusal`."""
    REQUIRED = "required"
    """It must: without agreement the call ends (a duty to record)."""


class VoicemailPolicy(StrEnum):
    """Whether the caller may leave a message where a mailbox answers."""

    ALLOW = "allow"
    """It may, without a word."""
    NOTICE = "notice"
    """It may once it was told."""
    CONSENT = "consent"
    """It may once it has agreed; else the call ends."""
    DENY = "deny"
    """It may not: the call ends before a message can be stored."""


VOICEMAIL_PROMPTS = {
    VoicemailPolicy.NOTICE: "voicemail-notice",
    VoicemailPolicy.CONSENT: "voicemail-consent",
    VoicemailPolicy.DENY: "voicemail-unavailable",
}
"""What is said to a caller whose call comes to a mailbox."""


class ForEach(NamedTuple):
    """One text for each party."""

    caller: str
    callee: str

    def of(self, party: Party) -> str:
        """Return the text for a party."""
        return self.caller if party is Party.CALLER else self.callee


_NOTICE = ForEach("recording-notice", "recording-notice")
_ENGLISH = ForEach("en", "en")


@dataclass(frozen=True, slots=True)
class Notice:
    """What is said to whom, and when. `prompt` and `language` hold one text for each party."""

    prompt: ForEach = _NOTICE
    language: ForEach = _ENGLISH
    to: frozenset[Party] = frozenset(Party)
    at: Literal["answer", "before-connect", "person"] = "answer"


@dataclass(frozen=True, slots=True)
class Question:
    """How parties are asked for their consent, after the notice.

    `within` is the time in seconds to answer in, from the end of the notice; silence is asked
    again `repeat` times, and is a no after that.
    """

    of: frozenset[Party] = frozenset({Party.CALLER})
    accept: str = "1"
    decline: str = "2"
    within: float = 8.0
    repeat: int = 1


@dataclass(frozen=True, slots=True)
class Codes:
    """What a party presses in mid-call to have the recording changed; empty: nothing does."""

    stop: str = ""
    pause: str = ""
    resume: str = ""


Unanswered = Literal["busy", "no-answer", "unavailable"]
"""Why a call was not answered, as far as a diversion to voicemail asks."""


@dataclass(frozen=True, slots=True)
class Divert:
    """When the sidecar itself connects a call to a mailbox.

    `after` is how long the callee may ring, in seconds; `to` the mailbox's URI at the PBX.
    """

    to: str
    after: float = 20.0
    on: frozenset[Unanswered] = frozenset(("busy", "no-answer", "unavailable"))


@dataclass(frozen=True, slots=True)
class Room:
    """A conference that a call leads into.

    `name` is what all calls have in common that lead into it; empty: the number called.
    `announce`: whether those inside are told that someone new was informed.
    """

    name: str = ""
    announce: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """What holds for one call.

    `notice` is None where nothing is said, `question` where nobody is asked. `confirm_within` is
    in seconds.
    """

    rule: str = ""
    """The rule's name; empty where `[defaults]` decided."""
    recording: Policy = Policy.OFF
    notice: Notice | None = None
    question: Question | None = None
    on_refusal: Literal["unrecorded", "hangup"] = "unrecorded"
    on_unconfirmed: Literal["hangup", "mute"] = "hangup"
    on_unreachable: Literal["refuse", "unrecorded"] = "refuse"
    confirm_within: float = 0.5
    codes: Codes = Codes()
    messages: Literal["deny", "allow"] = "deny"
    language: ForEach = _ENGLISH
    """In which language each party is spoken to, notice or not."""
    voicemail: VoicemailPolicy = VoicemailPolicy.NOTICE
    voicemail_question: Question = Question()
    """How the caller is asked under `voicemail = "consent"`."""
    divert: Divert | None = None
    room: Room | None = None
    renotice: Literal["new-party", "all"] = "new-party"
    """Who hears the notice where someone new takes a side of the call."""
    hold: Literal["record", "pause"] = "record"
    """What becomes of the recording while the call is on hold."""
    version: str = ""
    """Of the rules that decided: a short hash of all that they go by."""

    @property
    def ends_on_refusal(self) -> bool:
        """Whether the call ends where someone does not agree to be recorded."""
        return self.recording is Policy.REQUIRED or self.on_refusal == "hangup"


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What is known of a call before it is set up.

    `direction` is seen from the PBX. `from_` and `to` are user parts as they came, without
    parameters; `trunk` and `pbx` are names of the settings. `at` is when it began, in Unix
    seconds, None where that is not known; `headers` are name and value of each header line of the
    INVITE, in which nothing is proven.
    """

    direction: Literal["inbound", "outbound"]
    trunk: str
    pbx: str
    from_: str
    to: str
    at: float | None = None
    headers: tuple[tuple[str, str], ...] = ()
