"""Loading the settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sidecar.errors import OperatorError
from sidecar.settings import crosschecks
from sidecar.settings.schema import Pbx, Settings
from sidecar.tables.complaints import AnyTable, held
from sidecar.tables.paths import readable_by_all, writable_by_all
from sidecar.tables.positions import Key
from sidecar.tables.secret import Secret
from sidecar.tables.secret_reading import with_text
from sidecar.tables.tls import problem_of_authority
from sidecar.tables.toml_file import TomlFile


def load_settings(path: Path) -> Settings:
    """Return the settings with their paths made absolute. Raises OperatorErrors with all wrong."""
    return read_settings(path)[0]


def read_settings(path: Path) -> tuple[Settings, tuple[OperatorError, ...]]:
    """Return the settings, and what is doubtful about them. Raises OperatorErrors."""
    file = TomlFile(path)
    settings = file.validated(Settings)
    file.refuse(crosschecks.of_settings(settings))
    warnings = tuple(file.error(*doubt) for doubt in crosschecks.doubtful(settings))
    resolved = _with_secrets(_resolved(settings, path.resolve().parent), file)
    warnings += tuple(file.error(*doubt) for doubt in _exposed(resolved, path))
    folder = resolved.prompts.folder
    if folder is not None and (problem := _problem_of(folder)):
        raise file.errors([(("prompts", "folder"), problem)])
    file.refuse(_unusable_authorities(resolved))
    return resolved, warnings


def _exposed(settings: Settings, path: Path) -> Iterator[tuple[Key, str]]:
    """Yield which files are open to users that have no business with them."""
    folder = path.resolve().parent
    named: tuple[tuple[Key, Path], ...] = (((), path), (("rules",), settings.rules))
    for key, file in named:
        if problem := writable_by_all(file):
            yield key, problem
    for key, secret in settings.secrets():
        if secret.file and (problem := readable_by_all(folder / secret.file)):
            yield key, problem


def _unusable_authorities(settings: Settings) -> Iterator[crosschecks.Complaint]:
    for name, pbx in settings.pbx.items():
        for key, authority in pbx.recorder.authorities() if pbx.recorder else ():
            if problem := problem_of_authority(authority):
                yield ("pbx", name, "recorder", key), problem


def _problem_of(folder: Path) -> str:
    try:
        return "" if folder.is_dir() else f"there is no folder {folder}"
    except OSError as error:
        return f"{folder} can't be read: {error.strerror}"


def _resolved(settings: Settings, folder: Path) -> Settings:
    records, prompts = settings.records, settings.prompts
    own = prompts.folder
    pbxs = {name: _with_files_in(pbx, folder) for name, pbx in settings.pbx.items()}
    return settings.model_copy(
        update={
            "rules": folder / settings.rules,
            "jurisdictions": settings.jurisdictions and folder / settings.jurisdictions,
            "pbx": pbxs,
            "records": records.model_copy(update={"database": folder / records.database}),
            "prompts": prompts.model_copy(update={"folder": folder / own if own else None}),
        }
    )


def _with_files_in(pbx: Pbx, folder: Path) -> Pbx:
    table = pbx.recorder
    if table is None:
        return pbx
    found = {name: folder / path for name, path in held(table, Path)}
    return pbx.model_copy(update={"recorder": table.model_copy(update=found)})


def _with_secrets(settings: Settings, file: TomlFile) -> Settings:
    """Return the settings with all secrets read. Raises OperatorErrors where one can't be."""
    folder, wrong = file.path.resolve().parent, []

    def read(table: AnyTable, *key: str) -> AnyTable:
        found = {}
        for name, secret in held(table, Secret):
            try:
                found[name] = with_text(secret, folder)
            except ValueError as error:
                wrong.append(((*key, name), str(error)))
        return table.model_copy(update=found)

    pbxs = {}
    for name, pbx in settings.pbx.items():
        table = pbx.recorder and read(pbx.recorder, "pbx", name, "recorder")
        pbxs[name] = pbx.model_copy(update={"recorder": table})
    http = read(settings.http, "http")
    file.refuse(wrong)
    return settings.model_copy(update={"pbx": pbxs, "http": http})
