"""What goes wrong with HTTP requests, in the log: one line each, and not more than a few."""

from __future__ import annotations

import asyncio
import logging
import traceback
from pathlib import Path

import structlog
from aiohttp.http_exceptions import HttpProcessingError

from sidecar.budgets import LineBudget

log = structlog.get_logger(__name__)

MALFORMED = "http_request_malformed"
FAILED = "http_request_failed"
REFUSED = "http_connection_refused"


class HttpLog(logging.Logger):
    """Stands in for aiohttp's logger, which writes a traceback for each request it can't read."""

    def __init__(self) -> None:
        super().__init__("sidecar.web", logging.CRITICAL + 1)
        self._budget = LineBudget()

    def exception(self, _message: object, *_arguments: object, **more: object) -> None:  # type: ignore[override]
        """Tell of a request that could not be read, or whose handling went wrong."""
        error = more.get("exc_info")
        if isinstance(error, HttpProcessingError):
            self.tell(MALFORMED, problem=type(error).__name__)
            return
        frames = traceback.extract_tb(error.__traceback__) if isinstance(error, Exception) else []
        at = " < ".join(f"{Path(each.filename).name}:{each.lineno}" for each in frames[:-4:-1])
        self.tell(FAILED, problem=type(error).__name__, at=at)

    def tell(self, event: str, **fields: object) -> None:
        """Write a line about a client, unless there were too many of its kind lately."""
        if self._budget.take(event, asyncio.get_running_loop().time()):
            log.warning(event, kept_back=self._budget.kept_back(event), **fields)
