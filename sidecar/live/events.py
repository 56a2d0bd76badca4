"""What is told of calls while they happen (server-sent events).

No number and no name of a person is in any of these: who may see them asks for the call. So what
is kept for subscribers that come back holds no personal data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from sidecar.consent.party import Party
from sidecar.live.view import (
    Direction,
    HeldBy,
    ProofWord,
    RecordingPolicy,
    RecordingState,
    VoicemailResult,
)
from sidecar.records.record import Disposition, EndedBy


@dataclass(frozen=True, slots=True)
class CallStarted:
    """A call has arrived, and a rule decided on it."""

    kind: ClassVar[str] = "call_started"
    call_id: str
    direction: Direction
    trunk: str
    pbx: str
    rule: str
    recording_policy: RecordingPolicy


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """The callee has answered."""

    kind: ClassVar[str] = "call_answered"
    call_id: str


@dataclass(frozen=True, slots=True)
class NoticeGiven:
    """A notice to a party was played in full, could not be, or was cut short: by the party's
    answer, or by whatever else came first.
    """

    kind: ClassVar[str] = "notice"
    call_id: str
    party: Party
    result: Literal["played", "failed", "abandoned", "answered"]


@dataclass(frozen=True, slots=True)
class ConsentGiven:
    """A party has answered whether it may be recorded, or let its time pass."""

    kind: ClassVar[str] = "consent"
    call_id: str
    party: Party
    result: Literal["agreed", "declined", "silent"]


@dataclass(frozen=True, slots=True)
class RecordingChanged:
    """What the recorder does has changed, or how far that is proven."""

    kind: ClassVar[str] = "recording"
    call_id: str
    recording: RecordingState
    held_by: tuple[HeldBy, ...]
    recording_proof: ProofWord


@dataclass(frozen=True, slots=True)
class PartyNew:
    """Someone is on a side who was not there before (transfer, pick-up, parking)."""

    kind: ClassVar[str] = "party_new"
    call_id: str
    party: Party


@dataclass(frozen=True, slots=True)
class VoicemailMet:
    """What became of a call's mailbox, told at the end of the call."""

    kind: ClassVar[str] = "voicemail"
    call_id: str
    result: VoicemailResult


@dataclass(frozen=True, slots=True)
class FailedClosed:
    """A promise could not be kept: the call is ended or muted. `reason` as in the metrics."""

    kind: ClassVar[str] = "fail_closed"
    call_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The last leg is gone and the record complete."""

    kind: ClassVar[str] = "call_ended"
    call_id: str
    disposition: Disposition
    ended_by: EndedBy


CallEvent = (
    CallStarted
    | CallAnswered
    | NoticeGiven
    | ConsentGiven
    | RecordingChanged
    | PartyNew
    | VoicemailMet
    | FailedClosed
    | CallEnded
)
EVENTS: tuple[type[CallEvent], ...] = get_args(CallEvent)
