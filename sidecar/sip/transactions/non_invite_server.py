"""The non-INVITE server transaction (RFC 3261 17.2.2, figure 8).

Trying swallows repeated requests until the user has answered; then they get the latest response
again, until timer J. A user that has not answered by the time the peer's timer F fires has nobody
left to answer to, and a late 408 would do harm (RFC 4320 section 4.2): the transaction ends
without a word.
"""

from __future__ import annotations

from typing import Final

from sidecar.sip.transactions.machine import ServerTransaction, Table, to
from sidecar.sip.transactions.vocabulary import (
    COMPLETED,
    OVERDUE,
    PROCEEDING,
    REQUEST,
    SEND_FINAL,
    SEND_PROVISIONAL,
    TERMINATED,
    TIMER_J,
    TRANSPORT_ERROR,
    TRYING,
)

_COMPLETE: Final = to(COMPLETED, "send", "start_timer_j")

TABLE: Final[Table] = {
    TRYING: {
        REQUEST: to(TRYING),
        SEND_PROVISIONAL: to(PROCEEDING, "send"),
        SEND_FINAL: _COMPLETE,
        OVERDUE: to(TERMINATED),
    },
    PROCEEDING: {
        REQUEST: to(PROCEEDING, "resend"),
        SEND_PROVISIONAL: to(PROCEEDING, "send"),
        SEND_FINAL: _COMPLETE,
        OVERDUE: to(TERMINATED),
        TRANSPORT_ERROR: to(TERMINATED, "report_failure"),
    },
    COMPLETED: {
        REQUEST: to(COMPLETED, "resend"),
        TIMER_J: to(TERMINATED),
        TRANSPORT_ERROR: to(TERMINATED),
    },
    TERMINATED: {},
}


class NonInviteServer(ServerTransaction):
    """Any request of the peer's but INVITE, ACK and CANCEL."""

    __slots__ = ()

    TABLE = TABLE
    FIRST = TRYING

    def start(self, now: float) -> None:
        """Wait for the user's answer, but not for ever."""
        self._wait(OVERDUE, self._host.durations.silence, now)

    def _word_for(self, status: int) -> str:
        return SEND_PROVISIONAL if status < 200 else SEND_FINAL

    def start_timer_j(self, now: float, _message: object) -> None:
        """Stay to answer repeated requests."""
        self._wait_unless_reliable(TIMER_J, self._host.durations.silence, now)
