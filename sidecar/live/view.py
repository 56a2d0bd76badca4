"""A live call as outsiders see it: all that the API, the console and `calls` may show of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from sidecar.consent.decision import Decision, Policy
from sidecar.consent.order import Order
from sidecar.consent.party import Objector
from sidecar.consent.state import State
from sidecar.consent.sureness import Sureness
from sidecar.records.record import CallRecord, Consent

Direction = Literal["inbound", "outbound"]
Phase = Literal["opening", "announcing", "placing", "answered", "up"]
RecordingPolicy = Literal["off", "notice", "consent", "required"]
ConsentState = Literal["not_asked", "pending", "granted", "refused", "withdrawn"]
RecordingState = Literal["unknown", "held", "recording", "paused", "stopped", "off"]
HeldBy = Literal["caller", "callee", "operator", "room", "hold"]
VoicemailResult = Literal["allowed", "informed", "agreed", "declined", "denied", "unheard"]
ProofWord = Literal["none", "told", "accepted", "read_back", "stayed", "files"]


@dataclass(frozen=True, slots=True)
class CallView:
    """One call that is going on, at one moment. Pure data: nothing in it changes later.

    Times are Unix seconds (UTC).
    """

    call_id: str
    """The random id of the call record; never a SIP Call-ID."""
    started_at: float
    """The INVITE arrived."""
    answered_at: float | None
    """The callee answered; None until then."""
    direction: Direction
    """Seen from the PBX."""
    trunk: str
    """Name of the `[trunk.*]` table."""
    pbx: str
    """Name of the `[pbx.*]` table."""
    caller: str
    """The calling number as the call record keeps it (`[records] numbers`)."""
    callee: str
    """The called number, likewise."""
    phase: Phase
    """How far the call has come."""
    rule: str
    """Name of the rule that holds; empty: `[defaults]`."""
    recording_policy: RecordingPolicy
    """What that rule says about recording."""
    consent: ConsentState
    """What the people have said about being recorded."""
    recording: RecordingState
    """What the recorder is known to do. `off`: the rule allows none. `held`: not yet allowed, for
    a notice or an answer is awaited. `unknown`: the recorder has not confirmed its last order."""
    held_by: tuple[HeldBy, ...]
    """Whose stop or pause holds now; only they can take it back. `room`: somebody else in the same
    conference. `hold`: the call is on hold, and its rule records nothing meanwhile."""
    recording_proof: ProofWord
    """How far `recording` is proven (docs on recorders; `none` where there is no recorder)."""
    fail_closed: str
    """Why the call is being ended or muted, where a promise could not be kept; else empty."""


def view_of(record: CallRecord, decision: Decision, state: State, phase: Phase) -> CallView:
    """Return what may be seen of a call now, whose consent machine is in this state."""
    pending = decision.question is not None and record.consent is Consent.NOT_ASKED
    return CallView(
        call_id=record.call_id,
        started_at=record.started_at,
        answered_at=record.answered_at,
        direction=cast(Direction, record.direction),
        trunk=record.trunk,
        pbx=record.pbx,
        caller=record.caller,
        callee=record.callee,
        phase=phase,
        rule=record.rule,
        recording_policy=decision.recording.value,
        consent="pending" if pending else record.consent.value,
        recording=recording_of(state),
        held_by=held_by(state),
        recording_proof=cast(ProofWord, record.recording_proof),
        fail_closed=record.fail_closed,
    )


def recording_of(state: State) -> RecordingState:
    """Return what the recorder does, as far as is known."""
    if state.sureness is not Sureness.SURE:
        return "unknown"
    match state.order:
        case Order.RELEASE:
            return "recording"
        case Order.HOLD:
            return "paused" if state.pauses else "held"
        case _:
            return "off" if state.terms.policy is Policy.OFF and not state.stops else "stopped"


def held_by(state: State) -> tuple[HeldBy, ...]:
    """Return whose stop or pause stands."""
    people = (each for each in Objector if each is not Objector.SIDECAR)
    return tuple(cast(HeldBy, each.value) for each in people if each in state.stops | state.pauses)
