from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.calls.world import World


@pytest.fixture
def world() -> Iterator[Callable[..., World]]:
    """Make a world; once the test is over and time has passed, nothing may be left in it."""
    made: list[World] = []

    def make(*arguments: object, **more: object) -> World:
        made.append(World(*arguments, **more))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.check_nothing_is_left()
