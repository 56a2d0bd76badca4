from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

import pytest

from sidecar.recorders.recorder import Proof
from sidecar.web.api import RecordingOutcome, calls
from sidecar.web.api.models import Call
from tests.web.conftest import NOON, Api, StubControl

RECORDING = "/api/v1/calls/call-0/recording"


async def test_calls_are_listed_the_newest_first(api: Api, control: StubControl) -> None:
    for started_at in (NOON + 1, NOON + 3, NOON + 2):
        control.add(started_at=started_at)

    status, body = await api("GET", "/api/v1/calls")

    assert status == 200
    assert [call["started_at"] for call in body["calls"]] == [
        "2026-01-01T12:00:03.000Z",
        "2026-01-01T12:00:02.000Z",
        "2026-01-01T12:00:01.000Z",
    ]
    assert body["total"] == 3


async def test_a_limit_keeps_the_newest_and_tells_how_many_there_are(
    api: Api, control: StubControl
) -> None:
    for second in range(5):
        control.add(started_at=NOON + second)

    _, body = await api("GET", "/api/v1/calls?limit=2")

    assert [call["call_id"] for call in body["calls"]] == ["call-4", "call-3"]
    assert body["total"] == 5


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "many", "", "1.5", "9" * 3000, "٣x"])
async def test_a_limit_that_is_none_is_refused_by_name(api: Api, limit: str) -> None:
    status, body = await api("GET", "/api/v1/calls", params={"limit": limit})

    assert status == 422
    assert body["field"] == "limit"
    assert body["error"].startswith("limit must ")


async def test_a_call_is_shown_with_all_that_is_known_of_it(api: Api, control: StubControl) -> None:
    control.add(held_by=("caller", "operator"), recording="stopped")

    status, body = await api("GET", "/api/v1/calls/call-0")

    assert status == 200
    assert body == {
        "call_id": "call-0",
        "started_at": "2026-01-01T12:00:00.000Z",
        "answered_at": "2026-01-01T12:00:04.500Z",
        "direction": "inbound",
        "trunk": "carrier",
        "pbx": "main",
        "caller": "+4930123456",
        "callee": "5001",
        "phase": "up",
        "rule": "support",
        "recording_policy": "consent",
        "consent": "granted",
        "recording": "stopped",
        "held_by": ["caller", "operator"],
        "recording_proof": "read_back",
        "fail_closed": "",
    }


def test_what_is_shown_of_a_call_is_what_its_view_holds() -> None:
    assert list(Call.model_fields) == list(asdict(StubControl.add(StubControl(None))))  # type: ignore[arg-type]


def test_proofs_are_told_in_the_words_of_the_recorders() -> None:
    words = Call.model_json_schema()["properties"]["recording_proof"]["enum"]

    assert words == [proof.word for proof in Proof]


@pytest.mark.parametrize(
    "number",
    ["\udcff\udc80", "<script>", "\x1b[2J", "a\r\nSet-Cookie: x", "9" * 5000, '"}', "é\u202e"],
)
async def test_a_hostile_number_is_shown_as_harmless_text(
    api: Api, control: StubControl, number: str
) -> None:
    control.add(caller=number)

    status, body = await api("GET", "/api/v1/calls/call-0")

    assert status == 200
    assert body["caller"].isprintable()
    assert len(body["caller"]) <= 200


@pytest.mark.parametrize(
    "path", ["call-9", "..%2fcalls", "%00", "a" * 65, "%ff", "call-0%0a", "{id}", "<b>", "*"]
)
@pytest.mark.parametrize(
    ("method", "end"), [("GET", ""), ("POST", "/hangup"), ("POST", "/recording")]
)
async def test_a_call_that_is_not_there_is_not_found(
    api: Api, control: StubControl, method: str, path: str, end: str
) -> None:
    control.add()
    control.outcome = RecordingOutcome.GONE
    body = {"json": {"action": "stop"}} if end == "/recording" else {}

    status, answer = await api(method, f"/api/v1/calls/{path}{end}", **body)

    assert status == 404
    assert "there is no" in answer["error"]
    assert all(call_id in ("call-9",) for _, call_id in control.asked)


@pytest.mark.parametrize("action", ["stop", "pause", "resume"])
async def test_an_order_is_answered_with_the_call_once_the_recorder_has_confirmed(
    api: Api, control: StubControl, action: str
) -> None:
    control.add(recording="stopped", held_by=("operator",))

    status, body = await api("POST", RECORDING, json={"action": action})

    assert control.asked == [(action, "call-0")]
    assert status == 200
    assert body["outcome"] == "confirmed"
    assert body["call"]["recording"] == "stopped"


async def test_a_call_that_ends_once_its_recorder_has_confirmed_was_stopped_all_the_same(
    api: Api,
) -> None:
    status, body = await api("POST", RECORDING, json={"action": "stop"})

    assert (status, body) == (200, {"outcome": "confirmed", "call": None})


