"""The consent machine: when a notice is played, when speech may pass, when a call must end.

Theory. A call is set up with closed gates. With a notice `before-connect` the sidecar answers the
caller by itself (CallerUp), plays, and connects only when the caller has heard everything. When
both are up (BothUp) the notice goes to each named party that has not heard it; `pending` holds
them. Only when `pending` is empty do the gates open: that is promise 2. A party that can't be
told (NoticeFailed) ends the call: promise 8. A new party (PartyChanged) shuts the gates again and
hears the notice first: promise 4. Policy `off` names nobody, so the gates open at once.

`TABLE` gives for each phase and kind of event the function that makes the next state and the
actions; what is not in it changes nothing. `heard` keeps who has heard the notice, so that
nobody hears it twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from sidecar.consent.decision import Decision
from sidecar.consent.party import Party


class Phase(Enum):
    """Where a call stands on the way to speech."""

    SETUP = "setup"
    NOTICING = "noticing"
    WAITING_CALLEE = "waiting for the callee"
    OPEN = "open"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class CallerUp:
    """The caller's leg is up, answered by the sidecar itself (before-connect)."""

    party: Party = Party.CALLER


@dataclass(frozen=True, slots=True)
class BothUp:
    """Both legs are up; `party` is the one that came last."""

    party: Party = Party.CALLEE


@dataclass(frozen=True, slots=True)
class NoticePlayed:
    """The notice was heard in full by a party."""

    party: Party


@dataclass(frozen=True, slots=True)
class NoticeFailed:
    """The notice can't be heard in full by a party."""

    party: Party
    reason: str


@dataclass(frozen=True, slots=True)
class PartyChanged:
    """Someone else is on that side now (promise 4)."""

    party: Party


@dataclass(frozen=True, slots=True)
class HungUp:
    """The call is over; `party` ended it, None for the sidecar."""

    party: Party | None = None


Event = CallerUp | BothUp | NoticePlayed | NoticeFailed | PartyChanged | HungUp


@dataclass(frozen=True, slots=True)
class PlayNotice:
    """Play the notice to a party; answered by NoticePlayed or NoticeFailed."""

    party: Party


@dataclass(frozen=True, slots=True)
class Connect:
    """Place the callee's leg."""


@dataclass(frozen=True, slots=True)
class OpenGates:
    """Let speech pass both ways."""


@dataclass(frozen=True, slots=True)
class CloseGates:
    """Let nothing pass."""


@dataclass(frozen=True, slots=True)
class EndCall:
    """A promise can't be kept: end the call (fail closed)."""

    reason: str


Action = PlayNotice | Connect | OpenGates | CloseGates | EndCall


@dataclass(frozen=True, slots=True)
class State:
    """All that the machine knows. `named` are those to be told before speech passes."""

    named: frozenset[Party] = frozenset()
    phase: Phase = Phase.SETUP
    both_up: bool = False
    pending: frozenset[Party] = frozenset()
    heard: frozenset[Party] = frozenset()


Step = tuple[State, tuple[Action, ...]]


def _caller_up(state: State, _event: Event) -> Step:
    if Party.CALLER in state.named:
        noticing = replace(state, phase=Phase.NOTICING, pending=frozenset({Party.CALLER}))
        return noticing, (PlayNotice(Party.CALLER),)
    return replace(state, phase=Phase.WAITING_CALLEE), (Connect(),)


def _both_up(state: State, _event: Event) -> Step:
    return _tell(replace(state, both_up=True), state.named - state.heard)


def _tell(state: State, pending: frozenset[Party]) -> Step:
    """Play to everyone in `pending`, or open the gates where nobody is left to be told."""
    if not pending:
        return replace(state, phase=Phase.OPEN, pending=pending), (OpenGates(),)
    plays = tuple(PlayNotice(party) for party in Party if party in pending - state.pending)
    return replace(state, phase=Phase.NOTICING, pending=pending), plays


def _played(state: State, event: Event) -> Step:
    if event.party is None or event.party not in state.pending:
        return state, ()
    told = replace(
        state,
        pending=state.pending - {event.party},
        heard=state.heard | {event.party},
    )
    if told.pending:
        return told, ()
    if told.both_up:
        return replace(told, phase=Phase.OPEN), (OpenGates(),)
    return replace(told, phase=Phase.WAITING_CALLEE), (Connect(),)


def _failed(state: State, event: Event) -> Step:
    if event.party is None or event.party not in state.pending:
        return state, ()
    return _ended(state), (CloseGates(), EndCall("notice_failed"))


def _changed(state: State, event: Event) -> Step:
    if event.party is None or event.party not in state.named:
        return state, ()
    forgotten = replace(
        state, heard=state.heard - {event.party}, pending=state.pending - {event.party}
    )
    if not state.both_up:
        return forgotten, ()
    following, plays = _tell(forgotten, forgotten.pending | {event.party})
    return following, (CloseGates(), *plays)


def _hung_up(state: State, _event: Event) -> Step:
    return _ended(state), ()


def _ended(state: State) -> State:
    return State(named=state.named, phase=Phase.ENDED)


Transition = Callable[[State, Event], Step]
TABLE: dict[tuple[Phase, type], Transition] = {
    (Phase.SETUP, CallerUp): _caller_up,
    (Phase.SETUP, BothUp): _both_up,
    (Phase.SETUP, HungUp): _hung_up,
    (Phase.NOTICING, NoticePlayed): _played,
    (Phase.NOTICING, NoticeFailed): _failed,
    (Phase.NOTICING, PartyChanged): _changed,
    (Phase.NOTICING, HungUp): _hung_up,
    (Phase.WAITING_CALLEE, BothUp): _both_up,
    (Phase.WAITING_CALLEE, HungUp): _hung_up,
    (Phase.OPEN, PartyChanged): _changed,
    (Phase.OPEN, HungUp): _hung_up,
}


def initial(decision: Decision) -> State:
    """Return the state in which a call of that decision begins."""
    notice = decision.notice
    return State(named=notice.to if notice is not None else frozenset())


def transition(state: State, event: Event) -> Step:
    """Return the state after an event, and what is to be done."""
    step = TABLE.get((state.phase, type(event)))
    return step(state, event) if step is not None else (state, ())


class ConsentMachine:
    """The machine of one call."""

    __slots__ = ("state",)

    def __init__(self, decision: Decision) -> None:
        self.state = initial(decision)

    def handle(self, event: Event) -> tuple[Action, ...]:
        """Take an event and return what is to be done, in this order."""
        self.state, actions = transition(self.state, event)
        return actions
