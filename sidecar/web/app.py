"""What is answered under /metrics, /healthz and /readyz; below /api what `api/` says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from sidecar.metrics import Metrics
from sidecar.readiness import Problem
from sidecar.web.api import api_off

MAX_BODY = 64 * 1024
"""Bytes of a request's body."""

METRICS = web.AppKey("metrics", Metrics)
READINESS = web.AppKey[Callable[[], Sequence[Problem]]]("readiness")


def create_app(
    metrics: Metrics,
    readiness: Callable[[], Sequence[Problem]],
    api: web.Application | None = None,
) -> web.Application:
    """The application; `readiness` is asked at each probe and must not block.

    `api`: what is served below /api (`sidecar.web.api.create_api`); without it, none.
    """
    app = web.Application(middlewares=[_errors_as_json], client_max_size=MAX_BODY)
    app[METRICS] = metrics
    app[READINESS] = readiness
    app.router.add_get("/metrics", _metrics)
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", _readyz)
    app.add_subapp("/api", api if api is not None else api_off())
    return app


async def _metrics(request: web.Request) -> web.Response:
    """A scrape in the format that the Accept header asks for, rendered in a thread."""
    accept = ",".join(request.headers.getall(hdrs.ACCEPT, ()))
    text, content_type = await asyncio.to_thread(request.app[METRICS].render, accept)
    return web.Response(body=text, headers={hdrs.CONTENT_TYPE: content_type})


async def _healthz(_request: web.Request) -> web.Response:
    """The process is alive and its event loop turns; nothing else is looked at.

    A liveness probe that fails gets the process killed, and with it every call that is up: so
    only what a restart would cure may fail it.
    """
    return web.Response(text="ok\n")


async def _readyz(request: web.Request) -> web.Response:
    """200 where new calls can be taken, else 503; the problems are listed either way."""
    problems = request.app[READINESS]()
    ready = not any(problem.blocking for problem in problems)
    listed = [
        {"part": problem.part, "message": problem.message, "blocking": problem.blocking}
        for problem in problems
    ]
    return web.json_response({"ready": ready, "problems": listed}, status=200 if ready else 503)


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Say what went wrong as JSON, whether a person or a program asked."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        headers = {name: error.headers[name] for name in (hdrs.ALLOW,) if name in error.headers}
        return web.json_response({"error": error.reason}, status=error.status, headers=headers)
