"""Reading the settings, the rules and the prompts that a command works with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from sidecar.consent.rules import RuleSet
from sidecar.errors import OperatorError, OperatorErrors
from sidecar.media.prompts import PromptLibrary
from sidecar.settings import RulesFile, Settings, check_files
from sidecar.settings.positions import Key

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
    file: RulesFile
    doubts: tuple[OperatorError, ...]
    """What is allowed, and hardly ever meant."""


def load(config: Path) -> Loaded:
    """Read both files. Raises OperatorErrors with all that is wrong in either."""
    report = check_files(config)
    if report.settings is None or report.rules is None or report.errors:
        raise OperatorErrors(report.errors)
    rules = RuleSet(report.rules)
    doubts = (*report.warnings, *_never_reached(rules, report.rules))
    return Loaded(report.settings, rules, report.rules, doubts)


def _never_reached(rules: RuleSet, file: RulesFile) -> Iterator[OperatorError]:
    places = {rule.name: index for index, rule in enumerate(file.rule)}
    for hidden, earlier in rules.shadowed():
        message = f'no call reaches rule "{hidden}": "{earlier}" before it takes them all'
        yield file.error(("rule", places[hidden]), message)


def failed_tests(loaded: Loaded) -> Iterator[OperatorError]:
    """Every `[[test]]` of the rules whose call is decided otherwise than it expects."""
    for failed in loaded.rules.failed_tests():
        differences = [
            f"{name} is {failed.came[name]!r}, expected {expected!r}"
            for name, expected in failed.expected.items()
            if failed.came[name] != expected
        ]
        yield loaded.file.error(("test", failed.index), "; ".join(differences))


def missing_prompts(loaded: Loaded) -> Iterator[OperatorError]:
    """Every prompt that a rule names and that can't be played: its calls would be ended."""
    library = PromptLibrary(loaded.settings.prompts.folder)
    places = {rule.name: index for index, rule in enumerate(loaded.file.rule)}
    spoken = (
        (rule, notice.language.of(party), notice.prompt.of(party))
        for rule, notice in loaded.rules.notices()
        for party in sorted(notice.to)
    )
    for rule, language, prompt in dict.fromkeys(spoken):
        named = f"{language}/{prompt}"
        try:
            if library.get(prompt, language) is not None:
                continue
            problem = f"there is no prompt {named}.wav; calls under this rule would be ended"
        except OperatorError as error:
            problem = f"prompt {named}: {error}"
        place: Key = ("rule", places[rule]) if rule else ("defaults",)
        line = loaded.file.error(place, problem).line
        key = f"rule {rule!r}" if rule else "defaults"
        yield OperatorError(problem, loaded.settings.rules, line, key)
