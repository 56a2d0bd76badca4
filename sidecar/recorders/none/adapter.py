"""The adapter `none`: nothing controls the recorder. The PBX was told once, at the set-up."""

from __future__ import annotations

from sidecar.recorders.kind import RecorderTable, Surroundings
from sidecar.recorders.none.settings import NONE
from sidecar.recorders.recorder import EventCallback, Order, PbxLeg
from sidecar.recorders.told import ToldSession


def build(_table: RecorderTable, _surroundings: Surroundings) -> NoRecorder:
    """Make it: there is nothing to set."""
    return NoRecorder()


class NoRecorder:
    """See Recorder. Orders that agree with what the PBX was told are confirmed, by no more."""

    kind = NONE.word
    controls = NONE.controls
    holds = NONE.can_hold
    obeys = NONE.can_stop
    sees = NONE.sees_people
    problem = ""

    async def start(self) -> None:
        """See Recorder."""

    async def close(self) -> None:
        """See Recorder."""

    def open(self, leg: PbxLeg, told: Order, on_event: EventCallback) -> ToldSession:
        """See Recorder."""
        return ToldSession(told, on_event)
