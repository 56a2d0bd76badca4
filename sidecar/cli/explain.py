"""`consent-sidecar explain`"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import click

from sidecar.cli.loading import config_option, load
from sidecar.consent.decision import CallFacts, Decision
from sidecar.consent.explanation import call_facts
from sidecar.consent.explanation import explain as explanation_of
from sidecar.consent.rules import Tried
from sidecar.errors import OperatorError


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
    try:
        facts = call_facts(settings, from_, to, direction, trunk, pbx)
    except OperatorError as error:
        raise click.BadParameter(error.message, param_hint=f"--{error.key}") from None
    if as_json:
        told = explanation_of(rules, facts).model_dump(mode="json", by_alias=True)
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    for line in _as_lines(facts, rules.decide(facts), rules.explain(facts)):
        click.echo(line)


def _as_lines(facts: CallFacts, decision: Decision, tried: list[Tried]) -> Iterator[str]:
    yield (
        f"call       {facts.direction} from {facts.from_} to {facts.to} "
        f"(trunk {facts.trunk}, pbx {facts.pbx})"
    )
    for each in tried:
        yield f"rule       {each.rule}: " + (
            f"holds, {each.why}" if each.matched else f"no, {each.why_not}"
        )
    if not decision.rule:
        yield "rule       none holds: [defaults]"
    yield f"recording  {decision.recording}"
    if decision.notice is not None:
        notice = decision.notice
        said = " and ".join(
            f"{notice.language.of(party)}/{notice.prompt.of(party)} to {party}"
            for party in sorted(notice.to, reverse=True)
        )
        when = {"answer": "at the answer", "before-connect": "before it is connected"}[notice.at]
        yield f"notice     {said}, {when}"
    yield f"messages   {decision.messages}"
