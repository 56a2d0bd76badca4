"""A call that comes to a mailbox: the notice before a message, or none at all (promise 5).

Two ways lead there. The PBX connects a mailbox by itself, and the recorder or what the PBX's
messages say tells so (`reached`). Or the rule has the sidecar connect it, when the callee can't be
had (`divert`): then the caller is told, and has agreed where it is asked, before the mailbox
learns of the call. Either way the consent machine gets the terms of a mailbox; what follows is its.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from sidecar.calls.call_base import Phase
from sidecar.calls.hands.speaking import Script
from sidecar.calls.setup import announcing
from sidecar.calls.setup.placing import Diversion
from sidecar.consent.decision import Unanswered, VoicemailPolicy
from sidecar.consent.events import CalleeGone
from sidecar.consent.party import Party
from sidecar.consent.standing import Place
from sidecar.consent.terms import Callee, at_a_mailbox, in_a_room, terms_of
from sidecar.live.view import VoicemailResult
from sidecar.media.engine import Side
from sidecar.sip.diversion import divert
from sidecar.sip.history import history
from sidecar.sip.uri import Uri

if TYPE_CHECKING:
    from sidecar.calls.call import Call
    from sidecar.consent.state import State
    from sidecar.sip.message import Request, Response
    from sidecar.timers import Timer

log = structlog.get_logger(__name__)

WHY: dict[int, Unanswered] = {
    **dict.fromkeys((486, 600, 603), "busy"),
    **dict.fromkeys((408, 480), "no-answer"),
    **dict.fromkeys((404, 410, 430, 500, 502, 503, 504, 580), "unavailable"),
}
"""What a final response means to a diversion (RFC 4458 section 2 names causes likewise)."""
CAUSE: dict[Unanswered, int] = {"busy": 486, "no-answer": 408, "unavailable": 503}
"""Why the mailbox gets the call (RFC 4458 section 2.2)."""
STATUS: dict[Unanswered, int] = {"busy": 486, "no-answer": 480, "unavailable": 480}
"""What a caller who gets no mailbox is answered."""
_AT_FIRST: dict[VoicemailPolicy, VoicemailResult] = {
    VoicemailPolicy.ALLOW: "allowed",
    VoicemailPolicy.DENY: "denied",
}


class Voicemail:
    """The mailbox of one call."""

    __slots__ = ("_call", "_met", "_timer", "_why", "diverted")

    def __init__(self, call: Call) -> None:
        self._call = call
        self._met = False
        self._timer: Timer | None = None
        self._why: Unanswered = "unavailable"
        self.diverted = False
        """Whether the sidecar itself has the call connected to the mailbox."""

    # The PBX's own way.

    def look_at(self, message: Request | Response) -> bool:
        """Look whether a message of the PBX's tells of a mailbox, and tell so."""
        call = self._call
        if not call.route.inbound:
            return False
        sign = call.agent.mailbox_signs(call.route).seen(message)
        if sign and not self._met:
            log.info("mailbox_seen", call=call.id, sign=sign)
            self.reached()
        return bool(sign)

    def reached(self) -> None:
        """A mailbox is at the PBX's end of the call."""
        call = self._call
        if self._met or call.over:
            return
        self._met = True
        if call.route.inbound:
            self._begin()
        else:
            self._begin_untold(allowed=call.decision.voicemail is VoicemailPolicy.ALLOW)

    def left(self, *, new: bool) -> None:
        """The call has come from the mailbox to a person: its rule holds anew.

        `new`: it is nobody who was there before. While a diverted call waits for its mailbox,
        whoever is seen is at the telephone that was given up.
        """
        call = self._call
        if not self._met or (self.diverted and call.leg_at(Side.B) is None):
            return
        self._met = self.diverted = False
        if not call.route.inbound:
            return  # its rule has held at the mailbox too
        if new:
            call.told -= {Party.CALLEE}
        terms = terms_of(call.decision, holds=call.consent.state.terms.holds)
        if call.member.by_rule:
            terms = in_a_room(terms)
        call.consent.change(terms, Script.of_call(call.decision), call.told)
        if call.phase is Phase.UP:
            call.member.enter(call.member.by_rule)

    # The sidecar's way.

    def watch(self) -> None:
        """Let the callee ring for no longer than the rule says."""
        call, divert = self._call, self._call.decision.divert
        if divert is None or self.diverted or not call.route.inbound:
            return
        if "no-answer" in divert.on:
            deadline = call.now + divert.after
            self._timer = call.later(deadline, self._rung_out)

    def settled(self) -> None:
        """The callee has answered, or the call is over: it is not diverted any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def takes_over(self, status: int) -> bool:
        """Tell whether a call that got this final response goes to the mailbox now."""
        divert, why = self._call.decision.divert, WHY.get(status)
        inbound = self._call.route.inbound
        if divert is None or why not in divert.on or self.diverted or not inbound:
            return False
        self._divert(why)
        return True

    def _rung_out(self, _now: float) -> None:
        self._timer = None
        if self._call.b is None:
            self._divert("no-answer")

    def _divert(self, why: Unanswered) -> None:
        call = self._call
        self.settled()
        self._why = why
        self.diverted = self._met = True
        log.info("call_diverted", call=call.id, why=why)
        call.drop_callee()
        self._begin()
        if call.over or call.consent.state.terms.denied:
            return
        call.consent.handle(CalleeGone())
        if call.a is None:
            if call.consent.state.standing(Party.CALLER).place is Place.CLEAR:
                call.place()
            else:
                announcing.answer_alone(call)

    @property
    def diversion(self) -> Diversion | None:
        """Where the call goes in place of where it was sent; None while it does not."""
        call, rule = self._call, self._call.decision.divert
        if rule is None or not self.diverted:
            return None
        mailbox = Uri.parse(rule.to)
        came = history(call.request) if call.route.source.trusted else []
        target = call.route.destination.uris[0]
        original = call.agent.router.request_uri(call.route, target)
        made = divert(original, mailbox, CAUSE[self._why], came)
        headers = [("History-Info", value) for value in made.history]
        headers.append(("Diversion", made.diversion))
        return Diversion(mailbox, str(made.uri), tuple(headers))

    # What both have in common.

    @property
    def status(self) -> int:
        """What a caller is answered who gets no mailbox."""
        return STATUS[self._why]

    def _begin(self) -> None:
        call, state = self._call, self._call.consent.state
        if state.terms.other is not Callee.MAILBOX:
            call.told = _told(state)
        call.ledger.mailbox(_AT_FIRST.get(call.decision.voicemail, "unheard"))
        obeys = call.recorder.obeys
        terms = at_a_mailbox(call.decision, holds=state.terms.holds, obeys=obeys)
        call.consent.change(terms, Script.of_mailbox(call.decision))
        call.member.leave()

    def _begin_untold(self, *, allowed: bool) -> None:
        """Whom the PBX itself has called can't be told: it goes on only where nothing is due."""
        call = self._call
        call.ledger.mailbox("allowed" if allowed else "denied")
        if not allowed:
            call.fail_closed("voicemail_unannounced")

    def note(self, state: State) -> None:
        """Keep what has become of it, as far as the consent machine knows."""
        call = self._call
        if call.record.voicemail != "unheard":
            return
        if state.refused:
            call.ledger.mailbox("declined")
        elif state.cleared:
            asked = state.terms.caller.asked
            call.ledger.mailbox("agreed" if asked else "informed")


def _told(state: State) -> frozenset[Party]:
    """Who has heard, and agreed to, all that was due; of a conference nobody but the caller."""
    if state.refused:
        return frozenset()
    there = Party if state.terms.other is Callee.PERSON else (Party.CALLER,)
    clear = (each for each in there if state.standing(each).place is Place.CLEAR)
    return frozenset(each for each in clear if state.terms.concern(each).named)
