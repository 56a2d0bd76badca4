"""What people ask about the recording of a call, whatever way it comes, and what they are told.

Keys, INFO with a `Record` header, `a=recordpref` (RFC 7866) and the API all end here. To stop or to
pause can be asked by anyone; a wish to go on is believed from a trusted side only, and lifts no
more than what the same side has asked for.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from sidecar.calls.hands.speaking import PARTY_OF
from sidecar.consent.events import PauseRequested, ResumeRequested, StopRequested
from sidecar.consent.order import Order
from sidecar.consent.party import Objector
from sidecar.media.engine import Side
from sidecar.sip.sdp import SessionDescription
from sidecar.sip.sdp.recording import preference, says_recording

if TYPE_CHECKING:
    from sidecar.calls.call import Call
    from sidecar.calls.ledger import Means
    from sidecar.calls.legs.leg import Leg

Wish = Literal["stop", "pause", "resume"]

RECORD_AWARE = "record-aware"
"""The option tag of who understands `a=record` (RFC 7866 section 6.1)."""

_EVENTS: dict[Wish, type[StopRequested | PauseRequested | ResumeRequested]] = {
    "stop": StopRequested,
    "pause": PauseRequested,
    "resume": ResumeRequested,
}
_OF_RECORD_HEADER: dict[str, Wish] = {"off": "stop", "pause": "pause", "on": "resume"}
_OF_PREFERENCE: dict[str, Wish] = {"off": "stop", "pause": "pause", "on": "resume"}


class RecordingRequests:
    """The requests of one call. See `sidecar.calls.legs.session.Recording`."""

    __slots__ = ("_call", "_interested")

    def __init__(self, call: Call) -> None:
        self._call = call
        self._interested: set[Side] = set()
        """Sides that speak RFC 7866, and so are told."""

    def ask(self, by: Objector, wish: Wish, means: Means) -> None:
        """Take a wish; what comes of it is the consent machine's to say."""
        call = self._call
        if wish != "resume":
            call.ledger.stop_asked(by, means)
        call.consent.handle(_EVENTS[wish](by))

    def info(self, leg: Leg, value: str) -> int:
        """Take `Record: VALUE` of an INFO; returns the status to answer."""
        wish = _OF_RECORD_HEADER.get(value.strip().lower())
        if wish is None:
            return 400
        if wish == "resume" and not leg.peer.trusted:
            return 403
        self.ask(_objector(leg.side), wish, "info")
        return 200

    def aware(self, side: Side) -> None:
        """A side says that it understands `a=record` (`RECORD_AWARE`)."""
        self._interested.add(side)

    def heard(self, side: Side, sdp: SessionDescription) -> None:
        """See `Recording.heard`. What follows waits until the message has been dealt with."""
        call = self._call
        wanted, says = preference(sdp), says_recording(sdp)
        if side is call.pbx_side and says is not None:
            call.recorder.sdp_says(says)
        if wanted is None:
            return
        self._interested.add(side)
        wish = _OF_PREFERENCE.get(wanted)
        if wish is None or (wish == "resume" and not call.trusts(side)):
            return
        later = partial(self._ask_later, _objector(side), wish)
        call.later(call.now, later)

    def held(self, side: Side, on_hold: bool) -> None:
        """See `Recording.held`. What follows waits until the message has been dealt with."""
        call = self._call
        if call.decision.hold == "pause":
            later = partial(self._hold_later, side, on_hold)
            call.later(call.now, later)

    def told(self, side: Side) -> str | None:
        """See `Recording.told`."""
        return self.state if side in self._interested else None

    @property
    def state(self) -> Literal["on", "off", "paused"]:
        """Whether the call is recorded, as far as is known; while in doubt it is."""
        consent = self._call.consent.state
        if consent.order is Order.RELEASE:
            return "on"
        return "paused" if consent.order is Order.HOLD and consent.pauses else "off"

    def _hold_later(self, side: Side, on_hold: bool, _now: float) -> None:
        self._call.parties.on_hold(side, "sdp", held=on_hold)

    def _ask_later(self, by: Objector, wish: Wish, _now: float) -> None:
        self.ask(by, wish, "sdp")


def _objector(side: Side) -> Objector:
    return Objector(PARTY_OF[side].value)
