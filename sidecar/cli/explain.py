"""`consent-sidecar explain`"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import click

from sidecar.cli.loading import config_option, load
from sidecar.consent.decision import CallFacts
from sidecar.errors import OperatorError
from sidecar.rules.explanation import ExplainedParty, Explanation, call_facts
from sidecar.rules.explanation import explain as explanation_of
from sidecar.rules.rules import RuleSet
from sidecar.rules.telling import as_lines
from sidecar.tables.moments import parse_moment, seconds_of

WIDTH = 16


class _Moment(click.ParamType[datetime]):
    name = "TIME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            return parse_moment(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Header(click.ParamType[tuple[str, str]]):
    name = "'NAME: VALUE'"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        name, colon, text = value.partition(":")
        if not colon or not name.strip():
            self.fail(f'{value!r} must be like "X-Queue: sales"', param, ctx)
        return name.strip(), text.strip()


@click.command()
@config_option
@click.option("--from", "from_", required=True, metavar="NUMBER", help="Who calls.")
@click.option("--to", required=True, metavar="NUMBER", help="Who is called.")
@click.option("--direction", type=click.Choice(["inbound", "outbound"]), default="inbound")
@click.option("--trunk", metavar="NAME", help="Default: the first of the settings.")
@click.option("--pbx", metavar="NAME", help="Default: the first of the settings.")
@click.option(
    "--at",
    type=_Moment(),
    help="When it begins, like 2026-11-25T10:00, in the time zone of the settings. Default: now.",
)
@click.option("--header", "headers", type=_Header(), multiple=True, help="A header of its INVITE.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(
    config: Path,
    from_: str,
    to: str,
    direction: Literal["inbound", "outbound"],
    trunk: str | None,
    pbx: str | None,
    at: datetime | None,
    headers: tuple[tuple[str, str], ...],
    as_json: bool,
) -> None:
    """Tell which rule a call would meet, what it decides, and why the others don't hold."""
    settings, rules, *_ = load(config)
    began = seconds_of(at, rules.site.timezone) if at is not None else time.time()
    try:
        facts = call_facts(settings, from_, to, direction, trunk, pbx, at=began, headers=headers)
    except OperatorError as error:
        raise click.BadParameter(error.message, param_hint=f"--{error.key}") from None
    told = explanation_of(rules, facts)
    if as_json:
        data = told.model_dump(mode="json", by_alias=True)
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
        return
    for key, words in _as_lines(rules, facts, told):
        click.echo(f"{key:<{WIDTH}} {words}")


def _as_lines(rules: RuleSet, facts: CallFacts, told: Explanation) -> Iterator[tuple[str, str]]:
    caller, callee = _party(facts.from_, told.facts.caller), _party(facts.to, told.facts.callee)
    between = f"(trunk {facts.trunk}, pbx {facts.pbx})"
    yield "call", f"{facts.direction} from {caller} to {callee} {between}"
    if told.call.at is not None:
        yield "at", told.call.at.isoformat()
    for name, value in facts.headers:
        yield "header", f"{name}: {value}"
    for each in told.tried:
        verdict = f"holds, {each.why}" if each.matched else f"no, {each.why_not}"
        yield "rule", f"{each.rule}: {verdict}"
    if not told.decision.rule:
        yield "rule", "none holds: [defaults]"
    for key, words in as_lines(rules.decide(facts)):
        yield key, f"{words}  [{_origin(told.origins, key)}]"
    yield "version", told.decision.version


def _party(text: str, party: ExplainedParty) -> str:
    """Write a number, with its place and how it is read where that says more."""
    read = party.e164 if party.e164 != text else ""
    more = ", ".join(each for each in (read, party.region or party.country) if each)
    return f"{text or '(none)'}{f' ({more})' if more else ''}"


def _origin(origins: Mapping[str, str], key: str) -> str:
    """Return where a value comes from; of a table, where each of its values does."""
    if key in origins:
        return origins[key]
    inner = {
        name.removeprefix(f"{key}."): origin
        for name, origin in origins.items()
        if name.startswith(f"{key}.")
    }
    if len(set(inner.values())) == 1:
        return next(iter(inner.values()))
    by_origin: dict[str, list[str]] = {}
    for name, origin in inner.items():
        by_origin.setdefault(origin, []).append(name)
    return "; ".join(f"{origin}: {', '.join(names)}" for origin, names in by_origin.items())
