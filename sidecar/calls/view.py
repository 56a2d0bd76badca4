"""A live call as outsiders see it: all that the API, the console and `calls` may show of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
