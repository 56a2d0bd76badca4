"""One leg of a call: a dialog with one neighbour, its session, and its unfinished business."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sidecar.calls.legs.session import End
from sidecar.media.engine import Side
from sidecar.sip.dialog import Dialog
from sidecar.sip.identity_change import IdentityWatch
from sidecar.sip.message import Request, Response
from sidecar.sip.offer_answer import State
from sidecar.sip.reliable import ReliableOrder, ReliableProvisionals, Retransmitter2xx
from sidecar.sip.session_timer import SessionTimer

if TYPE_CHECKING:
    from sidecar.calls.call import Call
    from sidecar.calls.legs.forwarding import Forwarding
    from sidecar.calls.routing import Peer


@dataclass(slots=True, eq=False)
class Leg:
    """The sidecar's end of a dialog with a trunk or a PBX.

    `other` is the leg of the same call to which this one's messages cross; None while the call
    has only one.
    """

    call: Call
    peer: Peer
    dialog: Dialog
    end: End
    other: Leg | None = None
    inviting: Forwarding | None = None
    """An INVITE of this neighbour within the dialog that has no final answer yet."""
    invited: bool = False
    """An INVITE of ours within the dialog has no final answer yet."""
    ack: bytes = b""
    """Our ACK to its last 2xx, sent again when that 2xx comes again (RFC 3261 13.2.2.4)."""
    ack_owed: Request | None = None
    """The INVITE of ours whose 2xx is acknowledged once the other neighbour's ACK has come."""
    awaits_ack: Retransmitter2xx | None = None
    """Our 2xx which this neighbour has not acknowledged yet."""
    answered_cseq: int = 0
    """The CSeq number of the INVITE which that 2xx answers; its ACK has the same."""
    provisionals: ReliableProvisionals | None = None
    """Our reliable provisional responses to this neighbour (RFC 3262)."""
    racks: dict[int, str] = field(default_factory=dict)
    """By the RSeq of each of those: the RAck that acknowledges its original."""
    identity: IdentityWatch = field(default_factory=IdentityWatch)
    """Who is at the far end, as far as its messages tell."""
    order: ReliableOrder = field(default_factory=ReliableOrder)
    """The order of this neighbour's own reliable provisionals."""
    bye_waits: bool = False
    """The BYE must wait for the ACK to our 2xx (RFC 3261 section 15)."""
    bye_headers: tuple[tuple[str, str], ...] = ()
    """What the waiting BYE is to carry (Reason)."""
    over: bool = False
    """A BYE went either way, or the dialog was given up."""
    timer: SessionTimer = field(default_factory=SessionTimer)
    """What is agreed here about refreshing the session (RFC 4028)."""
    allows: frozenset[str] = frozenset()
    """The methods that this neighbour takes, as far as it has said (Allow)."""

    @property
    def side(self) -> Side:
        """A towards whoever called, B towards whoever is called."""
        return self.end.side

    @property
    def free(self) -> bool:
        """Whether nobody is in the middle of an INVITE or an offer (RFC 3261 section 14.1)."""
        busy = self.inviting is not None or self.invited or self.awaits_ack is not None
        return not busy and self.end.session.state is State.STABLE

    def learn(self, message: Request | Response) -> None:
        """Take note of the methods that the neighbour says it takes."""
        if methods := message.headers.values("Allow"):
            self.allows = frozenset(methods)