@pytest.mark.parametrize(
    ("outcome", "status", "why"),
    [
        ("unconfirmed", 504, "has not confirmed"),
        ("overruled", 409, "can't overrule"),
        ("not_allowed", 409, "does not allow"),
        ("no_recorder", 409, "no recorder"),
    ],
)
async def test_what_is_not_done_is_told_with_the_reason(
    api: Api, control: StubControl, outcome: str, status: int, why: str
) -> None:
    control.add()
    control.outcome = RecordingOutcome(outcome)

    answered, body = await api("POST", RECORDING, json={"action": "resume"})

    assert (answered, body["outcome"]) == (status, outcome)
    assert why in body["error"]


async def test_every_outcome_has_an_answer(api: Api, control: StubControl) -> None:
    for outcome in RecordingOutcome:
        control.outcome = outcome
        status, _ = await api("POST", RECORDING, json={"action": "stop"})
        assert status < 500 or status == 504


async def test_a_recorder_that_never_answers_is_not_waited_for_without_end(
    api: Api, control: StubControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "CONFIRM_SECONDS", 0.01)
    control.add()
    control.busy = asyncio.Event()

    status, body = await api("POST", RECORDING, json={"action": "stop"})

    assert (status, body["outcome"]) == (504, "unconfirmed")


MISTAKES: list[tuple[Any, int, str | None, str]] = [
    (b"", 400, None, "the body is not JSON"),
    (b"{", 400, None, "the body is not JSON"),
    (b"\xff\xfe", 400, None, "the body is not JSON"),
    (b"[" * 4000, 400, None, "the body is not JSON"),
    (b"[]", 422, None, "must be a JSON object"),
    (b'"stop"', 422, None, "must be a JSON object"),
    (b"null", 422, None, "must be a JSON object"),
    (b"{}", 422, "action", "action is missing: What the recorder shall do"),
    (b'{"action": "start"}', 422, "action", "action must be 'stop', 'pause' or 'resume'"),
    (b'{"action": null}', 422, "action", "action must be 'stop', 'pause' or 'resume'"),
    (b'{"action": ["stop"]}', 422, "action", "action must be 'stop', 'pause' or 'resume'"),
    (b'{"action": "stop", "x": 1}', 422, "x", '"x" is unknown here; known here: action'),
    (b'{"action": "stop", "id": "call-1"}', 422, "id", "id is said by the path"),
    (b'{"Action": "stop"}', 422, "action", 'did you mean "action"?'),
]


@pytest.mark.parametrize(("sent", "status", "field", "why"), MISTAKES)
async def test_a_body_that_is_wrong_is_refused_with_what_would_be_right(
    api: Api, control: StubControl, sent: bytes, status: int, field: str | None, why: str
) -> None:
    control.add()
    headers = {"Content-Type": "application/json; charset=utf-8"}

    answered, body = await api("POST", RECORDING, data=sent, headers=headers)

    assert (answered, body.get("field")) == (status, field)
    assert why in body["error"]
    assert control.asked == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "x", ""])
async def test_a_body_that_is_not_said_to_be_json_is_refused(
    api: Api, control: StubControl, kind: str
) -> None:
    answered, body = await api(
        "POST", RECORDING, data=b'{"action": "stop"}', headers={"Content-Type": kind}
    )

    assert answered == 415
    assert "application/json" in body["error"]
    assert control.asked == []


async def trickle(pieces: int) -> AsyncIterator[bytes]:
    for _ in range(pieces):
        yield b" " * 1000


@pytest.mark.parametrize("sent", [b" " * 4097, b" " * 1_000_000, lambda: trickle(50)])
async def test_a_body_that_is_too_large_is_refused(
    api: Api, control: StubControl, sent: Any
) -> None:
    data = sent() if callable(sent) else sent

    answered, body = await api(
        "POST", RECORDING, data=data, headers={"Content-Type": "application/json"}
    )

    assert (answered, body["error"]) == (413, "the body must be 4096 bytes at the most")
    assert control.asked == []


async def test_a_call_is_ended_and_then_gone(api: Api, control: StubControl) -> None:
    control.add()

    first = await api("POST", "/api/v1/calls/call-0/hangup")
    second = await api("POST", "/api/v1/calls/call-0/hangup")

    assert first == (200, {"call_id": "call-0"})
    assert second[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("GET", "/api/v1/calls?limits=3", "limits"),
        ("GET", "/api/v1/calls?limit=3&limit=4", "limit"),
        ("GET", "/api/v1/calls/call-0?id=call-1", "id"),
        ("POST", "/api/v1/calls/call-0/hangup?force=1", "force"),
    ],
)
async def test_a_parameter_that_is_unknown_or_there_twice_is_refused(
    api: Api, control: StubControl, method: str, path: str, field: str
) -> None:
    control.add()

    status, body = await api(method, path)

    assert (status, body["field"]) == (422, field)
    assert control.asked == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/", 404),
        ("GET", "/api/v1/call", 404),
        ("DELETE", "/api/v1/calls", 405),
        ("GET", "/api/v1/calls/a/b/c", 404),
    ],
)
async def test_what_the_api_does_not_have_is_said_in_json(
    api: Api, method: str, path: str, status: int
) -> None:
    assert (await api(method, path))[0] == status
