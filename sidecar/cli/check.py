"""`consent-sidecar check`"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from sidecar.cli.faults import warn
from sidecar.cli.loading import config_option, load
from sidecar.errors import OperatorErrors
from sidecar.rulebook.checking import failures, missing_notices


@click.command()
@config_option
def check(config: Path) -> None:
    """Check settings, rules with their tests, and prompts.

    Every mistake is a line on stderr that names file, line and key; exit code 1 where there is
    one. What is allowed and hardly ever meant is a warning, exit code 0. Nothing is started,
    written or connected to.
    """
    loaded = load(config)
    warn(loaded.doubts)
    usable, broken = loaded.prompts.list()
    if found := [*failures(loaded.rules), *missing_notices(loaded.rules, loaded.prompts), *broken]:
        raise OperatorErrors(found)
    click.echo(f"{config}: fine")
    click.echo(f"{loaded.settings.rules}: fine, its tests pass")
    languages = Counter(prompt.key.partition("/")[0] for prompt in usable)
    click.echo("prompts: " + ", ".join(f"{count} {each}" for each, count in languages.items()))
