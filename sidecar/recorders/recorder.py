"""What the call layer knows of recorders: adapters, the sessions of calls, what they report.

One `Recorder` stands for what controls the recording of one PBX, one `RecorderSession` for one
call there. All methods of a session are plain calls that return at once; what came of them is
reported by events, in the event loop of the signalling process.

An order holds until the next one: whatever begins to record later, on any channel of the call,
is held or stopped by the session itself. An order that is given again is carried out again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Protocol

from sidecar.consent.order import Order

__all__ = [
    "REASONS",
    "Answerer",
    "AnswererCallback",
    "BackAgain",
    "Confirmed",
    "Doubted",
    "EventCallback",
    "Failed",
    "Finished",
    "InRoom",
    "MailboxReached",
    "NobodyThere",
    "OnHold",
    "Order",
    "PbxLeg",
    "Proof",
    "Recorder",
    "RecorderEvent",
    "RecorderSession",
    "SomeoneNew",
    "Status",
    "StrangerInRoom",
    "Violated",
]


class Proof(IntEnum):
    """How far it is proven that an order was carried out: a ladder, each rung above the last."""

    NONE = 0
    """Not at all."""
    TOLD = 1
    """The PBX was told, by a header or a code that it does not answer."""
    ACCEPTED = 2
    """It accepted the command."""
    READ_BACK = 3
    """The recorder's state was read on every channel of the call, and is as ordered."""
    STAYED = 4
    """It was so until the call ended, whatever happened in between."""
    FILES = 5
    """The recordings' lengths and sizes after the call agree with what was allowed."""

    @property
    def word(self) -> str:
        """Return it as records and metrics tell it, such as "read_back"."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The last order was carried out; so far is that proven."""

    order: Order
    proof: Proof


@dataclass(frozen=True, slots=True)
class Failed:
    """The last order can't be carried out. The session goes on trying where that makes sense.

    `reason` is one of REASONS.
    """

    order: Order
    reason: str


@dataclass(frozen=True, slots=True)
class Doubted:
    """What was confirmed can't be vouched for now (the connection to the PBX was lost).

    Confirmed follows once it could be verified again, Failed where it was found broken for good.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Violated:
    """Something records against the last order. The session is ending that: Confirmed follows."""


@dataclass(frozen=True, slots=True)
class Status:
    """The answer to `status`. `recordings` counts those that run, held ones too; None: unknown."""

    recordings: int | None
    proof: Proof


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer to `close`, and the last event: how far the whole call is proven.

    `recorded_seconds`: how long recordings ran unheld, as far as the adapter knows; None: unknown.
    """

    proof: Proof
    recorded_seconds: float | None


@dataclass(frozen=True, slots=True)
class MailboxReached:
    """The PBX lets the call leave a message: told before it answers where it does so by that."""


@dataclass(frozen=True, slots=True)
class SomeoneNew:
    """A person came to the PBX's side of the call who was not there when it was answered.

    Whether others stay or went; each is told once. One in a room is told by StrangerInRoom.
    """


@dataclass(frozen=True, slots=True)
class NobodyThere:
    """The last person on the PBX's side has left the call, which goes on (parked, transferred).

    Not told of a transfer that brings the next one within an instant: that is SomeoneNew alone.
    """


@dataclass(frozen=True, slots=True)
class BackAgain:
    """Someone who was there before is there again, and nobody else."""


@dataclass(frozen=True, slots=True)
class OnHold:
    """The PBX's side has put the call on hold, or has taken it back."""

    held: bool


@dataclass(frozen=True, slots=True)
class InRoom:
    """The call has entered a conference of the PBX, or (an empty `room`) has left it."""

    room: str


@dataclass(frozen=True, slots=True)
class StrangerInRoom:
    """Someone came into the call's conference who does not pass the sidecar.

    Told to one call of that conference.
    """


RecorderEvent = (
    Confirmed
    | Failed
    | Doubted
    | Violated
    | Status
    | Finished
    | MailboxReached
    | SomeoneNew
    | NobodyThere
    | BackAgain
    | OnHold
    | InRoom
    | StrangerInRoom
)
EventCallback = Callable[[RecorderEvent], None]


