"""Carrying out what the consent machine decides: notices, questions, gates, the end of a call."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from sidecar.calls.hands.speaking import Script, Speaking
from sidecar.calls.ledger import AnswerResult, NoticeResult
from sidecar.calls.setup import announcing
from sidecar.consent.events import (
    Action,
    AnswerMissing,
    AwaitAnswer,
    Connect,
    DropCallee,
    EndRefused,
    Event,
    Explain,
    ExplanationOver,
    FailClosed,
    Gates,
    Instruct,
    NoticeFailed,
    NoticePlayed,
    PlayNotice,
    Say,
    Saying,
    SetGates,
    Silence,
    StopRequested,
    TermsChanged,
    cut_short_by,
)
from sidecar.consent.machine import ConsentMachine
from sidecar.consent.order import Order
from sidecar.consent.party import Party
from sidecar.consent.standing import Place
from sidecar.consent.state import Parties, Phase, State, wanted
from sidecar.consent.sureness import Sureness
from sidecar.consent.terms import Callee, Terms
from sidecar.fair_time import FairTimer
from sidecar.live.view import held_by, recording_of
from sidecar.media.engine import MediaSession, Played, PlayFailed, Side
from sidecar.records.record import Consent

if TYPE_CHECKING:
    from sidecar.calls.call import Call
    from sidecar.consent.decision import Question
    from sidecar.timers import Timer

EXPLAINED_WITHIN_S = 30.0
"""How long a call that must end waits for somebody to hear why: who has it on hold never does."""


class ConsentProcess:
    """The consent machine of one call, joined to its media, its record and its metrics."""

    __slots__ = (
        "_answers",
        "_beginning",
        "_call",
        "_early",
        "_events",
        "_explaining",
        "_ledger",
        "_machine",
        "_media",
        "_script",
        "_told",
        "hearing",
        "speaking",
    )

    def __init__(self, call: Call, media: MediaSession, terms: Terms, told: Parties) -> None:
        """`told` have heard and agreed to all already, in a call that this one replaces."""
        self._call = call
        self._script = Script.of_call(call.decision)
        self._media = media
        self._ledger = call.ledger
        self._machine = ConsentMachine(terms, told)
        self.speaking = Speaking(media)
        self._answers: dict[Party, Timer | FairTimer] = {}
        self._beginning: dict[Party, Timer | FairTimer] = {}
        """Notices to those who can't hear them yet."""
        self._explaining: dict[Party, Timer | FairTimer] = {}
        """By when the end of those who hear why the call ends comes at the latest."""
        self.hearing: set[Party] = set()
        """Who hears the notice now."""
        self._events: deque[Event] = deque()
        """What has happened and is not handled to its end; the first is being handled."""
        self._early = False
        """Whether there is early media."""
        self._told = recording_of(self.state), held_by(self.state)

    @property
    def state(self) -> State:
        """What the machine knows."""
        return self._machine.state

    @property
    def tells_on(self) -> bool:
        """Whether the PBX is told, at this moment, that it may begin to record.

        A recorder that can be held may; one that can't, only where nobody is still to be asked.
        """
        state = self.state
        if wanted(state) is Order.STOP or state.pauses:
            return False
        return state.terms.holds or not any(map(self.asks, Party))

    def asks(self, party: Party) -> bool:
        """Tell whether that party has been, or is to be, asked, and has not answered."""
        asked = self.state.terms.concern(party).asked
        return asked and self.state.standing(party).place is not Place.CLEAR

    @property
    def question(self) -> Question | None:
        """What is asked now, if anything is."""
        return self._script.question

    @property
    def at_mailbox(self) -> bool:
        """Whether the callee is a mailbox now."""
        return self.state.terms.other is Callee.MAILBOX

    @property
    def parting(self) -> bool:
        """Whether somebody hears why the call ends: nobody is called any more."""
        return self.state.phase in (Phase.DISMISSING, Phase.ENDING)

    @property
    def speaks(self) -> bool:
        """Whether a notice is heard now, is about to begin, or has asked what is to be answered."""
        return bool(self.hearing or self._beginning or self._answers)

    @property
    def waits_for_person(self) -> bool:
        """Whether the caller hears the PBX and is not heard, until a person is there."""
        return self.state.gates is Gates.LISTEN

    def change(self, terms: Terms, words: Script, told: Parties = frozenset()) -> None:
        """Have the call be about something else from now on: see `TermsChanged`."""
        for party in tuple(self._answers):
            self._drop(self._answers, party)
        self._script = words
        if self._early:
            self._early = False
            self._set_early_gates()
        self.handle(TermsChanged(terms, told))

    def passes(self, side: Side) -> bool:
        """Tell whether what comes from a side may reach the other one now."""
        gates = self.state.gates
        if gates is Gates.CLOSED:
            return self._early and (side is Side.B or self._early_speech)
        if gates is Gates.LISTEN:
            return side is Side.B
        return gates is Gates.OPEN or side is self._call.pbx_side

    def early_media(self) -> None:
        """Let the caller hear what the PBX plays before the answer.

        Nothing goes the other way, but where no notice is due and nothing can be recorded.
        """
        self._early = True
        self._set_early_gates()

    def answered(self) -> None:
        """The callee has answered: where a notice is due, nothing passes until it was heard."""
        self._early = self._early and self._early_speech
        self._set_early_gates()

    @property
    def _early_speech(self) -> bool:
        """Whether the caller may be heard before the answer."""
        nothing_due = self._call.decision.notice is None and self.state.cleared
        return nothing_due and self.state.sureness is Sureness.SURE

    def _set_early_gates(self) -> None:
        self._media.gate(Side.B, self._early)
        self._media.gate(Side.A, self._early and self._early_speech)

    def _follow_early(self) -> None:
        """Look again what may pass before the answer; once both are up the machine alone says."""
        if self.state.both_up:
            self._early = False
            self._set_gates(self.state.gates)
        elif self.state.phase is Phase.SETUP:
            self._set_early_gates()

    def handle(self, event: Event) -> None:
        """Feed the machine, do what it says, and keep the books; one event after the other."""
        self._events.append(event)
        if len(self._events) > 1:
            return  # what is being done leads to it
        while self._events:
            self._handle(self._events[0])
            self._events.popleft()

    def _handle(self, event: Event) -> None:
        before = self.state
        for action in self._machine.handle(event):
            if not self._call.over:
                self._carry_out(action)
        self._call.recorder.watch(self.state)
        listening = before.terms is not self.state.terms or self.question is not None
        if listening or Gates.LISTEN in (before.gates, self.state.gates):
            self._call.keys.listen()
        if self._early:
            self._follow_early()
        self._note_consent(before, event)
        self._tell_recording()
        self._call.member.watch(self.state)

    def abandon(self) -> None:
        """The call is over; count the notices that were not heard to their end."""
        for party in tuple(self.hearing):
            self._note_notice(party, "abandoned")
        for timers in (self._answers, self._beginning, self._explaining):
            for party in tuple(timers):
                self._drop(timers, party)
        self.speaking.close()

    # What the machine has done.

    def _carry_out(self, action: Action) -> None:
        match action:
            case PlayNotice(party):
                self._play_notice(party)
            case Silence(party):
                self._silence(party)
            case AwaitAnswer(party):
                self._await_answer(party)
            case SetGates(gates):
                self._set_gates(gates)
            case Instruct(order):
                self._call.recorder.instruct(order)
            case Connect():
                self._call.place()
            case Say(what):
                self._say(what)
            case Explain(party):
                self._explain(party)
            case DropCallee():
                self._call.drop_callee()
            case EndRefused():
                self._call.end_refused()
            case FailClosed(reason, ends):
                self._fail_closed(reason.value, ends=ends)

    def _play_notice(self, party: Party) -> None:
        self._drop(self._answers, party)
        self._drop(self._beginning, party)
        due = self._call.parties.can_hear_at(party)
        if due > self._call.now:
            begin = partial(self._begin_notice, party)
            self._beginning[party] = self._call.later(due, begin)
        else:
            self._begin_notice(party, due)

    def _begin_notice(self, party: Party, _now: float) -> None:
        self._drop(self._beginning, party)
        self.hearing.add(party)
        over = partial(self._notice_over, party)
        self.speaking.say(party, self._script.notice.of(party), self._language(party), over)

    def _say(self, what: Saying) -> None:
        """Tell both; a room not what one of those in it has agreed, and nobody at a mailbox."""
        if self.at_mailbox:
            return  # it would not be true: what is said there is recorded
        answer = what in (Saying.AGREED, Saying.REFUSED)
        alone = answer and self.state.terms.other is Callee.ROOM
        for party in (Party.CALLER,) if alone else tuple(Party):
            self.speaking.say(party, what.value, self._language(party))

    def _explain(self, party: Party) -> None:
        """Say why the call ends, where that can be heard: also before an answer."""
        if party is Party.CALLER and not announcing.can_be_heard(self._call):
            self.handle(ExplanationOver(party))
            return
        agent, over = self._call.agent, partial(self._explained, party)
        self.speaking.say(party, self._script.explanation, self._language(party), over)
        due, never = agent.now + EXPLAINED_WITHIN_S, partial(self._never_heard, party)
        self._explaining[party] = self._call.later(due, never)

    def _silence(self, party: Party) -> None:
        self._drop(self._beginning, party)
        if party in self.hearing:
            self._note_notice(party, cut_short_by(self._events[0], party))
        self.speaking.silence(party)

    def _notice_over(self, party: Party, event: Played | PlayFailed) -> None:
        """A notice was heard in full (the record keeps when it ended), or can't be."""
        if isinstance(event, PlayFailed):
            self._note_notice(party, "failed")
            self.handle(NoticeFailed(party))
            return
        self._note_notice(party, "played", event.ended_at)
        self.handle(NoticePlayed(party))

    def _explained(self, party: Party, _event: Played | PlayFailed | None = None) -> None:
        self._drop(self._explaining, party)
        self.handle(ExplanationOver(party))

    def _never_heard(self, party: Party, _now: float) -> None:
        self.speaking.silence(party)
        self._explained(party)

    def _await_answer(self, party: Party) -> None:
        question = self.question
        assert question is not None, "the machine awaits an answer only where someone is asked"
        agent = self._call.agent

        def missing(_now: float) -> None:
            self.note_answer(party, "silent")
            self.handle(AnswerMissing(party))

        # Keys that were pressed in time may still wait to be read: it is no silence then.
        # Not `self._call.later`: bound to what the proxy stands for, it would keep the call alive.
        schedule = partial(agent.turns.later, self._call)
        self._answers[party] = FairTimer(schedule, agent.now, question.within, missing)

    def _drop(self, timers: dict[Party, Timer | FairTimer], party: Party) -> None:
        if timer := timers.pop(party, None):
            timer.cancel()

    def _set_gates(self, gates: Gates) -> None:
        for side in Side:
            muted = gates is Gates.MUTED and side is self._call.pbx_side
            heard = gates is Gates.LISTEN and side is Side.B
            self._media.gate(side, gates is Gates.OPEN or muted or heard)

    def _language(self, party: Party) -> str:
        return self._script.language.of(party)

    def _fail_closed(self, reason: str, *, ends: bool) -> None:
        if ends:
            self._call.fail_closed(reason)
            return
        self._ledger.muted(reason)
        self._call.recorder.gave_up()

    # The books.

    def _note_notice(
        self, party: Party, result: NoticeResult, heard_at: float | None = None
    ) -> None:
        self.hearing.discard(party)
        self._ledger.notice(party, result, heard_at)

    def note_answer(self, party: Party, result: AnswerResult) -> None:
        """Count an answer to the question, or its absence; a mailbox's counts as its own."""
        if not self.at_mailbox:
            self._ledger.answer(party, result)

    def _tell_recording(self) -> None:
        """Tell whoever watches, where what can be seen of the recording has changed."""
        seen = recording_of(self.state), held_by(self.state)
        if seen != self._told:
            self._told = seen
            self._ledger.recording_changed(*seen)

    def _note_consent(self, before: State, event: Event) -> None:
        """Keep in the record what the people have said about being recorded."""
        for party in tuple(self._answers):
            if self.state.standing(party).place is not Place.ASKED:
                self._drop(self._answers, party)
        if self.at_mailbox:
            self._call.voicemail.note(self.state)
        if self.question is None or self.at_mailbox:
            return
        state, consent = self.state, self._ledger.record.consent
        withdraws = isinstance(event, StopRequested) and event.by.value in ("caller", "callee")
        if consent is Consent.GRANTED and (state.refused or withdraws):
            consent = Consent.WITHDRAWN
        elif state.refused and consent is Consent.NOT_ASKED:
            consent = Consent.REFUSED
        elif state.cleared and not before.cleared and not state.refused:
            consent = Consent.GRANTED
        self._ledger.consent(consent)
