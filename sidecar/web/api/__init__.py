"""The HTTP API (docs/api.md): `create_api` for one that is on, `api_off` for one that is not."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from sidecar.tables.secret import Secret
from sidecar.web.api import stream
from sidecar.web.api.calls import CALLS
from sidecar.web.api.control import CallControl, RecordingAction, RecordingOutcome
from sidecar.web.api.endpoint import Endpoint, RequestError
from sidecar.web.api.openapi import DOCUMENT, V1, document
from sidecar.web.api.rules import RULES
from sidecar.web.api.serving import Deadlines, guard, handler_of, harden, refusal
from sidecar.web.api.token import TokenCheck

__all__ = [
    "ENDPOINTS",
    "CallControl",
    "RecordingAction",
    "RecordingOutcome",
    "api_off",
    "create_api",
]

ENDPOINTS: tuple[Endpoint[Any], ...] = (*CALLS, *RULES)


def create_api(
    control: CallControl, token: Secret | None, deadlines: Deadlines | None = None
) -> web.Application:
    """Return what is served below /api: the API for whoever shows `token`; without one, none."""
    if token is None:
        return api_off()
    deadlines = deadlines or Deadlines()
    check = TokenCheck(token.text.get_secret_value())
    v1 = web.Application(middlewares=[guard(check)])
    for endpoint in ENDPOINTS:
        v1.router.add_route(
            endpoint.method,
            endpoint.path,
            handler_of(endpoint, control, deadlines),
            name=endpoint.name,
        )

    async def events(request: web.Request) -> web.StreamResponse:
        return await stream.stream(request, control.events)

    async def stop(app: web.Application) -> None:
        control.events.close()
        await deadlines.stop(app)

    v1.router.add_route("GET", stream.PATH, events, name=stream.NAME)
    v1.on_shutdown.append(stop)
    api = web.Application()
    api.router.add_route("GET", DOCUMENT, _openapi())
    api.add_subapp(V1, v1)
    api.on_response_prepare.append(harden)
    return api


def api_off() -> web.Application:
    """Return what is served below /api where no token is configured: how to switch the API on."""

    @web.middleware
    async def say_so(request: web.Request, handler: Handler) -> web.StreamResponse:
        message = (
            "the API is switched off: set token in [http] of the settings, for example "
            'token = { file = "api-token" }, and start the sidecar anew'
        )
        return refusal(RequestError(404, message))

    api = web.Application(middlewares=[say_so])
    api.on_response_prepare.append(harden)
    return api


def _openapi() -> Handler:
    body = json.dumps(document(ENDPOINTS)).encode()

    async def show(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type="application/json")

    return show
