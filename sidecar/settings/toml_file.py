"""Reading a TOML file against a schema; every error says where it is and what would be right."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sidecar.errors import OperatorError, OperatorErrors

Model = TypeVar("Model", bound=BaseModel)
Key = tuple[str | int, ...]

LARGEST = 4 * 1024 * 1024
_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)$")
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(r"\s*([A-Za-z0-9_.\-\"' ]+?)\s*=")


def read_toml(path: Path, model: type[Model]) -> Model:
    """Return the file's content as a model. Raises OperatorErrors with all that is wrong."""
    text = _text_of(path)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        line = int(found[1]) if found else len(text.splitlines())
        message = f"this is not TOML: {_AT_LINE.sub('', str(error))}"
        raise OperatorErrors([OperatorError(message, path, line)]) from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = lines_of(text)
        found_errors = [_told(each, model, path, lines) for each in error.errors()]
        raise OperatorErrors(found_errors) from error


def lines_of(text: str) -> dict[Key, int]:
    """Return the line of each table and key; those inside an inline table have their table's."""
    lines: dict[Key, int] = {}
    table: Key = ()
    counts: dict[Key, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header is not None:
            table = _parts(header[2])
            if header[1] == "[[":
                index = counts.get(table, 0)
                counts[table] = index + 1
                table = (*table, index)
            lines.setdefault(table, number)
            continue
        assignment = _ASSIGNMENT.match(line)
        if assignment is not None:
            lines.setdefault(table + _parts(assignment[1]), number)
    return lines


def line_of(lines: dict[Key, int], key: Key) -> int | None:
    """Return the line of a key, or of the nearest table around it."""
    for length in range(len(key), 0, -1):
        if key[:length] in lines:
            return lines[key[:length]]
    return None


def dotted(key: Key) -> str:
    """Write a key as the operator would: `pbx.main.uri`, `rule[2].match`."""
    text = ""
    for part in key:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def nearest(word: str, known: Sequence[str]) -> str:
    """Return ", did you mean ...?" or the list of what is known."""
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f'did you mean "{close[0]}"?'
    return "known here: " + ", ".join(sorted(known))


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise OperatorErrors([OperatorError("larger than 4 MiB", path)])
        return path.read_text(encoding="utf-8")
    except OSError as error:
        message = f"can't be read: {error.strerror}"
        raise OperatorErrors([OperatorError(message, path)]) from error
    except UnicodeDecodeError as error:
        raise OperatorErrors([OperatorError("is not UTF-8 text", path)]) from error


def _parts(name: str) -> Key:
    return tuple(part.strip().strip("\"'") for part in name.split("."))


def _told(error: ErrorDetails, model: type[BaseModel], path: Path, lines: dict[Key, int]) -> Any:
    key: Key = tuple(part for part in error["loc"] if not _is_branch(part))
    message = _message(error, model, key)
    return OperatorError(message, path, line_of(lines, key), dotted(key) or None)


def _is_branch(part: str | int) -> bool:
    """Tell the names that pydantic gives to the branches of a union from real keys."""
    return isinstance(part, str) and ("[" in part or part in ("str", "tuple", "constrained-str"))


def _message(error: ErrorDetails, model: type[BaseModel], key: Key) -> str:
    match error["type"]:
        case "extra_forbidden":
            word = str(key[-1])
            later = _later(model, key[:-1]).get(word)
            if later is not None:
                return later
            return f'unknown key "{word}"; {nearest(word, _fields_at(model, key[:-1]))}'
        case "missing":
            return "is missing"
        case "value_error":
            return str(error.get("ctx", {}).get("error", error["msg"]))
        case "literal_error":
            return f"must be one of {error.get('ctx', {}).get('expected')}"
        case _:
            text = error["msg"]
            return text[0].lower() + text[1:]


def _model_at(model: type[BaseModel], key: Key) -> type[BaseModel] | None:
    current: Any = model
    for part in key:
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = next(
                (f for name, f in current.model_fields.items() if (f.alias or name) == part), None
            )
            current = field.annotation if field is not None else None
        else:
            current = _element(current)
        current = _model_in(current)
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None


def _element(annotation: Any) -> Any:
    arguments = [each for each in get_args(annotation) if each is not Ellipsis]
    return arguments[-1] if arguments else None


def _model_in(annotation: Any) -> Any:
    """Return the model inside `Model | None`; everything else as it is."""
    for each in get_args(annotation):
        if (
            isinstance(each, type)
            and issubclass(each, BaseModel)
            and len(get_args(annotation)) == 2
            and type(None) in get_args(annotation)
        ):
            return each
    return annotation


def _fields_at(model: type[BaseModel], key: Key) -> list[str]:
    found = _model_at(model, key)
    if found is None:
        return []
    return [field.alias or name for name, field in found.model_fields.items()]


def _later(model: type[BaseModel], key: Key) -> dict[str, str]:
    found = _model_at(model, key)
    return getattr(found, "LATER", {}) if found is not None else {}
