"""The INVITE server transaction (RFC 3261 17.2.1, figure 7, with RFC 6026) and its CANCEL (9.2).

A 100 leaves at once and quenches retransmissions; a repeated INVITE gets the latest provisional
again. A failure is repeated (timer G) until its ACK comes; timer H tells the user that none came.
Confirmed swallows what is still under way until timer I. After a 2xx the user repeats it himself,
on any transport, until its ACK (13.3.1.4); Accepted swallows repeated INVITEs until timer L, so
that none of them is taken for a new call.

The first CANCEL before a final response is told (cancelled); the user then answers 487, or has
just answered something else: both are rows. A CANCEL has no transaction of its own: all that one
would remember is here.

A transport error never ends this machine (RFC 6026 7.1): retransmissions must go on being
absorbed. It is told while a final response is still to be sent.
"""

from __future__ import annotations

from typing import Final

from sidecar.sip.flow import Flow
from sidecar.sip.message import Request, respond
from sidecar.sip.transactions.events import AckArrived, CancelArrived
from sidecar.sip.transactions.machine import ServerTransaction, Table, to
from sidecar.sip.transactions.vocabulary import (
    ACCEPTED,
    ACK,
    CANCEL,
    CANCELLED,
    COMPLETED,
    CONFIRMED,
    PROCEEDING,
    REQUEST,
    SEND_FAILURE,
    SEND_PROVISIONAL,
    SEND_SUCCESS,
    TERMINATED,
    TIMER_G,
    TIMER_H,
    TIMER_I,
    TIMER_L,
    TRANSPORT_ERROR,
)

_ACCEPT: Final = to(ACCEPTED, "send", "forget_response", "start_timer_l")
_COMPLETE: Final = to(COMPLETED, "send", "start_timer_h", "start_timer_g")

TABLE: Final[Table] = {
    PROCEEDING: {
        REQUEST: to(PROCEEDING, "resend"),
        SEND_PROVISIONAL: to(PROCEEDING, "send"),
        SEND_SUCCESS: _ACCEPT,
        SEND_FAILURE: _COMPLETE,
        CANCEL: to(CANCELLED, "report_cancel"),
        TRANSPORT_ERROR: to(PROCEEDING, "report_failure"),
    },
    CANCELLED: {
        REQUEST: to(CANCELLED, "resend"),
        SEND_PROVISIONAL: to(CANCELLED, "send"),
        SEND_SUCCESS: _ACCEPT,
        SEND_FAILURE: _COMPLETE,
        TRANSPORT_ERROR: to(CANCELLED, "report_failure"),
    },
    ACCEPTED: {
        REQUEST: to(ACCEPTED),
        SEND_SUCCESS: to(ACCEPTED, "send", "forget_response"),
        ACK: to(ACCEPTED, "report_ack"),
        TIMER_L: to(TERMINATED),
    },
    COMPLETED: {
        REQUEST: to(COMPLETED, "resend"),
        ACK: to(CONFIRMED, "forget_response", "start_timer_i"),
        TIMER_G: to(COMPLETED, "resend", "double_timer_g"),
        TIMER_H: to(TERMINATED, "report_timeout"),
    },
    CONFIRMED: {
        REQUEST: to(CONFIRMED),
        ACK: to(CONFIRMED),
        TIMER_I: to(TERMINATED),
    },
    TERMINATED: {},
}


class InviteServer(ServerTransaction):
    """An INVITE of the peer's."""

    __slots__ = ()

    TABLE = TABLE
    FIRST = PROCEEDING
    REPETITION = TIMER_G

    def start(self, now: float) -> None:
        """Send the 100 (17.2.1); it is also what repeated INVITEs get for now."""
        self.send(now, respond(self.request, 100).encode())

    def acknowledged(self, ack: Request, flow: Flow, now: float) -> None:
        """Take an ACK that matches this transaction."""
        self.handle(ACK, now, (ack, flow))

    def _word_for(self, status: int) -> str:
        if status < 200:
            return SEND_PROVISIONAL
        return SEND_SUCCESS if status < 300 else SEND_FAILURE

    # Actions of the table.

    def double_timer_g(self, now: float, _message: object) -> None:
        """Repeat the failure after twice the time, T2 at the most."""
        self._repeat_after(min(self._interval * 2, self._host.durations.t2), now)

    def start_timer_g(self, now: float, _message: object) -> None:
        """Repeat the failure after T1."""
        self._repeat_after(self._host.durations.t1, now)

    def start_timer_h(self, now: float, _message: object) -> None:
        """Limit the wait for the ACK."""
        self._wait(TIMER_H, self._host.durations.silence, now)

    def start_timer_i(self, now: float, _message: object) -> None:
        """Stay to swallow repeated ACKs."""
        self._wait_unless_reliable(TIMER_I, self._host.durations.t4, now)

    def start_timer_l(self, now: float, _message: object) -> None:
        """Stay to swallow repeated INVITEs."""
        self._wait(TIMER_L, self._host.durations.silence, now)

    def report_ack(self, _now: float, message: tuple[Request, Flow]) -> None:
        """Pass up an ACK to a 2xx that reuses the INVITE's branch."""
        self._host.report(AckArrived(message[0], message[1], self))

    def report_cancel(self, _now: float, cancel: Request) -> None:
        """Tell that the peer gave up."""
        self._host.report(CancelArrived(self, cancel))
