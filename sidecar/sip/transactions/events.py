"""What the transaction layer tells its user (the "TU" of RFC 3261 section 17)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sidecar.sip.flow import Flow
    from sidecar.sip.message import Request, Response
    from sidecar.sip.transactions.machine import ClientTransaction, ServerTransaction, Transaction


class RequestArrived(NamedTuple):
    """A new request, neither ACK nor CANCEL; a 100 to an INVITE has been sent already."""

    transaction: ServerTransaction
    request: Request
    flow: Flow


class AckArrived(NamedTuple):
    """An ACK to a 2xx, or to nothing that is known: find its dialog, or ignore it.

    `transaction` is the INVITE's where the peer used the INVITE's branch again, else None.
    """

    request: Request
    flow: Flow
    transaction: ServerTransaction | None


class CancelArrived(NamedTuple):
    """The peer wants `transaction`, an INVITE without a final response, to end.

    The CANCEL is answered already; the INVITE is to be answered 487 (RFC 3261 9.2). Told once.
    """

    transaction: ServerTransaction
    request: Request


class ResponseArrived(NamedTuple):
    """A response: every provisional, one final, and for an INVITE each repeated or further 2xx."""

    transaction: ClientTransaction
    response: Response


class TimedOut(NamedTuple):
    """No final response in time (timer B or F, or 64*T1 after CANCEL), or no ACK (timer H)."""

    transaction: Transaction


class TransportFailed(NamedTuple):
    """The transport could not carry the request or its response (RFC 3261 17.1.4, 17.2.4)."""

    transaction: Transaction


Event = RequestArrived | AckArrived | CancelArrived | ResponseArrived | TimedOut | TransportFailed
