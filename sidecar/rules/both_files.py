"""Reading the settings and their rules together, for `check` and for the start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sidecar.errors import OperatorError, OperatorErrors
from sidecar.rules.file import match_crosschecks, recorder_crosschecks
from sidecar.rules.file.loading import load_rules
from sidecar.rules.file.schema import RulesFile
from sidecar.settings import Settings
from sidecar.settings.loading import read_settings
from sidecar.tables.paths import checked_path
from sidecar.tables.toml_file import TomlFile


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was found in both files. Each is None where it can't be used."""

    settings: Settings | None
    rules: RulesFile | None
    errors: tuple[OperatorError, ...]
    warnings: tuple[OperatorError, ...]
    """What is allowed, and what hardly anybody wants."""


def check_files(path: Path) -> CheckReport:
    """Read the settings and, even where these are wrong, their rules; raise nothing."""
    errors: list[OperatorError] = []
    settings: Settings | None = None
    rules: RulesFile | None = None
    warnings: tuple[OperatorError, ...] = ()
    try:
        settings, warnings = read_settings(path)
    except OperatorErrors as found:
        errors += found.errors
    try:
        rules_path = settings.rules if settings is not None else _rules_beside(path)
        if rules_path is not None:
            rules = load_rules(rules_path, settings)
            if settings is not None:
                for each in (match_crosschecks, recorder_crosschecks):
                    warnings += tuple(
                        rules.error(*doubt) for doubt in each.doubtful(rules, settings)
                    )
    except OperatorErrors as found:
        errors += found.errors
    return CheckReport(settings, rules, tuple(errors), warnings)


def _rules_beside(path: Path) -> Path | None:
    """Return where settings with a mistake in them say that their rules are."""
    try:
        named = TomlFile(path).content.get("rules", Settings.model_fields["rules"].default)
        if not isinstance(named, str | Path):
            return None
        return path.resolve().parent / checked_path(Path(named))
    except (OperatorErrors, ValueError):
        return None
