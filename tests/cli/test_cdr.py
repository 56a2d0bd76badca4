from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from sidecar.metrics import Metrics
from sidecar.records.record import COLUMNS, CallRecord, Disposition, EndedBy
from sidecar.records.sqlite import SqliteStore
from tests.records.keeping import begin

Command = Callable[..., Result]
NOON = 1_767_268_800.0


@pytest.fixture
def records(config: Path) -> None:
    """Three calls a minute apart, the last of them still up."""

    async def write() -> None:
        store = await SqliteStore.open(config.parent / "records.db", Metrics(), keep_days=0)
        for number in range(2):
            record = CallRecord(f"call-{number}", NOON + 60 * number, caller=f"+4930{number}")
            await begin(store, record, "dialog")
            record.answered_at = record.notice_caller_at = record.started_at + 4
            record.ended_at, record.disposition = record.started_at + 12.5, Disposition.ANSWERED
            record.ended_by, record.rule = EndedBy.CALLEE, "support"
            store.finish(record)
        await begin(store, CallRecord("call-2", NOON + 120, callee="500"), "dialog")
        await store.close()

    asyncio.run(write())


@pytest.mark.usefixtures("records")
def test_the_newest_calls_are_listed_first_in_a_table(command: Command, config: Path) -> None:
    result = command("cdr", "list", "-c", config)

    heading, *lines = (line.split() for line in result.stdout.splitlines())
    assert result.exit_code == 0
    assert heading[0] == "STARTED"
    assert [line[0] for line in lines] == [
        "2026-01-01T12:02:00.000Z",
        "2026-01-01T12:01:00.000Z",
        "2026-01-01T12:00:00.000Z",
    ]
    assert lines[0][2:] == ["-", "500", "(up)", "-", "-", "(defaults)", "off", "-"]
    assert lines[2][2:] == ["+49300", "-", "answered", "callee", "12.5", "support", "off", "caller"]


@pytest.mark.usefixtures("records")
def test_columns_stand_below_each_other(command: Command, config: Path) -> None:
    lines = command("cdr", "list", "-c", config).stdout.splitlines()

    column = lines[0].index("DISPOSITION")
    assert [line[column:].split()[0] for line in lines[1:]] == ["(up)", "answered", "answered"]


@pytest.mark.usefixtures("records")
def test_as_json_each_call_is_a_line_with_every_column(command: Command, config: Path) -> None:
    lines = command("cdr", "list", "-c", config, "--json").stdout.splitlines()

    calls = [json.loads(line) for line in lines]
    assert [tuple(call) for call in calls] == [COLUMNS] * 3
    assert calls[0]["ended_at"] is None
    assert calls[1]["notice_caller_at"] == "2026-01-01T12:01:04.000Z"


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize(
    ("arguments", "calls"),
    [
        (["-n", "1"], 1),
        (["--since", "2026-01-01T12:01:00"], 2),
        (["--since", "2026-01-01T13:01:00+01:00"], 2),
        (["--since", "2026-01-02"], 0),
    ],
)
def test_the_list_can_be_shortened(
    command: Command, config: Path, arguments: list[str], calls: int
) -> None:
    result = command("cdr", "list", "-c", config, "--json", *arguments)

    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == calls


@pytest.mark.parametrize(
    "arguments", [["--since", "yesterday"], ["-n", "0"], ["-n", "many"], ["--since", ""]]
)
def test_what_cannot_be_understood_is_wrong_usage(
    command: Command, config: Path, arguments: list[str]
) -> None:
    result = command("cdr", "list", "-c", config, *arguments)

    assert result.exit_code == 2
    assert "Invalid value" in result.stderr


def test_where_there_are_no_records_it_says_so(command: Command, config: Path) -> None:
    result = command("cdr", "list", "-c", config)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.endswith("records.db: records.database: there are no call records yet\n")


def test_where_they_can_t_be_looked_at_it_says_why(command: Command, config: Path) -> None:
    text = config.read_text().replace("records.db", "r" * 300)
    config.write_text(text)

    result = command("cdr", "list", "-c", config)

    assert result.exit_code == 1
    assert result.stderr.endswith(": the call records can't be read: File name too long\n")