class Answerer(Enum):
    """Who has answered a call at the PBX."""

    PERSON = "a person"
    MACHINE = "the PBX itself"
    UNKNOWN = "unknown"


AnswererCallback = Callable[[Answerer], None]

CarriedByAnother = Callable[[str], Awaitable[bool]]
"""Tells of a Call-ID whether it is that of another sidecar's call at the same PBX."""

REASONS = (
    "refused",
    "still_recording",
    "unreachable",
    "unsupported",
    "no_channel",
    "timed_out",
    "unproven",
)
"""Why an order failed: the PBX said no; it says yes and records; no connection; this adapter
can't do it; the call's channel is not to be found; no answer in time; it can't be confirmed."""


class PbxLeg(Protocol):
    """The sidecar's SIP leg to the PBX, as far as a recorder may use it."""

    @property
    def call_id(self) -> str:
        """The SIP Call-ID of the dialog with the PBX, known before its INVITE is sent."""

    def info(self, record: str, on_status: Callable[[int], None]) -> None:
        """Send INFO with `Record: record`; `on_status` gets the final status (408: no answer)."""

    def offer_recordpref(self, preference: str, on_state: Callable[[bool | None], None]) -> None:
        """Send a re-INVITE with `a=recordpref` (RFC 7866 section 6.2) on the audio stream.

        `on_state` gets what the PBX's answer says by `a=record`: True for on, False for off or
        paused, None where it says nothing or refuses.
        """

    def press(self, digits: str, on_done: Callable[[bool], None]) -> None:
        """Send digits to the PBX (RFC 4733); `on_done` gets whether they all went out."""


class RecorderSession(Protocol):
    """The recorder of one call. It is open until `close`, which Finished answers."""

    def hold(self) -> None:
        """See Order.HOLD; answered by Confirmed or Failed."""

    def release(self) -> None:
        """See Order.RELEASE; answered by Confirmed or Failed."""

    def stop(self) -> None:
        """See Order.STOP; answered by Confirmed or Failed."""

    def status(self) -> None:
        """Look what records now, and correct it where it is against the last order.

        Answered by Status, after Violated where something did.
        """

    def sdp_says(self, recording: bool) -> None:
        """Take note of `a=record` in a session description of the PBX's (RFC 7866 section 6.1)."""

    def answered(self, on_answerer: AnswererCallback) -> None:
        """The call was answered: have told by whom, once all that came before it was told.

        Called back exactly once, at once where the adapter can't see who it is (UNKNOWN, also
        once the connection is lost while it waits); never if `close` comes first, or while the
        PBX shows no channel of this call that is up. Of people, holds and rooms nothing is told
        before.
        """

    def close(self) -> None:
        """The call is over: look at what is left (files), then answer Finished."""


class Recorder(Protocol):
    """What controls the recording of one PBX: an adapter."""

    @property
    def kind(self) -> str:
        """The adapter's name, as settings, metrics and records tell it."""

    @property
    def controls(self) -> bool:
        """Whether it does anything but remember what the PBX was told at the set-up."""

    @property
    def holds(self) -> bool:
        """Whether it can keep a call out of recordings from the first moment on.

        One that can't gets no order before everyone has been told: the PBX knows no more by then
        than what the headers at the set-up say.
        """

    @property
    def obeys(self) -> bool:
        """Whether it is known to take orders in mid-call.

        Of one that isn't, no order is to be expected to do more than agree with what the PBX was
        told at the set-up.
        """

    @property
    def sees(self) -> bool:
        """Whether it tells who is on the PBX's side of a call: people, mailboxes, rooms."""

    @property
    def problem(self) -> str:
        """Why orders can't be carried out now, in words for the operator; empty where they can."""

    async def start(self) -> None:
        """Connect, or begin to try; returns once the first attempt is over. Never raises."""

    async def close(self) -> None:
        """End all sessions, without events, and the connection."""

    def open(self, leg: PbxLeg, told: Order, on_event: EventCallback) -> RecorderSession:
        """Begin a session, before the PBX gets its INVITE (or once its own has arrived).

        `told` is what the PBX learns from the headers at the set-up: RELEASE for `on`, STOP for
        `off`. No order is given by that; the first one is the caller's to give.
        """
