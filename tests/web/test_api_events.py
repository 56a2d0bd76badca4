from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
import jsonschema_rs
import pytest

from sidecar.consent.party import Party
from sidecar.live.events import (
    EVENTS,
    CallAnswered,
    CallEnded,
    CallEvent,
    CallStarted,
    ConsentGiven,
    FailedClosed,
    NoticeGiven,
    PartyNew,
    RecordingChanged,
    VoicemailMet,
)
from sidecar.live.hub import MOST_SUBSCRIBERS, EventHub
from sidecar.records.record import Disposition, EndedBy
from sidecar.web.api import stream
from tests.web.conftest import DOCUMENT, NOON, TOKEN, Api, StubControl

ONE_OF_EACH: tuple[CallEvent, ...] = (
    CallStarted("call-0", "inbound", "carrier", "main", "support", "consent"),
    CallAnswered("call-0"),
    NoticeGiven("call-0", Party.CALLER, "played"),
    ConsentGiven("call-0", Party.CALLEE, "agreed"),
    RecordingChanged("call-0", "stopped", ("caller",), "read_back"),
    PartyNew("call-0", Party.CALLEE),
    VoicemailMet("call-0", "informed"),
    FailedClosed("call-0", "recorder_unconfirmed"),
    CallEnded("call-0", Disposition.ANSWERED, EndedBy.CALLER),
)


class Seen(NamedTuple):
    """One event as a client reads it."""

    kind: str
    id: str
    data: dict[str, Any]


class Watcher:
    """A client of `GET events`."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer

    async def block(self) -> list[str]:
        """The lines up to the next empty one."""
        text = await self.answer.content.readuntil(b"\n\n")
        return text.decode("ascii").splitlines()[:-1]

    async def event(self) -> Seen:
        lines = dict(line.split(": ", 1) for line in await self.block())
        return Seen(lines["event"], lines.get("id", ""), json.loads(lines["data"]))


@asynccontextmanager
async def watching(api: Api, last: str = "") -> AsyncIterator[Watcher]:
    headers = {"Authorization": f"Bearer {TOKEN}"} | ({"Last-Event-ID": last} if last else {})
    async with api.session.get("/api/v1/events", headers=headers) as answer:
        assert answer.status == 200
        watcher = Watcher(answer)
        assert await watcher.block() == ["retry: 2000"]
        yield watcher


async def test_every_kind_of_event_arrives_as_the_document_says(
    api: Api, control: StubControl
) -> None:
    async with watching(api) as watcher:
        for event in ONE_OF_EACH:
            control.events.publish(event)
        seen = [await watcher.event() for _ in ONE_OF_EACH]

    assert [type(event) for event in ONE_OF_EACH] == list(EVENTS)
    assert [each.kind for each in seen] == [event.kind for event in ONE_OF_EACH]
    for event, each in zip(ONE_OF_EACH, seen, strict=True):
        schema = DOCUMENT["components"]["schemas"][type(event).__name__]
        jsonschema_rs.validate({**schema, "components": DOCUMENT["components"]}, each.data)
        assert each.data["at"] == "2026-01-01T12:00:00.000Z"
        assert each.data["call_id"] == "call-0"


def test_no_event_has_a_place_for_a_number_or_a_name_of_a_person() -> None:
    fields = {name for event in EVENTS for name in event.__dataclass_fields__}

    assert not fields & {"caller", "callee", "from_", "to", "number", "name"}


async def test_the_stream_is_one_that_no_proxy_holds_back_or_keeps(api: Api) -> None:
    async with watching(api) as watcher:
        headers = watcher.answer.headers

    assert headers["Content-Type"] == "text/event-stream"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Accel-Buffering"] == "no"


async def test_who_comes_back_gets_what_came_meanwhile(api: Api, control: StubControl) -> None:
    async with watching(api) as watcher:
        control.events.publish(CallAnswered("call-0"))
        last = (await watcher.event()).id
    control.events.publish(CallAnswered("call-1"))
    control.events.publish(CallAnswered("call-2"))

    async with watching(api, last) as watcher:
        seen = [(await watcher.event()).data["call_id"] for _ in range(2)]

    assert seen == ["call-1", "call-2"]


@pytest.mark.parametrize("last", ["x", "00000000-0", "-1", "0" * 3000, "*", "00000000-" + "9" * 40])
async def test_who_names_an_event_that_is_not_kept_is_told_that_some_are_missed(
    api: Api, control: StubControl, last: str
) -> None:
    async with watching(api, last) as watcher:
        control.events.publish(CallAnswered("call-0"))
        seen = [await watcher.event() for _ in range(2)]

    assert [each.kind for each in seen] == ["missed", "call_answered"]
    assert (seen[0].id, seen[0].data) == ("", {})


async def test_a_quiet_stream_shows_that_it_lives(
    api: Api, control: StubControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.01)

    async with watching(api) as watcher:
        heartbeats = [await watcher.block() for _ in range(2)]
        control.events.publish(CallAnswered("call-0"))
        blocks = [await watcher.block()]
        while blocks[-1] == heartbeats[0]:
            blocks.append(await watcher.block())

    assert heartbeats == [[": nothing happened"]] * 2
    assert "event: call_answered" in blocks[-1]


async def test_a_client_too_many_is_sent_away_and_may_come_when_another_has_left(
    api: Api, control: StubControl
) -> None:
    places = [control.events.subscribe() for _ in range(MOST_SUBSCRIBERS)]

    status, body, headers = await api.with_headers("GET", "/api/v1/events")

    assert (status, headers["Retry-After"]) == (503, "10")
    assert "as many clients as can be" in body["error"]
    with places[0]:
        pass
    async with watching(api):
        assert control.events.subscribers == MOST_SUBSCRIBERS


async def test_a_client_that_leaves_gives_its_place_back(api: Api, control: StubControl) -> None:
    async with watching(api) as watcher:
        watcher.answer.close()

    async with asyncio.timeout(10):
        while control.events.subscribers:
            control.events.publish(CallAnswered("call-0"))
            await asyncio.sleep(0)


async def test_a_client_that_takes_nothing_is_cut_off_and_holds_nobody_up(
    api: Api, control: StubControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "WRITE_SECONDS", 0.05)
    base = api.session._base_url
    reader, writer = await asyncio.open_connection(base.host, base.port, limit=1024)
    head = f"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    writer.write(head.encode())
    await reader.readuntil(b"retry: 2000\n\n")

    async with asyncio.timeout(30):
        while control.events.subscribers:
            control.events.publish(ONE_OF_EACH[0])
            await asyncio.sleep(0)

    assert (await api("GET", "/api/v1/calls"))[0] == 200
    writer.transport.abort()


async def test_a_client_that_falls_a_whole_ring_behind_is_cut_off(
    api: Api, control: StubControl
) -> None:
    control.events = EventHub(lambda: NOON, kept=4)
    async with watching(api) as watcher:
        for _ in range(5):
            control.events.publish(CallAnswered("call-0"))

        with pytest.raises(aiohttp.ClientError):
            await watcher.block()

    assert control.events.subscribers == 0
