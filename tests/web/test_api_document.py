from __future__ import annotations

import json

import jsonschema_rs
import pytest
from aiohttp import web

from sidecar.web.api import ENDPOINTS, create_api
from sidecar.web.api.models import Asked
from tests.web.conftest import DOCUMENT, Api, StubControl, secret

OPERATIONS = [
    operation for operations in DOCUMENT["paths"].values() for operation in operations.values()
]


def routes(app: web.Application, prefix: str) -> set[tuple[str, str]]:
    """(method, path) of all that an application serves, in the applications below it too."""
    found = set()
    for resource in app.router.resources():
        if isinstance(resource, web.PrefixedSubAppResource):
            found |= routes(resource._app, prefix)
        else:
            path = resource.canonical
            full = path if path.startswith(prefix) else prefix + path
            found |= {(route.method.lower(), full) for route in resource}
    return found


def test_every_route_is_in_the_document_and_the_document_has_no_other(
    control: StubControl,
) -> None:
    root = web.Application()
    root.add_subapp("/api", create_api(control, secret()))

    served = routes(root, "")

    told = {(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert served == told
    assert len(served) == len(ENDPOINTS) + 2


async def test_the_document_is_there_without_a_token(api: Api) -> None:
    status, body = await api("GET", "/api/openapi.json", token=None)

    assert (status, body) == (200, json.loads(json.dumps(DOCUMENT)))


def test_every_schema_in_the_document_is_one_and_every_reference_leads_somewhere() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        jsonschema_rs.validator_for({**schema, "components": DOCUMENT["components"]})
        assert name


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does() -> None:
    names = [operation["operationId"] for operation in OPERATIONS]

    assert len(set(names)) == len(names)
    assert all(operation["summary"].endswith(".") for operation in OPERATIONS)


def test_only_the_document_itself_is_told_without_a_token() -> None:
    assert DOCUMENT["security"] == [{"token": []}]
    assert DOCUMENT["components"]["securitySchemes"]["token"] == {
        "type": "http",
        "scheme": "bearer",
    }
    open_to_all = [each["operationId"] for each in OPERATIONS if each.get("security") == []]
    assert open_to_all == ["show_openapi"]


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_what_is_asked_is_explained_field_by_field(endpoint) -> None:
    assert issubclass(endpoint.asked, Asked)
    assert all(field.description for field in endpoint.asked.model_fields.values())
