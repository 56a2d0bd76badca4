"""What the schema has found wrong, put into words for the operator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import UnionType
from typing import Any, ClassVar, TypeVar, get_args

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from sidecar.tables.positions import Key
from sidecar.tables.words import dotted, nearest, one_of, shown


class Table(BaseModel):
    """A table of a file: nothing unknown in it, nothing changed later."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,  # what is wrong may be a secret
    )

    LATER: ClassVar[dict[str, str]] = {}
    """Keys that a later version will know -> why they can't stand there yet."""
    ELSEWHERE: ClassVar[dict[str, str]] = {}
    """Keys that belong into another table -> why."""


AnyTable = TypeVar("AnyTable", bound=Table)


def complaints(
    errors: Iterable[ErrorDetails], model: type[Table], content: Any
) -> Iterator[tuple[Key, str]]:
    """Yield where each mistake is and what is to be said of it."""
    for error in errors:
        if error["type"] == "too_short" and error["input"]:
            continue  # only because each element is wrong by itself
        yield _complaint(error, model, content)


def _complaint(error: ErrorDetails, model: type[Table], content: Any) -> tuple[Key, str]:
    key = _key_in(content, error["loc"])
    value, context = error["input"], error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return key, _unknown(str(key[-1]), _table_at(model, key[:-1]))
        case "missing":
            return key, f"is missing{_example(model, key)}"
        case "value_error":
            return key, str(context["error"])
        case "literal_error":
            return key, _not_among(value, model, key)
        case "too_short" | "string_too_short":
            return key, f"must not be empty{_example(model, key)}"
        case "string_too_long":
            return key, f"must be {context['max_length']} characters at the most"
        case "greater_than_equal":
            return key, f"must be {context['ge']} or more, not {shown(value)}"
        case "less_than_equal":
            return key, f"must be {context['le']} or less, not {shown(value)}"
        case "tuple_type" if isinstance(value, str):
            return key, f"must be a list: write [{shown(value)}]"
        case "tuple_type" if isinstance(value, dict):
            return key, f"there may be several: write [[{dotted(key)}]]"
        case "model_type" if isinstance(value, list):
            return key, f"there can be only one: write [{dotted(key)}]"
        case kind if kind in _KINDS:
            return key, f"must be {_KINDS[kind]}, not {shown(value)}"
        case _:
            return key, error["msg"]


_KINDS = {
    "string_type": "text in quotes",
    "path_type": "text in quotes",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
}


def _key_in(content: Any, location: tuple[int | str, ...]) -> Key:
    """Return an error's location as a key of the file.

    Where one text stands for a list of one, its index is left out; so is pydantic's mark of a
    name that is itself the mistake.
    """
    key: list[int | str] = []
    for part in location:
        if part == "[key]" or (isinstance(part, int) and not isinstance(content, list)):
            continue
        key.append(part)
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            content = None
    return tuple(key)


def _example(model: type[Table], key: Key) -> str:
    """Return what could be written at a key where nothing is."""
    field = _field_at(model, key)
    examples = field.examples if field is not None else None
    return f"; write {examples[0]}" if examples else ""


def _unknown(word: str, table: type[Table] | None) -> str:
    if table is None:
        return "can't be here"
    refused = table.LATER | table.ELSEWHERE
    return refused.get(word) or f'unknown key "{word}"; {nearest(word, _names(table))}'


def _not_among(value: Any, model: type[Table], key: Key) -> str:
    field = _field_at(model, key)
    words = [each for each in _literals(field.annotation) if each] if field is not None else []
    hint = nearest(value, words) if isinstance(value, str) else ""
    near = f" ({hint})" if hint.startswith("did") else ""
    return f"must be {one_of(words)}, not {shown(value)}{near}"


def _literals(annotation: Any) -> list[str]:
    """Return every text that a Literal within an annotation allows."""
    found: list[str] = []
    for argument in get_args(annotation):
        found += [argument] if isinstance(argument, str) else _literals(argument)
    return found


def _names(table: type[Table]) -> list[str]:
    return [field.alias or name for name, field in table.model_fields.items()]


def _table_at(model: type[Table], key: Key) -> type[Table] | None:
    """Return the schema of the table at a key; None where no table belongs."""
    current: Any = model
    for part in key:
        if _is_table(current):
            field = _field_of(current, part)
            current = field.annotation if field is not None else None
        else:  # an element of a list, or a table of any name
            current = get_args(current)[-1 if isinstance(part, str) else 0]
        current = next(filter(_is_table, _alternatives(current)), current)
    return current if _is_table(current) else None


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if isinstance(annotation, UnionType) else ()


def _is_table(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Table)


def _field_at(model: type[Table], key: Key) -> FieldInfo | None:
    """Return the field at a key, or the one whose list the key is an element of."""
    while key and isinstance(key[-1], int):
        key = key[:-1]
    table = _table_at(model, key[:-1])
    return _field_of(table, key[-1]) if table is not None and key else None


def _field_of(table: type[Table], name: str | int) -> FieldInfo | None:
    fields = table.model_fields.items()
    return next((field for own, field in fields if (field.alias or own) == name), None)
