"""The adapter `feature-code`: the PBX's own codes for recording, dialled on its leg.

Nothing answers a code. On many PBXs one code toggles, so it is dialled only to change what the
PBX was told last, and an order is never proven by more than having told it.
"""

from __future__ import annotations

from collections import deque

from sidecar.recorders.feature_code.settings import FEATURE_CODE, FeatureCodeTable
from sidecar.recorders.kind import RecorderTable, Surroundings
from sidecar.recorders.recorder import EventCallback, Order, PbxLeg, Proof
from sidecar.recorders.told import ToldSession


def build(table: RecorderTable, _surroundings: Surroundings) -> FeatureCodeRecorder:
    """Make that of one PBX."""
    assert isinstance(table, FeatureCodeTable), "the kind is chosen by its table"
    return FeatureCodeRecorder(table.stop, table.start)


class FeatureCodeRecorder:
    """See Recorder. `stop` and `start` may be the same code; without `start` a stop is final."""

    kind = FEATURE_CODE.word
    controls = FEATURE_CODE.controls
    holds = FEATURE_CODE.can_hold
    obeys = FEATURE_CODE.can_stop
    sees = FEATURE_CODE.sees_people
    problem = ""

    def __init__(self, stop: str, start: str | None) -> None:
        self._stop = stop
        self._start = start

    async def start(self) -> None:
        """See Recorder."""

    async def close(self) -> None:
        """See Recorder."""

    def open(self, leg: PbxLeg, told: Order, on_event: EventCallback) -> FeatureCodeSession:
        """See Recorder."""
        return FeatureCodeSession(leg, self._stop, self._start, told, on_event)


class FeatureCodeSession(ToldSession):
    """See RecorderSession. One code is dialled at a time; of orders that wait only the last counts.

    A code that did not go out in full leaves unknown what the PBX does, and a toggle would make it
    worse: from then on orders fail with "unproven".
    """

    def __init__(
        self, leg: PbxLeg, stop: str, start: str | None, told: Order, on_event: EventCallback
    ) -> None:
        super().__init__(told, on_event)
        self._leg = leg
        self._codes = {Order.HOLD: stop, Order.STOP: stop, Order.RELEASE: start}
        self._waiting: deque[Order] = deque(maxlen=1)
        self._dialling = False
        self._known = True

    def give(self, order: Order) -> None:
        """See ToldSession."""
        if self._dialling:
            self._waiting.append(order)
            return
        code = self._codes[order]
        if not self._known:
            self.fail(order, "unproven")
        elif self.agrees(order):
            self.confirm(order, Proof.TOLD)
        elif code is None:
            self.fail(order, "unsupported")
        else:
            self._dialling = True
            self._leg.press(code, lambda went_out: self._dialled(order, went_out))

    def _dialled(self, order: Order, went_out: bool) -> None:
        self._dialling = False
        if self.closed:
            return
        if went_out:
            self.told = order
            self.confirm(order, Proof.TOLD)
        else:
            self._known = False
            self.fail(order, "unproven")
        if self._waiting:
            self.give(self._waiting.pop())
