"""No pattern of the sidecar takes longer than a text is long, whatever the text.

Time is CPU time of this process, the least of several, and only its growth counts: a text eight
times as long may take eight times as long. A pattern with two ways to match what it repeats takes
64 times as long, or for ever.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import product
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as reading  # type: ignore[attr-defined]
from typing import Any

import pytest

from tests.fuzz.running import ROOT

pytestmark = pytest.mark.timeout(300)

GROWING = (24, 32, 200, 1600, 12_800)
"""Characters; a pattern that takes for ever shows it with the fewest, and must not get more."""
AT_MOST = 24
"""Times as long, for a text eight times as long."""
WORTH_A_LOOK_S = 0.02
"""No pattern without a fault takes a thousandth of it for any of these texts."""
MOST_LETTERS = 10
CATEGORIES = {"DIGIT": "0", "SPACE": " ", "WORD": "a"}


def compiled() -> list[dict[str, Any]]:
    """What the sidecar compiles."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.patterns"], cwd=ROOT, capture_output=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def letters_of(parsed: Any) -> Iterator[str]:
    """A character of each kind that a pattern speaks of, in its order."""
    for kind, value in parsed:
        if kind in (op.LITERAL, op.NOT_LITERAL):
            yield chr(value) if kind is op.LITERAL else "x"
        elif kind is op.ANY:
            yield "x"
        elif kind is op.IN:
            yield from _letters_in(value)
        else:
            yield from _letters_within(value)


def _letters_in(members: Any) -> Iterator[str]:
    for kind, value in members:
        if kind is op.LITERAL:
            yield chr(value)
        elif kind is op.RANGE:
            yield chr(value[0])
        elif kind is op.NEGATE:
            yield "x"
        elif kind is op.CATEGORY:
            yield CATEGORIES.get(str(value).removeprefix("CATEGORY_").removeprefix("NOT_"), "x")


def _letters_within(value: Any) -> Iterator[str]:
    if isinstance(value, reading.SubPattern):
        yield from letters_of(value)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _letters_within(each)


def beginning_of(parsed: Any) -> str:
    """A text that takes a pattern as far as its first repetition."""
    text = ""
    for kind, value in parsed:
        if kind is op.SUBPATTERN:
            text += beginning_of(value[-1])
        elif kind in (op.LITERAL, op.IN):
            text += next(letters_of([(kind, value)]))
        elif kind in (op.MAX_REPEAT, op.POSSESSIVE_REPEAT, op.MIN_REPEAT) and value[0]:
            text += beginning_of(value[2])
    return text


def adversaries(pattern: str, flags: int) -> Iterator[tuple[str, str]]:
    """Beginnings and the pieces that are then repeated."""
    parsed = reading.parse(pattern, flags)
    letters = list(dict.fromkeys(letters_of(parsed)))
    few = letters[:: max(1, len(letters) // MOST_LETTERS)]
    pieces = [*letters, *(one + other for one, other in product(few, few) if one != other)]
    beginning = beginning_of(parsed)
    starts = dict.fromkeys(("", beginning[:1], beginning))
    return product(starts, pieces)


def longest(uses: list[Callable[[Any], object]], text: str | bytes) -> float:
    """The CPU time that the slowest use takes, in seconds."""
    return max(_least(use, text) for use in uses)


def _least(use: Callable[[Any], object], text: str | bytes) -> float:
    best = float("inf")
    for _ in range(4):
        began = time.process_time()
        use(text)
        best = min(best, time.process_time() - began)
        if best < WORTH_A_LOOK_S:
            return best
    return best


def uses_of(found: dict[str, Any]) -> list[Callable[[Any], object]]:
    """How the sidecar matches by a pattern."""
    text = found["pattern"]
    pattern = re.compile(text.encode("latin-1") if found["bytes"] else text, found["flags"])
    everywhere = [lambda each: sum(1 for _ in pattern.finditer(each))] if found["anywhere"] else []
    return [pattern.match, pattern.fullmatch, *everywhere]


def superlinear(found: dict[str, Any]) -> str:
    """The text on which a pattern takes too long, "" where there is none."""
    uses = uses_of(found)
    for beginning, piece in adversaries(found["pattern"], found["flags"]):
        before = 0.0
        for size in GROWING:
            text: Any = (beginning + piece * size)[:size] + "\0"
            if found["bytes"]:
                text = text.encode("latin-1", "replace")
            taken = longest(uses, text)
            if taken > WORTH_A_LOOK_S and taken > AT_MOST * before:
                return f"{beginning!r} + {piece!r} * {size}: {taken:.3f} s after {before:.5f} s"
            before = taken
    return ""


def test_no_pattern_takes_longer_than_its_text_is_long() -> None:
    found = compiled()
    assert len(found) > 80

    slow = {each["place"]: told for each in found if (told := superlinear(each))}

    assert slow == {}


def test_a_pattern_that_backtracks_is_found() -> None:
    """The test itself: with two ways to match it takes for ever, with one it does not."""
    shape = {"bytes": False, "flags": 0, "anywhere": False}

    assert superlinear({**shape, "pattern": r"(?:a+)+b"})
    assert superlinear({**shape, "pattern": r"\s*(\d+)*\s*;"})
    assert superlinear({**shape, "pattern": r"a*b", "anywhere": True})
    assert not superlinear({**shape, "pattern": r"(?:a++)++b"})
