from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
import structlog

from tests.calls.world import World


@pytest.fixture(autouse=True)
def _as_in_production() -> Iterator[None]:
    """Log from info on: a traceback drawn for debugging is a knot of cycles by itself."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    yield
    structlog.reset_defaults()


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
