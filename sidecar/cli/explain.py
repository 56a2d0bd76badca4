"""`consent-sidecar explain`"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import click

from sidecar.cli.loading import config_option, load
from sidecar.consent.decision import CallFacts, Decision
from sidecar.consent.rules import Tried
from sidecar.consent.telling import as_data, as_lines


@click.command()
@config_option
@click.option("--from", "from_", required=True, metavar="NUMBER", help="Who calls.")
@click.option("--to", required=True, metavar="NUMBER", help="Who is called.")
@click.option("--direction", type=click.Choice(["inbound", "outbound"]), default="inbound")
@click.option("--trunk", metavar="NAME", help="Default: the first of the settings.")
@click.option("--pbx", metavar="NAME", help="Default: the first of the settings.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(
    config: Path,
    from_: str,
    to: str,
    direction: Literal["inbound", "outbound"],
    trunk: str | None,
    pbx: str | None,
    as_json: bool,
) -> None:
    """Tell which rule a call would meet, what it decides, and why the others don't hold."""
    settings, rules, *_ = load(config)
    facts = CallFacts(
        direction=direction,
        trunk=_named("--trunk", trunk, list(settings.trunk)),
        pbx=_named("--pbx", pbx, list(settings.pbx)),
        from_=from_,
        to=to,
    )
    decision, tried = rules.decide(facts), rules.explain(facts)
    if as_json:
        click.echo(json.dumps(_as_data(facts, decision, tried), indent=2, ensure_ascii=False))
        return
    for line in _as_lines(facts, decision, tried):
        click.echo(line)


def _named(option: str, name: str | None, known: list[str]) -> str:
    if name is None:
        return known[0]
    if name not in known:
        raise click.BadParameter(f"{name!r} is none of {', '.join(known)}", param_hint=option)
    return name


def _as_data(facts: CallFacts, decision: Decision, tried: list[Tried]) -> dict[str, Any]:
    return {
        "call": {
            "direction": facts.direction,
            "trunk": facts.trunk,
            "pbx": facts.pbx,
            "from": facts.from_,
            "to": facts.to,
        },
        "tried": [
            {
                "rule": each.rule,
                "matched": each.matched,
                "why": each.why,
                "why_not": each.why_not,
            }
            for each in tried
        ],
        "decision": as_data(decision),
    }


def _as_lines(facts: CallFacts, decision: Decision, tried: list[Tried]) -> Iterator[str]:
    yield (
        f"call           {facts.direction} from {facts.from_} to {facts.to} "
        f"(trunk {facts.trunk}, pbx {facts.pbx})"
    )
    for each in tried:
        yield f"rule           {each.rule}: " + (
            f"holds, {each.why}" if each.matched else f"no, {each.why_not}"
        )
    if not decision.rule:
        yield "rule           none holds: [defaults]"
    for key, words in as_lines(decision):
        yield f"{key:<14} {words}"
