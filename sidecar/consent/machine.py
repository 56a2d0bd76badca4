"""The consent machine: what is said to whom, when speech may pass, what the recorder is to do.

Theory. Three small machines, each a table: where a call stands (`course`), where each party stands
(`standing`), how sure the recorder is (`sureness`). They know nothing of each other; what follows
from all three together is no state but a function of it (`state`):

- *cleared*: nobody has anything left to hear or to answer, or somebody has refused.
- *the order* (`wanted`): stop, where policy is `off`, somebody has refused or a stop stands; hold,
  while the call is not cleared or a pause stands; release otherwise. (A recorder that can't be
  held is stopped for a pause, and for someone new who has not agreed.) While nobody is on a side
  (parked, being transferred) it is held, so that whoever comes is in no recording unheard of.
  Whenever what is wanted is not what was ordered, it is ordered.
- *the gates* (`gates_of`): closed until both are up, the call is cleared and the recorder is sure;
  as they were while it is doubted; muted (silence to the PBX) after its failure, where the rule
  says so. Where all that is to be said waits for a person, the caller hears the PBX meanwhile.

So no sequence of events can open the gates or release the recorder too early: there is no action
that does it, only a state in which it is right. A stop or a pause stands until the one who asked
for it takes it back; nobody else can. Under `required` a stop is a refusal, and so is one that
comes in place of an answer, or for a caller at a mailbox, which can't be stopped. Someone new on a
side hears the notice and is asked anew; until then the call is not cleared. What holds can change
as a whole in mid-call (`TermsChanged`): at a mailbox other things are to be said, to the caller
alone.
"""

from __future__ import annotations

from typing import NamedTuple

from sidecar.consent import course, standing, sureness
from sidecar.consent.course import Broken, CallerCleared, MustEnd, present
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
    TermsChanged,
)
from sidecar.consent.order import Order
from sidecar.consent.party import PEOPLE, Objector, Party
from sidecar.consent.standing import Begin, Excused, Place
from sidecar.consent.state import Parties, Phase, State, gates_of, initial, standing_in, wanted
from sidecar.consent.sureness import Sureness
from sidecar.consent.terms import Callee, Terms


class Tables(NamedTuple):
    """The tables of the three machines."""

    call: tuple[course.Row, ...] = course.TABLE
    party: tuple[standing.Row, ...] = standing.TABLE
    recorder: tuple[sureness.Row, ...] = sureness.TABLE


TABLES = Tables()


def transition(
    state: State, event: Event, tables: Tables = TABLES
) -> tuple[State, tuple[Action, ...]]:
    """Return the state after an event and what is to be done, in this order."""
    if state.phase is Phase.ENDED:
        return state, ()
    step = _Step(state, tables)
    step.take(event)
    step.follow()
    return step.state, tuple(step.actions)


