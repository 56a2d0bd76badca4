"""Loading the rules: their file, and what it and the settings name beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from sidecar.errors import OperatorError, OperatorErrors
from sidecar.numbers import NumberList, changed, load_number_list
from sidecar.rules.file import crosschecks
from sidecar.rules.file.jurisdictions import load_jurisdictions
from sidecar.rules.file.schema import LoadedList, Origin, RulesFile
from sidecar.rules.file.site import Site
from sidecar.settings.schema import Settings
from sidecar.tables.moments import holidays_of
from sidecar.tables.toml_file import TomlFile

_SHOWN = 12
"""Digits of a version: enough to tell any two files apart that one site will ever have."""
_PIECE = 1 << 20


Lists = Mapping[Path, LoadedList]


def load_rules(
    path: Path, settings: Settings | None = None, known: Lists | None = None
) -> RulesFile:
    """Return the rules. Raises OperatorErrors with all that is wrong.

    The names of trunks and PBXs in them must be those of the settings; without settings they are
    taken as they are. Lists of numbers among `known` are read again only if their file changed.
    """
    file = TomlFile(path)
    rules = file.validated(RulesFile)
    file.refuse(crosschecks.of_rules(rules, settings))
    if settings is not None:
        rules = rules.with_tests_between(next(iter(settings.trunk)), next(iter(settings.pbx)))
    return _with_lists(rules, file, settings, known or {})


def reload_lists(rules: RulesFile, settings: Settings) -> RulesFile:
    """Return the same rules with each list as its file is now; the rules' own file is not read.

    Raises OperatorErrors.
    """
    assert rules.origin.file is not None, "these rules were loaded"
    return _with_lists(rules.model_copy(), rules.origin.file, settings, rules.origin.lists)


def _with_lists(
    rules: RulesFile, file: TomlFile, settings: Settings | None, known: Lists
) -> RulesFile:
    country = (settings.default_country if settings is not None else None) or ""
    lists = _lists(rules, file, country, known)
    site = _site(settings, {name: each.numbers for name, each in lists.items()})
    facts = _facts(settings)
    parts = [file.digest, *(f"{name} {each.digest}" for name, each in lists.items()), *facts]
    version = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_SHOWN]
    read = {each.numbers.path: each for each in lists.values()}
    rules.come_from(Origin(file, site, version, read))
    return rules


def _lists(rules: RulesFile, file: TomlFile, country: str, known: Lists) -> dict[str, LoadedList]:
    folder = file.path.resolve().parent
    wrong: list[OperatorError] = []
    found: dict[str, LoadedList] = {}
    for name, path in rules.lists.items():
        try:
            found[name] = _list(folder / path, country, known)
        except OperatorErrors as errors:
            wrong += errors.errors
        except OperatorError as error:
            wrong.append(error)
    if wrong:
        raise OperatorErrors(wrong)
    return found


def _list(path: Path, country: str, known: Lists) -> LoadedList:
    if path in known:
        numbers, digest = known[path]
        if numbers.country == country and not changed(numbers):
            return LoadedList(numbers, digest)
    numbers = load_number_list(path, country)
    digest = _digest(path)
    if changed(numbers):
        raise OperatorError("was changed while it was read", path)
    return LoadedList(numbers, digest)


def _digest(path: Path) -> str:
    hashed = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                hashed.update(piece)
    except OSError as error:
        raise OperatorError(f"can't be read: {error.strerror}", path) from error
    return hashed.hexdigest()


def _site(settings: Settings | None, lists: Mapping[str, NumberList]) -> Site:
    if settings is None:
        return Site(lists=lists)
    country = settings.default_country or ""
    return Site(
        country=country,
        places={name: pbx.place or country for name, pbx in settings.pbx.items()},
        timezone=settings.timezone or Site().timezone,
        holidays=holidays_of(settings.holidays) if settings.holidays else frozenset(),
        lists=lists,
        jurisdictions=load_jurisdictions(settings.jurisdictions),
    )


def _facts(settings: Settings | None) -> list[str]:
    """Return what of the settings decides, too."""
    if settings is None:
        return []
    places = [f"{name} {pbx.place}" for name, pbx in settings.pbx.items()]
    own = settings.jurisdictions
    laws = [_digest(own)] if own is not None else []
    return [
        str(settings.default_country),
        str(settings.timezone),
        str(settings.holidays),
        *places,
        *laws,
    ]
