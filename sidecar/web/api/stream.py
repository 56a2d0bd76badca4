"""`GET events`: what happens to calls, as server-sent events (WHATWG HTML section 9.2)."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import Final

from aiohttp import hdrs, web

from sidecar.live.hub import (
    EventHub,
    FellBehindError,
    Published,
    Subscription,
    TooManySubscribersError,
)
from sidecar.records.timestamps import to_text
from sidecar.web.api.endpoint import RequestError

PATH: Final = "/events"
NAME: Final = "watch_events"
SUMMARY: Final = "Watch what happens to calls, as server-sent events."
LAST_EVENT_ID: Final = "Last-Event-ID"
MISSED: Final = "missed"
"""The kind of event that tells a client that it has missed some."""
HEARTBEAT_SECONDS = 15.0
"""A comment is sent where nothing happened for so long."""
WRITE_SECONDS = 10.0
"""A client that takes nothing for so long is cut off."""
_RETRY = b"retry: 2000\n\n"
_HEARTBEAT = b": nothing happened\n\n"


async def stream(request: web.Request, hub: EventHub) -> web.StreamResponse:
    """Send events until the client leaves, is cut off for being slow, or the hub is closed."""
    last = request.headers.get(LAST_EVENT_ID, "")
    try:
        subscription = hub.subscribe(last)
    except TooManySubscribersError:
        message = "as many clients as can be are watching events"
        raise RequestError(503, message, headers=((hdrs.RETRY_AFTER, "10"),)) from None
    with subscription:
        response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "text/event-stream"})
        response.headers["X-Accel-Buffering"] = "no"  # nginx would hold events back
        await response.prepare(request)
        first = _RETRY + (_missed() if subscription.missed else b"")
        try:
            await _send(response, subscription, first)
        except ConnectionError:
            pass  # the client has left
        except (FellBehindError, TimeoutError):
            if request.transport is not None:
                request.transport.abort()
    return response


async def _send(response: web.StreamResponse, subscription: Subscription, text: bytes) -> None:
    """Raise TimeoutError or FellBehindError where the client is too slow."""
    while True:
        async with asyncio.timeout(WRITE_SECONDS):
            await response.write(text)
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                events = await subscription.take()
        except TimeoutError:
            text = _HEARTBEAT
            continue
        if not events:
            return
        text = b"".join(map(_written, events))


def _written(published: Published) -> bytes:
    """One event; ASCII only, so that no text can end the line that it stands in."""
    event = published.event
    data = json.dumps({"at": to_text(published.at), **asdict(event)})
    return f"id: {published.id}\nevent: {event.kind}\ndata: {data}\n\n".encode()


def _missed() -> bytes:
    return f"event: {MISSED}\ndata: {{}}\n\n".encode()
