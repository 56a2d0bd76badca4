"""The offer/answer state of one dialog (RFC 3264, RFC 3311, RFC 6337).

Theory. A dialog has at most one offer under way. While there is none it is `STABLE`: both sides
hold the descriptions last agreed, or none yet. An offer, ours or theirs, opens an exchange; the
answer from the other side closes it and makes both descriptions the agreed ones; a rejection
closes it and leaves the agreed ones as they were (RFC 3261 section 14.1). An offer that meets an
open exchange is refused: with 491 where one of the two is ours (glare, RFC 3261 section 14.2,
RFC 3311 section 5.2), with 500 and Retry-After where the peer overtakes its own offer. `TABLE`
says this for every state and event.

Which SIP message may carry an offer, and which then its answer, is `PATTERNS`, table 1 of
RFC 6337. `sent` and `received` read messages by it: they tell whether a description
is the offer, the answer, an early look at the answer (an unreliable 18x, RFC 6337 section 3.1.1)
or one to be ignored (in the 200 after an answer in a reliable 18x).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sidecar.sip.sdp import Origin, SessionDescription


class OfferAnswerError(Exception):
    """A description came, or was to be sent, when it could not; `status` tells the peer."""

    status = 500

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Glare(OfferAnswerError):  # noqa: N818
    """Two offers cross: 491 Request Pending (RFC 3261 section 14.2)."""

    status = 491


class Overlap(OfferAnswerError):  # noqa: N818
    """The peer offers anew before we answered: 500 with Retry-After (RFC 3311 section 5.2)."""

    status = 500


class Unexpected(OfferAnswerError):  # noqa: N818
    """An answer nobody asked for, or none where one was due: the peer's fault."""

    status = 488


class Unasked(Unexpected):
    """An answer to what nobody has offered: whoever sends it has seen an offer that we have not."""


class State(Enum):
    """Whether an exchange is open, and whose offer opened it."""

    STABLE = "stable"
    LOCAL_OFFER = "local-offer-sent"
    REMOTE_OFFER = "remote-offer-received"


class Event(Enum):
    """What can happen to an exchange; REJECT is a rejection by whoever had to answer."""

    LOCAL_OFFER = "local offer"
    REMOTE_OFFER = "remote offer"
    LOCAL_ANSWER = "local answer"
    REMOTE_ANSWER = "remote answer"
    REJECT = "reject"


TABLE: dict[tuple[State, Event], State | type[OfferAnswerError]] = {
    (State.STABLE, Event.LOCAL_OFFER): State.LOCAL_OFFER,
    (State.STABLE, Event.REMOTE_OFFER): State.REMOTE_OFFER,
    (State.STABLE, Event.LOCAL_ANSWER): Unexpected,
    (State.STABLE, Event.REMOTE_ANSWER): Unexpected,
    (State.STABLE, Event.REJECT): State.STABLE,
    (State.LOCAL_OFFER, Event.LOCAL_OFFER): Glare,
    (State.LOCAL_OFFER, Event.REMOTE_OFFER): Glare,
    (State.LOCAL_OFFER, Event.LOCAL_ANSWER): Unexpected,
    (State.LOCAL_OFFER, Event.REMOTE_ANSWER): State.STABLE,
    (State.LOCAL_OFFER, Event.REJECT): State.STABLE,
    (State.REMOTE_OFFER, Event.LOCAL_OFFER): Glare,
    (State.REMOTE_OFFER, Event.REMOTE_OFFER): Overlap,
    (State.REMOTE_OFFER, Event.LOCAL_ANSWER): State.STABLE,
    (State.REMOTE_OFFER, Event.REMOTE_ANSWER): Unexpected,
    (State.REMOTE_OFFER, Event.REJECT): State.STABLE,
}


class Carrier(Enum):
    """The messages that can carry a description."""

    INVITE = "INVITE"
    PROVISIONAL = "18x of an INVITE, unreliable"
    RELIABLE = "18x of an INVITE, reliable"
    FINAL = "2xx of an INVITE"
    ACK = "ACK"
    PRACK = "PRACK"
    PRACK_OK = "2xx of a PRACK"
    UPDATE = "UPDATE"
    UPDATE_OK = "2xx of an UPDATE"


# RFC 6337, table 1: which messages answer the offer that another one carried. The last
# named is the last chance: without a description in it the offer will never be answered.
PATTERNS: dict[Carrier, tuple[Carrier, ...]] = {
    Carrier.INVITE: (Carrier.RELIABLE, Carrier.FINAL),
    Carrier.FINAL: (Carrier.ACK,),
    Carrier.RELIABLE: (Carrier.PRACK,),
    Carrier.PRACK: (Carrier.PRACK_OK,),
    Carrier.UPDATE: (Carrier.UPDATE_OK,),
}


class Role(Enum):
    """What a description in a message is."""

    NONE = "no description"
    OFFER = "offer"
    ANSWER = "answer"
    PREVIEW = "the answer, before it is binding"
    IGNORED = "repeats what was agreed, or comes where none may"


@dataclass(frozen=True, slots=True)
class _Pending:
    """The open offer: the description, and the message it came in where that is known."""

    description: SessionDescription
    carrier: Carrier | None


