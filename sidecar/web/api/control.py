"""What the API needs of the running sidecar, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal, Protocol

from sidecar.calls.event_hub import EventHub
from sidecar.calls.view import CallView
from sidecar.errors import OperatorError
from sidecar.rules.explanation import Explanation

RecordingAction = Literal["stop", "pause", "resume"]


class RecordingOutcome(StrEnum):
    """What came of an order to a call's recorder."""

    CONFIRMED = "confirmed"
    """The recorder has confirmed it (or it was so already, and is confirmed)."""
    UNCONFIRMED = "unconfirmed"
    """The recorder did not confirm in time; the call fails closed as its rule says."""
    OVERRULED = "overruled"
    """Resume, while the stop, the pause or the refusal of a party holds."""
    NOT_ALLOWED = "not_allowed"
    """The rule allows no recording of this call, or not yet, or not any more."""
    NO_RECORDER = "no_recorder"
    """The sidecar controls no recorder of the call's PBX."""
    GONE = "gone"
    """There is no such call (any more)."""


class CallControl(Protocol):
    """The calls, the rules and the events of a running sidecar.

    All of it is used in the event loop of the signalling process. What is awaited may be
    cancelled at any time (the answer was due, the sidecar stops): an order that was given stands
    all the same.
    """

    @property
    def events(self) -> EventHub:
        """What happens to calls."""

    def calls(self) -> Sequence[CallView]:
        """Return the calls that are going on, in any order; the sequence is not changed later."""

    def call(self, call_id: str) -> CallView | None:
        """Return one of them; None where there is none of that id."""

    async def recording(self, call_id: str, action: RecordingAction) -> RecordingOutcome:
        """Order the recorder of a call, and wait until it confirmed or did not in time."""

    async def hangup(self, call_id: str) -> bool:
        """End a call; whether there was one. Returns once it is being ended."""

    def explain(
        self,
        from_: str,
        to: str,
        direction: Literal["inbound", "outbound"],
        trunk: str | None,
        pbx: str | None,
    ) -> Explanation:
        """Return what the rules in force say about a call (`sidecar.rules.explanation`).

        Raises OperatorError whose `key` is the argument that is wrong: from, to, trunk or pbx.
        """

    async def reload(self) -> Sequence[OperatorError]:
        """Put the rules file in force; return what is wrong in it (then the old rules hold).

        Reloads that are asked for at once are done one after the other.
        """
