"""The settings file and the rules file: schema, loading, errors with file, line and key."""

from __future__ import annotations

from pathlib import Path

from sidecar.errors import OperatorError, OperatorErrors
from sidecar.settings.rules_schema import RulesFile
from sidecar.settings.schema import Settings
from sidecar.settings.toml_file import dotted, line_of, lines_of, nearest, read_toml

__all__ = ["RulesFile", "Settings", "load_rules", "load_settings"]


def load_settings(path: Path) -> Settings:
    """Return the settings with all their paths made absolute. Raises OperatorErrors."""
    settings = read_toml(path, Settings)
    folder = path.resolve().parent
    prompts = settings.prompts
    if prompts.folder is not None:
        prompts = prompts.model_copy(update={"folder": folder / prompts.folder})
    database = folder / settings.records.database
    return settings.model_copy(
        update={
            "rules": folder / settings.rules,
            "prompts": prompts,
            "records": settings.records.model_copy(update={"database": database}),
        }
    )


def load_rules(path: Path, settings: Settings) -> RulesFile:
    """Return the rules; names in them must be those of the settings. Raises OperatorErrors."""
    rules = read_toml(path, RulesFile)
    lines = lines_of(path.read_text(encoding="utf-8"))
    errors = []
    for index, rule in enumerate(rules.rule):
        for kind, known in (("trunk", settings.trunk), ("pbx", settings.pbx)):
            for name in getattr(rule.match, kind) or ():
                if name not in known:
                    key = ("rule", index, "match", kind)
                    message = f"there is no [{kind}.{name}]; {nearest(name, list(known))}"
                    errors.append(OperatorError(message, path, line_of(lines, key), dotted(key)))
    if errors:
        raise OperatorErrors(errors)
    return rules
