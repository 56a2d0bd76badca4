"""Calls to begin an example with, and short words for what happens in them."""

from __future__ import annotations

from typing import Any

from sidecar.consent.decision import Decision, Notice, Policy, Question
from sidecar.consent.events import (
    Action,
    BothUp,
    Event,
    Gates,
    Instruct,
    NoticePlayed,
    RecorderConfirmed,
    RecorderReady,
    SetGates,
)
from sidecar.consent.machine import ConsentMachine
from sidecar.consent.order import Order
from sidecar.consent.party import Party
from sidecar.consent.terms import terms_of

CALLER, CALLEE = Party
BOTH = frozenset(Party)
OPEN, CLOSED, MUTED = SetGates(Gates.OPEN), SetGates(Gates.CLOSED), SetGates(Gates.MUTED)
HOLD, RELEASE, STOP = (Instruct(order) for order in (Order.HOLD, Order.RELEASE, Order.STOP))
HELD, RELEASED, STOPPED = (
    RecorderConfirmed(order) for order in (Order.HOLD, Order.RELEASE, Order.STOP)
)
HEARD_BY_BOTH = (NoticePlayed(CALLER), NoticePlayed(CALLEE))


def a_call(
    policy: Policy = Policy.NOTICE,
    *,
    holds: bool = True,
    asks: set[Party] | None = None,
    **more: Any,
) -> ConsentMachine:
    """The machine of a call under a notice to both, whose caller is asked where anyone is."""
    off = policy is Policy.OFF
    asking = policy in (Policy.CONSENT, Policy.REQUIRED)
    question = Question(of=frozenset(asks or {CALLER}), repeat=more.pop("repeat", 0))
    notice = Notice(to=more.pop("to", BOTH))
    decision = Decision(
        recording=policy,
        notice=None if off else notice,
        question=question if asking else None,
        **more,
    )
    return ConsentMachine(terms_of(decision, holds=holds))


def done(consent: ConsentMachine, *events: Event) -> list[Action]:
    """All that is to be done after these events."""
    return [action for event in events for action in consent.handle(event)]


def a_recorded_call(**more: Any) -> ConsentMachine:
    """One in which both have heard the notice and talk, and are recorded."""
    consent = a_call(**more)
    done(consent, RecorderReady(), HELD, BothUp(), *HEARD_BY_BOTH, RELEASED)
    assert consent.state.gates is Gates.OPEN
    return consent


def a_call_of_consent(**more: Any) -> ConsentMachine:
    """One whose caller was asked and whose callee has heard the notice."""
    consent = a_call(more.pop("policy", Policy.CONSENT), **more)
    done(consent, RecorderReady(), HELD, BothUp(), *HEARD_BY_BOTH)
    return consent
