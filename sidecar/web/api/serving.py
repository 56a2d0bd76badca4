"""Endpoints become aiohttp handlers: within a time, and with every refusal as JSON."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from pydantic import BaseModel

from sidecar.web.api.control import CallControl
from sidecar.web.api.endpoint import Endpoint, RequestError
from sidecar.web.api.models import Fault
from sidecar.web.api.reading import JSON, read
from sidecar.web.api.token import TokenCheck

ANSWER_SECONDS = 15.0
"""Enough for a slow body and a slow recorder, one after the other."""


class Deadlines:
    """The times by which requests are answered; all at once when the server stops."""

    def __init__(self, seconds: float = ANSWER_SECONDS) -> None:
        self.seconds = seconds
        self._open: set[asyncio.Timeout] = set()
        self._stopping = False

    @asynccontextmanager
    async def within(self) -> AsyncIterator[None]:
        """Cancel what is awaited inside when its time is over. Raises RequestError then."""
        try:
            async with asyncio.timeout(0 if self._stopping else self.seconds) as timeout:
                self._open.add(timeout)
                try:
                    yield
                finally:
                    self._open.discard(timeout)
        except TimeoutError:
            raise self._refusal() from None

    async def stop(self, _app: web.Application) -> None:
        """Have everything answered now."""
        self._stopping = True
        now = asyncio.get_running_loop().time()
        for timeout in self._open:
            if not timeout.expired():
                timeout.reschedule(now)

    def _refusal(self) -> RequestError:
        if self._stopping:
            return RequestError(503, "the sidecar is stopping")
        return RequestError(504, f"not done within {self.seconds:g} s; it may still be done later")


def handler_of(endpoint: Endpoint[Any], control: CallControl, deadlines: Deadlines) -> Handler:
    """Return what answers the requests of an endpoint."""

    async def answer(request: web.Request) -> web.StreamResponse:
        async with deadlines.within():
            asked = await read(request, endpoint)
            status, content = await endpoint.handle(control, asked)
        return as_json(status, content)

    return answer


def guard(check: TokenCheck) -> Middleware:
    """Return the middleware that lets only those in who show the token."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            check.check(request)
            return await handler(request)
        except RequestError as error:
            return refusal(error)
        except web.HTTPException as error:  # the router's: no such path, no such method
            headers = {"Allow": error.headers[hdrs.ALLOW]} if error.status == 405 else None
            message = "there is nothing at this path" if error.status == 404 else error.reason
            return as_json(error.status, Fault(error=message), headers)

    return guarded


def refusal(error: RequestError) -> web.Response:
    """Return a refusal as JSON."""
    fault = Fault(error=error.message, field=error.field)
    response = as_json(error.status, fault, dict(error.headers))
    if error.status in (401, 408, 413, 429, 503):
        response.force_close()
    return response


def as_json(status: int, content: BaseModel, headers: dict[str, str] | None = None) -> web.Response:
    """Return an answer; a Fault without what is not known of it."""
    text = content.model_dump_json(by_alias=True, exclude_none=isinstance(content, Fault))
    return web.Response(text=text, status=status, headers=headers, content_type=JSON)


async def harden(_request: web.Request, response: web.StreamResponse) -> None:
    """Have no answer stored or taken for something else (on_response_prepare)."""
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
