"""A re-INVITE of the sidecar's own, within one leg."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import structlog

from sidecar.calls.crossing.bodies import description
from sidecar.media.engine import Side
from sidecar.sip.message import Response
from sidecar.sip.offer_answer import Carrier, OfferAnswerError, State
from sidecar.sip.sdp import SdpError

if TYPE_CHECKING:
    from sidecar.calls.call import Call
    from sidecar.calls.legs.leg import Leg
    from sidecar.sip.transactions import ClientTransaction

log = structlog.get_logger(__name__)

GLARE = 491
MOST_TRIES = 5

NO_ANSWER = 408
IMPOSSIBLE = 500


class Outcome(NamedTuple):
    """What has become of it: the final status (ours, where there is no response), and the answer
    of a 2xx where there is one that could be taken.
    """

    status: int
    response: Response | None = None
    answer: bytes | None = None


Over = Callable[[Outcome], None]


class OwnInvite:
    """An offer of ours and what becomes of it; one that meets the peer's is made again later.

    `offer` makes the description, and may raise SdpError or OfferAnswerError.
    """

    __slots__ = ("_leg", "_offer", "_over", "_settled", "_tries", "call")

    def __init__(self, call: Call, leg: Leg, offer: Callable[[], bytes], over: Over) -> None:
        self.call = call
        self._leg = leg
        self._offer = offer
        self._over = over
        self._tries = 0
        self._settled = False
        """Whether the 2xx to the newest try was taken."""

    def send(self) -> None:
        """Send it; where the leg is busy it waits as after a glare."""
        leg = self._leg
        if leg.over or self.call.over:
            self._over(Outcome(IMPOSSIBLE))
            return
        self._tries += 1
        if not leg.free:
            self._wait()
            return
        try:
            offer = self._offer()
        except (SdpError, OfferAnswerError) as error:
            log.info("own_offer_impossible", call=self.call.id, problem=error.reason)
            self._over(Outcome(IMPOSSIBLE))
            return
        leg.invited = True
        headers = [*self.call.refreshing.asked_by_us(leg), ("Content-Type", "application/sdp")]
        request = leg.dialog.request("INVITE", headers, offer)
        self.call.agent.send_in_dialog(leg, request, self)

    def on_response(self, transaction: ClientTransaction, response: Response) -> None:
        """Take a response; a 2xx is acknowledged, whatever has become of the call."""
        leg = self._leg
        if response.status < 200:
            return
        if response.status >= 300:
            self._rejected()
            if response.status == GLARE:
                self._wait()
            else:
                self._over(Outcome(response.status, response))
            return
        if self._settled:
            self.call.agent.repeat_ack(leg)
            return
        self._settled = True
        leg.dialog.refresh_target(response)
        leg.ack_owed = transaction.request
        self.call.agent.send_ack(leg)
        answer = None if leg.over or self.call.over else self._take(response)
        self._rejected()
        self._over(Outcome(response.status, response, answer))

    def on_failure(self, _transaction: ClientTransaction) -> None:
        """No answer came."""
        self._rejected()
        self._over(Outcome(NO_ANSWER))

    def _take(self, response: Response) -> bytes | None:
        leg = self._leg
        self.call.refreshing.agreed(leg, response, asked_by_us=True)
        self.call.refreshing.compare()
        try:
            answer = description(response)
            if answer is None:
                raise SdpError("No answer in 200")
            other = leg.other.end if leg.other is not None else None
            self.call.sessions.take_answer(leg.end, Carrier.FINAL, answer, other)
        except (SdpError, OfferAnswerError) as error:
            log.info("own_offer_answer_unusable", call=self.call.id, problem=error.reason)
            return None
        return answer

    def _rejected(self) -> None:
        """The exchange is over; without an answer what was agreed before stays in force."""
        self._leg.invited = False
        if self._leg.end.session.state is not State.STABLE:
            self._leg.end.session.reject()

    def _wait(self) -> None:
        """Try again after the time of RFC 3261 section 14.1, unless that was often enough."""
        if self._leg.over or self.call.over or self._tries >= MOST_TRIES:
            self._over(Outcome(GLARE))
            return
        # Whoever made the Call-ID waits longer than the other one: on the B leg that is us.
        made_by_us = self._leg.side is Side.B
        waits = 2.1 + secrets.randbelow(191) / 100 if made_by_us else secrets.randbelow(201) / 100
        self.call.refreshing.later(self, waits, self.send)
