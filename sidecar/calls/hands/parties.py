"""Who is on each side of a call, as the recorder and the neighbours' messages tell (promise 4).

A transfer, a call that is parked and taken up again, a second telephone: someone new is told
before anything of it is recorded, and, where the rule says so, the other side is told again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from sidecar.calls.call_base import ENDED_BY
from sidecar.calls.crossing.header_policy import tags
from sidecar.calls.crossing.replaces import replaced_leg
from sidecar.calls.hands.speaking import PARTY_OF
from sidecar.consent.events import (
    PartyChanged,
    PartyLeft,
    PartyReturned,
    PauseRequested,
    ResumeRequested,
    StopRequested,
)
from sidecar.consent.party import Objector, Party
from sidecar.consent.standing import Place
from sidecar.consent.terms import Callee
from sidecar.media.engine import Side
from sidecar.recorders.recorder import BackAgain, NobodyThere, OnHold, SomeoneNew

if TYPE_CHECKING:
    from sidecar.calls.call import Call
    from sidecar.calls.legs.leg import Leg
    from sidecar.sip.message import Request, Response

HoldMeans = Literal["recorder", "sdp"]
"""Who tells of a hold: the recorder of the PBX's side, or what a side's descriptions say."""

SETTLES_WITHIN_S = 0.6
"""How long a PBX may take to connect the media of someone new: an Asterisk that ends an attended
transfer first plays a beep of 0.4 s to the new one, and nobody is heard beside it."""


class Heritage(NamedTuple):
    """What is known of a callee who was in another call, which this one takes the place of."""

    leg: Leg | None = None
    """The PBX's or trunk's leg of that call, which its neighbour hangs up as it takes this one."""
    told: frozenset[Party] = frozenset()
    """The callee, where it has heard, and agreed to, all that this call's rule has it told."""
    understood: bool = False
    """Whether the callee's side has answered as one that knows Replaces."""

    @property
    def objection(self) -> StopRequested | PauseRequested | None:
        """What it has asked for in that call, until now, and not taken back."""
        if self.leg is None:
            return None
        state, by = self.leg.call.consent.state, Objector(PARTY_OF[self.leg.side].value)
        if by in state.stops:
            return StopRequested(Objector.CALLEE)
        return PauseRequested(Objector.CALLEE) if by in state.pauses else None

    @property
    def proven(self) -> bool:
        """Whether that neighbour has ended the other call, and knows why: else this may be
        somebody else, whom it rang as if nothing was to be replaced.
        """
        leg = self.leg
        if leg is None or not self.understood:
            return False
        return leg.over and leg.call.record.ended_by is ENDED_BY[leg.side]


def heritage_of(call: Call) -> Heritage:
    """Return what holds on from the call that this one replaces (RFC 3891), if it does."""
    leg = replaced_leg(call.request, call.agent.legs.get, call.route.source)
    if leg is None or leg.other is None or leg.other.peer is not call.route.destination:
        return Heritage()
    before, party = leg.call, PARTY_OF[leg.other.side]
    state = before.consent.state
    heard = state.terms.concern(party).named and state.standing(party).place is Place.CLEAR
    same = before.decision == call.decision and not state.refused
    again = call.decision.renotice == "all"
    person = state.terms.other is Callee.PERSON
    told = frozenset({Party.CALLEE}) if heard and same and person and not again else frozenset()
    return Heritage(leg.other, told)


class Parties:
    """The people of one call."""

    __slots__ = ("_call", "_holding", "_inherited", "_settled_at")

    def __init__(self, call: Call) -> None:
        self._call = call
        self._holding: set[tuple[Side, HoldMeans]] = set()
        """Who holds the call, by what: the end of one hold is not the end of the other."""
        self._settled_at = 0.0
        self._inherited: StopRequested | PauseRequested | None = None

    def seen(self, event: SomeoneNew | NobodyThere | BackAgain | OnHold) -> None:
        """Take what the recorder has seen on the PBX's side."""
        side = self._call.pbx_side
        match event:
            case SomeoneNew():
                self.someone_new(side)
            case NobodyThere():
                self._call.consent.handle(PartyLeft(PARTY_OF[side]))
            case BackAgain():
                self._call.voicemail.left(new=False)
                self._call.consent.handle(PartyReturned(PARTY_OF[side]))
            case OnHold(held):
                self.on_hold(side, "recorder", held=held)

    def inherit(self) -> None:
        """Have what the callee has asked for in the call that this one replaces hold on."""
        objection = self._call.heritage.objection
        if objection is not None and objection != self._inherited:
            self._inherited = objection
            self._call.consent.handle(objection)

    def answered(self, response: Response) -> None:
        """Take note whether the callee's side knows Replaces (RFC 3891 section 6)."""
        understood = "replaces" in tags(response.headers, "Supported")
        self._call.heritage = self._call.heritage._replace(understood=understood)

    def close(self) -> None:
        """The call is over: the next one that takes its place is not to keep a chain of them."""
        self._call.heritage = Heritage()

    def look_at(self, leg: Leg, message: Request | Response) -> None:
        """Take an INVITE, an UPDATE, or a response to one: whom does it name?

        What the recorder sees is not taken from the PBX's messages as well. A side that is not
        trusted is believed in this: all that it gains is one more notice.
        """
        call = self._call
        at_pbx = leg.side is call.pbx_side
        mailbox = at_pbx and call.voicemail.look_at(message)
        changed = leg.identity.changed(message)
        if changed and not mailbox and not (at_pbx and call.recorder.sees):
            self.someone_new(leg.side)

    def someone_new(self, side: Side) -> None:
        """Someone is on a side who was not there before."""
        call = self._call
        if call.over:
            return
        call.ledger.party_new(PARTY_OF[side])
        if side is call.pbx_side:
            self.let_settle()
            call.voicemail.left(new=True)
        call.consent.handle(PartyChanged(PARTY_OF[side]))
        other = PARTY_OF[side.other]
        if call.decision.renotice == "all" and other not in call.consent.state.away:
            call.consent.handle(PartyChanged(other))

    def let_settle(self) -> None:
        """Someone new is on the PBX's side, whose telephone may not be heard or hear at once."""
        self._settled_at = self._call.now + SETTLES_WITHIN_S

    def can_hear_at(self, party: Party) -> float:
        """Return when a party can hear what is played to it (monotonic seconds)."""
        at_pbx = party is PARTY_OF[self._call.pbx_side]
        return self._settled_at if at_pbx else 0.0

    def on_hold(self, side: Side, means: HoldMeans, *, held: bool) -> None:
        """A side has put the call on hold, or has taken it back."""
        if self._call.decision.hold != "pause":
            return
        before = bool(self._holding)
        if held:
            self._holding.add((side, means))
        else:
            self._holding.discard((side, means))
        if before is not bool(self._holding):
            asked = PauseRequested if held else ResumeRequested
            self._call.consent.handle(asked(Objector.HOLD))
