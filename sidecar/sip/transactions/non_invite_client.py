"""The non-INVITE client transaction (RFC 3261 17.1.2, figure 6).

Timer E retransmits at T1, doubling up to T2, and steadily at T2 once a provisional has come; it
goes on through Proceeding, since only a final response proves that the request was served. Timer F
ends it. Completed swallows retransmitted finals until timer K.
"""

from __future__ import annotations

from typing import Final

from sidecar.sip.message import Response
from sidecar.sip.transactions.machine import ClientTransaction, Table, to
from sidecar.sip.transactions.vocabulary import (
    COMPLETED,
    FINAL,
    PROCEEDING,
    PROVISIONAL,
    TERMINATED,
    TIMER_E,
    TIMER_F,
    TIMER_K,
    TRANSPORT_ERROR,
    TRYING,
)

_COMPLETE: Final = to(COMPLETED, "forget_request", "report", "start_timer_k")

TABLE: Final[Table] = {
    TRYING: {
        TIMER_E: to(TRYING, "resend", "double_timer_e"),
        TIMER_F: to(TERMINATED, "report_timeout"),
        PROVISIONAL: to(PROCEEDING, "report"),
        FINAL: _COMPLETE,
        TRANSPORT_ERROR: to(TERMINATED, "report_failure"),
    },
    PROCEEDING: {
        TIMER_E: to(PROCEEDING, "resend", "timer_e_at_t2"),
        TIMER_F: to(TERMINATED, "report_timeout"),
        PROVISIONAL: to(PROCEEDING, "report"),
        FINAL: _COMPLETE,
        TRANSPORT_ERROR: to(TERMINATED, "report_failure"),
    },
    COMPLETED: {
        FINAL: to(COMPLETED),
        TIMER_K: to(TERMINATED),
    },
    TERMINATED: {},
}


class NonInviteClient(ClientTransaction):
    """Any request of ours but INVITE and ACK."""

    __slots__ = ()

    TABLE = TABLE
    FIRST = TRYING
    REPETITION = TIMER_E

    def _begin(self, now: float) -> None:
        durations = self._host.durations
        self._wait(TIMER_F, durations.silence, now)
        self._repeat_after(durations.t1, now)

    def receive(self, response: Response, now: float) -> None:
        """Take a response that matches this transaction."""
        if response.status < 200:
            self.handle(PROVISIONAL, now, response)
        elif self.handle(FINAL, now, response):
            self._host.spend(self)

    # Actions of the table.

    def double_timer_e(self, now: float, _message: object) -> None:
        """Retransmit after twice the time, T2 at the most."""
        self._repeat_after(min(self._interval * 2, self._host.durations.t2), now)

    def timer_e_at_t2(self, now: float, _message: object) -> None:
        """Retransmit after T2."""
        self._repeat_after(self._host.durations.t2, now)

    def start_timer_k(self, now: float, _message: object) -> None:
        """Stay to swallow retransmitted responses."""
        self._wait_unless_reliable(TIMER_K, self._host.durations.t4, now)

    def forget_request(self, _now: float, _message: object) -> None:
        """Let go of the bytes: the request is not sent again."""
        self._data = b""


class CancelClient(NonInviteClient):
    """A CANCEL of ours: how it fares is nobody's concern, the INVITE's end is what counts."""

    __slots__ = ()

    def report(self, _now: float, response: Response) -> None:
        """Tell nothing."""

    def report_timeout(self, _now: float, _message: object) -> None:
        """Tell nothing."""

    def report_failure(self, _now: float, _message: object) -> None:
        """Tell nothing."""
