"""An observer of the consent machine that knows the promises and not the machine.

`World` is what is true of a call: who is there, who has heard what, who has agreed, whose stop
stands, what the recorder was ordered and what it has confirmed since. It is told the same events
as the machine and sees its actions, never its state. An event that can't be true now (a late
answer, a confirmation of another order) changes nothing in the world, and must not mislead the
machine. What must hold after each step is in `watching`.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from sidecar.consent.decision import Policy
from sidecar.consent.events import (
    Action,
    Agreed,
    AnswerMissing,
    AwaitAnswer,
    BothUp,
    CalleeGone,
    CallerUp,
    Connect,
    Declined,
    DropCallee,
    EndRefused,
    Event,
    Explain,
    ExplanationOver,
    FailClosed,
    Failure,
    Gates,
    HungUp,
    Instruct,
    NoticeFailed,
    NoticePlayed,
    PartyChanged,
    PartyLeft,
    PartyReturned,
    PauseRequested,
    PlayNotice,
    RecorderConfirmed,
    RecorderDoubted,
    RecorderFailed,
    RecorderOverdue,
    RecorderViolated,
    ResumeRequested,
    Say,
    Saying,
    SetGates,
    Silence,
    StopRequested,
)
from sidecar.consent.order import Order
from sidecar.consent.party import Objector, Party
from sidecar.consent.terms import Callee
from tests.consent.cases import Case, Change, Person, Word, demand

PEOPLE = frozenset((Objector.CALLER, Objector.CALLEE, Objector.OPERATOR))


class Proof(Enum):
    """What the recorder has said of its last order."""

    NOTHING = "nothing"
    DONE = "done"
    LOST = "nobody can say any more"
    BROKEN = "failed"


class World(NamedTuple):
    """What is true of a call, whatever the machine believes."""

    case: Case
    caller: Person
    callee: Person
    up: frozenset[Party] = frozenset()
    called: bool = False
    """Whether the callee is called by the machine's wish (before-connect)."""
    refused: bool = False
    stops: frozenset[Objector] = frozenset()
    pauses: frozenset[Objector] = frozenset()
    gave_up: bool = False
    """The recorder could not be released, and need not."""
    order: Order | None = None
    proof: Proof = Proof.NOTHING
    gates: Gates = Gates.CLOSED
    word: Word = Word.NONE
    away: frozenset[Party] = frozenset()
    """On whose side nobody is."""
    met: bool = False
    """Whether a person has been on the callee's side, where all waits for one."""
    explained_to: frozenset[Party] = frozenset()
    fails: Failure | None = None
    """A promise has just become impossible to keep."""
    over: bool = False

    def person(self, party: Party) -> Person:
        """Who is on that side."""
        return self.caller if party is Party.CALLER else self.callee

    def free(self, party: Party) -> bool:
        """Whether nothing is owed to, or wanted of, a party."""
        case, person = self.case, self.person(party)
        if self.refused or party not in case.named:
            return True
        return person.agreed if party in case.asked else person.told

    def can_answer(self, party: Party) -> bool:
        """Whether a party was asked, or is being asked."""
        person = self.person(party)
        return party in self.case.asked and (person.hears or person.thinks)

    @property
    def cleared(self) -> bool:
        """Whether everyone was told and agreed, or somebody has refused."""
        return self.free(Party.CALLER) and self.free(Party.CALLEE)

    @property
    def both_up(self) -> bool:
        return len(self.up) == 2

    @property
    def ending(self) -> bool:
        """Whether the call must end, as somebody does not agree."""
        return self.refused and self.case.ends

    @property
    def forbidden(self) -> bool:
        """Whether nothing may be recorded, whatever else happens."""
        off = self.case.policy is Policy.OFF
        return off or self.refused or bool(self.stops) or self.gave_up

    @property
    def waits(self) -> bool:
        """Whether there is something to be told, to which a person on the callee's side lacks."""
        alone = self.both_up and self.case.at_person and Party.CALLEE in self.away
        busy = any(each.hears or each.thinks for each in (self.caller, self.callee))
        return alone and not busy and not self.cleared

    # What an event makes true.

    def after(self, event: Event) -> World:
        """What the event itself makes true; one that can't be true now changes nothing."""
        match event:
            case CallerUp() if not self.up and not self.ending:
                return self._replace(up=frozenset({Party.CALLER}))
            case CalleeGone() if not (self.both_up or self.ending) and (self.called or not self.up):
                return self._replace(called=False)._after_change(Party.CALLEE)
            case Change() if not self.ending:
                return self._after_terms(event.case, event.told)
            case PartyLeft(party):
                return self._after_leaving(party)
            case PartyReturned(party):
                return self._replace(away=self.away - {party})
            case BothUp() if not self.up or self.called or self.ending:
                return self._replace(up=frozenset(Party))
            case HungUp():
                return self._replace(over=True)
            case StopRequested(by):
                return self._after_stop(by)
            case PauseRequested(by):
                pauses = self.pauses if by in self.stops else self.pauses | {by}
                world = self._replace(pauses=pauses, word=self._word_of(by, Word.MUST))
                leaves = by not in self.stops | self.pauses and self._leaves_mailbox(by)
                return world._after_refusal() if leaves and not self.refused else world
            case ResumeRequested(by):
                return self._after_resume(by)
            case ExplanationOver(party):
                return self._replace(explained_to=self.explained_to - {party})
            case NoticePlayed(p) | NoticeFailed(p) | Agreed(p) | Declined(p) | AnswerMissing(p):
                return self._after_word_of(p, event)
            case PartyChanged(party):
                return self._after_change(party)
        return self._after_recorder(event)

    def _word_of(self, by: Objector, word: Word) -> Word:
        """Only people are told what came of what they asked for."""
        return word if by in PEOPLE else self.word

    def _said(self) -> World:
        """Somebody has said or heard something that can matter to the recording."""
        return self if self.word is Word.MUST else self._replace(word=Word.MAY)

    def _with(self, party: Party, **changes: object) -> World:
        person = self.person(party)._replace(**changes)
        return self._replace(**{party.value: person})

    def _after_word_of(self, party: Party, event: Event) -> World:
        person = self.person(party)
        match event:
            case NoticePlayed() if person.hears:
                told = self._with(party, hears=False, told=True)
                return told._said() if self.case.asked and told.free(party) else told
            case NoticeFailed() if person.hears:
                return self._with(party, hears=False)._replace(fails=Failure.NOTICE)
            case Agreed() if self.can_answer(party):
                return self._with(party, agreed=True, thinks=False)._said()
            case Declined() if self.can_answer(party):
                return self._after_refusal()
            case AnswerMissing() if person.thinks and person.repeats:
                return self._with(party, thinks=False, told=False, repeats=person.repeats - 1)
            case AnswerMissing() if person.thinks:
                return self._after_refusal()
        return self

    def _after_refusal(self) -> World:
        """Nothing is owed to anyone any more, so who has heard what does not matter."""
        caller, callee = (Person(hears=each.hears) for each in (self.caller, self.callee))
        return self._replace(refused=True, caller=caller, callee=callee)._said()

    def _after_change(self, party: Party) -> World:
        person, world = self.person(party), self
        if party in self.away:
            world = self._replace(away=self.away - {party})
        if self.refused or party not in self.case.named:
            return world
        repeats = self.case.repeat if party in self.case.asked else 0
        newcomer = Person(repeats, hears=person.hears, missed_its_begin=person.hears)
        return world._with(party, **newcomer._asdict())

    def _after_leaving(self, party: Party) -> World:
        """Who has not heard all, or not answered, begins anew when they are back."""
        person, world = self.person(party), self._replace(away=self.away | {party})
        if self.free(party):
            return world
        missed = person.hears
        return world._with(party, told=False, thinks=False, missed_its_begin=missed)

    def _after_terms(self, case: Case, told: frozenset[Party]) -> World:
        """What was heard and agreed to before counts no more, but for who is told already."""
        caller, callee = (
            case.person(party, told)._replace(hears=heard, missed_its_begin=heard)
            for party, heard in ((each, self.person(each).hears) for each in Party)
        )
        at_mailbox = Callee.MAILBOX in (case.other, self.case.other)
        stopped = case.policy is Policy.REQUIRED and bool(self.stops)
        refused = case.denied or stopped or (self.refused and not at_mailbox)
        world = self._replace(case=case, caller=caller, callee=callee, refused=False, met=False)
        return world._after_refusal() if refused else world

    def _after_stop(self, by: Objector) -> World:
        stops, word = self.stops | {by}, self._word_of(by, Word.MUST)
        world = self._replace(stops=stops, pauses=self.pauses - {by}, word=word)
        answers = any(by == party.value and self.can_answer(party) for party in Party)
        leaves = by not in self.stops and self._leaves_mailbox(by)
        refuses = answers or leaves or self.case.policy is Policy.REQUIRED
        return world._after_refusal() if refuses and not self.refused else world

    def _leaves_mailbox(self, by: Objector) -> bool:
        """No wish stops a mailbox that records: the caller it is for is not left with it."""
        return by in (Objector.CALLER, Objector.OPERATOR) and self.case.other is Callee.MAILBOX

    def _after_resume(self, by: Objector) -> World:
        gave_up = self.gave_up and by not in PEOPLE
        if by not in self.stops | self.pauses and gave_up is self.gave_up:
            return self
        stops, pauses = self.stops - {by}, self.pauses - {by}
        word = self._word_of(by, Word.MAY)
        return self._replace(stops=stops, pauses=pauses, gave_up=gave_up, word=word)

    def _after_recorder(self, event: Event) -> World:
        if self.order is None or self.proof is Proof.BROKEN:
            right = isinstance(event, RecorderConfirmed) and event.order is self.order
            return self._replace(proof=Proof.DONE) if right else self
        held_back = self.order is not Order.RELEASE
        match event:
            case RecorderConfirmed(order) if order is self.order:
                return self._replace(proof=Proof.DONE)
            case RecorderDoubted() if self.proof is Proof.DONE:
                return self._replace(proof=Proof.LOST)
            case RecorderViolated() if held_back:
                return self._replace(proof=Proof.NOTHING)
            case RecorderFailed(order) if order is self.order:
                return self._after_failure(Failure.RECORDER, to_be_mended=not self.both_up)
            case RecorderOverdue() if self.proof is not Proof.DONE:
                return self._after_failure(Failure.UNCONFIRMED, to_be_mended=False)
        return self

    def _after_failure(self, why: Failure, *, to_be_mended: bool) -> World:
        lost = self.proof is Proof.LOST
        may_fail = self.order is Order.RELEASE and self.case.policy is not Policy.REQUIRED
        if may_fail and not lost:
            return self._replace(proof=Proof.NOTHING, gave_up=True)
        if to_be_mended:
            return self._replace(proof=Proof.NOTHING)
        return self._replace(proof=Proof.BROKEN, fails=Failure.LOST if lost else why)

    # What an action makes true.

    def with_done(self, action: Action) -> World:
        """What carrying out an action makes true. Raises BrokenPromiseError."""
        match action:
            case PlayNotice(party):
                return self._playing(party)
            case Silence(party):
                person = self.person(party)
                demand(person.hears, "silenced is one who hears nothing")
                needless = not self.free(party) and not person.missed_its_begin
                demand(not needless, "a notice is ended that is owed")
                return self._with(party, hears=False, missed_its_begin=False)
            case AwaitAnswer(party):
                person = self.person(party)
                wanted = party in self.case.asked and person.told and not self.free(party)
                demand(wanted, "an answer is awaited where there was no question")
                demand(not person.thinks, "an answer is awaited twice")
                return self._with(party, thinks=True)
            case Connect():
                demand(not self.called, "the callee is called twice")
                demand(self.up == {Party.CALLER}, "the callee is called out of turn")
                demand(not self.ending, "the callee is called for a call that ends")
                demand(self.free(Party.CALLER), "the callee is called before the caller is clear")
                return self._replace(called=True)
            case DropCallee():
                return self._dropped()
            case Instruct(order):
                self._demand_right(order)
                return self._replace(order=order, proof=Proof.NOTHING)
            case SetGates(gates):
                demand(gates is not self.gates, "gates are set to what they are")
                return self._replace(gates=gates)
            case Say(what):
                self._demand_true(what)
                return self._replace(word=Word.NONE)
        return self._with_end(action)

    def _playing(self, party: Party) -> World:
        person = self.person(party)
        demand(party in self.up, "the notice is played to one who isn't there")
        demand(not self.free(party), "the notice is played to one who needs none")
        demand(not person.hears, "a notice is begun while one is running")
        demand(not person.thinks, "the notice is played to one who is being asked")
        demand(not person.told, "the notice is played to one who heard it")
        demand(party not in self.away, "the notice is played to nobody")
        mailbox = party is Party.CALLEE and self.case.other is Callee.MAILBOX
        demand(not mailbox, "the notice is played to a mailbox")
        demand(self.met or not self.case.at_person, "a notice does not wait for a person")
        return self._with(party, hears=True)

    def _dropped(self) -> World:
        demand(self.ending, "the callee is dropped from a call that may go on")
        demand(self.called or len(self.up) != 1, "a callee is dropped who isn't there")
        told = self.both_up and self.case.other is Callee.PERSON
        demand(not told, "a person is dropped without a word")
        return self._replace(up=self.up & {Party.CALLER}, called=False)

    def _demand_right(self, order: Order) -> None:
        case = self.case
        match order:
            case Order.RELEASE:
                demand(not self.forbidden, "released is what must not be recorded")
                demand(not self.pauses, "released is what somebody has paused")
                demand(self.cleared, "released before everyone was told and agreed")
                demand(not self.away, "released while nobody is there")
            case Order.HOLD:
                demand(not self.forbidden, "held is what must be stopped")
                demand(case.holds, "a recorder is held that can't be")
                demand(self.pauses or self.away or not self.cleared, "held without need")
            case Order.STOP:
                paused = not case.holds and (self.pauses or self.away or not self.cleared)
                demand(self.forbidden or paused, "stopped without need")

    def _demand_true(self, what: Saying) -> None:
        demand(self.gates is Gates.OPEN, "something is said while the gates are closed")
        demand(self.proof is Proof.DONE, "something is said before the recorder has confirmed")
        hears = self.caller.hears or self.callee.hears
        demand(not hears, "something is said while a notice plays")
        demand(self.word is not Word.NONE, "something is said that nobody has asked about")
        stopped, paused = self.order is Order.STOP, bool(self.pauses) and not self.forbidden
        true = {
            Saying.AGREED: self.order is Order.RELEASE and bool(self.case.asked),
            Saying.RESUMED: self.order is Order.RELEASE,
            Saying.PAUSED: paused,
            Saying.STOPPED: stopped and not paused,
            Saying.REFUSED: stopped and (self.refused or self.gave_up),
        }
        demand(true[what], "something untrue is said")

    def _with_end(self, action: Action) -> World:
        match action:
            case Explain(party):
                demand(self.ending, "the end is explained to those who may go on")
                heard = party is Party.CALLER or self.both_up
                demand(heard, "the end is explained to one who isn't there")
                demand(party not in self.explained_to, "the end is explained twice at once")
                return self._replace(explained_to=self.explained_to | {party})
            case EndRefused():
                demand(self.ending, "a call is ended that may go on")
                demand(not self.explained_to, "a call is ended while that is being explained")
                return self._replace(over=True)
            case FailClosed(reason, ends):
                demand(self.fails is reason, "a failure that is none, or is another")
                demand(ends or self.case.mutes, "a failure must end the call, and does not")
                must_end = reason is Failure.NOTICE
                demand(not ends or must_end or not self.case.mutes, "a failure must only mute")
                demand(ends or not must_end, "nobody was told, and the call goes on")
                return self._replace(fails=None, over=ends)
        raise AssertionError(action)
