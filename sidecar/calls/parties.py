"""Who is on each side of a call, as the recorder and the neighbours' messages tell (promise 4).

A transfer, a call that is parked and taken up again, a second telephone: someone new is told
before anything of it is recorded, and, where the rule says so, the other side is told again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from sidecar.calls.call_events import PartyNew
from sidecar.calls.speaking import PARTY_OF
from sidecar.consent.events import (
    PartyChanged,
    PartyLeft,
    PartyReturned,
    PauseRequested,
    ResumeRequested,
)
from sidecar.consent.party import Objector, Party
from sidecar.media.engine import Side
from sidecar.recorders.recorder import BackAgain, NobodyThere, OnHold, SomeoneNew

if TYPE_CHECKING:
    from sidecar.calls.call import Call
    from sidecar.calls.leg import Leg
    from sidecar.sip.message import Request, Response

log = structlog.get_logger(__name__)


class Parties:
    """The people of one call."""

    __slots__ = ("_call", "_holding")

    def __init__(self, call: Call) -> None:
        self._call = call
        self._holding: set[Side] = set()

    def seen(self, event: SomeoneNew | NobodyThere | BackAgain | OnHold) -> None:
        """Take what the recorder has seen on the PBX's side."""
        side = self._call.pbx_side
        match event:
            case SomeoneNew():
                self.someone_new(side)
            case NobodyThere():
                self._call.consent.handle(PartyLeft(PARTY_OF[side]))
            case BackAgain():
                self._call.voicemail.left()
                self._call.consent.handle(PartyReturned(PARTY_OF[side]))
            case OnHold(held):
                self.on_hold(side, held=held)

    def look_at(self, leg: Leg, message: Request | Response) -> None:
        """Take an INVITE, an UPDATE, or a response to one: whom does it name?

        What the recorder sees is not taken from the PBX's messages as well. A side that is not
        trusted is believed in this: all that it gains is one more notice.
        """
        call = self._call
        if leg.side is call.pbx_side:
            call.voicemail.look_at(message)
        changed = leg.identity.changed(message)
        if changed and not (leg.side is call.pbx_side and call.recorder.sees):
            self.someone_new(leg.side)

    def someone_new(self, side: Side) -> None:
        """Someone is on a side who was not there before."""
        call = self._call
        if call.over:
            return
        log.info("party_new", call=call.id, party=PARTY_OF[side].value)
        call.agent.publish(PartyNew(call.id, PARTY_OF[side]))
        if side is call.pbx_side:
            call.voicemail.left()
        everyone = call.decision.renotice == "all"
        for party in Party if everyone else (PARTY_OF[side],):
            call.consent.handle(PartyChanged(party))

    def on_hold(self, side: Side, *, held: bool) -> None:
        """A side has put the call on hold, or has taken it back."""
        if self._call.decision.hold != "pause" or held is (side in self._holding):
            return
        before = bool(self._holding)
        if held:
            self._holding.add(side)
        else:
            self._holding.discard(side)
        if before is not bool(self._holding):
            asked = PauseRequested if held else ResumeRequested
            self._call.consent.handle(asked(Objector.HOLD))
