from __future__ import annotations

import asyncio
import errno
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import suppress

import aiohttp
import pytest
from aiohttp import web
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text
from structlog.testing import capture_logs

from sidecar.errors import OperatorError
from sidecar.metrics import Metrics
from sidecar.readiness import Problem
from sidecar.web import WebServer, create_app
from sidecar.web import server as server_module

OPENMETRICS = "application/openmetrics-text"


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def problems() -> list[Problem]:
    return []


@pytest.fixture
async def server(metrics: Metrics, problems: list[Problem]) -> AsyncIterator[WebServer]:
    server = WebServer(create_app(metrics, lambda: problems), port=0)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(server: WebServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as client:
        yield client


async def test_a_scrape_is_understood_by_prometheus_own_parser(
    client: aiohttp.ClientSession, metrics: Metrics
) -> None:
    metrics.sip_request("INVITE", "trunk")

    async with client.get("/metrics") as answer:
        text = await answer.text()

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in parse_text(text)
        for sample in family.samples
    }
    assert samples["consent_sidecar_sip_requests_total", "INVITE", "trunk"] == 1


async def test_who_asks_for_openmetrics_gets_it(client: aiohttp.ClientSession) -> None:
    accept = f"{OPENMETRICS};version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

    async with client.get("/metrics", headers={"Accept": accept}) as answer:
        text = await answer.text()

    assert answer.content_type == OPENMETRICS
    assert answer.charset == "utf-8"
    families = {family.name for family in parse_openmetrics(text)}
    assert "consent_sidecar_calls" in families


@pytest.mark.parametrize(
    "accept", [f"{OPENMETRICS};version=x.y", "text/plain;version=", ";", "*/*"]
)
async def test_an_odd_accept_header_still_gets_a_scrape(
    client: aiohttp.ClientSession, accept: str
) -> None:
    async with client.get("/metrics", headers={"Accept": accept}) as answer:
        text = await answer.text()

    assert answer.status == 200
    assert "consent_sidecar_calls_active" in text


async def test_a_scrape_is_not_rendered_in_the_event_loop(
    client: aiohttp.ClientSession, metrics: Metrics
) -> None:
    threads: list[int] = []
    metrics.watch_records_pending(lambda: threads.append(threading.get_ident()) or 0)

    async with client.get("/metrics"):
        pass

    assert threads
    assert threading.get_ident() not in threads


async def test_a_process_that_lives_is_healthy_whatever_its_problems(
    client: aiohttp.ClientSession, problems: list[Problem]
) -> None:
    problems.append(Problem("records", "the disk is full"))

    async with client.get("/healthz") as answer:
        assert (answer.status, await answer.text()) == (200, "ok\n")


async def test_a_sidecar_without_problems_is_ready(client: aiohttp.ClientSession) -> None:
    async with client.get("/readyz") as answer:
        assert answer.status == 200
        assert await answer.json() == {"ready": True, "problems": []}


async def test_a_problem_that_blocks_calls_makes_it_unready_and_is_named(
    client: aiohttp.ClientSession, problems: list[Problem]
) -> None:
    problems.append(Problem("records", "the disk is full"))

    async with client.get("/readyz") as answer:
        assert answer.status == 503
        assert await answer.json() == {
            "ready": False,
            "problems": [{"part": "records", "message": "the disk is full", "blocking": True}],
        }


