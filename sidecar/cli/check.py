"""`consent-sidecar check`"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from sidecar.cli.faults import located, warn
from sidecar.cli.loading import config_option, load
from sidecar.errors import OperatorError, OperatorErrors
from sidecar.rules.checking import failures, missing_notices
from sidecar.settings import Settings
from sidecar.web.api.token import usable


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
    usable_prompts, broken = loaded.prompts.list()
    rules = [*failures(loaded.rules), *missing_notices(loaded.rules, loaded.prompts)]
    if found := [*unusable_token(config, loaded.settings), *rules, *broken]:
        raise OperatorErrors(found)
    click.echo(f"{config}: fine")
    click.echo(f"{loaded.settings.rules}: fine, its tests pass")
    languages = Counter(prompt.key.partition("/")[0] for prompt in usable_prompts)
    click.echo("prompts: " + ", ".join(f"{count} {each}" for each, count in languages.items()))


def unusable_token(config: Path, settings: Settings) -> Iterator[OperatorError]:
    """The token of the API, where it is one that can't be shown or might be guessed."""
    if settings.http.token is not None:
        try:
            usable(settings.http.token.text.get_secret_value())
        except OperatorError as error:
            yield located(error, config)
