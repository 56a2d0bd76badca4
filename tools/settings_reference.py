"""Write the tables of docs/settings.md and docs/rules.md from the schema of both files.

python tools/settings_reference.py           rewrite the tables
python tools/settings_reference.py --check   exit 1 where they are out of date
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from sidecar.rules.file.consent import Texts
from sidecar.rules.file.days import Days
from sidecar.rules.file.hours import Hours
from sidecar.rules.file.match import PartyNumbers, read_countries, read_regions
from sidecar.rules.file.schema import RulesFile
from sidecar.settings import Settings
from sidecar.settings.limits_schema import parse_rate
from sidecar.settings.schema import as_list
from sidecar.tables.addresses import HostPort
from sidecar.tables.complaints import Table
from sidecar.tables.durations import written_duration
from sidecar.tables.kinds import OneOfKinds
from sidecar.tables.secret import Secret
from sidecar.tables.text_set import TextSet
from tools.pages import Part, main

FILES: dict[str, type[Table]] = {"sidecar.toml": Settings, "rules.toml": RulesFile}
PAGES = {"sidecar.toml": "settings.md", "rules.toml": "rules.md"}

ONE_OR_MORE = "text, or a list of texts"


def reference(model: type[Table]) -> str:
    """Every table of a file: what it is for, then its keys."""
    told: dict[type[Table], str] = {}
    sections = []
    for title, table in tables(model):
        first = told.setdefault(table, title)
        if first != title:
            sections.append(f"### `{title}`\n\n{about(table)} Its keys are those of `{first}`.")
        else:
            sections.append(section(title, table))
    return "\n\n".join(part for part in sections if part)


def tables(model: type[Table], title: str = "") -> Iterator[tuple[str, type[Table]]]:
    """A table and those in it, each with its heading."""
    yield title, model
    for key, field in keys(model):
        inner, place = table_in(field.annotation), heading(title, key, field.annotation)
        kinds = next((mark for mark in field.metadata if isinstance(mark, OneOfKinds)), None)
        if kinds is not None:
            for kind in kinds.known:
                yield from tables(kinds.tables[kind], f'{place} kind = "{kind}"')
        elif inner is not None:
            yield from tables(inner, place)


def heading(title: str, key: str, annotation: Any) -> str:
    """How a table is written in the file."""
    if title.startswith("[["):
        return f"{key} = {{ … }} in {title}"
    if " in [[" in title:
        return f"{key} = {{ … }} in {title.partition(' ')[0]} of {title.rpartition(' ')[2]}"
    origin = get_origin(annotation)
    outer = f"{title.strip('[]')}." if title else ""
    if origin is dict:
        return f"[{outer}{key}.NAME]"
    return f"[[{outer}{key}]]" if origin is tuple else f"[{outer}{key}]"


def section(title: str, table: type[Table]) -> str:
    """The heading, the docstring and the keys of one table."""
    rows = [row(key, field) for key, field in keys(table) if table_in(field.annotation) is None]
    parts = [f"### `{title}`"] if title else []
    if about(table) and title:
        parts.append(about(table))
    if rows:
        header = "| key | may be | default | meaning |\n|---|---|---|---|"
        parts.append("\n".join([header, *rows]))
    if later := sorted(table.LATER):
        names = ", ".join(f"`{each}`" for each in later)
        parts.append(f"Refused for now, for a later version to know: {names}.")
    return "\n\n".join(parts)


def about(table: type[Table]) -> str:
    """What a table is for: its docstring behind the heading."""
    text = one_line(table.__doc__).partition(": ")[2]
    return text[:1].upper() + text[1:]


def row(key: str, field: FieldInfo) -> str:
    """One key as a row of Markdown."""
    cells = (f"`{key}`", kind(field), default(key, field), one_line(field.description))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def kind(field: FieldInfo) -> str:
    """What may stand there, in the words of the error messages."""
    plain = plain_type(field.annotation)
    many = get_origin(plain) is tuple
    single = takes_one([*field.metadata, *marks(field.annotation)])
    choices = [f"`{json.dumps(choice)}`" for choice in literals(plain)]
    if choices:
        return ", ".join(choices) + (", or a list of them" if many else "")
    if plain is Texts:
        return "text, or `{ caller = …, callee = … }`"
    if plain is Secret:
        return '`{ env = "NAME" }`, `{ file = "PATH" }`, or text'
    if is_duration(field):
        return 'a time like `"8s"` or `"500ms"`'
    if plain in (PartyNumbers, Hours, Days):
        return ONE_OR_MORE
    if get_origin(plain) is dict:
        return "a table of texts"
    if plain is TextSet:
        return "list of texts"
    if plain is bool:
        return "`true`, `false`"
    if is_rate(field):
        return 'a rate like `"20/s"`'
    if plain is int:
        return "whole number"
    if many:
        return ONE_OR_MORE if single else "list of texts"
    return "text"


def takes_one(found: Iterable[Any]) -> bool:
    """Whether one text stands for a list of one."""
    readers = [getattr(mark, "func", None) for mark in found]
    return any(each in (as_list, read_countries, read_regions) for each in readers)


def marks(annotation: Any) -> Iterator[Any]:
    """What is annotated to a type, also where it stands in `… | None`."""
    yield from getattr(annotation, "__metadata__", ())
    if type(None) in get_args(annotation):
        for each in get_args(annotation):
            yield from marks(each)


def default(key: str, field: FieldInfo) -> str:
    """What holds where the key is left out."""
    if field.default_factory is not None:
        return ""
    if field.default is PydanticUndefined:
        return "must be there"
    if key == "database":
        return f'`"sqlite:///{field.default}"`'
    if field.default is None or isinstance(field.default, Texts):
        return ""
    if is_duration(field):
        return f'`"{written_duration(field.default)}"`'
    if is_rate(field):
        return f'`"{field.default}/s"`'
    return f"`{in_toml(field.default)}`"


def is_rate(field: FieldInfo) -> bool:
    """Whether a key holds how often a second something may happen."""
    return any(getattr(mark, "func", None) is parse_rate for mark in field.metadata)


def is_duration(field: FieldInfo) -> bool:
    """Whether a key holds a time."""
    return plain_type(field.annotation) is float


def in_toml(value: Any) -> str:
    """A default as it would be written."""
    match value:
        case range():
            return f'"{value[0]}-{value[-1]}"'
        case Path():
            return json.dumps(str(value))
        case TextSet():
            return in_toml(value.written)
        case HostPort():
            return f'"{value.host}:{value.port}"'
        case _:
            return json.dumps(value, ensure_ascii=False)


def keys(table: type[Table]) -> list[tuple[str, FieldInfo]]:
    """The keys of a table as they are written in the file."""
    return [(field.alias or name, field) for name, field in table.model_fields.items()]


def table_in(annotation: Any) -> type[Table] | None:
    """The table that a key holds, by itself, by name or as a list."""
    for each in (annotation, *get_args(annotation)):
        if isinstance(each, type) and issubclass(each, BaseModel) and each is not Texts:
            assert issubclass(each, Table), "all tables of the files are of one kind"
            return each
    return None


def plain_type(annotation: Any) -> Any:
    """The type without `| None` and without what is annotated to it."""
    if hasattr(annotation, "__metadata__"):
        return plain_type(annotation.__origin__)
    others = [each for each in get_args(annotation) if each is not type(None)]
    optional = type(None) in get_args(annotation)
    return plain_type(others[0]) if optional else annotation


def literals(annotation: Any) -> list[str]:
    """The words that may stand there."""
    plain = plain_type(annotation)
    if get_origin(plain) is Literal:
        return list(get_args(plain))
    return [word for each in get_args(plain) if each is not Ellipsis for word in literals(each)]


def one_line(text: str | None) -> str:
    """A docstring without its line ends."""
    return " ".join((text or "").split())


PARTS = tuple(
    Part(PAGES[name], name, "settings_reference", partial(reference, model))
    for name, model in FILES.items()
)


if __name__ == "__main__":
    sys.exit(main(PARTS))
