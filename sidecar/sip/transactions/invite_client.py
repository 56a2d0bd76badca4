"""The INVITE client transaction (RFC 3261 17.1.1, figure 5, with RFC 6026) and its CANCEL (9.1).

Calling retransmits the INVITE (timer A) until anything comes back; timer B ends it. A provisional
stops both. A failure is acknowledged here, hop by hop, and Completed answers its retransmissions
with the same ACK until timer D. A success goes up; its ACK is the user's own business. Accepted
lives on until timer M because every repeated 2xx, and every 2xx from another fork, must reach the
user too.

CANCEL may not overtake its INVITE: before the first provisional the wish is only noted (cancel
waiting). A 2xx may still cross it and then wins: the user has to end that call by BYE. Where no
final response follows within 64*T1, as with servers of RFC 2543, the transaction ends as timed
out. Timer C does the same for a peer that rings for ever: a provisional restarts it.

Each transaction reports one end at most (a final response, a time-out or a transport error), so a
transport error after the final response only ends it. In Proceeding it does nothing: the peer may
answer over a new connection (18.2.2).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sidecar.sip.message import Response
from sidecar.sip.transactions.machine import ClientTransaction, Table, to
from sidecar.sip.transactions.own_messages import ack_to_failure
from sidecar.sip.transactions.vocabulary import (
    ACCEPTED,
    CALLING,
    CANCEL,
    CANCEL_WAITING,
    CANCELLING,
    COMPLETED,
    FAILURE,
    GIVE_UP,
    PROCEEDING,
    PROVISIONAL,
    SUCCESS,
    TERMINATED,
    TIMER_A,
    TIMER_B,
    TIMER_C,
    TIMER_D,
    TIMER_M,
    TRANSPORT_ERROR,
)

_ACCEPT: Final = to(ACCEPTED, "forget_request", "report", "start_timer_m")
_COMPLETE: Final = to(COMPLETED, "send_ack", "report", "start_timer_d")

TABLE: Final[Table] = {
    CALLING: {
        TIMER_A: to(CALLING, "resend", "double_timer_a"),
        TIMER_B: to(TERMINATED, "report_timeout"),
        PROVISIONAL: to(PROCEEDING, "forget_request", "report", "start_timer_c"),
        SUCCESS: _ACCEPT,
        FAILURE: _COMPLETE,
        CANCEL: to(CANCEL_WAITING),
        TRANSPORT_ERROR: to(TERMINATED, "report_failure"),
    },
    CANCEL_WAITING: {
        TIMER_A: to(CANCEL_WAITING, "resend", "double_timer_a"),
        TIMER_B: to(TERMINATED, "report_timeout"),
        PROVISIONAL: to(CANCELLING, "forget_request", "report", "send_cancel", "start_give_up"),
        SUCCESS: _ACCEPT,
        FAILURE: _COMPLETE,
        TRANSPORT_ERROR: to(TERMINATED, "report_failure"),
    },
    PROCEEDING: {
        PROVISIONAL: to(PROCEEDING, "report", "start_timer_c"),
        SUCCESS: _ACCEPT,
        FAILURE: _COMPLETE,
        CANCEL: to(CANCELLING, "send_cancel", "start_give_up"),
        TIMER_C: to(CANCELLING, "send_cancel", "start_give_up"),
    },
    CANCELLING: {
        PROVISIONAL: to(CANCELLING, "report"),
        SUCCESS: _ACCEPT,
        FAILURE: _COMPLETE,
        GIVE_UP: to(TERMINATED, "report_timeout"),
    },
    ACCEPTED: {
        SUCCESS: to(ACCEPTED, "report"),
        TIMER_M: to(TERMINATED),
    },
    COMPLETED: {
        FAILURE: to(COMPLETED, "resend"),
        TIMER_D: to(TERMINATED),
        TRANSPORT_ERROR: to(TERMINATED),
    },
    TERMINATED: {},
}


class InviteClient(ClientTransaction):
    """An INVITE of ours."""

    __slots__ = ("cancel_headers",)

    TABLE = TABLE
    FIRST = CALLING
    REPETITION = TIMER_A

    cancel_headers: tuple[tuple[str, str], ...]

    def _begin(self, now: float) -> None:
        self.cancel_headers = ()
        durations = self._host.durations
        self._wait(TIMER_B, durations.silence, now)
        self._repeat_after(durations.t1, now)

    def receive(self, response: Response, now: float) -> None:
        """Take a response that matches this transaction."""
        status = response.status
        if status < 200:
            self.handle(PROVISIONAL, now, response)
        elif status < 300:
            self.handle(SUCCESS, now, response)
        elif self.handle(FAILURE, now, response):
            self._host.spend(self)

    def cancel(self, now: float, headers: Iterable[tuple[str, str]]) -> None:
        """Send CANCEL, with `headers` added, as soon as it is allowed; never after the end."""
        if CANCEL in self._bound[self.state]:
            self.cancel_headers = tuple(headers)
            self.handle(CANCEL, now)

    # Actions of the table.

    def double_timer_a(self, now: float, _message: object) -> None:
        """Retransmit after twice the time; timer B ends it."""
        self._repeat_after(self._interval * 2, now)

    def start_timer_c(self, now: float, _message: object) -> None:
        """Limit how long the peer may ring."""
        self._wait(TIMER_C, self._host.durations.timer_c, now)

    def start_timer_d(self, now: float, _message: object) -> None:
        """Stay to acknowledge retransmitted failures."""
        self._wait_unless_reliable(TIMER_D, self._host.durations.silence, now)

    def start_timer_m(self, now: float, _message: object) -> None:
        """Stay to pass up further 2xx."""
        self._wait(TIMER_M, self._host.durations.silence, now)

    def start_give_up(self, now: float, _message: object) -> None:
        """Wait for a cancelled INVITE to end (9.1)."""
        self._wait(GIVE_UP, self._host.durations.silence, now)

    def forget_request(self, _now: float, _message: object) -> None:
        """Let go of the bytes: the INVITE is not sent again."""
        self._data = b""

    def send_ack(self, _now: float, response: Response) -> None:
        """Acknowledge a failure (17.1.1.3) and keep the ACK in the place of the INVITE."""
        self._data = ack_to_failure(self.request, self.via, response).encode()
        self._host.transmit(self._data, self.flow)

    def send_cancel(self, now: float, _message: object) -> None:
        """Have the layer start the CANCEL's own transaction."""
        self._host.send_cancel(self, now)
