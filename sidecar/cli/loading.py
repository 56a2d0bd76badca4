"""Reading the settings, the rules and the prompts that a command works with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from sidecar.consent.rules import RuleSet
from sidecar.errors import OperatorError
from sidecar.media.prompts import PromptLibrary
from sidecar.settings import Settings, load_rules, load_settings

config_option = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The settings, for example config/sidecar.toml.",
)


class Loaded(NamedTuple):
    """What both files say."""

    settings: Settings
    rules: RuleSet


def load(config: Path) -> Loaded:
    """Read both files. Raises OperatorErrors with all that is wrong in the first that is."""
    settings = load_settings(config)
    return Loaded(settings, RuleSet(load_rules(settings.rules, settings)))


def failed_tests(loaded: Loaded) -> Iterator[OperatorError]:
    """Every `[[test]]` of the rules whose call is decided otherwise than it expects."""
    for failed in loaded.rules.failed_tests():
        differences = [
            f"{name} is {failed.came[name]!r}, expected {expected!r}"
            for name, expected in failed.expected.items()
            if failed.came[name] != expected
        ]
        yield OperatorError(
            "; ".join(differences), loaded.settings.rules, key=f"test[{failed.index + 1}]"
        )


def missing_prompts(loaded: Loaded) -> Iterator[OperatorError]:
    """Every prompt that a rule names and that can't be played: its calls would be ended."""
    library = PromptLibrary(loaded.settings.prompts.folder)
    for rule, notice in loaded.rules.notices():
        named = f"{notice.language}/{notice.prompt}"
        key = f"rule {rule!r}" if rule else "defaults"
        try:
            missing = library.get(notice.prompt, notice.language) is None
        except OperatorError as error:
            yield OperatorError(f"prompt {named}: {error}", loaded.settings.rules, key=key)
            continue
        if missing:
            message = f"there is no prompt {named}.wav; calls under this rule would be ended"
            yield OperatorError(message, loaded.settings.rules, key=key)
