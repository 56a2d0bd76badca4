"""Endpoints for calls that are going on."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from sidecar.live.view import CallView
from sidecar.web.api.control import CallControl, RecordingOutcome
from sidecar.web.api.endpoint import Answers, Endpoint, Reply, RequestError
from sidecar.web.api.models import (
    Call,
    CallAsked,
    CallList,
    CallsAsked,
    Ending,
    RecordingAsked,
    RecordingDone,
    RecordingNotDone,
)

CONFIRM_SECONDS = 8.0
"""An answer waits no longer for a recorder, however long the rule's `confirm_within` is."""

_NOT_DONE = {
    RecordingOutcome.UNCONFIRMED: (
        504,
        "the recorder has not confirmed in time; the call goes on as its rule says for that case "
        "(on_unconfirmed)",
    ),
    RecordingOutcome.OVERRULED: (
        409,
        "a party has stopped, paused or refused the recording: only that party can take it back, "
        "the API can't overrule it",
    ),
    RecordingOutcome.NOT_ALLOWED: (
        409,
        "the rule of this call does not allow it to be recorded, or not at this moment",
    ),
    RecordingOutcome.NO_RECORDER: (
        409,
        "the sidecar controls no recorder of this PBX: see [pbx.NAME.recorder] in the settings",
    ),
}


async def _calls(control: CallControl, asked: CallsAsked) -> Reply:
    views = control.calls()
    return Reply(200, await asyncio.to_thread(_newest, views, asked.limit))


def _newest(views: Sequence[CallView], limit: int) -> CallList:
    """Run in a thread: a thousand calls take 30 ms, in which no SIP would be read."""
    newest = heapq.nlargest(limit, views, key=attrgetter("started_at"))
    return CallList(calls=tuple(map(Call.of, newest)), total=len(views))


async def _call(control: CallControl, asked: CallAsked) -> Reply:
    view = control.call(asked.id)
    if view is None:
        raise _no_such_call()
    return Reply(200, Call.of(view))


async def _recording(control: CallControl, asked: RecordingAsked) -> Reply:
    try:
        async with asyncio.timeout(CONFIRM_SECONDS):
            outcome = await control.recording(asked.id, asked.action)
    except TimeoutError:
        outcome = RecordingOutcome.UNCONFIRMED
    if outcome is RecordingOutcome.GONE:
        raise _no_such_call()
    if outcome is RecordingOutcome.CONFIRMED:
        view = control.call(asked.id)
        call = Call.of(view) if view is not None else None
        return Reply(200, RecordingDone(outcome=outcome, call=call))
    status, error = _NOT_DONE[outcome]
    return Reply(status, RecordingNotDone(error=error, outcome=outcome))


async def _hangup(control: CallControl, asked: CallAsked) -> Reply:
    if not await control.hangup(asked.id):
        raise _no_such_call()
    return Reply(200, Ending(call_id=asked.id))


def _no_such_call() -> RequestError:
    return RequestError(404, "there is no such call (any more)")


CALLS: tuple[Endpoint[Any], ...] = (
    Endpoint(
        "GET",
        "/calls",
        "list_calls",
        "List the calls that are going on, the newest first.",
        CallsAsked,
        _calls,
        {200: Answers(CallList, "The calls.")},
    ),
    Endpoint(
        "GET",
        "/calls/{id}",
        "show_call",
        "Show one call.",
        CallAsked,
        _call,
        {200: Answers(Call, "The call.")},
    ),
    Endpoint(
        "POST",
        "/calls/{id}/recording",
        "order_recording",
        "Stop, pause or resume the recording of a call, and wait for the recorder to confirm.",
        RecordingAsked,
        _recording,
        {
            200: Answers(RecordingDone, "The recorder has confirmed."),
            409: Answers(RecordingNotDone, "It can't be done now."),
            504: Answers(RecordingNotDone, "The recorder has not confirmed in time."),
        },
    ),
    Endpoint(
        "POST",
        "/calls/{id}/hangup",
        "hang_up",
        "End a call.",
        CallAsked,
        _hangup,
        {200: Answers(Ending, "The call is being ended.")},
    ),
)
