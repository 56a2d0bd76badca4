"""The OpenAPI 3.1 document, made from the endpoints and models that the handlers work with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from sidecar import __version__
from sidecar.live.events import EVENTS
from sidecar.web.api import stream
from sidecar.web.api.endpoint import COMMON, Answers, Endpoint
from sidecar.web.api.models import Fault
from sidecar.web.api.reading import JSON

PREFIX = "/api"
V1 = "/v1"
DOCUMENT = "/openapi.json"
_REF = "#/components/schemas/{model}"
_DESCRIPTION = """What the sidecar lets programs see and do. It can stop or pause a recording like \
any party of the call; it can't overrule a party that has stopped it."""


def document(endpoints: Iterable[Endpoint[Any]]) -> dict[str, Any]:
    """Return the whole document."""
    endpoints = tuple(endpoints)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        path = paths.setdefault(f"{PREFIX}{V1}{endpoint.path}", {})
        path[endpoint.method.lower()] = _operation(endpoint)
    paths[f"{PREFIX}{V1}{stream.PATH}"] = {"get": _events()}
    paths[f"{PREFIX}{DOCUMENT}"] = {"get": _own()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Consent Sidecar",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": _schemas(endpoints),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(endpoint: Endpoint[Any]) -> dict[str, Any]:
    schema = endpoint.asked.model_json_schema(ref_template=_REF)
    fields: dict[str, Any] = schema.get("properties", {})
    required = schema.get("required", [])
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "responses": _responses(endpoint.all_answers()),
    }
    read_apart = endpoint.path_fields if endpoint.has_body else fields.keys()
    if parameters := [
        _parameter(name, fields[name], name in endpoint.path_fields, name in required)
        for name in fields
        if name in read_apart
    ]:
        operation["parameters"] = parameters
    if endpoint.has_body:
        body = {
            "type": "object",
            "properties": {name: field for name, field in fields.items() if name not in read_apart},
            "required": [name for name in required if name not in read_apart],
            "additionalProperties": False,
        }
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": body}}}
    return operation


def _parameter(name: str, schema: dict[str, Any], in_path: bool, required: bool) -> dict[str, Any]:
    schema = dict(schema)
    return {
        "name": name,
        "in": "path" if in_path else "query",
        "required": in_path or required,
        "description": schema.pop("description", ""),
        "schema": schema,
    }


def _responses(answers: dict[int, Answers]) -> dict[str, Any]:
    return {
        str(status): {"description": when, "content": {JSON: {"schema": _ref(model)}}}
        for status, (model, when) in answers.items()
    }


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}


def _schemas(endpoints: Iterable[Endpoint[Any]]) -> dict[str, Any]:
    """Return the schema of every model that is answered, and of every event."""
    answered = {
        answers.model: None for each in endpoints for answers in each.all_answers().values()
    }
    _, schema = models_json_schema(
        [(model, "serialization") for model in answered], ref_template=_REF
    )
    definitions: dict[str, Any] = schema["$defs"]
    for event in EVENTS:
        own = TypeAdapter(event).json_schema(mode="serialization", ref_template=_REF)
        definitions |= own.pop("$defs", {})
        definitions[event.__name__] = own
    return definitions


def _events() -> dict[str, Any]:
    kinds = ", ".join(event.kind for event in EVENTS)
    answers = {status: each for status, each in COMMON.items() if status not in (422, 504)}
    answers[503] = Answers(Fault, "Too many clients are watching, or the sidecar is stopping.")
    told = (
        f"Each event has `id`, `event` (one of {kinds}) and `data`, a JSON object with the time "
        f"`at` and what the schema of the event says. `{stream.MISSED}` tells that events between "
        f"the one named by {stream.LAST_EVENT_ID} and the next are lost."
    )
    schemas = {"anyOf": [{"$ref": _REF.format(model=event.__name__)} for event in EVENTS]}
    return {
        "operationId": stream.NAME,
        "summary": stream.SUMMARY,
        "parameters": [
            {
                "name": stream.LAST_EVENT_ID,
                "in": "header",
                "required": False,
                "description": "The id of the last event that the client has seen.",
                "schema": {"type": "string"},
            }
        ],
        "responses": {
            "200": {
                "description": told,
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
                "x-event-data": schemas,
            },
            **_responses(answers),
        },
    }


def _own() -> dict[str, Any]:
    return {
        "operationId": "show_openapi",
        "summary": "This document.",
        "security": [],
        "responses": {
            "200": {"description": "It.", "content": {JSON: {"schema": {"type": "object"}}}},
            **_responses({404: COMMON[404]}),
        },
    }
