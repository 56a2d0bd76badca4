from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
import structlog

from sidecar.errors import OperatorError
from sidecar.metrics import Metrics
from sidecar.web import WebServer, create_app
from sidecar.web.api import create_api
from sidecar.web.api.token import BURST, TokenCheck
from tests.web.conftest import TOKEN, Api, StubControl

CALLS = "/api/v1/calls"


async def test_without_a_token_nothing_is_told_but_how_to_show_it(api: Api) -> None:
    status, body, headers = await api.with_headers("GET", CALLS, token=None)

    assert status == 401
    assert headers["WWW-Authenticate"] == 'Bearer realm="consent-sidecar"'
    assert "Authorization: Bearer TOKEN" in body["error"]


@pytest.mark.parametrize(
    "shown",
    [
        "Bearer x",
        "Bearer",
        "Bearer ",
        f"Basic {TOKEN}",
        TOKEN,
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN} {TOKEN}",
        f"Bearer {TOKEN.upper()}",
        "Bearer \udcff\udcfe",
        "Bearer é",
    ],
)
async def test_a_wrong_token_is_refused(api: Api, shown: str) -> None:
    status, _, headers = await api.with_headers("GET", CALLS, headers={"Authorization": shown})

    assert status == 401
    assert headers["WWW-Authenticate"].endswith('error="invalid_token"')


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/calls/call-0"),
        ("POST", "/api/v1/calls/call-0/recording"),
        ("POST", "/api/v1/calls/call-0/hangup"),
        ("POST", "/api/v1/reload"),
        ("GET", "/api/v1/explain"),
        ("GET", "/api/v1/events"),
        ("GET", "/api/v1/nothing"),
        ("DELETE", "/api/v1/calls"),
        ("POST", "/api/v1/calls/%00/hangup"),
    ],
)
async def test_nothing_is_done_and_nothing_told_without_the_token(
    api: Api, control: StubControl, method: str, path: str
) -> None:
    control.add()

    status, _ = await api(method, path, token="wrong")

    assert status == 401
    assert control.asked == []
    assert control.views


async def test_the_scheme_is_read_whatever_its_case(api: Api) -> None:
    status, _ = await api("GET", CALLS, headers={"Authorization": f"bEARER  {TOKEN}"})

    assert status == 200


async def test_two_tokens_are_none(api: Api) -> None:
    headers = [("Authorization", f"Bearer {TOKEN}"), ("Authorization", "Bearer x")]

    async with api.session.get(CALLS, headers=headers) as answer:
        assert answer.status == 401


async def test_a_flood_of_wrong_tokens_is_turned_away_and_the_right_one_still_passes(
    api: Api,
) -> None:
    with structlog.testing.capture_logs() as logged:
        answers = [await api.with_headers("GET", CALLS, token="wrong") for _ in range(BURST + 5)]
        right, _ = await api("GET", CALLS)

    assert [status for status, *_ in answers[:BURST]] == [401] * BURST
    assert answers[-1][0] == 429
    assert answers[-1][2]["Retry-After"] == "1"
    assert right == 200
    assert [line["event"] for line in logged] == ["api_token_wrong"]


async def test_a_cookie_or_a_parameter_is_no_token(api: Api) -> None:
    headers = {"Cookie": f"token={TOKEN}"}

    status, _ = await api("GET", f"{CALLS}?access_token={TOKEN}", token=None, headers=headers)

    assert status == 401


async def test_no_page_of_another_site_may_read_an_answer(api: Api) -> None:
    _, _, headers = await api.with_headers("GET", CALLS, headers={"Origin": "https://example.com"})

    assert not [name for name in headers if name.startswith("Access-Control")]
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize(
    "token", ["", "short", "x" * 15, "x" * 20 + " y", "x" * 20 + "\n", "ä" * 20]
)
def test_a_token_that_could_be_guessed_or_not_shown_is_an_operators_error(token: str) -> None:
    with pytest.raises(OperatorError, match="must be 16 or more") as refusal:
        TokenCheck(token)

    assert refusal.value.key == "http.token"
    assert "token_urlsafe" in str(refusal.value)


@pytest.fixture
async def without_token(control: StubControl) -> AsyncIterator[Api]:
    server = WebServer(create_app(Metrics(), list, create_api(control, None)), port=0)
    await server.start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:
        yield Api(session)
    await server.stop()


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", CALLS), ("POST", "/api/v1/reload"), ("GET", "/api/openapi.json")],
)
async def test_where_no_token_is_set_there_is_no_api_and_it_is_told_how_to_have_one(
    without_token: Api, control: StubControl, method: str, path: str
) -> None:
    status, body = await without_token(method, path)

    assert status == 404
    assert "set token in [http]" in body["error"]
    assert control.asked == []


async def test_what_is_no_part_of_the_api_needs_no_token(without_token: Api) -> None:
    async with without_token.session.get("/healthz") as answer:
        assert answer.status == 200
