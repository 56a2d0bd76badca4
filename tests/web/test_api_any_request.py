"""Whatever a client sends, it is answered as the OpenAPI document says.

schemathesis makes the requests from the document, right ones and wrong ones, and holds each answer
against it: status, content type, schema, what must be refused, and that nothing works without
the token.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from sidecar.web.api import stream, token
from tests.web.conftest import DOCUMENT, RULES, SETTINGS, TOKEN, StubControl, new_server

EXAMPLES = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT).exclude(operation_id=stream.NAME)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server in a thread with an event loop of its own; the stub behind it has one call."""
    folder: Path = tmp_path_factory.mktemp("settings")
    (folder / "rules.toml").write_text(RULES)
    (folder / "sidecar.toml").write_text(SETTINGS)
    control = StubControl(folder / "sidecar.toml")
    control.add(call_id="0")
    server = new_server(control)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(token, "BURST", 1_000_000)  # each request is sent with a wrong token too
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
        yield f"http://127.0.0.1:{server.port}"
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@SCHEMA.parametrize()
@EXAMPLES
def test_every_request_is_answered_as_the_document_says(
    case: schemathesis.Case, address: str
) -> None:
    """(Which trunks and PBXs there are is no matter of the document: others are refused.)"""
    by_name = [positive_data_acceptance] if case.operation.path.endswith("/explain") else []
    case.call_and_validate(
        base_url=address,
        headers={"Authorization": f"Bearer {TOKEN}"},
        excluded_checks=by_name,
    )
