"""`consent-sidecar run`"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import click
import structlog

from sidecar.cli.faults import located
from sidecar.cli.loading import config_option, load
from sidecar.cli.logging import set_up_logging
from sidecar.errors import OperatorError, OperatorErrors
from sidecar.rules.checking import failures, missing_notices
from sidecar.rules.live import LiveRules
from sidecar.service import serve

log = structlog.get_logger(__name__)


@click.command()
@config_option
@click.option("-v", "--verbose", is_flag=True, help="Log debug lines; they may hold numbers.")
def run(config: Path, verbose: bool) -> None:
    """Run the sidecar until SIGTERM or SIGINT.

    It does not start with wrong settings or with rules whose own tests fail.
    """
    set_up_logging(verbose=verbose)
    loaded = load(config)
    if failed := list(failures(loaded.rules)):
        raise OperatorErrors(failed)
    for doubt in loaded.doubts:
        log.warning("settings_doubtful", problem=str(doubt))
    for error in missing_notices(loaded.rules, loaded.prompts):
        log.error("prompt_unusable", problem=str(error))
    take_descriptors()
    try:
        event_loop()(serve(loaded.settings, LiveRules(loaded.settings, loaded.rules)))
    except OperatorError as error:
        raise located(error, config) from error


def take_descriptors() -> None:
    """Have as many files and connections open as the system allows, not as shells usually do."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def event_loop() -> Callable[[Coroutine[Any, Any, None]], None]:
    """What runs a coroutine to its end: uvloop where it can be had, else asyncio."""
    try:
        import uvloop  # noqa: PLC0415 (not everywhere)
    except ImportError:
        return asyncio.run
    return uvloop.run
