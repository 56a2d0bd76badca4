"""What must hold after every step of a call: the promises, each with the words for its breach."""

from __future__ import annotations

from sidecar.consent.events import (
    Action,
    DropCallee,
    Event,
    Gates,
    Instruct,
    PauseRequested,
    SetGates,
    StopRequested,
)
from sidecar.consent.order import Order
from sidecar.consent.party import Party
from sidecar.consent.terms import Callee
from tests.consent.cases import Person, Word, demand
from tests.consent.promises import Proof, World

UNHEARD = "the caller is to hear and not to be heard, until a person is there"


def watched(world: World, event: Event, actions: tuple[Action, ...]) -> World:
    """The world after one step of the machine. Raises BrokenPromiseError."""
    if world.over:
        demand(not actions, "something is done after the end")
        return world
    now = _met(world.after(event))
    if now is world and not actions:
        return world
    for action in actions:
        demand(not now.over, "something is done after the end")
        now = now.with_done(action)
    demand(now.fails is None, "a failure that nobody is told")
    if now.over:
        return World(now.case, Person(), Person(), over=True)
    _demand_order_of(world, event, actions)
    _demand_notices(now)
    _demand_recorder(now)
    _demand_gates(world, now)
    _demand_end(world, now, actions)
    if now.word is Word.MAY and now.gates is Gates.OPEN and now.proof is Proof.DONE:
        return now._replace(word=Word.NONE)
    return now


def _met(now: World) -> World:
    """Where all waits for a person, one has come as soon as one is on the callee's side."""
    waited = now.case.at_person and not now.met
    comes = waited and now.both_up and Party.CALLEE not in now.away
    return now._replace(met=True) if comes else now


def _demand_order_of(world: World, event: Event, actions: tuple[Action, ...]) -> None:
    """What a step does is done in the right order, and once."""
    closing = [SetGates(gates) for gates in (Gates.CLOSED, Gates.LISTEN)]
    if world.gates is Gates.OPEN and any(action in closing for action in actions):
        demand(actions[0] in closing, "speech passes while something else is done")
    orders = [action for action in actions if isinstance(action, Instruct)]
    demand(len(orders) <= 1, "two orders are given at once")
    if isinstance(event, StopRequested):
        demand(orders == [Instruct(Order.STOP)], "a stop is not ordered at once")
    elif isinstance(event, PauseRequested):
        demand(orders and orders[0].order is not Order.RELEASE, "a pause is not ordered at once")
    elif orders:
        demand(orders[0].order is not world.order, "an order is given twice without need")


def _demand_notices(now: World) -> None:
    for party in now.up:
        person = now.person(party)
        demand(not person.missed_its_begin, "a new party hears the rest of another's notice")
        if now.free(party):
            demand(not person.hears and not person.thinks, "a party is bothered without need")
        elif party in now.away:
            demand(not person.hears and not person.thinks, "nobody is there to hear that")
        elif not now.waits:
            demand(person.hears or person.thinks, "a party waits for a notice that nobody plays")
    if now.up == {Party.CALLER} and now.free(Party.CALLER) and not now.ending:
        demand(now.called, "a call is not placed although the caller is clear")


def _demand_recorder(now: World) -> None:
    """The order that stands is the one that the promises want."""
    holds, order = now.case.holds, now.order
    if now.forbidden:
        demand(order is Order.STOP, "what must not be recorded is not stopped")
    elif now.pauses:
        demand(order is (Order.HOLD if holds else Order.STOP), "what was paused is not held")
    elif now.away and now.cleared:
        demand(
            order is (Order.HOLD if holds else Order.STOP), "nobody is there, and it is not held"
        )
    elif now.cleared:
        demand(order is Order.RELEASE, "everyone agrees, and the recorder is not released")
    elif holds:
        demand(order is Order.HOLD, "somebody is not told, and the recorder is not held")
    elif now.away:
        demand(order is not Order.RELEASE, "nobody is there, and the recorder runs")
    elif now.case.asked:
        demand(order is not Order.RELEASE, "somebody has not agreed, and the recorder runs")


def _demand_gates(world: World, now: World) -> None:
    """Speech passes when all promises are kept, and not before."""
    if not now.both_up or now.ending:
        demand(now.gates is Gates.CLOSED, "speech passes where there is no call")
    elif now.waits:
        demand(now.gates is Gates.LISTEN, UNHEARD)
    elif not now.cleared:
        demand(now.gates is Gates.CLOSED, "speech passes before everyone was told and agreed")
    elif now.proof is Proof.BROKEN:
        demand(now.gates is Gates.MUTED, "a failure does not mute the call")
    elif now.proof is Proof.NOTHING:
        demand(now.gates is Gates.CLOSED, "speech passes before the recorder has confirmed")
    elif now.proof is Proof.LOST:
        demand(now.gates is world.gates, "a lost connection opens or closes the gates")
    else:
        demand(now.gates is Gates.OPEN, "all is well, and speech does not pass")
        demand(now.word is not Word.MUST, "who asked for a stop does not hear that it was done")


def _demand_end(world: World, now: World, actions: tuple[Action, ...]) -> None:
    """Who is there hears why a call ends; a callee who can't be told is dropped at once."""
    if now.ending and not world.ending:
        told = world.both_up and now.case.other is Callee.PERSON
        wanted = frozenset(Party) if told else frozenset({Party.CALLER})
        demand(now.explained_to == wanted, "a call ends without a word")
        there = world.both_up or world.called or not world.up
        demand((DropCallee() in actions) is (there and not told), "a callee is not dropped")
    elif now.ending:
        demand(now.explained_to, "a call that must end does not")
