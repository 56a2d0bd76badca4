"""A table whose `kind` says which other keys it has: one of several, each with a schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

KIND = "kind"


class OneOfKinds:
    """Marks a key that holds such a table: `Annotated[Table | None, OneOfKinds(...)]`.

    A mistake within the table is located behind a mark of its kind, which is no key of the file:
    `is_mark` tells it.
    """

    def __init__(self, tables: Mapping[str, type[Any]], former: Mapping[str, str]) -> None:
        """`tables`: the schema of each kind; `former`: words that once stood for one of them."""
        self.known = list(tables)
        """What may stand at `kind`, as it is shown to whoever has something else there."""
        self.tables = {**tables, **{word: tables[kind] for word, kind in former.items()}}

    def chosen(self, content: Any) -> type[Any] | None:
        """Return the schema of a table of the file; None where its kind is none."""
        word = content.get(KIND) if isinstance(content, dict) else None
        return self.tables.get(word) if isinstance(word, str) else None

    def __get_pydantic_core_schema__(
        self, _source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        choices = {_mark(word): handler(table) for word, table in self.tables.items()}
        return core_schema.nullable_schema(core_schema.tagged_union_schema(choices, _mark_of))


def is_mark(part: str, content: Any, *, is_last: bool) -> bool:
    """Tell whether a part of an error's location only says which kind of table it is in.

    A key of the file may be spelt like a mark: such a one is the last part.
    """
    is_key = is_last and isinstance(content, dict) and part in content
    return not is_key and part == _mark_of(content)


def _mark(word: str) -> str:
    return f'{KIND} = "{word}"'


def _mark_of(content: Any) -> str | None:
    """Return the mark of a table, as the file or as its schema has it."""
    word = content.get(KIND) if isinstance(content, dict) else getattr(content, KIND, None)
    return _mark(word) if isinstance(word, str) else None
