"""A live call as outsiders may see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sidecar.calls.view import (
    CallView,
    HeldBy,
    Phase,
    ProofWord,
    RecordingState,
)
from sidecar.consent.decision import Policy
from sidecar.consent.order import Order
from sidecar.consent.party import Objector
from sidecar.consent.sureness import Sureness
from sidecar.records.record import Consent

if TYPE_CHECKING:
    from sidecar.calls.call import Call
    from sidecar.consent.state import State


def view_of(call: Call) -> CallView:
    """Return what may be seen of a call now."""
    record, decision, state = call.record, call.decision, call.consent.state
    pending = decision.question is not None and record.consent is Consent.NOT_ASKED
    return CallView(
        call_id=call.id,
        started_at=record.started_at,
        answered_at=record.answered_at,
        direction=call.route.facts.direction,
        trunk=record.trunk,
        pbx=record.pbx,
        caller=record.caller,
        callee=record.callee,
        phase=cast(Phase, call.phase.name.lower()),
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
