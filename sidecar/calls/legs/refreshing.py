"""The session timers of a call (RFC 4028), and what its own requests within a dialog say of them.

Where the callee's answer crosses to the caller both have agreed with each other, and their
refreshes cross as well: the sidecar only takes note. Where it has answered alone, or has placed a
B leg anew, each leg has an agreement of its own (`apart`), in which the sidecar is a party: it
refreshes where that is its part, and hangs up where the other side's refresh stays away. What
either side says of timers does not cross any more then.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import structlog

from sidecar.calls.crossing.header_policy import HeaderLines, tags, without
from sidecar.calls.legs.own_invite import NO_ANSWER, Outcome, OwnInvite
from sidecar.media.engine import Side
from sidecar.sip.message import Request, Response
from sidecar.sip.session_timer import MIN_SE, Due, SessionExpires, TooShort, answer_to, min_se

if TYPE_CHECKING:
    from sidecar.calls.call import Call
    from sidecar.calls.legs.leg import Leg
    from sidecar.sip.transactions import ClientTransaction
    from sidecar.timers import Timer

log = structlog.get_logger(__name__)


INTERVAL_TOO_SMALL = 422
GONE = (408, 481)
"""Final responses to a refresh after which there is no dialog (RFC 3261 section 12.2.1.2)."""
NO_UPDATE = (405, 501)
REFRESHING = ("INVITE", "UPDATE")
TOO_SMALL_HEADERS: HeaderLines = [("Min-SE", str(MIN_SE))]
EXPIRED = 'Q.850 ;cause=102 ;text="Session timer expired"'


class Refreshing:
    """The agreements of all legs of one call, and their clocks."""

    __slots__ = ("_call", "_later", "_timers", "apart")

    def __init__(self, call: Call) -> None:
        self._call = call
        self._timers: dict[Leg, Timer] = {}
        self._later: dict[object, Timer] = {}
        self.apart = False
        """Whether each leg has an agreement of its own."""

    def part(self) -> None:
        """Be a party to the timer of each leg from now on."""
        if not self.apart:
            self.apart = True
            for leg in self._call.legs:
                self._watch(leg)

    def close(self) -> None:
        """The call is over."""
        for timer in (*self._timers.values(), *self._later.values()):
            timer.cancel()
        self._timers.clear()
        self._later.clear()

    def later(self, owner: object, seconds: float, step: Callable[[], None]) -> None:
        """Have one thing done for its owner in a while, unless the call ends before."""

        def fire(_now: float) -> None:
            del self._later[owner]
            step()

        agent = self._call.agent
        self._later[owner] = self._call.later(agent.now + seconds, fire)

    # What messages say.

    def agreed(self, leg: Leg, response: Response, *, asked_by_us: bool) -> None:
        """Take note of what a 2xx to an INVITE or UPDATE, ours or the neighbour's, has agreed."""
        answer = SessionExpires.parse(response.headers.get("Session-Expires"))
        leg.timer.agreed(answer, asked_by_us=asked_by_us, now=self._call.now)
        if asked_by_us:
            leg.learn(response)
        self._watch(leg)

    def asked_by_us(self, leg: Leg) -> HeaderLines:
        """Return what a request of ours says, so that the agreement of a leg stays as it is."""
        asks = leg.timer.asks
        if asks is None:
            return []
        headers = [("Supported", "timer"), ("Session-Expires", str(asks))]
        return headers + ([("Min-SE", str(leg.timer.least))] if leg.timer.least > MIN_SE else [])

    def answered_by_us(self, request: Request) -> HeaderLines:
        """Return what our own 2xx to a neighbour's request says. Raises TooShort (422)."""
        asked = SessionExpires.parse(request.headers.get("Session-Expires"))
        answer = answer_to(asked, supported="timer" in tags(request.headers, "Supported"))
        if answer is None:
            return [("Supported", "timer")]
        headers = [("Supported", "timer"), ("Session-Expires", str(answer))]
        return headers + ([("Require", "timer")] if answer.refresher == "uac" else [])

    def crossing(self, target: Leg, method: str, headers: HeaderLines) -> HeaderLines:
        """Return the headers of a request that crosses: where legs are apart, `target`'s timer."""
        if not self.apart or method not in REFRESHING:
            return headers
        return merged(headers, self.asked_by_us(target))

    def crossing_back(
        self, request: Request, response: Response, headers: HeaderLines
    ) -> HeaderLines:
        """Return the headers of a response that crosses: where legs are apart, our own answer."""
        if not self.apart or request.method not in REFRESHING or response.status >= 300:
            return headers
        return merged(headers, self.answered_by_us(request) if response.status >= 200 else [])

    def refreshes(self, request: Request) -> bool:
        """Tell whether a request does nothing but refresh its own leg, which is apart."""
        return self.apart and request.method == "UPDATE" and not request.body

    def too_short(self, request: Request) -> bool:
        """Tell whether a request that we answer asks for less than we take part in (422)."""
        if not self.apart or request.method not in REFRESHING:
            return False
        try:
            self.answered_by_us(request)
        except TooShort:
            return True
        return False

    def wants_more(self, leg: Leg, response: Response) -> bool:
        """Tell whether a refusal asks us for a longer interval, which the next try then has."""
        if response.status != INTERVAL_TOO_SMALL or not self.apart:
            return False
        return leg.timer.too_short(min_se(response.headers.get("Min-SE")))

    # What is due.

    def compare(self) -> None:
        """Part legs whose agreements are no longer each other's mirror image.

        To be called after an exchange that one of them has had with us alone.
        """
        a, b = self._call.leg_at(Side.A), self._call.leg_at(Side.B)
        if a is None or b is None:
            return
        mirrored = a.timer.interval is None or a.timer.refreshes is not b.timer.refreshes
        if a.timer.interval != b.timer.interval or not mirrored:
            self.part()

    def _watch(self, leg: Leg) -> None:
        if leg in self._timers:
            self._timers.pop(leg).cancel()
        due = leg.timer.deadline if self.apart and not leg.over else None
        if due is not None and not self._call.over:
            self._timers[leg] = self._call.later(due, partial(self._fire, leg))

    def _fire(self, leg: Leg, now: float) -> None:
        call = self._call
        self._timers.pop(leg, None)
        if leg.over:
            return
        match leg.timer.due(now):
            case Due.REFRESH:
                self._refresh(leg)
            case Due.END:
                call.give_up("session_expired", because=EXPIRED)
                return
        self._watch(leg)

    def _refresh(self, leg: Leg) -> None:
        """Send a refresh: an UPDATE where the neighbour takes one, since that offers nothing."""
        call = self._call
        if "UPDATE" in leg.allows:
            request = leg.dialog.request("UPDATE", self.asked_by_us(leg))
            call.agent.send_in_dialog(leg, request, _Update(self, call, leg))
        elif leg.free:
            offer = partial(call.sessions.offer_again, leg.end)
            OwnInvite(call, leg, offer, partial(self.refreshed, leg)).send()
        else:
            leg.timer.failed(call.now)

    def refreshed(self, leg: Leg, outcome: Outcome) -> None:
        """Take what became of a refresh of ours."""
        call, now = self._call, self._call.now
        if leg.over or call.over or outcome.status < 300:
            return
        if outcome.status in GONE:
            call.give_up("session_lost", because=EXPIRED)
            return
        if outcome.response is not None and self.wants_more(leg, outcome.response):
            leg.timer.failed(now, 0.0)
        elif outcome.status in NO_UPDATE and "UPDATE" in leg.allows:
            leg.allows -= {"UPDATE"}
            leg.timer.failed(now, 0.0)
        else:
            leg.timer.failed(now)
        self._watch(leg)


