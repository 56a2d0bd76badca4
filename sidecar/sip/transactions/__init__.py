"""SIP transactions: RFC 3261 section 17 with RFC 6026, without sockets or clocks.

`layer` is the door; each machine has its table in a file of its own.
"""

from __future__ import annotations

from sidecar.sip.transactions.durations import TransactionTimers
from sidecar.sip.transactions.events import (
    AckArrived,
    CancelArrived,
    Event,
    RequestArrived,
    ResponseArrived,
    TimedOut,
    TransportFailed,
)
from sidecar.sip.transactions.layer import TransactionLayer
from sidecar.sip.transactions.machine import ClientTransaction, ServerTransaction, Transaction

__all__ = [
    "AckArrived",
    "CancelArrived",
    "ClientTransaction",
    "Event",
    "RequestArrived",
    "ResponseArrived",
    "ServerTransaction",
    "TimedOut",
    "Transaction",
    "TransactionLayer",
    "TransactionTimers",
    "TransportFailed",
]
