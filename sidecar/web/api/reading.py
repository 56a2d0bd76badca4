"""A request becomes what it asks, or is refused with a sentence that names what is wrong."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from aiohttp import web
from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from sidecar.tables.words import dotted, nearest, shown
from sidecar.web.api.endpoint import Endpoint, RequestError
from sidecar.web.api.models import Asked

A = TypeVar("A", bound=Asked)
MAX_BODY = 4096
"""Bytes."""
BODY_SECONDS = 5.0
JSON = "application/json"


async def read(request: web.Request, endpoint: Endpoint[A]) -> A:
    """Return what is asked. Raises RequestError."""
    said = _query(request, endpoint)
    if endpoint.has_body:
        said |= await _body(request)
    if taken := sorted(said.keys() & endpoint.path_fields):
        raise RequestError(422, f"{taken[0]} is said by the path; leave it out here", taken[0])
    try:
        return endpoint.asked.model_validate(said | dict(request.match_info))
    except ValidationError as error:
        raise _refusal(error, endpoint) from None


def _query(request: web.Request, endpoint: Endpoint[A]) -> dict[str, Any]:
    """Return the parameters of the query, each of which may come once."""
    for name in request.query:
        if len(request.query.getall(name)) > 1:
            raise RequestError(422, f"{shown(name)} may be given once only", name)
        if not endpoint.has_query:
            raise RequestError(
                422, f"{shown(name)} is unknown here: nothing is read from the query", name
            )
    return dict(request.query)


async def _body(request: web.Request) -> dict[str, Any]:
    if request.content_type != JSON:
        raise RequestError(415, f'send the body as JSON, with the header "Content-Type: {JSON}"')
    if (request.content_length or 0) > MAX_BODY:
        raise _too_large()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            data = await request.content.read(MAX_BODY + 1)
            while len(data) <= MAX_BODY and (more := await request.content.read(MAX_BODY)):
                data += more
    except TimeoutError:
        raise RequestError(408, f"the body did not arrive within {BODY_SECONDS:g} s") from None
    if len(data) > MAX_BODY:
        raise _too_large()
    try:
        said = from_json(data)
    except ValueError as error:
        raise RequestError(400, f"the body is not JSON: {error}") from None
    if not isinstance(said, dict):
        raise RequestError(422, 'the body must be a JSON object: {"name": value, ...}')
    return said


def _too_large() -> RequestError:
    return RequestError(413, f"the body must be {MAX_BODY} bytes at the most")


def _refusal(error: ValidationError, endpoint: Endpoint[A]) -> RequestError:
    """Put all that is wrong into one sentence, the first of it as the field."""
    found = error.errors(include_url=False)
    for each in found:
        if each["loc"][:1] and each["loc"][0] in endpoint.path_fields:
            return RequestError(404, "there is nothing at this path: the id in it can't be one")
    wrong = "; ".join(_sentence(each, endpoint) for each in found[:5])
    return RequestError(422, wrong, str(found[0]["loc"][0]) if found[0]["loc"] else None)


def _sentence(error: ErrorDetails, endpoint: Endpoint[A]) -> str:
    name = str(error["loc"][0]) if error["loc"] else ""
    fields = {
        str(field.validation_alias or own): field.description or ""
        for own, field in endpoint.asked.model_fields.items()
        if own not in endpoint.path_fields
    }
    match error["type"]:
        case "missing":
            return f"{name} is missing: {fields[name]}"
        case "extra_forbidden":
            return f"{shown(name)} is unknown here; {nearest(name, fields)}"
    said = error["msg"]
    for start in ("Input should be", "String should have"):
        said = said.replace(start, f"must {start.rpartition(' ')[2]}")
    return f"{dotted(error['loc'])} {said}"
