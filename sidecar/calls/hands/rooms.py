"""Conferences: one party's stop stops the room's recording for all, wherever they came in.

A room is what several calls have in common: the name that a rule gives it, or the conference that
the PBX says a call is in. Each call in it has a consent process of its own; what they share is who
objects to being recorded, kept on a board that all sidecars of a record store see. Whoever comes in
was told on the way; then the others hear, through the room itself, that someone new was informed.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import structlog

from sidecar.calls.hands.speaking import PARTY_OF, Script
from sidecar.consent.decision import Policy, Room
from sidecar.consent.events import (
    PartyChanged,
    PartyReturned,
    ResumeRequested,
    Saying,
    StopRequested,
)
from sidecar.consent.order import Order
from sidecar.consent.party import PEOPLE, Objector, Party
from sidecar.consent.standing import Place
from sidecar.consent.state import Phase, State
from sidecar.consent.sureness import Sureness
from sidecar.consent.terms import Callee, in_a_room, terms_of
from sidecar.records.store import room_name

if TYPE_CHECKING:
    from sidecar.calls.agent import Agent
    from sidecar.calls.call import Call
    from sidecar.records.store import RoomBoard

log = structlog.get_logger(__name__)

INFORMED = "new-party-informed"
BY_NUMBER = "/"
"""What the name of a room begins with that is named by the number called: a caller may call what
it likes, and so get into no room that a rule or the PBX has given another name."""


class Rooms:
    """All rooms that calls of this process are in."""

    def __init__(self, agent: Agent, board: RoomBoard) -> None:
        self._agent = agent
        self._board = board
        self._objecting: dict[str, frozenset[str]] = {}
        self._members: defaultdict[str, dict[str, Member]] = defaultdict(dict)
        board.watch(self._changed, self._blinded)

    def join(self, room: str, member: Member) -> None:
        """A call is in a room."""
        self._members[room][member.call.id] = member
        member.overruled(self.objected_to(room, member))

    def leave(self, room: str, member: Member) -> None:
        """It is not any more, and takes its objection with it."""
        self._members[room].pop(member.call.id, None)
        if not self._members[room]:
            del self._members[room]
            self._objecting.pop(room, None)
        self._board.leave(room, member.call.id)

    def stand(self, room: str, member: Member, *, objects: bool) -> None:
        """Tell everyone whether a call objects to being recorded."""
        self._board.stand(room, member.call.id, objects)

    def objected_to(self, room: str, member: Member) -> bool:
        """Tell whether another call in a room objects; nobody knows where the board is blind."""
        others = self._objecting.get(room, frozenset()) - {member.call.id}
        return bool(others) or self._board.blind

    def speaks(self, room: str, member: Member) -> bool:
        """Tell whether a call is the one that says into the room what all there may hear."""
        return next(iter(self._members[room].values())) is member

    def _changed(self, room: str, objecting: frozenset[str]) -> None:
        if room in self._members:
            self._objecting[room] = objecting
            self._tell(room)

    def _blinded(self, blind: bool) -> None:
        log.warning("rooms_blind", blind=blind)
        for room in tuple(self._members):
            self._tell(room)

    def _tell(self, room: str) -> None:
        """Tell each in a step of its own: where one goes wrong the others know all the same."""
        for member in tuple(self._members[room].values()):
            self._agent.turns.enter(self._tell_one, room, member, of=member.call)

    def _tell_one(self, room: str, member: Member) -> None:
        if member.room == room:
            member.overruled(self.objected_to(room, member))


class Member:
    """One call as a member of the room it is in, if it is in any."""

    __slots__ = (
        "_announced",
        "_objects",
        "_overruled",
        "_resumes",
        "_rooms",
        "_strangers",
        "call",
        "room",
    )

    def __init__(self, call: Call, rooms: Rooms) -> None:
        self.call = call
        self._rooms = rooms
        self.room = ""
        """The room's name; empty where the call is in none."""
        self._objects: bool | None = None
        """What the others were told last."""
        self._overruled = False
        """Whether somebody else in the room objects."""
        self._resumes = False
        """Whether the recording is about to go on, as nobody objects any more."""
        self._announced = False
        self._strangers = False
        """Whether someone in the room came past the sidecar, to be told by this call."""

    @property
    def by_rule(self) -> str:
        """The room that the call's rule has it lead into; empty for none."""
        room = self.call.decision.room
        if room is None or not self.call.route.inbound:
            return ""
        return room.name or f"{BY_NUMBER}{self.call.route.facts.to}"

    def enter(self, room: str) -> None:
        """The call is in a room from now on, as its rule or the PBX says, and in no other."""
        call, left, room = self.call, self.room, room_name(room)
        if room in ("", left) or call.over:
            return
        log.info("room_entered", call=call.id)
        self.room, self._objects, self._announced = room, None, False
        self._become_part()
        self._rooms.join(room, self)
        if left:
            self._rooms.leave(left, self)
        self.watch(call.consent.state)

    def seen(self, conference: str) -> None:
        """The PBX says in which conference the call is; empty: in none any more."""
        if conference:
            self.call.voicemail.left(new=True)
        if self.by_rule:
            return
        if conference:
            self.enter(f"{self.call.route.facts.pbx}/{conference}")
        else:
            self._become_person()
            self.leave()

    def stranger(self) -> None:
        """Someone is in past the sidecar: told through the room, before more is recorded."""
        self._strangers = True
        self.call.parties.let_settle()
        self.call.consent.handle(PartyChanged(PARTY_OF[self.call.pbx_side]))

    def leave(self) -> None:
        """The call is in no room any more, or over."""
        if not self.room:
            return
        self._rooms.leave(self.room, self)
        self.room, self._objects = "", None
        self.overruled(False)
        self._announced = self._resumes = False

    def overruled(self, overruled: bool) -> None:
        """Somebody else in the room objects to the recording, or nobody does any more."""
        if overruled is self._overruled or self.call.over:
            return
        self._overruled = overruled
        self._resumes = not overruled
        asked = StopRequested if overruled else ResumeRequested
        self.call.consent.handle(asked(Objector.ROOM))

    def watch(self, state: State) -> None:
        """Tell the others what this call's consent process has come to."""
        if not self.room:
            return
        objects = objects_to_recording(state)
        if objects is not self._objects:
            self._objects = objects
            self._rooms.stand(self.room, self, objects=objects)
        if state.order is Order.RELEASE and state.sureness is Sureness.SURE and self._resumes:
            self._resumes = False
            self._say_it_goes_on()
        if not self._announced and _has_come_in(state):
            self._announced = True
            if (self.call.decision.room or Room()).announce:
                self._say(Party.CALLEE, INFORMED)

    def _say_it_goes_on(self) -> None:
        """To the call's own caller, and once to those in the room who are in no call of ours."""
        self._say(Party.CALLER, Saying.RESUMED.value)
        if self._rooms.speaks(self.room, self):
            self._say(Party.CALLEE, Saying.RESUMED.value)

    def _become_part(self) -> None:
        """What holds for a room holds for this call, if it was placed to somebody else."""
        consent = self.call.consent
        state = consent.state
        if state.terms.other is not Callee.PERSON or not self.call.route.inbound:
            return
        told = () if state.caller.place is not Place.CLEAR else (Party.CALLER,)
        terms = in_a_room(terms_of(self.call.decision, holds=state.terms.holds))
        consent.change(terms, Script.of_call(self.call.decision), frozenset(told))
        if Party.CALLEE in consent.state.away:  # in a room there is always somebody
            consent.handle(PartyReturned(Party.CALLEE))
        if self._strangers and state.callee.place is not Place.CLEAR:
            self.stranger()

    def _become_person(self) -> None:
        """Whoever the call comes to after the conference is told, and asked, like anybody."""
        consent = self.call.consent
        state = consent.state
        if state.terms.other is not Callee.ROOM:
            return
        told = () if state.caller.place is not Place.CLEAR else (Party.CALLER,)
        terms = terms_of(self.call.decision, holds=state.terms.holds)
        consent.change(terms, Script.of_call(self.call.decision), frozenset(told))

    def _say(self, party: Party, prompt: str) -> None:
        self.call.consent.speaking.say(party, prompt, self.call.decision.language.of(party))


def objects_to_recording(state: State) -> bool:
    """Tell whether a call must not be recorded, or can't, for a reason of its own."""
    own = (state.stops | state.pauses) & (PEOPLE | {Objector.SIDECAR})
    return state.terms.policy is Policy.OFF or state.refused or bool(own)


def _has_come_in(state: State) -> bool:
    """Whether the caller was told of the recording, and talks."""
    told = state.terms.caller.named and state.cleared and not state.refused
    return told and state.phase is Phase.TALKING and state.terms.other is Callee.ROOM
