"""What the API may do with the running sidecar. See `sidecar.web.api.control.CallControl`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from sidecar.calls.b2bua import B2bua
from sidecar.calls.call import Call
from sidecar.calls.event_hub import EventHub
from sidecar.calls.view import CallView
from sidecar.calls.viewing import view_of
from sidecar.consent.decision import Policy
from sidecar.consent.order import Order
from sidecar.consent.party import Objector
from sidecar.consent.sureness import Sureness
from sidecar.errors import OperatorError
from sidecar.rules.explanation import Explanation
from sidecar.web.api.control import RecordingAction, RecordingOutcome

Explain = Callable[[str, str, Literal["inbound", "outbound"], str | None, str | None], Explanation]
Reload = Callable[[], Awaitable[Sequence[OperatorError]]]


class Control:
    """The calls, the rules and the events of one sidecar."""

    def __init__(
        self, b2bua: Callable[[], B2bua], events: EventHub, explain: Explain, reload: Reload
    ) -> None:
        """`b2bua` is asked for once a request comes: the API is built before the calls are."""
        self._b2bua = b2bua
        self._events = events
        self._explain = explain
        self._reload = reload

    @property
    def events(self) -> EventHub:
        """See `CallControl.events`."""
        return self._events

    def calls(self) -> Sequence[CallView]:
        """See `CallControl.calls`."""
        return [view_of(call) for call in self._b2bua().calls.values()]

    def call(self, call_id: str) -> CallView | None:
        """See `CallControl.call`."""
        call = self._b2bua().calls.get(call_id)
        return view_of(call) if call is not None else None

    async def recording(self, call_id: str, action: RecordingAction) -> RecordingOutcome:
        """See `CallControl.recording`."""
        b2bua = self._b2bua()
        call = b2bua.calls.get(call_id)
        if call is None:
            return RecordingOutcome.GONE
        if not call.recorder.controls:
            return RecordingOutcome.NO_RECORDER
        if action == "resume" and call.decision.recording is Policy.OFF:
            return RecordingOutcome.NOT_ALLOWED
        answer: asyncio.Future[RecordingOutcome] = asyncio.get_running_loop().create_future()
        b2bua.run(_order, call, action, answer, of=call)
        return await answer

    async def hangup(self, call_id: str) -> bool:
        """See `CallControl.hangup`."""
        b2bua = self._b2bua()
        call = b2bua.calls.get(call_id)
        if call is None:
            return False
        b2bua.run(call.give_up, "operator", None, 503, of=call)
        return True

    def explain(
        self,
        from_: str,
        to: str,
        direction: Literal["inbound", "outbound"],
        trunk: str | None,
        pbx: str | None,
    ) -> Explanation:
        """See `CallControl.explain`."""
        return self._explain(from_, to, direction, trunk, pbx)

    async def reload(self) -> Sequence[OperatorError]:
        """See `CallControl.reload`."""
        return await self._reload()


def _order(call: Call, action: RecordingAction, answer: asyncio.Future[RecordingOutcome]) -> None:
    """Ask for it as the operator; `answer` is done once the recorder has answered."""
    call.requests.ask(Objector.OPERATOR, action, "api")
    state = call.consent.state
    if call.over:
        answer.set_result(RecordingOutcome.GONE)
    elif action == "resume" and state.order is not Order.RELEASE:
        objects = state.stops or state.pauses or state.refused
        overruled, not_yet = RecordingOutcome.OVERRULED, RecordingOutcome.NOT_ALLOWED
        answer.set_result(overruled if objects else not_yet)
    elif state.sureness is Sureness.SURE:
        answer.set_result(RecordingOutcome.CONFIRMED)  # nothing had to be ordered
    else:
        call.recorder.request(lambda confirmed: _settle(answer, confirmed=confirmed))


def _settle(answer: asyncio.Future[RecordingOutcome], *, confirmed: bool) -> None:
    """Tell whoever still waits what the recorder has said."""
    if not answer.done():
        outcome = RecordingOutcome.CONFIRMED if confirmed else RecordingOutcome.UNCONFIRMED
        answer.set_result(outcome)
