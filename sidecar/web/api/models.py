"""What clients of the API say and what they are answered; the OpenAPI document is made of these."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sidecar.calls.view import (
    CallView,
    ConsentState,
    Direction,
    HeldBy,
    Phase,
    ProofWord,
    RecordingPolicy,
    RecordingState,
)
from sidecar.errors import OperatorError
from sidecar.records.record import clean
from sidecar.records.timestamps import to_text
from sidecar.rules.explanation import LONGEST_NUMBER
from sidecar.web.api.control import RecordingAction, RecordingOutcome

MOST_CALLS = 1000
"""Calls in one answer."""

Text = Annotated[str, BeforeValidator(clean)]
"""Text that may come from a peer: no undecodable bytes, no control characters, bounded."""
Moment = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
"""ISO 8601, UTC, milliseconds."""
CallId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Number = Annotated[str, Field(max_length=LONGEST_NUMBER)]
Name = Annotated[str, Field(min_length=1, max_length=63)]


class Asked(BaseModel):
    """What a client says with a request: in the path, the query or the body."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Nothing(Asked):
    """The path says it all."""


class CallsAsked(Asked):
    """How many calls."""

    limit: int = Field(default=100, ge=1, le=MOST_CALLS)
    """How many calls at the most."""


class CallAsked(Asked):
    """Which call."""

    id: CallId
    """The call's `call_id`."""


class RecordingAsked(CallAsked):
    """Which call, and what its recorder shall do."""

    action: RecordingAction
    """What the recorder shall do: stop, pause or resume."""


class ExplainAsked(Asked):
    """A call to be explained."""

    from_: Number = Field(validation_alias="from")
    """Who calls."""
    to: Number
    """Who is called."""
    direction: Direction = "inbound"
    """Seen from the PBX."""
    trunk: Name | None = None
    """Name of a trunk in the settings; the first one where left out."""
    pbx: Name | None = None
    """Name of a PBX in the settings; the first one where left out."""


class Answered(BaseModel):
    """What a client is answered."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Call(Answered):
    """A call that is going on."""

    call_id: CallId
    """Random; the same as in the call record and in the log."""
    started_at: Moment
    """When the INVITE arrived."""
    answered_at: Moment | None
    """When the callee answered; null until then."""
    direction: Direction
    """Seen from the PBX."""
    trunk: Text
    pbx: Text
    caller: Text
    """As the call record keeps it (`[records] numbers`)."""
    callee: Text
    """Likewise."""
    phase: Phase
    """How far the call has come."""
    rule: Text
    """Name of the rule that holds; empty: the defaults."""
    recording_policy: RecordingPolicy
    """What the rule says about recording."""
    consent: ConsentState
    """What the people have said about being recorded."""
    recording: RecordingState
    """What the recorder is known to do. off: the rule allows none; held: a notice or an answer is
    awaited; unknown: it has not confirmed its last order."""
    held_by: tuple[HeldBy, ...]
    """Whose stop or pause holds; only they can take it back."""
    recording_proof: ProofWord
    """How far `recording` is proven."""
    fail_closed: Text
    """Why the call is being ended or muted, where a promise could not be kept; else empty."""

    @classmethod
    def of(cls, view: CallView) -> Call:
        """Return a view as it is shown."""
        return cls(
            call_id=view.call_id,
            started_at=to_text(view.started_at),
            answered_at=to_text(view.answered_at),
            direction=view.direction,
            trunk=view.trunk,
            pbx=view.pbx,
            caller=view.caller,
            callee=view.callee,
            phase=view.phase,
            rule=view.rule,
            recording_policy=view.recording_policy,
            consent=view.consent,
            recording=view.recording,
            held_by=view.held_by,
            recording_proof=view.recording_proof,
            fail_closed=view.fail_closed,
        )


class CallList(Answered):
    """The calls that are going on."""

    calls: tuple[Call, ...]
    """The newest first."""
    total: int = Field(ge=0)
    """How many there are; more than are listed where `limit` is smaller."""


class RecordingDone(Answered):
    """The recorder has confirmed."""

    outcome: Literal[RecordingOutcome.CONFIRMED]
    call: Call | None
    """The call as it is now; null where it has ended meanwhile."""


class RecordingNotDone(Answered):
    """The recorder has not done it, or not confirmed it."""

    error: str
    """Why, as a sentence."""
    outcome: Literal[
        RecordingOutcome.UNCONFIRMED,
        RecordingOutcome.OVERRULED,
        RecordingOutcome.NOT_ALLOWED,
        RecordingOutcome.NO_RECORDER,
    ]


class Ending(Answered):
    """The call is being ended."""

    call_id: CallId


class Reloaded(Answered):
    """The rules file is in force."""

    rules: Literal["reloaded"]


class RulesMistake(Answered):
    """A mistake in the settings or the rules."""

    file: str | None
    line: int | None
    """Counted from 1."""
    key: str | None
    """Dotted, as in `rule[2].match`."""
    message: str
    """What is wrong, and what would be right."""

    @classmethod
    def of(cls, error: OperatorError) -> RulesMistake:
        """Return an error as it is shown."""
        file = str(error.file) if error.file is not None else None
        return cls(file=file, line=error.line, key=error.key, message=error.message)


class NotReloaded(Answered):
    """The rules that were in force still are."""

    error: str
    errors: tuple[RulesMistake, ...]
    """All that is wrong."""


class Fault(Answered):
    """The request can't be answered."""

    error: str
    """Why, and what would be right, as a sentence."""
    field: str | None = None
    """The parameter, or the field of the body, that is wrong."""
