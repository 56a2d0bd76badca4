"""`consent-sidecar cdr`"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from sidecar.cli.loading import config_option
from sidecar.cli.table import table
from sidecar.records.reader import read_records
from sidecar.records.record import COLUMNS, CallRecord
from sidecar.records.timestamps import to_text
from sidecar.settings import load_settings


def moment(_ctx: click.Context, _option: click.Parameter, text: str | None) -> float | None:
    """A time as ISO 8601, UTC where it names no zone, as Unix seconds."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r} is no time like 2026-03-01 or 2026-03-01T09:30+01:00"
        ) from None


@click.group()
def cdr() -> None:
    """Call records."""


@cdr.command("list")
@config_option
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(1, 1_000_000),
    default=20,
    show_default=True,
    help="How many at most.",
)
@click.option(
    "--since",
    callback=moment,
    metavar="TIME",
    help="Only calls that began then or later (ISO 8601; UTC where no zone is named).",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line, all columns.")
def list_(config: Path, limit: int, since: float | None, as_json: bool) -> None:
    """List the newest calls first. Times are UTC."""
    records = read_records(load_settings(config).records.database, limit, since)
    if as_json:
        for record in records:
            click.echo(json.dumps(dict(zip(COLUMNS, record.row(), strict=True))))
        return
    for line in table(HEADINGS, map(_cells, records)):
        click.echo(line)


HEADINGS = (
    "STARTED",
    "DIRECTION",
    "CALLER",
    "CALLEE",
    "DISPOSITION",
    "ENDED BY",
    "SECONDS",
    "RULE",
    "RECORDING",
    "NOTICE HEARD",
)


def _cells(record: CallRecord) -> tuple[str, ...]:
    end = record.ended_at
    heard = {"caller": record.notice_caller_at, "callee": record.notice_callee_at}
    return (
        to_text(record.started_at),
        record.direction,
        record.caller or "-",
        record.callee or "-",
        record.disposition or "(up)",
        record.ended_by or "-",
        "-" if end is None else f"{end - record.started_at:.1f}",
        record.rule or "(defaults)",
        record.recording_policy,
        " ".join(party for party, at in heard.items() if at is not None) or "-",
    )
