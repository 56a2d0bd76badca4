"""Reading the settings, the rules and the prompts that a command works with."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import click

from sidecar.errors import OperatorError, OperatorErrors
from sidecar.media.prompts import PromptLibrary
from sidecar.rules.both_files import check_files
from sidecar.rules.checking import missing_confirmations, never_reached
from sidecar.rules.rules import RuleSet
from sidecar.settings import Settings

config_option = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The settings, for example config/sidecar.toml.",
)


class Loaded(NamedTuple):
    """What both files say, and what there is to be said."""

    settings: Settings
    rules: RuleSet
    prompts: PromptLibrary
    doubts: tuple[OperatorError, ...]
    """What is allowed, and hardly ever meant."""


def load(config: Path) -> Loaded:
    """Read both files. Raises OperatorErrors with all that is wrong in either."""
    report = check_files(config)
    if report.settings is None or report.rules is None or report.errors:
        raise OperatorErrors(report.errors)
    rules, prompts = RuleSet(report.rules), PromptLibrary(report.settings.prompts.folder)
    doubts = (*report.warnings, *never_reached(rules), *missing_confirmations(rules, prompts))
    return Loaded(report.settings, rules, prompts, doubts)
