"""What the schema has found wrong, put into words for the operator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import UnionType
from typing import Any, ClassVar, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from sidecar.tables.kinds import KIND, OneOfKinds, is_mark
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
Value = TypeVar("Value")


def held(table: Table, kind: type[Value]) -> Iterator[tuple[str, Value]]:
    """Yield the keys of a table that hold a value of this type, and the values."""
    for name in type(table).model_fields:
        value = getattr(table, name)
        if isinstance(value, kind):
            yield name, value


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
            return key, _unknown(str(key[-1]), _place_of(model, key, content))
        case "missing":
            return key, f"is missing{_example(model, key, content)}"
        case "union_tag_not_found" | "union_tag_invalid":
            return _not_a_kind(model, key, value)
        case "value_error":
            return key, str(context["error"])
        case "literal_error":
            return key, _not_among(value, model, key, content)
        case "too_short" | "string_too_short":
            return key, f"must not be empty{_example(model, key, content)}"
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

    Where one text stands for a list of one, its index is left out; so are pydantic's mark of a
    name that is itself the mistake, and that of a kind of table.
    """
    key: list[int | str] = []
    for index, part in enumerate(location, start=1):
        if part == "[key]" or (isinstance(part, int) and not isinstance(content, list)):
            continue
        if isinstance(part, str) and is_mark(part, content, is_last=index == len(location)):
            continue
        key.append(part)
        content = _within(content, part)
    return tuple(key)


class _Place(NamedTuple):
    """Where in the schema a key belongs."""

    table: type[Table] | None
    """That of its table; None where no table belongs."""
    kinds: OneOfKinds | None = None
    """Which others its table might be, by its kind."""
    kind: str = ""
    """The kind it is, as the file has it."""


def _example(model: type[Table], key: Key, content: Any) -> str:
    """Return what could be written at a key where nothing is."""
    place = _place_of(model, key, content)
    field = _field_in(place, key)
    if field is not None and field.examples:
        return f"; write {field.examples[0]}"
    return f'; kind = "{place.kind}" needs it' if place.kind else ""


def _unknown(word: str, place: _Place) -> str:
    table = place.table
    if table is None:
        return "can't be here"
    refused = table.LATER | table.ELSEWHERE
    if word in refused:
        return refused[word]
    if place.kinds and any(word in _names(each) for each in place.kinds.tables.values()):
        return f'has no meaning with kind = "{place.kind}"'
    return f'unknown key "{word}"; {nearest(word, _names(table))}'


def _not_a_kind(model: type[Table], key: Key, value: Any) -> tuple[Key, str]:
    """Say what is wrong with a table of which it is not known what it is."""
    kinds = _kinds_of(_field_in(_place_of(model, key, None), key))
    assert kinds is not None, "only where there are kinds can one be wrong"
    if isinstance(value, list):
        return key, f"there can be only one: write [{dotted(key)}]"
    if not isinstance(value, dict):
        return key, f"must be {_KINDS['model_type']}, not {shown(value)}"
    if KIND not in value:
        return (*key, KIND), f'is missing; write kind = "{kinds.known[0]}"'
    return (*key, KIND), _none_of(value[KIND], kinds.known)


def _not_among(value: Any, model: type[Table], key: Key, content: Any) -> str:
    field = _field_in(_place_of(model, key, content), key)
    words = [each for each in _literals(field.annotation) if each] if field is not None else []
    return _none_of(value, words)


def _none_of(value: Any, words: list[str]) -> str:
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


def _place_of(model: type[Table], key: Key, content: Any) -> _Place:
    """Return where a key belongs, or the list that it is an element of."""
    while key and isinstance(key[-1], int):
        key = key[:-1]
    current: Any = model
    kinds, kind = None, ""
    for part in key[:-1]:
        content = _within(content, part)
        kinds, kind = None, ""
        if _is_table(current):
            field = _field_of(current, part)
            current = field.annotation if field is not None else None
            if kinds := _kinds_of(field):
                current = kinds.chosen(content)
                kind = str(_within(content, KIND)) if current else ""
        else:  # an element of a list, or a table of any name
            current = get_args(current)[-1 if isinstance(part, str) else 0]
        current = next(filter(_is_table, _alternatives(current)), current)
    return _Place(current if _is_table(current) else None, kinds, kind)


def _within(content: Any, part: str | int) -> Any:
    try:
        return content[part]
    except (KeyError, IndexError, TypeError):
        return None


def _kinds_of(field: FieldInfo | None) -> OneOfKinds | None:
    marks = field.metadata if field is not None else ()
    return next((mark for mark in marks if isinstance(mark, OneOfKinds)), None)


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if isinstance(annotation, UnionType) else ()


def _is_table(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Table)


def _field_in(place: _Place, key: Key) -> FieldInfo | None:
    """Return the field at a key, or the one whose list the key is an element of."""
    names = [part for part in key if isinstance(part, str)]
    return _field_of(place.table, names[-1]) if place.table is not None and names else None


def _field_of(table: type[Table], name: str | int) -> FieldInfo | None:
    fields = table.model_fields.items()
    return next((field for own, field in fields if (field.alias or own) == name), None)
