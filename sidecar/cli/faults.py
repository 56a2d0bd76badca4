"""Where an error becomes lines on stderr and an exit code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sidecar.errors import OperatorError, OperatorErrors
from sidecar.tables.toml_file import TomlFile

FOUND_WRONG = 1
"""Settings, rules, prompts or records: the operator can set it right. (2, wrong usage: click.)"""


class FaultsAsLines(click.Group):
    """A group whose commands may raise OperatorError(s): a line each, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except OperatorError as error:
            found: Iterable[OperatorError] = (error,)
        except OperatorErrors as errors:
            found = errors.errors
        tell(found)
        return ctx.exit(FOUND_WRONG)


def tell(errors: Iterable[OperatorError]) -> None:
    """Print each error on a line of its own: `file:line: key: what is wrong`."""
    for error in errors:
        click.echo(" ".join(str(error).split()), err=True)


def located(error: OperatorError, config: Path) -> OperatorError:
    """Return an error about a key of the settings with the place where that stands."""
    if error.file is not None or error.key is None:
        return error
    return TomlFile(config).error(tuple(error.key.split(".")), error.message)


def warn(doubts: Iterable[OperatorError]) -> None:
    """Print each doubt like an error, as a warning."""
    tell(replace(doubt, message=f"warning: {doubt.message}") for doubt in doubts)