class OfferAnswer:
    """The exchange of one dialog.

    `local` and `remote` are the descriptions last agreed, None before the first agreement.
    `preview` is what an unreliable 18x promised as answer, until the answer itself comes.
    A forking INVITE opens several dialogs: give each its own by `fork`.
    """

    __slots__ = ("_invite_served", "_pending", "local", "preview", "remote", "state")

    def __init__(self) -> None:
        self.state = State.STABLE
        self.local: SessionDescription | None = None
        self.remote: SessionDescription | None = None
        self.preview: SessionDescription | None = None
        self._pending: _Pending | None = None
        # Whether an offer was made within the INVITE transaction: then the 2xx brings no other.
        self._invite_served = False

    @property
    def offered(self) -> SessionDescription | None:
        """The offer that waits for its answer."""
        return None if self._pending is None else self._pending.description

    def fork(self) -> OfferAnswer:
        """The same state for another dialog of the same INVITE."""
        twin = OfferAnswer()
        for name in self.__slots__:
            setattr(twin, name, getattr(self, name))
        return twin

    def local_offer(self, offer: SessionDescription) -> None:
        """We offer. Raises Glare while any exchange is open."""
        self._open(Event.LOCAL_OFFER, offer, None)

    def remote_offer(self, offer: SessionDescription) -> None:
        """The peer offers. Raises Glare against our own offer, Overlap against the peer's."""
        self._open(Event.REMOTE_OFFER, offer, None)

    def local_answer(self, answer: SessionDescription) -> None:
        """We answer the peer's offer. Raises Unexpected where there is none."""
        self._close(Event.LOCAL_ANSWER, answer)

    def remote_answer(self, answer: SessionDescription) -> None:
        """The peer answers ours. Raises Unexpected without offer or with too many media lines."""
        self._close(Event.REMOTE_ANSWER, answer)

    def reject(self) -> None:
        """The open offer was refused or came to nothing: what was agreed before stays in force."""
        self.state = self._next(Event.REJECT)
        self._pending = None
        self.preview = None

    def sent(self, carrier: Carrier, description: SessionDescription | None) -> Role:
        """Account for a message we send; raises as the methods above do."""
        return self._carried(carrier, description, local=True)

    def received(self, carrier: Carrier, description: SessionDescription | None) -> Role:
        """Account for a message of the peer; raises as the methods above do."""
        return self._carried(carrier, description, local=False)

    def _carried(
        self, carrier: Carrier, description: SessionDescription | None, *, local: bool
    ) -> Role:
        if carrier is Carrier.INVITE:
            self._invite_served = False
        answerers = self._answerers(local)
        if description is None:
            if answerers and answerers[-1] is carrier:
                raise Unexpected(f"No answer in {carrier.value}")
            return Role.NONE
        if carrier in answerers:
            self._close(Event.LOCAL_ANSWER if local else Event.REMOTE_ANSWER, description)
            return Role.ANSWER
        if carrier is Carrier.PROVISIONAL:
            return self._previewed(description, local)
        if carrier in (Carrier.FINAL, Carrier.RELIABLE) and self._invite_served:
            return Role.IGNORED
        if carrier not in PATTERNS:
            raise Unasked(f"Description in {carrier.value} without an offer before it")
        self._open(Event.LOCAL_OFFER if local else Event.REMOTE_OFFER, description, carrier)
        return Role.OFFER

    def _answerers(self, local: bool) -> tuple[Carrier, ...]:
        """The messages by which this side can answer the open offer."""
        asked = State.REMOTE_OFFER if local else State.LOCAL_OFFER
        if self._pending is None or self._pending.carrier is None or self.state is not asked:
            return ()
        return PATTERNS[self._pending.carrier]

    def _previewed(self, description: SessionDescription, local: bool) -> Role:
        if Carrier.FINAL not in self._answerers(local):
            return Role.IGNORED
        self.preview = description
        return Role.PREVIEW

    def _open(self, event: Event, offer: SessionDescription, carrier: Carrier | None) -> None:
        self.state = self._next(event)
        self._pending = _Pending(offer, carrier)
        if carrier in (Carrier.INVITE, Carrier.FINAL, Carrier.RELIABLE):
            self._invite_served = True

    def _close(self, event: Event, answer: SessionDescription) -> None:
        following = self._next(event)
        offer = self.offered
        if offer is not None and len(answer.media) > len(offer.media):
            raise Unexpected("Answer with more media lines than the offer")
        self.state = following
        self._pending = None
        self.preview = None
        ours = event is Event.LOCAL_ANSWER
        self.local, self.remote = (answer, offer) if ours else (offer, answer)

    def _next(self, event: Event) -> State:
        following = TABLE[self.state, event]
        if isinstance(following, State):
            return following
        raise following(f"{event.value.capitalize()} in state {self.state.value}")


class Origins:
    """The `o=` line of what we send in one dialog (RFC 3264 section 8).

    The session id stays; the version goes up by one when the body differs from the last one
    sent, and only then: peers take a changed version for a changed session. `session_id` is to
    be unique for our address (RFC 8866 section 5.2), at most 2**62 by RFC 3264 section 5.
    """

    def __init__(self, address: str, session_id: int, username: str = "-") -> None:
        addrtype = "IP6" if ":" in address else "IP4"
        self.current = Origin(username, session_id, session_id, "IN", addrtype, address)
        self._last: SessionDescription | None = None

    def stamp(self, description: SessionDescription) -> SessionDescription:
        """The description under our `o=` line, as it is to be sent."""
        stamped = description.with_origin(self.current)
        if self._last is not None and stamped.encode() != self._last.encode():
            self.current = self.current._replace(version=self.current.version + 1)
            stamped = description.with_origin(self.current)
        self._last = stamped
        return stamped