class _Update:
    """The owner of an UPDATE that refreshes a session."""

    __slots__ = ("_leg", "_refreshing", "call")

    def __init__(self, refreshing: Refreshing, call: Call, leg: Leg) -> None:
        self._refreshing = refreshing
        self._leg = leg
        self.call = call

    def on_response(self, _transaction: ClientTransaction, response: Response) -> None:
        """Take the final response."""
        if response.status < 200:
            return
        if response.status < 300 and not (self._leg.over or self.call.over):
            self._leg.dialog.refresh_target(response)
            self._refreshing.agreed(self._leg, response, asked_by_us=True)
        self._refreshing.refreshed(self._leg, Outcome(response.status, response))

    def on_failure(self, _transaction: ClientTransaction) -> None:
        """No answer came."""
        self._refreshing.refreshed(self._leg, Outcome(NO_ANSWER))


def merged(headers: HeaderLines, ours: HeaderLines) -> HeaderLines:
    """Return headers with what is said of timers replaced by what we say."""
    merged = without(headers, "session-expires", "min-se", "supported", "require")
    for name in ("Supported", "Require"):
        said = [value for key, value in headers if key.lower() == name.lower()]
        words = (word.strip() for value in said for word in value.split(","))
        kept = [word for word in words if word and word.lower() != "timer"]
        kept += [value for key, value in ours if key == name]
        if kept:
            merged.append((name, ", ".join(kept)))
    return merged + [(key, value) for key, value in ours if key not in ("Supported", "Require")]
