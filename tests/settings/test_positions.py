"""Every key of a document is found on its line, however TOML lets it be written."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.tables.positions import Key, lines_of


def keys_of(content: Any, key: Key = ()) -> set[Key]:
    """Every key that is in a parsed document."""
    if isinstance(content, dict):
        inner = content.items()
    elif isinstance(content, list):
        inner = enumerate(content)
    else:
        return {key}
    found = {key} if key else set()
    return found.union(*(keys_of(value, (*key, name)) for name, value in inner))


DOCUMENTS = {
    "tables": (
        "a = 1\n[b]\nc = 2\n\n[b.d]\ne = 3\n",
        {("a",): 1, ("b", "c"): 3, ("b", "d", "e"): 6},
    ),
    "tables of tables": ("\n[a.b.c]\n[a.d]\n", {("a",): 2, ("a", "b"): 2, ("a", "d"): 3}),
    "dotted keys": ("a.b.c = 1\na.d = 2\n", {("a",): 1, ("a", "b", "c"): 1, ("a", "d"): 2}),
    "quoted keys": ('"a.b" = 1\n[\'c d\'."\\u0065"]\nf = 2\n', {("a.b",): 1, ("c d", "e", "f"): 3}),
    "arrays of tables": (
        "[[r]]\nn = 1\n[[r]]\nn = 2\n[r.m]\nx = 3\n[[r.t]]\ny = 4\n[[r.t]]\ny = 5\n",
        {
            ("r", 0): 1,
            ("r", 1): 3,
            ("r", 1, "m", "x"): 6,
            ("r", 1, "t", 0, "y"): 8,
            ("r", 1, "t", 1, "y"): 10,
        },
    ),
    "lists over lines": (
        'a = [ # first, "]"\n  "x",\n\n  [1, 2],\n  { b = "]" },\n]\nc = 1\n',
        {("a", 0): 2, ("a", 1): 4, ("a", 1, 1): 4, ("a", 2, "b"): 5, ("c",): 7},
    ),
    "inline tables": (
        'm = { a = [1,\n 2], b.c = 3, "d" = {} }\n',
        {("m", "a", 1): 2, ("m", "b", "c"): 2, ("m", "d"): 2},
    ),
    "strings over lines": (
        'a = """\nb = 1\n[c]\n\\"""\n""""\nd = \'\'\'\ne = 2\n\'\'\'\nf = 3\n',
        {("a",): 1, ("d",): 6, ("f",): 9},
    ),
    "strings with everything": (
        "a = '#\"]}'\nb = \"\\\"#'\" # c = 1\nd = ''\n",
        {("b",): 2, ("d",): 3},
    ),
    "dates and numbers": (
        "a = [1979-05-27 07:32:00Z, -1.5e3, inf]\nb = { c = 07:32:00, d = 0x1F }\n",
        {("a", 1): 1, ("b", "c"): 2, ("b", "d"): 2},
    ),
    "Windows line ends": ("[a]\r\nb = 1\r\n", {("a",): 1, ("a", "b"): 2}),
    "no line end": ("[ a . b ]\nc=1", {("a", "b"): 1, ("a", "b", "c"): 2}),
    "nothing": ("# only a comment", {}),
}


@pytest.mark.parametrize(("text", "expected"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_keys_stand_on_their_lines(text, expected):
    lines = lines_of(text)

    assert {key: lines.get(key) for key in expected} == expected


@pytest.mark.parametrize(("text", "_expected"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_every_key_is_found_and_no_other(text, _expected):
    assert set(lines_of(text)) == keys_of(tomllib.loads(text))


def written(value: Any) -> str:
    """A value as TOML, on several lines where TOML allows it."""
    if isinstance(value, dict):
        return (
            "{ " + ", ".join(f"{written(name)} = {written(v)}" for name, v in value.items()) + " }"
        )
    if isinstance(value, list):
        return "[\n" + "".join(f"{written(each)},\n# ]\n" for each in value) + "]"
    if isinstance(value, str):
        return (
            '"' + "".join(f"\\U{ord(each):08x}" if each in '"\\' else each for each in value) + '"'
        )
    return str(value)


TEXTS = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), max_size=5)
VALUES = st.recursive(
    TEXTS | st.integers(-9, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4))
def test_whatever_is_written_every_key_of_it_is_found(content):
    text = "".join(f"{written(name)} = {written(value)}\n" for name, value in content.items())

    lines = lines_of(text)

    assert tomllib.loads(text) == content
    assert set(lines) == keys_of(content)
    assert set(lines.values()) <= set(range(1, text.count("\n") + 1))
