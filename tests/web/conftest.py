"""The API on a real server on loopback; behind it a stub in place of calls and recorders."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema_rs
import pytest
from pydantic import SecretStr

from sidecar.errors import OperatorError
from sidecar.live.hub import EventHub
from sidecar.live.view import CallView
from sidecar.metrics import Metrics
from sidecar.rules.both_files import check_files
from sidecar.rules.explanation import Explanation, call_facts, explain
from sidecar.rules.rules import RuleSet
from sidecar.tables.secret import Secret
from sidecar.web import WebServer, create_app
from sidecar.web.api import ENDPOINTS, RecordingOutcome, create_api
from sidecar.web.api.openapi import document

TOKEN = "only-the-tests-know-this-one"
NOON = 1_767_268_800.0
DOCUMENT = document(ENDPOINTS)

A_CALL = CallView(
    call_id="call-0",
    started_at=NOON,
    answered_at=NOON + 4.5,
    direction="inbound",
    trunk="carrier",
    pbx="main",
    caller="+4930123456",
    callee="5001",
    phase="up",
    rule="support",
    recording_policy="consent",
    consent="granted",
    recording="recording",
    held_by=(),
    recording_proof="read_back",
    fail_closed="",
)


@dataclass
class StubControl:
    """Stands for the running sidecar: answers as the test has told it, remembers what it was asked.

    Its rules and its event hub are real ones.
    """

    config: Path
    views: dict[str, CallView] = field(default_factory=dict)
    outcome: RecordingOutcome = RecordingOutcome.CONFIRMED
    mistakes: Sequence[OperatorError] = ()
    events: EventHub = field(default_factory=lambda: EventHub(lambda: NOON))
    asked: list[tuple[str, ...]] = field(default_factory=list)
    busy: asyncio.Event | None = None
    """Where set, orders to the recorder are never done; the event tells that one has come."""

    def add(self, **changes: Any) -> CallView:
        view = replace(A_CALL, **{"call_id": f"call-{len(self.views)}", **changes})
        self.views[view.call_id] = view
        return view

    def calls(self) -> Sequence[CallView]:
        return list(self.views.values())

    def call(self, call_id: str) -> CallView | None:
        return self.views.get(call_id)

    async def recording(self, call_id: str, action: str) -> RecordingOutcome:
        self.asked.append((action, call_id))
        if self.busy is not None:
            self.busy.set()
            await asyncio.Event().wait()
        return self.outcome

    async def hangup(self, call_id: str) -> bool:
        self.asked.append(("hangup", call_id))
        return self.views.pop(call_id, None) is not None

    def explain(self, from_: str, to: str, direction: Any, trunk: Any, pbx: Any) -> Explanation:
        report = check_files(self.config)
        assert report.settings is not None
        assert report.rules is not None
        facts = call_facts(report.settings, from_, to, direction, trunk, pbx, at=AT)
        return explain(RuleSet(report.rules), facts)

    async def reload(self) -> Sequence[OperatorError]:
        self.asked.append(("reload",))
        return self.mistakes


AT = datetime(2026, 11, 25, 10, 0, tzinfo=UTC).timestamp()
SETTINGS = """
[sip]
listen = ["udp://127.0.0.1:5070"]
[pbx.main]
uri = "sip:127.0.0.1:5080"
hosts = ["127.0.0.1:5080"]
[trunk.carrier]
uri = "sip:127.0.0.1:5090"
hosts = ["127.0.0.1"]
"""
RULES = """
[[rule]]
name = "sales"
match = { direction = "outbound" }
[[rule]]
name = "support"
match = { to = "500*" }
recording = "notice"
notice = { language = "de", to = "caller" }
"""


@pytest.fixture
def control(tmp_path: Path) -> StubControl:
    (tmp_path / "rules.toml").write_text(RULES)
    config = tmp_path / "sidecar.toml"
    config.write_text(SETTINGS)
    return StubControl(config)


def secret(text: str = TOKEN) -> Secret:
    return Secret(text=SecretStr(text))


def new_server(control: StubControl, token: str = TOKEN) -> WebServer:
    return WebServer(create_app(Metrics(), list, create_api(control, secret(token))), port=0)


@pytest.fixture
async def api_server(control: StubControl) -> AsyncIterator[WebServer]:
    server = new_server(control)
    await server.start()
    yield server
    await server.stop()


class Api:
    """Asks the API; every answer is held against the OpenAPI document."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def __call__(
        self, method: str, path: str, token: str | None = TOKEN, **kinds: Any
    ) -> tuple[int, Any]:
        status, body, _ = await self.with_headers(method, path, token, **kinds)
        return status, body

    async def with_headers(
        self, method: str, path: str, token: str | None = TOKEN, **kinds: Any
    ) -> tuple[int, Any, Any]:
        headers = dict(kinds.pop("headers", {}))
        if token is not None:
            headers.setdefault("Authorization", f"Bearer {token}")
        async with self.session.request(method, path, headers=headers, **kinds) as answer:
            assert answer.content_type == "application/json"
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            body = json.loads(await answer.read())
            told_by_the_document(method, answer.url.path, answer.status, body)
            return answer.status, body, answer.headers


def told_by_the_document(method: str, path: str, status: int, body: Any) -> None:
    """Fail unless the document has such an answer to such a request."""
    operation = operation_at(method, path)
    if operation is None:  # nothing of ours: the router says so
        assert status in (401, 404, 405, 429), (method, path, status)
        assert set(body) == {"error"}
        return
    told = operation["responses"][str(status)]["content"]["application/json"]["schema"]
    jsonschema_rs.validate({**told, "components": DOCUMENT["components"]}, body)


def operation_at(method: str, path: str) -> dict[str, Any] | None:
    parts = path.split("/")
    for pattern, operations in DOCUMENT["paths"].items():
        pairs = list(itertools.zip_longest(pattern.split("/"), parts))
        if all(of == is_ or ((of or "").startswith("{") and is_) for of, is_ in pairs):
            return operations.get(method.lower())
    return None


@pytest.fixture
async def api(api_server: WebServer) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{api_server.port}") as session:
        yield Api(session)