async def test_a_pbx_that_cannot_be_reached_is_told_but_does_not_make_it_unready(
    client: aiohttp.ClientSession, problems: list[Problem]
) -> None:
    problems.append(Problem("pbx", "main does not answer", blocking=False))

    async with client.get("/readyz") as answer:
        assert answer.status == 200
        assert (await answer.json())["problems"][0]["part"] == "pbx"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/metrics/x", 404), ("POST", "/metrics", 405)],
)
async def test_what_is_not_there_is_said_in_json(
    client: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    async with client.request(method, path) as answer:
        assert answer.status == status
        assert set(await answer.json()) == {"error"}


async def test_a_method_that_is_not_served_is_told_which_are(
    client: aiohttp.ClientSession,
) -> None:
    async with client.delete("/healthz") as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET,HEAD"


@pytest.mark.parametrize(
    "headers", [{"X": "x" * 5000}, {f"X-{number}": "x" for number in range(100)}]
)
async def test_requests_larger_than_a_probe_are_refused(
    client: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    async with client.get("/healthz", headers=headers) as answer:
        assert answer.status in (400, 431)


async def test_garbage_is_refused_and_the_next_one_served(
    server: WebServer, client: aiohttp.ClientSession
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"INVITE sip:a@b SIP/2.0\r\n\xff\xfe\r\n\r\n")
    refusal = await reader.read()
    writer.close()
    await writer.wait_closed()

    async with client.get("/healthz") as answer:
        assert answer.status == 200
    assert refusal.startswith(b"HTTP/1.")
    assert b" 400 " in refusal.splitlines()[0]


async def refused(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_malformed_requests_leave_a_few_short_lines_and_no_traceback(
    server: WebServer, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as lines:
        for _ in range(100):
            assert b" 400 " in await refused(server.port, b"GET / HTTP/1.1\r\nX y\r\n\r\n")

    assert 1 <= len(lines) <= 25
    assert {line["event"] for line in lines} == {"http_request_malformed"}
    assert all("exc_info" not in line for line in lines)
    assert caplog.records == []


async def test_a_mistake_of_ours_is_told_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(_request: web.Request) -> web.Response:
        raise KeyError("the caller's number")

    app = web.Application()
    app.router.add_get("/", broken)
    server = WebServer(app, port=0)
    await server.start()
    with capture_logs() as lines:
        answer = await refused(server.port, b"GET / HTTP/1.0\r\n\r\n")
    await server.stop()

    assert b" 500 " in answer.splitlines()[0]
    assert [(line["event"], line["problem"]) for line in lines] == [
        ("http_request_failed", "KeyError")
    ]
    assert "test_web.py:" in lines[0]["at"]
    assert "number" not in str(lines)
    assert caplog.records == []


async def test_more_connections_than_allowed_are_closed_and_the_rest_served(
    server: WebServer, client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "MOST_CONNECTIONS", 3)
    async with client.get("/healthz") as answer:
        assert answer.status == 200
    idle = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)

    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)

    async with client.get("/healthz") as answer:
        assert answer.status == 200
    for _reader, each in (*idle, (reader, writer)):
        each.close()


UNDER_UVLOOP = """
import asyncio, os, uvloop
from sidecar.metrics import Metrics
from sidecar.web import WebServer, create_app, server

async def knock():
    listening = WebServer(create_app(Metrics(), list), port=0)
    await listening.start()
    reader, _ = await asyncio.open_connection("127.0.0.1", listening.port)
    try:
        return await asyncio.wait_for(reader.read(), 5)
    except ConnectionResetError:
        return b""

server.MOST_CONNECTIONS = server.MOST_OF_ONE_HOST = 0
answer = asyncio.Runner(loop_factory=uvloop.new_event_loop).run(knock())
os._exit(len(answer))
"""


def test_what_is_closed_under_uvloop_is_closed_in_silence_too() -> None:
    pytest.importorskip("uvloop")

    done = subprocess.run(
        [sys.executable, "-c", UNDER_UVLOOP], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0
    assert "Traceback" not in done.stdout + done.stderr


async def test_who_takes_all_that_one_host_may_have_shuts_out_itself_only(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "MOST_OF_ONE_HOST", 2)
    open_ones: list[asyncio.StreamWriter] = []

    async def healthy(host: str) -> bytes:
        """Ask for the health from that address, and stay connected."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", server.port, local_addr=(host, 0)
        )
        open_ones.append(writer)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        try:
            return await reader.read(12)
        except ConnectionResetError:
            return b""

    crowded = [await healthy("127.0.0.66") for _ in range(3)]
    other = await healthy("127.0.0.1")
    for writer in open_ones:
        writer.close()
        with suppress(ConnectionResetError):
            await writer.wait_closed()

    assert crowded == [b"HTTP/1.1 200", b"HTTP/1.1 200", b""]
    assert other == b"HTTP/1.1 200"


async def test_an_address_in_use_is_an_operators_error(server: WebServer) -> None:
    second = WebServer(web.Application(), port=server.port)

    with pytest.raises(OperatorError, match="can't listen") as refusal:
        await second.start()

    assert refusal.value.key == "http.listen"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.EADDRINUSE, "error while attempting to bind"), "Address already in use"),
        (socket.gaierror(socket.EAI_NONAME, "Name not known"), "Name not known"),
        (OSError("could not bind"), "could not bind"),
    ],
)
async def test_why_it_can_t_listen_is_told_in_the_system_s_words(
    monkeypatch: pytest.MonkeyPatch, error: OSError, reason: str
) -> None:
    async def refuse(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr(asyncio.get_running_loop(), "create_server", refuse)

    with pytest.raises(OperatorError) as refusal:
        await WebServer(web.Application(), "localhost", 1234).start()

    assert refusal.value.message == f"can't listen on localhost:1234: {reason}"