class _Step:
    """One event on its way through the three machines."""

    def __init__(self, state: State, tables: Tables) -> None:
        self.state = state
        self.actions: list[Action] = []
        self._tables = tables
        self._answered = False
        """Whether one more has agreed, or has heard all, in this step."""

    def take(self, event: Event) -> None:
        match event:
            case NoticePlayed(p) | NoticeFailed(p) | Agreed(p) | Declined(p) | AnswerMissing(p):
                self._party(p, event)
            case PartyChanged(party) | PartyLeft(party) | PartyReturned(party):
                self._moved(party, event)
            case TermsChanged(terms, told):
                self._change_terms(terms, told)
            case StopRequested(by):
                self._stop(by)
            case PauseRequested(by):
                self._pause(by)
            case ResumeRequested(by):
                self._resume(by)
            case (
                RecorderConfirmed()
                | RecorderFailed()
                | RecorderDoubted()
                | RecorderViolated()
                | RecorderOverdue()
            ):
                self._recorder(event)
            case ExplanationOver(party):
                self._set(explaining=self.state.explaining - {party})
                self._call(event)
            case CallerUp() | BothUp() | CalleeGone() | HungUp():
                self._call(event)

    def follow(self) -> None:
        """Do what follows from all three machines together; gates are closed before all else."""
        if self.state.refused and self.state.terms.ends_on_refusal:
            self._call(MustEnd())
        if self.state.caller.place is Place.CLEAR:
            self._call(CallerCleared())
        if self.state.phase is Phase.ENDED:
            return
        order = wanted(self.state)
        if order is not None and order is not self.state.order:
            self._instruct(order)
        gates = gates_of(self.state)
        if gates is not self.state.gates:
            self._set(gates=gates)
            closing = gates in (Gates.CLOSED, Gates.LISTEN)
            first = 0 if closing else len(self.actions)
            self.actions.insert(first, SetGates(gates))
        if (saying := self._still_true()) is not self.state.saying:
            self._set(saying=saying)
        sure = self.state.sureness is Sureness.SURE and self.state.terms.orders
        if self.state.saying and gates is Gates.OPEN and sure:
            self.actions.append(Say(self.state.saying))
            self._set(saying=None)

    def _set(self, **changes: object) -> None:
        self.state = self.state._replace(**changes)  # type: ignore[arg-type]

    # The call.

    def _call(self, event: course.CallEvent) -> None:
        for row in self._tables.call:
            if (
                row.phase is self.state.phase
                and isinstance(event, row.event)
                and row.when(self.state)
            ):
                there = present(self.state)
                self._set(phase=row.then)
                self._do(row.do, there)
                return

    def _do(self, do: course.Do, there: Parties) -> None:
        match do:
            case course.Do.NOTHING:
                return
            case course.Do.BEGIN:
                self._begin()
            case course.Do.CONNECT:
                self.actions.append(Connect())
            case course.Do.EXPLAIN:
                self._explain_to(there)
            case course.Do.DISMISS:
                self.actions.append(DropCallee())
                self._explain_to(frozenset({Party.CALLER}))
            case course.Do.RENEW:
                self._moved(Party.CALLEE, PartyChanged(Party.CALLEE))
            case course.Do.END_REFUSED:
                self.actions.append(EndRefused())

    def _begin(self) -> None:
        """Have everyone who is there hear what they are owed, unless that waits for a person."""
        if self.state.awaits_person:
            return
        for party in Party:
            if party in present(self.state) - self.state.away:
                self._party(party, Begin())

    def _explain_to(self, parties: Parties) -> None:
        self._set(explaining=parties)
        self.actions += [Explain(party) for party in Party if party in parties]

    def _change_terms(self, terms: Terms, told: Parties) -> None:
        """Begin anew with what is to be said; whose stop or pause stands stays.

        Whoever has refused to be recorded has not agreed to a mailbox, nor the other way round. A
        stop that stands is a refusal where the call must be recorded, whenever it was asked for.
        """
        if self.state.phase in (Phase.DISMISSING, Phase.ENDING):
            return
        for party in Party:
            self._party(party, Excused())
        caller, callee = (standing_in(terms, party, told) for party in Party)
        at_mailbox = Callee.MAILBOX in (terms.other, self.state.terms.other)
        stopped = terms.policy is Policy.REQUIRED and bool(self.state.stops)
        refused = terms.denied or stopped or (self.state.refused and not at_mailbox)
        outdated = self.state.saying in (Saying.AGREED, Saying.RESUMED)
        saying = None if outdated else self.state.saying
        self._set(terms=terms, caller=caller, callee=callee, refused=refused, saying=saying)
        if refused:
            self._refuse(saying)
        self._begin()

    def _fail(self, reason: Failure) -> None:
        ends = reason is Failure.NOTICE or not self.state.terms.mutes
        if ends:
            self._call(Broken())
        self.actions.append(FailClosed(reason, ends))

    # The parties.

    def _party(self, party: Party, event: standing.PartyEvent) -> None:
        concern, before = self.state.terms.concern(party), self.state.standing(party)
        row = standing.found(self._tables.party, before, event, concern)
        if row is None:
            return
        after = standing.after(row, before, concern)
        self._set(**{party.value: after})
        told = isinstance(event, NoticePlayed | Agreed)
        self._answered = self._answered or (told and after.place is Place.CLEAR)
        for do in row.do:
            self._do_to(party, do)

    def _do_to(self, party: Party, do: standing.Do) -> None:
        match do:
            case standing.Do.PLAY:
                self.actions.append(PlayNotice(party))
            case standing.Do.SILENCE:
                self.actions.append(Silence(party))
            case standing.Do.AWAIT:
                self.actions.append(AwaitAnswer(party))
            case standing.Do.REFUSE:
                self._refuse(Saying.REFUSED)
            case standing.Do.FAIL:
                self._fail(Failure.NOTICE)

    def _moved(self, party: Party, event: PartyChanged | PartyLeft | PartyReturned) -> None:
        """Someone came or went; where nothing may be recorded any more there is nothing to tell."""
        left = isinstance(event, PartyLeft)
        self._set(away=self.state.away | {party} if left else self.state.away - {party})
        if self.state.refused:
            return
        if not isinstance(event, PartyReturned):
            self._party(party, event)
        self._begin()

    def _refuse(self, saying: Saying | None) -> None:
        self._set(refused=True, saying=saying)
        for party in Party:
            self._party(party, Excused())

    # Stop, pause, resume.

    def _stop(self, by: Objector) -> None:
        new = by not in self.state.stops
        self._set(stops=self.state.stops | {by}, pauses=self.state.pauses - {by})
        if by in (Objector.CALLER, Objector.CALLEE):
            self._party(Party(by.value), Declined(Party(by.value)))
        if by in PEOPLE:
            self._set(saying=Saying.STOPPED)
        if self.state.terms.policy is Policy.REQUIRED:
            self._refuse(Saying.STOPPED)
        if new:
            self._leave_mailbox(by)
        if self.state.terms.orders:
            self._instruct(Order.STOP)

    def _leave_mailbox(self, by: Objector) -> None:
        """No mailbox keeps less because of a wish: whom it is for leaves no message there."""
        if by in (Objector.CALLER, Objector.OPERATOR) and self.state.terms.other is Callee.MAILBOX:
            self._refuse(None)

    def _pause(self, by: Objector) -> None:
        if by not in self.state.stops | self.state.pauses:
            self._leave_mailbox(by)
        if by not in self.state.stops:
            self._set(pauses=self.state.pauses | {by})
        if by in PEOPLE:
            self._set(saying=self._objection())
        order = wanted(self.state)
        if self.state.terms.orders:
            assert order is not None, "there is something to be ordered where someone objects"
            self._instruct(order)

    def _resume(self, by: Objector) -> None:
        """Take back one's own objection; a person's word gives the recorder another try."""
        lifted = {by, Objector.SIDECAR} if by in PEOPLE else {by}
        stops, pauses = self.state.stops - lifted, self.state.pauses - lifted
        if (stops, pauses) == (self.state.stops, self.state.pauses):
            return
        self._set(stops=stops, pauses=pauses)
        if by not in PEOPLE:
            return
        resumed = Saying.RESUMED if wanted(self.state) is Order.RELEASE else None
        self._set(saying=self._objection() or resumed)

    def _still_true(self) -> Saying | None:
        """Return what is to be said, put right where others have objected since, or no more."""
        state = self.state
        match state.saying:
            case Saying.STOPPED | Saying.PAUSED:
                return self._objection()
            case Saying.REFUSED if not (state.refused or Objector.SIDECAR in state.stops):
                return self._objection() if state.stops or state.pauses else None
            case Saying.AGREED | Saying.RESUMED if state.order is not Order.RELEASE:
                return None
        return state.saying

    def _objection(self) -> Saying | None:
        """Return what there is to say of those who still object."""
        state = self.state
        if state.refused or state.stops or state.terms.policy is Policy.OFF:
            return Saying.STOPPED
        return Saying.PAUSED if state.pauses else None

    # The recorder.

    def _instruct(self, order: Order) -> None:
        agreed = self._answered and self.state.terms.asks and self.state.saying is None
        if order is Order.RELEASE and agreed:
            self._set(saying=Saying.AGREED)
        self._set(order=order, sureness=Sureness.AWAITED)
        self.actions.append(Instruct(order))

    def _recorder(self, event: sureness.RecorderEvent) -> None:
        state = self.state
        must, due = state.terms.policy is Policy.REQUIRED, state.both_up
        now = sureness.Standing(state.order, must, due)
        row = sureness.found(self._tables.recorder, state.sureness, now, event)
        if row is None:
            return
        self._set(sureness=row.then)
        match row.do:
            case sureness.Do.NOTHING:
                return
            case sureness.Do.GIVE_UP_RELEASE:
                said = {Saying.AGREED: Saying.REFUSED, Saying.RESUMED: Saying.STOPPED}
                instead = said.get(state.saying) if state.saying else None
                self._set(stops=state.stops | {Objector.SIDECAR}, saying=instead)
            case sureness.Do.FAIL:
                self._fail(row.why)


class ConsentMachine:
    """The machine of one call."""

    __slots__ = ("state",)

    def __init__(self, terms: Terms, told: Parties = frozenset()) -> None:
        """`told` have heard and agreed to all already, in a call that this one replaces."""
        self.state = initial(terms, told)

    def handle(self, event: Event) -> tuple[Action, ...]:
        """Take an event and return what is to be done, in this order."""
        self.state, actions = transition(self.state, event)
        return actions
