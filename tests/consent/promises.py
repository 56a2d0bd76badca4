"""An observer of the consent machine that knows the promises and not the machine.

`World` is what really happened in a call: who is there, who has heard the notice, whether speech
passes. It is told the same events as the machine and sees its actions; `explored` visits every
world that any sequence of events can lead to, sensible or not, and names each broken promise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from sidecar.consent.decision import Decision, Notice
from sidecar.consent.events import (
    Action,
    BothUp,
    CallerUp,
    CloseGates,
    Connect,
    EndCall,
    Event,
    HungUp,
    NoticeFailed,
    NoticePlayed,
    OpenGates,
    PartyChanged,
    PlayNotice,
)
from sidecar.consent.machine import Phase, Row, State, indexed, initial, transition
from sidecar.consent.party import Party

PARTIES = tuple(Party)
EVENTS: tuple[Event, ...] = (
    CallerUp(),
    BothUp(),
    *(NoticePlayed(party) for party in PARTIES),
    *(NoticeFailed(party, "lost") for party in PARTIES),
    *(PartyChanged(party) for party in PARTIES),
    HungUp(),
)
NOBODY: frozenset[Party] = frozenset()


class BrokenPromiseError(Exception):
    """Which promise was broken."""


@dataclass(frozen=True)
class World:
    """What is true of a call, whatever the machine believes."""

    named: frozenset[Party]
    present: frozenset[Party] = NOBODY
    told: frozenset[Party] = NOBODY
    """Who, of those present now, has heard the notice from its beginning to its end."""
    playing: frozenset[Party] = NOBODY
    playing_to_another: frozenset[Party] = NOBODY
    """Whose running notice began before they came."""
    gates_open: bool = False
    calls_callee: bool = False
    over: bool = False

    @property
    def talking(self) -> bool:
        """Both are there."""
        return len(self.present) == 2

    def after(self, event: Event) -> World:
        """What the event itself makes true; one that can't be true now changes nothing."""
        match event:
            case CallerUp() if not self.present:
                return replace(self, present=frozenset({Party.CALLER}))
            case BothUp() if not self.present or self.calls_callee:
                return replace(self, present=frozenset(PARTIES))
            case NoticePlayed(party) if party in self.playing:
                heard = NOBODY if party in self.playing_to_another else {party}
                return replace(self._silent(party), told=self.told | heard)
            case NoticeFailed(party) if party in self.playing:
                return self._silent(party)
            case PartyChanged(party) if party in self.present:
                another = self.playing_to_another | (self.playing & {party})
                return replace(self, told=self.told - {party}, playing_to_another=another)
            case HungUp():
                return replace(self, over=True, gates_open=False)
        return self

    def _silent(self, party: Party) -> World:
        return replace(
            self,
            playing=self.playing - {party},
            playing_to_another=self.playing_to_another - {party},
        )

    def with_done(self, action: Action) -> World:
        """What carrying out an action makes true. Raises BrokenPromiseError."""
        match action:
            case PlayNotice(party):
                demand(party in self.named, "the notice is played to one who isn't named")
                demand(party in self.present, "the notice is played to one who isn't there")
                demand(party not in self.playing, "a notice is begun while one is running")
                demand(party not in self.told, "the notice is played to one who heard it")
                return replace(self, playing=self.playing | {party})
            case Connect():
                demand(not self.calls_callee, "the callee is called twice")
                demand(self.present == {Party.CALLER}, "the callee is called out of turn")
                heard = Party.CALLER in self.told or Party.CALLER not in self.named
                demand(heard, "the callee is called before the caller has heard the notice")
                return replace(self, calls_callee=True)
            case OpenGates():
                demand(self.talking, "gates open without both")
                return replace(self, gates_open=True)
            case CloseGates():
                return replace(self, gates_open=False)
            case EndCall():
                demand(not self.gates_open, "a call is ended while speech passes")
                return replace(self, over=True)


def demand(holds: bool, promise: str) -> None:
    """Raise BrokenPromiseError where it does not hold."""
    if not holds:
        raise BrokenPromiseError(promise)


def watched(world: World, event: Event, actions: tuple[Action, ...]) -> World:
    """The world after one step of the machine. Raises BrokenPromiseError."""
    demand(not (world.over and actions), "something is done after the end")
    following = world.after(event)
    if not isinstance(event, HungUp):
        for action in actions:
            demand(not following.over, "something is done after the end")
            following = following.with_done(action)
    _demand_promises(following)
    if isinstance(event, NoticeFailed) and event.party in world.playing - world.playing_to_another:
        demand(following.over, "a notice failed and the call goes on")
    elif isinstance(event, HungUp):
        demand(not actions, "something is done after the end")
    else:
        demand(following.over == world.over, "the call is ended without need")
    return following


def _demand_promises(world: World) -> None:
    if world.gates_open:
        demand(world.named <= world.told, "speech passes before everyone named was told")
        demand(not world.over, "speech passes after the end")
    elif world.talking and not world.over and world.named <= world.told:
        raise BrokenPromiseError("everyone was told and speech does not pass")


def coherent(state: State, world: World) -> None:
    """What the machine believes is what is true, as far as it matters. Raises."""
    demand(state.replaced <= state.untold <= state.named, "the machine's memory is in disorder")
    demand((state.phase is Phase.ENDED) == world.over, "the machine missed the end")
    demand((state.phase is Phase.OPEN) == world.gates_open, "the machine missed the gates")
    if world.over:
        return
    if state.phase in (Phase.ANNOUNCING, Phase.NOTICING):
        demand(bool(world.playing), "the call waits for a notice that nobody plays")
    if state.phase is Phase.NOTICING:
        demand(world.playing == state.untold, "someone untold is left without a notice")


Situation = tuple[State, World]


def decisions() -> Iterator[frozenset[Party]]:
    """Every set of parties that a rule can name."""
    for size in range(len(PARTIES) + 1):
        yield from map(frozenset, combinations(PARTIES, size))


def explored(table: tuple[Row, ...]) -> dict[Situation, list[tuple[Event, Situation]]]:
    """Every situation that a table can come to, with what follows on each event.

    Raises BrokenPromiseError at the first promise that is not kept.
    """
    index = indexed(table)
    waiting: list[Situation] = [
        (initial(Decision(notice=Notice(to=named) if named else None)), World(named))
        for named in decisions()
    ]
    found: dict[Situation, list[tuple[Event, Situation]]] = {}
    while waiting:
        situation = waiting.pop()
        if situation in found:
            continue
        state, world = situation
        steps = found[situation] = []
        for event in EVENTS:
            following, actions = transition(state, event, index)
            watching = watched(world, event, actions)
            coherent(following, watching)
            steps.append((event, (following, watching)))
        waiting += (after for _event, after in steps)
    _demand_ways_out(found)
    return found


def _demand_ways_out(found: dict[Situation, list[tuple[Event, Situation]]]) -> None:
    """From everywhere the call can end, and from everywhere alive speech can come to pass."""
    for steps in found.values():
        after_hang_up = next(after for event, after in steps if isinstance(event, HungUp))
        demand(after_hang_up[1].over, "a call can't be hung up")
    speaking = {situation for situation in found if situation[1].gates_open}
    grown = True
    while grown:
        more = {
            situation
            for situation, steps in found.items()
            if situation not in speaking and any(after in speaking for _event, after in steps)
        }
        grown = bool(more)
        speaking |= more
    stuck = [
        situation for situation in found if not situation[1].over and situation not in speaking
    ]
    demand(not stuck, "a call can never come to speech")
