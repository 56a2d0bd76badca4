"""A TOML file, read against a schema; every error says where it is and what would be right."""

from __future__ import annotations

import hashlib
import re
import stat
import tomllib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from sidecar.errors import OperatorError, OperatorErrors
from sidecar.numbers import FileState
from sidecar.tables.complaints import Table, complaints
from sidecar.tables.positions import Key, lines_of
from sidecar.tables.words import dotted

LARGEST = 16 * 1024 * 1024
"""Bytes; 5,000 rules take one."""
_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")

Model = TypeVar("Model", bound=Table)


class TomlFile:
    """A file of valid TOML: its content, and where each key of it stands."""

    def __init__(self, path: Path) -> None:
        """Read it. Raises OperatorErrors where it can't be read or is not TOML."""
        self.path = path
        self.state = state_of(path)
        """Of the file, before it was read."""
        self._text = _text_of(path)
        try:
            self.content: dict[str, Any] = tomllib.loads(self._text)
        except (ValueError, RecursionError) as error:  # numbers too long, lists too deep
            raise OperatorErrors([_not_toml(error, path, self._text)]) from error

    @property
    def digest(self) -> str:
        """A hash of the text."""
        return hashlib.sha256(self._text.encode()).hexdigest()

    @cached_property
    def _lines(self) -> dict[Key, int]:
        return lines_of(self._text)

    def error(self, key: Key, message: str) -> OperatorError:
        """Return an error about a key; its line is that of the nearest table where it has none."""
        places = (key[:length] for length in range(len(key), 0, -1))
        line = next((self._lines[place] for place in places if place in self._lines), None)
        return OperatorError(message, self.path, line, dotted(key) or None)

    def errors(self, found: Iterable[tuple[Key, str]]) -> OperatorErrors:
        """Return an error for each key and message, in the order of the file's lines."""
        errors = [self.error(key, message) for key, message in found]
        return OperatorErrors(sorted(errors, key=lambda error: error.line or 0))

    def refuse(self, found: Iterable[tuple[Key, str]]) -> None:
        """Raise OperatorErrors where there is any key with a message."""
        if complaints := list(found):
            raise self.errors(complaints)

    def validated(self, model: type[Model]) -> Model:
        """Return the content as the schema sees it. Raises OperatorErrors with all mistakes."""
        try:
            return model.model_validate(self.content)
        except ValidationError as error:
            raise self.errors(complaints(error.errors(), model, self.content)) from error


def state_of(path: Path) -> FileState | None:
    """Return what tells this state of a file from another; None where it can't be looked at."""
    try:
        found = path.stat()
    except OSError:
        return None
    return FileState(found.st_mtime_ns, found.st_size, found.st_ino)


def _text_of(path: Path) -> str:
    try:
        found = path.stat()
        if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
            raise OperatorErrors([OperatorError("is no plain file", path)])
        if found.st_size > LARGEST:
            raise OperatorErrors([OperatorError(f"is larger than {LARGEST >> 20} MiB", path)])
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        message = f"can't be read: {error.strerror}"
        raise OperatorErrors([OperatorError(message, path)]) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise OperatorErrors([OperatorError("is not UTF-8 text", path, line)]) from error


def _not_toml(error: ValueError | RecursionError, path: Path, text: str) -> OperatorError:
    if not isinstance(error, tomllib.TOMLDecodeError):
        return OperatorError("this is not TOML: a number or a nesting without end", path)
    found = _AT.search(str(error))
    line = int(found[1]) if found and found[1] else max(1, len(text.splitlines()))
    return OperatorError(f"this is not TOML: {_AT.sub('', str(error))}", path, line)
