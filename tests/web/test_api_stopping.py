"""Requests that are under way while the sidecar stops."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from sidecar.web.api import reading
from tests.web.conftest import TOKEN, Api, StubControl, new_server

RECORDING = "/api/v1/calls/call-0/recording"


async def test_an_order_that_is_under_way_when_the_sidecar_stops_is_answered(
    control: StubControl,
) -> None:
    control.add()
    control.busy = asyncio.Event()
    server = new_server(control)
    await server.start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:
        under_way = asyncio.create_task(Api(session)("POST", RECORDING, json={"action": "stop"}))
        await control.busy.wait()

        await server.stop()

        status, body = await under_way
    assert (status, body) == (503, {"error": "the sidecar is stopping"})


async def test_who_watches_events_sees_the_stream_end_when_the_sidecar_stops(
    control: StubControl,
) -> None:
    server = new_server(control)
    await server.start()
    async with (
        aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session,
        session.get("/api/v1/events", headers={"Authorization": f"Bearer {TOKEN}"}) as answer,
    ):
        await server.stop()
        rest = await answer.content.read()

    assert rest == b"retry: 2000\n\n"
    assert control.events.subscribers == 0


async def test_a_body_that_does_not_come_is_not_waited_for_without_end(
    api: Api, control: StubControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BODY_SECONDS", 0.01)
    control.add()
    reader, writer = await asyncio.open_connection(
        api.session._base_url.host, api.session._base_url.port
    )
    head = f"POST {RECORDING} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{{".encode())

    first = await reader.readline()

    writer.close()
    await writer.wait_closed()
    assert b" 408 " in first
    assert control.asked == []
