from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sidecar.cli import main
from sidecar.errors import OperatorError
from tests.web.conftest import Api, StubControl

EXPLAIN = "/api/v1/explain"


async def test_explain_tells_what_the_command_line_tells(api: Api, control: StubControl) -> None:
    command = ["explain", "-c", str(control.config), "--json", "--from", "+4930123456"]
    command += ["--to", "5001", "--at", "2026-11-25T10:00Z"]
    told = CliRunner().invoke(main, command).stdout

    status, body = await api("GET", EXPLAIN, params={"from": "+4930123456", "to": "5001"})

    assert status == 200
    assert body == json.loads(told)
    assert body["decision"]["notice"]["language"] == {"caller": "de", "callee": "de"}


async def test_direction_trunk_and_pbx_may_be_named(api: Api) -> None:
    asked = {"from": "1", "to": "2", "direction": "outbound", "trunk": "carrier", "pbx": "main"}

    _, body = await api("GET", EXPLAIN, params=asked)

    assert asked.items() <= body["call"].items()
    assert body["decision"]["rule"] == "sales"


@pytest.mark.parametrize(
    ("asked", "field", "why"),
    [
        ({"to": "2"}, "from", "from is missing: Who calls."),
        ({"from": "1"}, "to", "to is missing: Who is called."),
        ({"from": "1", "to": "2", "trunk": "x"}, "trunk", "trunk 'x' is none of carrier"),
        ({"from": "1", "to": "2", "pbx": "<b>"}, "pbx", "pbx '<b>' is none of main"),
        ({"from": "1", "to": "2", "trunk": ""}, "trunk", "trunk must have at least 1 character"),
        ({"from": "1", "to": "2", "direction": "up"}, "direction", "'inbound' or 'outbound'"),
        ({"from": "1" * 201, "to": "2"}, "from", "from must have at most 200 characters"),
        ({"from": "1", "to": "2\r\n"}, "to", "to must be printable text"),
        ({"from": "1", "to": "2", "from_": "3"}, "from_", 'did you mean "from"?'),
    ],
)
async def test_a_question_that_is_wrong_is_refused_with_what_would_be_right(
    api: Api, asked: dict[str, str], field: str, why: str
) -> None:
    status, body = await api("GET", EXPLAIN, params=asked)

    assert (status, body["field"]) == (422, field)
    assert why in body["error"]


async def test_rules_are_put_in_force(api: Api, control: StubControl) -> None:
    status, body = await api("POST", "/api/v1/reload")

    assert (status, body) == (200, {"rules": "reloaded"})
    assert control.asked == [("reload",)]


async def test_rules_that_are_wrong_are_told_with_every_mistake_and_its_place(
    api: Api, control: StubControl
) -> None:
    control.mistakes = [
        OperatorError("must be text", Path("rules.toml"), 3, "rule[1].name"),
        OperatorError("can't be read"),
    ]

    status, body = await api("POST", "/api/v1/reload")

    assert status == 409
    assert body["errors"] == [
        {"file": "rules.toml", "line": 3, "key": "rule[1].name", "message": "must be text"},
        {"file": None, "line": None, "key": None, "message": "can't be read"},
    ]
