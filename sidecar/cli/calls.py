"""`consent-sidecar calls`: what a running sidecar is doing, asked over its API."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import click
from pydantic import ValidationError

from sidecar.cli.loading import config_option
from sidecar.cli.table import table
from sidecar.errors import OperatorError
from sidecar.records.record import clean
from sidecar.settings import load_settings
from sidecar.tables.addresses import HostPort
from sidecar.web.api.models import MOST_CALLS, Call, CallList, Fault
from sidecar.web.api.token import usable

PATH = "/api/v1/calls"
SECONDS = 5.0
MOST_BYTES = 4 * 1024 * 1024
"""Many more than `MOST_CALLS` calls take."""
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (where it listens on every address)
HEADINGS = (
    "STARTED",
    "DIRECTION",
    "CALLER",
    "CALLEE",
    "PHASE",
    "RULE",
    "POLICY",
    "CONSENT",
    "RECORDING",
    "PROOF",
    "CALL",
)


@click.command()
@config_option
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(1, MOST_CALLS),
    default=100,
    show_default=True,
    help="How many at most.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line, all columns.")
def calls(config: Path, limit: int, as_json: bool) -> None:
    """List the calls that are going on, the newest first. Times are UTC.

    The sidecar must be running with the same settings, and its API switched on ([http] token).
    """
    http_settings = load_settings(config).http
    if http_settings.token is None:
        raise OperatorError(
            "the API is switched off; set a token there, and start the sidecar anew",
            file=config,
            key="http.token",
        )
    token = usable(http_settings.token.text.get_secret_value())
    listed = _asked(http_settings.listen, token, limit)
    if as_json:
        for call in listed.calls:
            click.echo(json.dumps(call.model_dump(mode="json")))
        return
    for line in table(HEADINGS, map(_cells, listed.calls)):
        click.echo(line)
    if listed.total > len(listed.calls):
        click.echo(f"({listed.total} calls; -n lists more)")


def _asked(listen: HostPort, token: str, limit: int) -> CallList:
    """Ask the running sidecar. Raises OperatorError where it does not answer so."""
    host, port = _ANY.get(listen.host, listen.host), listen.port
    connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    try:
        headers = {"Authorization": f"Bearer {token}"}
        connection.request("GET", f"{PATH}?limit={limit}", headers=headers)
        answer = connection.getresponse()
        status, body = answer.status, answer.read(MOST_BYTES)
    except TimeoutError:
        raise _trouble(listen, f"did not answer within {SECONDS:g} s") from None
    except OSError as error:
        message = f"no sidecar answers there: {error.strerror or error}; is it running?"
        raise _trouble(listen, message) from None
    except http.client.HTTPException:
        raise _trouble(listen, "what answers there is no consent-sidecar") from None
    finally:
        connection.close()
    return _understood(listen, status, body)


def _understood(listen: HostPort, status: int, body: bytes) -> CallList:
    try:
        if status == 200:
            return CallList.model_validate_json(body)
        said = clean(Fault.model_validate_json(body).error)
    except ValidationError:
        raise _trouble(listen, f"what answers there is no consent-sidecar ({status})") from None
    if status == 401:
        said = "the running sidecar has another token than these settings: start it anew"
    raise _trouble(listen, said)


def _trouble(listen: HostPort, message: str) -> OperatorError:
    host = f"[{listen.host}]" if ":" in listen.host else listen.host
    return OperatorError(f"{host}:{listen.port}: {message}", key="http.listen")


def _cells(call: Call) -> Iterator[str]:
    held = f" by {' and '.join(call.held_by)}" if call.held_by else ""
    failed = f", failed closed: {call.fail_closed}" if call.fail_closed else ""
    yield call.started_at
    yield call.direction
    yield call.caller or "-"
    yield call.callee or "-"
    yield call.phase
    yield call.rule or "(defaults)"
    yield call.recording_policy
    yield call.consent
    yield f"{call.recording}{held}{failed}"
    yield call.recording_proof
    yield call.call_id
